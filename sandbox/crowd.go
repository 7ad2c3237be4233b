package sandbox

import (
	"fmt"
	"strings"
)

// A Crowd is a supergroup or broadcast channel with many members, who need not
// sign in.
type Crowd struct {
	Title     string
	Username  string // public if not empty
	Creator   string // phone number of an account that is there
	Broadcast bool

	Members int      // how many are made up: "Member 1", "Member 2" and so on
	Bots    int      // how many of those are bots
	Phones  []string // of accounts that are there and join too
}

// AddCrowd puts a channel with its members there and returns its id. It takes
// some milliseconds per 1000 members.
func (sb *Sandbox) AddCrowd(o Crowd) (int64, error) {
	w := sb.world
	w.mu.Lock()
	defer w.mu.Unlock()
	creator := w.phones[cleanPhone(o.Creator)]
	_, taken := w.names[strings.ToLower(o.Username)]
	switch {
	case creator == nil:
		return 0, fmt.Errorf("sandbox: nobody has the phone number %s", o.Creator)
	case o.Title == "":
		return 0, fmt.Errorf("sandbox: a crowd needs a title")
	case o.Username != "" && (!validName(o.Username) || taken):
		return 0, fmt.Errorf("sandbox: username %q cannot be had", o.Username)
	case o.Members < 0 || o.Members >= maxMembers || o.Bots > o.Members:
		return 0, fmt.Errorf("sandbox: %d members with %d bots, want at most %d", o.Members, o.Bots, maxMembers-1)
	}
	var joining []*user
	for _, phone := range o.Phones {
		u := w.phones[cleanPhone(phone)]
		if u == nil {
			return 0, fmt.Errorf("sandbox: nobody has the phone number %s", phone)
		}
		joining = append(joining, u)
	}
	ch := w.addChannel(creator, o.Title, o.Broadcast)
	if o.Username != "" {
		ch.username = o.Username
		w.setName(ch.key(), "", o.Username)
	}
	for i := range o.Members {
		u := &user{dc: creator.dc, first: "Member", last: fmt.Sprint(i + 1)}
		if i < o.Bots {
			u.token = fmt.Sprintf("crowd-%d-%d", ch.id, i)
		}
		joining = append(joining, w.addUser(u))
	}
	for _, u := range joining {
		w.join(ch, u, creator.id)
	}
	return ch.id, nil
}
