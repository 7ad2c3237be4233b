package sandbox

import (
	"cmp"
	"slices"

	"godwit/tg"
	"godwit/tl"
)

func init() {
	register(saveDraft)
	register(getAllDrafts)
	register(clearAllDrafts)
}

func saveDraft(c *call, q *tg.MessagesSaveDraft) (boolean, error) {
	p, err := c.findPeer(q.Peer)
	if err != nil {
		return false, err
	}
	entities, err := c.entities(q.Message, q.Entities)
	if err != nil {
		return false, err
	}
	topic := int32(0)
	if to, ok := q.ReplyTo.(*tg.InputReplyToMessage); ok {
		topic = to.TopMsgID.Or(0)
	}
	var d *tg.DraftMessage
	if q.Message != "" || q.ReplyTo != nil && topic == 0 {
		d = &tg.DraftMessage{
			NoWebpage: q.NoWebpage, InvertMedia: q.InvertMedia, ReplyTo: q.ReplyTo, Message: q.Message, Entities: entities,
			Date: c.world().unix(),
		}
	}
	c.setDraft(p, topic, d)
	return true, nil
}

// setDraft keeps the caller's draft, or drops it if it is nil, and tells the
// other devices.
func (c *call) setDraft(p peerKey, topic int32, d *tg.DraftMessage) {
	in := c.user.dialogs[p]
	if d == nil && (in == nil || in.drafts[topic] == nil) {
		return
	}
	in = c.user.dialog(p)
	if in.drafts == nil {
		in.drafts = make(map[int32]*tg.DraftMessage)
	}
	if d == nil {
		delete(in.drafts, topic)
	} else {
		in.drafts[topic] = d
	}
	c.tell(c.user, c.draftUpdate(p, topic, d), p)
}

func (c *call) draftUpdate(p peerKey, topic int32, d *tg.DraftMessage) *tg.UpdateDraftMessage {
	update := &tg.UpdateDraftMessage{Peer: p.object(), Draft: &tg.DraftMessageEmpty{Date: tl.Some(c.world().unix())}}
	if d != nil {
		update.Draft = d
	}
	if topic != 0 {
		update.TopMsgID = tl.Some(topic)
	}
	return update
}

func getAllDrafts(c *call, _ *tg.MessagesGetAllDrafts) (tg.UpdatesClass, error) {
	out := &tg.Updates{Date: c.world().unix(), Updates: []tg.UpdateClass{}}
	var seen refs
	for p, d := range c.user.dialogs {
		for topic, one := range d.drafts {
			out.Updates = append(out.Updates, c.draftUpdate(p, topic, one))
			seen.add(p)
		}
	}
	slices.SortFunc(out.Updates, func(a, b tg.UpdateClass) int {
		return cmp.Compare(b.(*tg.UpdateDraftMessage).Draft.(*tg.DraftMessage).Date, a.(*tg.UpdateDraftMessage).Draft.(*tg.DraftMessage).Date)
	})
	out.Users, out.Chats = c.world().userObjects(c.user, &seen), c.world().chatObjects(c.user, &seen)
	return out, nil
}

func clearAllDrafts(c *call, _ *tg.MessagesClearAllDrafts) (boolean, error) {
	for p, d := range c.user.dialogs {
		for topic := range d.drafts {
			c.setDraft(p, topic, nil)
		}
	}
	return true, nil
}
