package session

import (
	"testing"
	"time"

	"godwit/mtproto"
)

// R-EM-15: what a window remembers of messages that come at a pace, and that it
// takes nothing for new that it may have forgotten.
func TestWindowForgets(t *testing.T) {
	begin := time.Unix(1_700_000_000, 0)
	for name, test := range map[string]struct {
		pace           time.Duration
		n, least, most int
		capacity       int
		before         int // messages in the second before all of them
		allRemembered  bool
	}{
		"a ping a minute, for days":         {time.Minute, 5000, windowRest, 2*windowRest - 1, 4 * windowRest, 0, false},
		"a ping a minute after a busy time": {time.Minute, 200, windowRest, 2*windowRest - 1, 4 * windowRest, 1500, false},
		"less than there is room for":       {time.Minute, 2*windowRest - 1, 2*windowRest - 1, 2*windowRest - 1, 4 * windowRest, 0, true},
		"many within an hour":               {time.Second, 2*windowSize - 1, 2*windowSize - 1, 2*windowSize - 1, 4 * windowSize, 0, true},
		"many for long":                     {time.Second, 100_000, windowSize, 2*windowSize - 1, 4 * windowSize, 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			var w window
			first := mtproto.MsgIDAt(begin)
			for i := range test.before {
				w.insert(received{id: mtproto.MsgIDAt(begin.Add(time.Duration(i) * time.Millisecond))})
			}
			for i := range test.n {
				w.insert(received{id: mtproto.MsgIDAt(begin.Add(time.Second + time.Duration(i)*test.pace))})
			}
			if n := len(w.entries); n < test.least || n > test.most || cap(w.entries) > test.capacity {
				t.Errorf("%d are remembered in room for %d, want %d to %d", n, cap(w.entries), test.least, test.most)
			}
			want := tooOld
			if test.allRemembered {
				want = unseen
			}
			if got := w.judge(first - 4); got != want {
				t.Errorf("what came before all of them is judged as %d, want %d", got, want)
			}
			lowest := w.entries[0].id
			if got := w.judge(lowest + 4); got != unseen {
				t.Errorf("what comes late is judged as %d", got)
			}
			if got := w.judge(lowest); got != duplicate {
				t.Errorf("what comes again is judged as %d", got)
			}
		})
	}
}
