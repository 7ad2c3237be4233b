package session

import (
	"testing"
	"time"

	"godwit/mtproto"
)

// R-EM-42: a salt that is news is to be stored. That a known one is good for longer,
// which every new session tells, is not worth it.
func TestSaltsAreNews(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	salt := func(value mtproto.Salt, until time.Duration) Salt {
		return NewSalt(value, now, now.Add(until))
	}
	var c clientSalts
	for _, test := range []struct {
		salt Salt
		news bool
	}{
		{salt(1, time.Minute), true},
		{salt(1, time.Minute), false},
		{salt(1, time.Hour), false},
		{salt(2, time.Hour), true},
	} {
		if got := c.add(now, test.salt); got != test.news {
			t.Errorf("%+v is news: %v", test.salt, got)
		}
	}
	if got := c.ahead(); !got.Equal(now.Add(time.Hour)) {
		t.Errorf("salts until %v", got)
	}
	if got := c.current(now.Add(2 * time.Minute)); got != 1 && got != 2 {
		t.Errorf("salt %d", got)
	}
}
