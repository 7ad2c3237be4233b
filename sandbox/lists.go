package sandbox

import (
	"strconv"

	"godwit/tg"
	"godwit/tl"
)

// pageOf returns the part of a list that begins at an offset, which is the
// number of those before it, and the offset of the rest, empty at the end.
func pageOf[T any](all []T, offset string, limit int32, most int) (part []T, next string, err error) {
	at := 0
	if offset != "" {
		if at, err = strconv.Atoi(offset); err != nil || at < 0 {
			return nil, "", refusal(400, "OFFSET_INVALID")
		}
	}
	size := int(limit)
	if size <= 0 || size > most {
		size = most
	}
	at = min(at, len(all))
	end := min(at+size, len(all))
	if end < len(all) {
		next = strconv.Itoa(end)
	}
	return all[at:end], next, nil
}

// encodingOf returns what a value looks like in transit, to compare values by.
func encodingOf(e tl.Object) string {
	raw, err := tl.Marshal(e)
	if err != nil {
		return ""
	}
	return string(raw)
}

// findGroup returns a group or channel in which the caller may do something.
func (c *call) findGroup(in tg.InputPeerClass, a act) (peerKey, error) {
	p, err := c.findPeer(in)
	switch {
	case err != nil:
		return p, err
	case p.kind == peerUser:
		return p, errPeerInvalid
	case p.kind == peerChannel && c.mayRead(c.world().channels[p.id]) != nil:
		return p, errChannelPrivate
	}
	return p, c.needs(p, a)
}

// administered is findGroup for what administrators alone may do.
func (c *call) administered(in tg.InputPeerClass, a act) (peerKey, error) {
	p, err := c.findGroup(in, a)
	if err == nil && !c.world().isAdmin(c.user, p) {
		err = errAdminRequired
	}
	return p, err
}

// inChannel returns a channel in which the caller may do something.
func (c *call) inChannel(in tg.InputChannelClass, a act) (*channel, error) {
	ch, err := c.readable(in)
	if err != nil {
		return nil, err
	}
	return ch, c.needs(ch.key(), a)
}

// groupChanged tells the members of a group or channel that it has changed.
func (c *call) groupChanged(p peerKey) {
	for u := range c.world().audience(p) {
		if p.kind == peerChannel {
			c.tell(u, &tg.UpdateChannel{ChannelID: p.id}, p)
		} else {
			c.tell(u, &tg.UpdateChat{ChatID: p.id}, p)
		}
	}
}
