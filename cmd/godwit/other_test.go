package main

import (
	"bytes"
	"os"
	"testing"
)

// Credentials of another Telegram are refused and left as they are.
func TestOtherNetwork(t *testing.T) {
	tw, other := newTown(t), newTown(t)
	tw.must("ann", "11111\n", "login", "--phone", "9996610001")
	before, err := os.ReadFile(tw.file("ann"))
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"login", "--phone", "9996610001"}, {"send", "+9996620002", "x"}} {
		other.dir = tw.dir
		code, _, errs := other.run("ann", "11111\n", args...)
		if code != 1 {
			t.Errorf("%v: exit %d", args, code)
		}
		tw.want(errs, tw.file("ann")+": telegram: the stored credentials are of another network: give the --dc that they were made with")
	}
	if after, err := os.ReadFile(tw.file("ann")); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the file was changed: %v", err)
	}
	tw.must("ann", "", "send", "+9996620002", "still here")
}

// A file that is signed in is not signed in as somebody else.
func TestLoginAsAnother(t *testing.T) {
	tw := newTown(t)
	tw.must("ann", "11111\n", "login", "--phone", "9996610001")
	for _, args := range [][]string{{"--phone", "9996620002"}, {"--bot", "123456:AAAA"}} {
		code, _, errs := tw.run("ann", "22222\n", append([]string{"login"}, args...)...)
		if code != 1 {
			t.Errorf("%v: exit %d", args, code)
		}
		tw.want(errs, tw.file("ann")+" is signed in already, as Ann, user ")
	}
	tw.want(tw.must("ann", "", "login", "--phone", "+999 661 0001"), "Signed in as Ann")
}
