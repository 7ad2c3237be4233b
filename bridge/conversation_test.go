package bridge

import (
	"slices"
	"testing"
)

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

func TestPersonKeysOfConversations(t *testing.T) {
	for _, test := range []struct {
		c    Conversation
		want []PersonKey
	}{
		{Conversation{Peer: Peer{Kind: UserPeer, ID: 5}, Username: "Ann_1", Phone: "4930"}, []PersonKey{"user:5", "phone:4930", "username:ann_1"}},
		{Conversation{Peer: Peer{Kind: UsernamePeer, Name: "ann_1"}, Username: "ann_1"}, []PersonKey{"username:ann_1"}},
		{Conversation{Peer: Peer{Kind: PhonePeer, Name: "4930"}}, []PersonKey{"phone:4930"}},
		{Conversation{Peer: Peer{Kind: ChannelPeer, ID: 5}, Username: "news"}, nil},
		{Conversation{Peer: Peer{Kind: GroupPeer, ID: 5}}, nil},
		{Conversation{}, nil},
	} {
		if got := test.c.PersonKeys(); !slices.Equal(got, test.want) {
			t.Errorf("%+v: %v", test.c, got)
		}
	}
}
