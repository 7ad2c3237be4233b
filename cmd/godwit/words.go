package main

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kong"
)

// negative is how ids of groups and channels begin, and no flag does.
var negative = regexp.MustCompile(`^-[0-9]+$`)

// mark goes before a negative number for the parser not to take it for flags.
// No word of a command line can hold it: there it ends the word.
const mark = "\x00"

// markNegative puts the mark before the negative numbers of a command line
// that are no values of flags.
func markNegative(app *kong.Application, words []string) []string {
	words = slices.Clone(words)
	var awaiting *kong.Flag
	node := app.Node
	for i, word := range words {
		switch flag := flagOf(node, word); {
		case word == "--":
			return words
		case awaiting != nil:
			awaiting = nil
		case flag != nil && !flag.IsBool() && !strings.Contains(word, "="):
			awaiting = flag
		case negative.MatchString(word):
			words[i] = mark + word
		default:
			if child := childOf(node, word); child != nil {
				node = child
			}
		}
	}
	return words
}

// unmarked reads a string from a command line.
func unmarked(ctx *kong.DecodeContext, target reflect.Value) error {
	t, err := ctx.Scan.PopValue("string")
	if err != nil {
		return err
	}
	target.SetString(strings.TrimPrefix(t.String(), mark))
	return nil
}

// A phoneValue says something of a phone number: PHONE=VALUE.
type phoneValue struct{ phone, value string }

// UnmarshalText reads PHONE=VALUE. The error does not quote the text, which
// may be a password.
func (p *phoneValue) UnmarshalText(text []byte) error {
	var ok bool
	if p.phone, p.value, ok = strings.Cut(string(text), "="); !ok || p.phone == "" || p.value == "" {
		return fmt.Errorf("want a phone number, =, and what it is to have, such as 9996610001=…")
	}
	return nil
}
