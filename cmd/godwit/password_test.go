package main

import (
	"strings"
	"testing"
	"time"
)

// The 2FA password is set, changed, given an address to be recovered by, and
// taken away; every mistake says what is wrong and changes nothing.
func TestPassword(t *testing.T) {
	tw := newTown(t)
	tw.must("ann", "11111\n", "login", "--phone", ann)
	tw.want(tw.must("ann", "", "password"), "no 2FA password")
	refuse := func(typed, want string, args ...string) {
		t.Helper()
		code, out, errs := tw.run("ann", typed, append([]string{"password"}, args...)...)
		if tw.want(errs, want); code != 1 || strings.Contains(out+errs, "down") {
			t.Errorf("%v: exit %d, %s%s", args, code, out, errs)
		}
	}
	refuse("", "no 2FA password", "remove")
	refuse("", `no 2FA password: "godwit password set --email"`, "email", "ann@example.org")
	refuse("down\nfeathers\n", "the two are not the same", "set")
	refuse("\n", "the new password is empty", "set")
	refuse("down\n", "no answer", "set")
	refuse("down\ndown\n", "not an e-mail address", "set", "--email", "nowhere")
	tw.want(tw.must("ann", "down\ndown\n", "password", "set", "--hint", "what it wears"), "New password:", "The password is set.")
	tw.want(tw.must("ann", "", "password"), "has a 2FA password", "No e-mail", "what it wears")
	tw.want(tw.must("other", "11111\ndown\n", "login", "--phone", ann), "hint: what it wears", "Signed in as Ann")

	refuse("fur\n", "that is not the password; nothing is changed", "set")
	tw.want(tw.must("ann", "down\nfur\nfur\n", "password", "set"), "Password until now (hint: what it wears):", "The password is set.")
	refuse("fur\n", "not an e-mail address", "email", "nowhere")
	refuse("", "give an address, or one of", "email")
	refuse("", "give an address, or one of", "email", "a@b.example", "--remove")
	refuse("1\n", "no change waits for a code", "email", "--confirm")

	refuse("fur\n", `the change waits for "godwit password email --confirm"`, "email", "ann@example.org")
	tw.want(tw.must("ann", "", "password"), "was sent to a*n@example.org")
	tw.want(tw.must("ann", "", "password", "email", "--resend"), "Another code")
	tw.converse("ann", []string{"password", "email", "--confirm"},
		[2]any{"Code that was sent", "1"},
		[2]any{"That is not the code.", tw.mailed})
	tw.want(tw.must("ann", "", "password", "--json"), `{"enabled":true,"recovery":true}`)
	tw.converse("ann", []string{"password", "email", "other@example.org"},
		[2]any{"Password until now:", "fur"},
		[2]any{"Code that was sent", tw.mailed})
	refuse("fur\n", "the change waits", "email", "third@example.org")
	tw.want(tw.must("ann", "", "password", "email", "--cancel"), "given up")
	tw.want(tw.must("ann", "fur\n", "password", "email", "--remove"), "No e-mail address")
	refuse("down\n", "that is not the password", "remove")
	tw.want(tw.must("ann", "fur\n", "password", "remove"), "no 2FA password any more")
	tw.want(tw.must("ann", "", "password", "status"), "no 2FA password")
}

// A lost password goes after a week, unless somebody declines that.
func TestPasswordReset(t *testing.T) {
	tw := newTown(t)
	tw.check(tw.sandbox.SetPassword(ann, "feathers", ""))
	tw.must("ann", "11111\nfeathers\n", "login", "--phone", ann)
	tw.want(tw.must("ann", "", "password", "reset"), "is taken away by the same command from ")
	tw.want(tw.must("ann", "", "password"), `"godwit password reset" takes it away`)
	tw.want(tw.must("ann", "", "password", "--json"), `"reset_at":"`+time.Now().AddDate(0, 0, 7).UTC().Format("2006-01-02"))
	tw.want(tw.must("ann", "", "password", "reset", "--decline"), "The password stays.")
	tw.refused("ann", "declined lately", "password", "reset")
}

// No password can be given on the command line, where others see it.
func TestNoPasswordAmongArguments(t *testing.T) {
	tw := newTown(t)
	tw.must("ann", "11111\n", "login", "--phone", ann)
	for _, args := range [][]string{{"set", "secret"}, {"remove", "secret"}, {"set", "--password", "secret"}, {"email", "--resend", "--cancel"}} {
		if code, _, errs := tw.run("ann", "", append([]string{"password"}, args...)...); code != 2 {
			t.Errorf("%v: exit %d, %s", args, code, errs)
		}
	}
}
