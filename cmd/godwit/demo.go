package main

import (
	"os"

	"godwit/internal/demo"
)

// demoCommand shows the bridge beside a local Telegram with people in it.
type demoCommand struct {
	Check bool `help:"Tell the story once and exit: 0, or 1 with the step that failed."`
}

// Run implements the command.
func (c *demoCommand) Run(env *environment) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return demo.Run(env.ctx, demo.Options{Program: self, Check: c.Check, Out: env.out, Logger: env.log})
}
