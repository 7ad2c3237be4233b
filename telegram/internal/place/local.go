package place

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/connectionfile"
)

// Local starts a local Telegram with two people on it, Ada (+9996610001, code
// 11111) and Bob (+9996620001, code 22222), for examples. It returns what leads
// a client there, and what ends it.
func Local() (telegram.Options, func(), error) {
	key, err := serverKey()
	if err != nil {
		return telegram.Options{}, nil, err
	}
	sb, err := sandbox.New(sandbox.Options{PrivateKey: key})
	if err != nil {
		return telegram.Options{}, nil, err
	}
	dir, err := os.MkdirTemp("", "godwit")
	if err != nil {
		return telegram.Options{}, nil, err
	}
	path := filepath.Join(dir, "connection.json")
	_, errA := sb.AddUser("9996610001", "Ada", "")
	_, errB := sb.AddUser("9996620001", "Bob", "")
	err = errors.Join(errA, errB, sb.Start(), sb.WriteInfo(path))
	var o telegram.Options
	if err == nil {
		var file *connectionfile.File
		if o.Network, file, err = connectionfile.Load(path); err == nil {
			o.APIID, o.APIHash = file.APIID, file.APIHash
		}
	}
	stop := func() {
		_ = sb.Close()
		os.RemoveAll(dir)
	}
	if err != nil {
		stop()
	}
	return o, stop, err
}

// Ada starts a local Telegram and signs Ada in on it, for examples.
func Ada() (*telegram.Client, func(), error) {
	o, stop, err := Local()
	if err != nil {
		return nil, nil, err
	}
	c, err := telegram.Connect(context.Background(), o)
	if err == nil {
		_, err = c.SignIn(context.Background(), telegram.Answers{PhoneNumber: "9996610001", AskCode: telegram.FixedCode("11111")})
	}
	if err != nil {
		stop()
		return nil, nil, err
	}
	return c, func() {
		_ = c.Close()
		stop()
	}, nil
}
