package bridge

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestIsStop(t *testing.T) {
	for _, s := range []string{
		"stop", "STOP", " Stop! ", "/stop", "«Стоп»…", "stop 🙏🏽", "Don’t write to me.", "don't contact me!!", "Stop,\n please",
		"Не пишите мне больше!", "\u200fتوقف\u200f", "बंद करो।", "退订。", "Désabonner", "STOPP!!!", "stop\ufe0f", "s\u200btop",
	} {
		if !IsStop(s) {
			t.Errorf("%q is none", s)
		}
	}
	for _, s := range []string{
		"", "!!!", "the bus stop", "don't stop", "non-stop", "stop 5", "stopwatch", "cancel", "no", "end", "stop" + strings.Repeat(" ", 400) + "!",
		"when does it stop?", "стоп-кран", "st op",
	} {
		if IsStop(s) {
			t.Errorf("%q is one", s)
		}
	}
}

// TestStopMessages has every line of the list be as IsStop compares it.
func TestStopMessages(t *testing.T) {
	for language, list := range stopMessages {
		for _, s := range list {
			if normalStop(s) != s || !IsStop(strings.ToUpper(s)) && language != "Turkish" {
				t.Errorf("%s: %q is compared as %q", language, s, normalStop(s))
			}
		}
	}
}

func FuzzIsStop(f *testing.F) {
	f.Add("Stop!")
	f.Fuzz(func(t *testing.T, s string) {
		if normal := normalStop(s); normalStop(normal) != normal {
			t.Errorf("%q became %q, then %q", s, normal, normalStop(normal))
		}
	})
}

func TestSuppressionCheck(t *testing.T) {
	ann := Person{UserID: 5}
	for _, test := range []struct {
		s    Suppression
		want string
	}{
		{Suppression{Person: ann}, "not a reason"},
		{Suppression{Reason: SuppressedByStop}, "neither user_id"},
		{Suppression{Reason: SuppressedByStop, Person: ann, Note: strings.Repeat("x", 501)}, "500 bytes"},
		{Suppression{Reason: SuppressedByStop, Person: ann, Note: "\xff"}, "text"},
	} {
		if err := test.s.Check(); CodeOf(err) != CodeInvalidRequest || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v, want %q", err, test.want)
		}
	}
	good := &Suppression{ID: "sup_1", Reason: SuppressedByBlock, Person: ann, AddedAt: time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC)}
	if err := good.Check(); err != nil {
		t.Error(err)
	}
	if err := good.Refusal(); err.Code != CodeSuppressed || !strings.Contains(err.Detail, "2030-01-02 (blocked, sup_1)") {
		t.Error(err)
	}
}

func TestReadSuppressions(t *testing.T) {
	want := []Suppression{
		{Reason: SuppressedByOperator, Person: Person{UserID: 5, Phone: "+49 30 123456"}, Note: "asked, twice"},
		{Reason: SuppressedByOperator, Person: Person{Username: "@Ann_1"}},
	}
	for name, text := range map[string]string{
		"commas":     "user_id,phone,username,note\n5,+49 30 123456,,\"asked, twice\"\n,,@Ann_1\n",
		"semicolons": "\ufeffNote; Username ;colour;phone;USER_ID\r\nasked, twice;;red;+49 30 123456;5\r\n;@Ann_1;;;\r\n\r\n",
		"tabs":       "phone\tuser_id\tnote\tusername\n+49 30 123456\t5\tasked, twice\n\t\t\t@Ann_1",
	} {
		if got, err := ReadSuppressions(strings.NewReader(text)); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	got, err := ReadSuppressions(strings.NewReader("user_id,username\n1,\n0,\nx,\n,\n,a-b\n2,\n"))
	var first *LineError
	if len(got) != 2 || !errors.As(err, &first) || first.Line != 3 {
		t.Errorf("%v, %v", got, err)
	}
	for _, text := range []string{`line 3: user_id "0"`, `line 4: user_id "x"`, "line 5: The person has neither", `line 6: username "a-b"`} {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("%v does not say %s", err, text)
		}
	}
	for text, want := range map[string]string{
		"": "names the columns", "5\n6\n": "none of the columns", "phone,phone\n": "two columns phone", "user_id\n5\n\"6": "line 3",
	} {
		if _, err := ReadSuppressions(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func FuzzReadSuppressions(f *testing.F) {
	f.Add("user_id,phone,username,note\n5,+49 30 123456,@ann_1,\"a\nb\"\n")
	f.Fuzz(func(t *testing.T, text string) {
		list, _ := ReadSuppressions(strings.NewReader(text))
		for _, s := range list {
			if err := s.Check(); err != nil {
				t.Errorf("%+v: %v", s, err)
			}
		}
	})
}
