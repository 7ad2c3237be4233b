package bridge

import "testing"

func TestPeer(t *testing.T) {
	for _, s := range []string{"", "user:777000", "group:5", "channel:1000000001", "username:durov", "phone:49170123456"} {
		p, err := ParsePeer(s)
		if err != nil || p.String() != s {
			t.Errorf("ParsePeer(%q) = %v, %v", s, p, err)
		}
	}
	for _, s := range []string{"user", "user:", "user:0", "user:-5", "cat:5", "5", "user:5x", "username:", "username:a b", "phone:12a", "phone:"} {
		if p, err := ParsePeer(s); err == nil {
			t.Errorf("ParsePeer(%q) = %v, want an error", s, p)
		}
	}
}
