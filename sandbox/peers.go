package sandbox

import "godwit/tg"

// findUser returns the user that the caller names. The access hash must be
// the one that the caller was given; bots may do without.
func (c *call) findUser(in tg.InputUserClass) (*user, error) {
	switch in := in.(type) {
	case *tg.InputUserSelf:
		return c.user, nil
	case *tg.InputUser:
		return c.userByHash(in.UserID, in.AccessHash)
	case *tg.InputUserFromMessage:
		return c.userFromMessage(in.Peer, in.MsgID, in.UserID)
	}
	return nil, errUserInvalid
}

func (c *call) userByHash(id, hash int64) (*user, error) {
	w := c.world()
	u := w.users[id]
	switch {
	case u == nil:
		return nil, errUserInvalid
	case u == c.user, hash == w.accessHash(c.user.id, u.key()):
		return u, nil
	case hash == 0 && c.user.isBot():
		return u, nil
	}
	return nil, errUserInvalid
}

// userFromMessage finds a user of whom the caller knows only a message.
func (c *call) userFromMessage(peer tg.InputPeerClass, id int32, from int64) (*user, error) {
	p, err := c.findPeer(peer)
	if err != nil {
		return nil, err
	}
	b, _ := c.boxOf(p)
	if e := b.get(id); e == nil || e.peer != p || e.from != from || c.world().users[from] == nil {
		return nil, errUserInvalid
	}
	return c.world().users[from], nil
}

// findPeer returns the peer that the caller names. The caller is a member of
// a chat that is returned, but not always of a channel.
func (c *call) findPeer(in tg.InputPeerClass) (peerKey, error) {
	w := c.world()
	switch in := in.(type) {
	case *tg.InputPeerSelf:
		return c.user.key(), nil
	case *tg.InputPeerUser:
		if u, err := c.userByHash(in.UserID, in.AccessHash); err == nil {
			return u.key(), nil
		}
	case *tg.InputPeerUserFromMessage:
		if u, err := c.userFromMessage(in.Peer, in.MsgID, in.UserID); err == nil {
			return u.key(), nil
		}
	case *tg.InputPeerChat:
		if g := w.chats[in.ChatID]; g != nil && g.members.find(c.user.id) != nil {
			return g.key(), nil
		}
	case *tg.InputPeerChannel:
		ch, err := c.channelByHash(in.ChannelID, in.AccessHash)
		if err != nil {
			return peerKey{}, err
		}
		return ch.key(), nil
	}
	return peerKey{}, errPeerInvalid
}

// findChat returns a basic group that the caller is in.
func (c *call) findChat(id int64) (*chat, error) {
	g := c.world().chats[id]
	if g == nil || g.members.find(c.user.id) == nil {
		return nil, errChatInvalid
	}
	return g, nil
}

// findChannel returns the channel that the caller names.
func (c *call) findChannel(in tg.InputChannelClass) (*channel, error) {
	if in, ok := in.(*tg.InputChannel); ok {
		return c.channelByHash(in.ChannelID, in.AccessHash)
	}
	return nil, errChannelInvalid
}

func (c *call) channelByHash(id, hash int64) (*channel, error) {
	w := c.world()
	ch := w.channels[id]
	switch {
	case ch == nil:
		return nil, errChannelInvalid
	case hash != w.accessHash(c.user.id, ch.key()) && (hash != 0 || !c.user.isBot()):
		return nil, errChannelInvalid
	}
	return ch, nil
}

// readable returns a channel that the caller may read: one that it is
// in, or one that anybody can find by its username.
func (c *call) readable(in tg.InputChannelClass) (*channel, error) {
	ch, err := c.findChannel(in)
	if err != nil {
		return nil, err
	}
	return ch, c.mayRead(ch)
}

func (c *call) mayRead(ch *channel) error {
	switch {
	case ch.deleted || c.world().ban(ch, c.user).kicked():
		return errChannelPrivate
	case ch.members[c.user.id] != nil || ch.username != "":
		return nil
	case ch.open():
		return c.mayRead(ch.linked) // who reads a channel reads the comments on it
	}
	return errChannelPrivate
}

// boxOf returns the box that holds the caller's messages with p, and who owns
// it, 0 for a channel.
func (c *call) boxOf(p peerKey) (*box, int64) {
	if p.kind == peerChannel {
		return &c.world().channels[p.id].box, 0
	}
	return &c.user.box, c.user.id
}
