package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// completionCommand prints what makes a shell complete the program's command
// lines. The shell asks the program itself, by completeCommand, so that the two
// never differ.
type completionCommand struct {
	Shell string `arg:"" enum:"bash,zsh,fish" help:"bash, zsh or fish."`
}

// Help tells how to use the command.
func (completionCommand) Help() string {
	return `Put one of these where your shell reads it at its start:

  source <(godwit completion bash)
  source <(godwit completion zsh)
  godwit completion fish | source`
}

// scripts are what each shell is given. Where there is nothing to suggest, it
// goes on with the names of files.
var scripts = map[string]string{
	"bash": `_godwit() {
  local IFS=$'\n'
  COMPREPLY=($(godwit complete -- "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _godwit godwit
`,
	"zsh": `_godwit() {
  local -a found=("${(@f)$(godwit complete -- "${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n $found ]]; then compadd -a found; else _files; fi
}
compdef _godwit godwit
`,
	"fish": `function _godwit
  set -l words (commandline -opc) (commandline -ct)
  set -l found (godwit complete -- $words[2..] 2>/dev/null)
  if test (count $found) -gt 0
    printf '%s\n' $found
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c godwit -f -a '(_godwit)'
`,
}

// Run prints the script.
func (c *completionCommand) Run(env *environment) error {
	_, err := fmt.Fprint(env.out, scripts[c.Shell])
	return err
}

// completeCommand answers the shells: it prints what the last word of a command
// line can be, a line each.
type completeCommand struct {
	Words []string `arg:"" optional:"" passthrough:""`
}

// Run prints the suggestions.
func (c *completeCommand) Run(env *environment, k *kong.Kong) error { //nolint:unparam // as kong calls it
	words := c.Words
	if len(words) > 0 && words[0] == "--" {
		words = words[1:]
	}
	for _, s := range suggest(k.Model, words) {
		fmt.Fprintln(env.out, s)
	}
	return nil
}

// suggest returns what the last of some words can be, which are the command
// line after the program's name.
func suggest(app *kong.Application, words []string) []string {
	if len(words) == 0 {
		words = []string{""}
	}
	last := words[len(words)-1]
	node := app.Node
	var awaiting *kong.Flag // whose value comes next
	for _, word := range words[:len(words)-1] {
		switch flag := flagOf(node, word); {
		case awaiting != nil:
			awaiting = nil
		case flag != nil:
			if !flag.IsBool() && !strings.Contains(word, "=") {
				awaiting = flag
			}
		default:
			if child := childOf(node, word); child != nil {
				node = child
			}
		}
	}
	var list []string
	switch {
	case awaiting != nil:
		list = enumOf(awaiting.Value)
	case strings.HasPrefix(last, "-"):
		for _, flag := range flagsOf(node) {
			list = append(list, "--"+flag.Name)
		}
	default:
		for _, child := range node.Children {
			if !child.Hidden {
				list = append(list, child.Name)
			}
		}
		for _, arg := range node.Positional {
			list = append(list, enumOf(arg)...)
		}
	}
	return slices.DeleteFunc(list, func(s string) bool { return !strings.HasPrefix(s, last) })
}

// flagsOf returns the flags that can stand after a command: its own, and those
// of the commands above.
func flagsOf(node *kong.Node) []*kong.Flag {
	var list []*kong.Flag
	for ; node != nil; node = node.Parent {
		for _, flag := range node.Flags {
			if !flag.Hidden {
				list = append(list, flag)
			}
		}
	}
	return list
}

func flagOf(node *kong.Node, word string) *kong.Flag {
	name, isFlag := strings.CutPrefix(word, "--")
	if !isFlag {
		return nil
	}
	name, _, _ = strings.Cut(name, "=")
	for _, flag := range flagsOf(node) {
		if flag.Name == name {
			return flag
		}
	}
	return nil
}

func childOf(node *kong.Node, word string) *kong.Node {
	for _, child := range node.Children {
		if child.Name == word || slices.Contains(child.Aliases, word) {
			return child
		}
	}
	return nil
}

// enumOf returns the values that a flag or an argument can have, if they are
// but a few.
func enumOf(v *kong.Value) []string {
	if v.Enum == "" {
		return nil
	}
	return strings.Split(v.Enum, ",")
}
