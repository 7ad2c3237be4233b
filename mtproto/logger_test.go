package mtproto

import "testing"

type pointerLog struct{ NoLog }

func TestLoggerOr(t *testing.T) {
	set := new(pointerLog)
	for _, test := range []struct {
		from, want Logger
	}{{nil, NoLog{}}, {(*pointerLog)(nil), NoLog{}}, {NoLog{}, NoLog{}}, {set, set}} {
		if got := LoggerOr(test.from); got != test.want {
			t.Errorf("LoggerOr(%#v) is %#v", test.from, got)
		}
	}
}
