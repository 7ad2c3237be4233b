package telegram

import (
	"context"
	"errors"
	"slices"
	"time"

	"godwit/tg"
	"godwit/tl"
)

// An Outgoing is a chat message to be sent, or what one is to be changed to.
// Package telegram/text makes text and entities of Markdown and HTML.
type Outgoing struct {
	// Text is the text, or the caption of Media: at most 4096 characters of
	// text, 1024 of a caption.
	Text     string
	Entities []tg.MessageEntityClass // in UTF-16 code units

	// Media is what the message carries, nil for a text. [Poll.Media] makes a
	// poll.
	Media tg.InputMediaClass

	Reply     Reply
	Silent    bool      // without a sound for those who get it
	Protected bool      // nobody can forward it
	NoPreview bool      // no preview of links
	Schedule  time.Time // when Telegram is to send it; zero: now

	// RandomID tells the message from others, so that it is sent once however
	// often that is tried. 0 has one made; who keeps it can go on after a crash.
	RandomID int64
}

// A Reply says what a message answers. The zero Reply answers nothing.
type Reply struct {
	Message int // id of the message that is answered
	Topic   int // id of the topic of a forum that the message goes into

	// Peer is the chat of the message that is answered; nil: where the answer goes.
	// Messages that may not be forwarded cannot be answered from another chat.
	Peer tg.InputPeerClass

	// Quote is the part of the message that is answered, at QuoteOffset UTF-16
	// code units from its beginning. Empty: all of it.
	Quote         string
	QuoteEntities []tg.MessageEntityClass
	QuoteOffset   int
}

// input returns how requests name the reply, nil for none.
func (r Reply) input() tg.InputReplyToClass {
	if r.Message == 0 && r.Topic == 0 {
		return nil
	}
	in := &tg.InputReplyToMessage{ReplyToMsgID: int32(r.Message), ReplyToPeerID: r.Peer}
	if r.Topic != 0 {
		in.TopMsgID = tl.Some(int32(r.Topic))
	}
	if r.Message == 0 {
		in.ReplyToMsgID = int32(r.Topic)
	}
	if r.Quote != "" {
		in.QuoteText, in.QuoteEntities = tl.Some(r.Quote), r.QuoteEntities
		in.QuoteOffset = tl.Some(int32(r.QuoteOffset))
	}
	return in
}

// unixOf returns a time as TL carries it, absent if it is zero.
func unixOf(t time.Time) tl.Optional[int32] {
	if t.IsZero() {
		return tl.Optional[int32]{}
	}
	return tl.Some(int32(t.Unix()))
}

// SendText sends a text and returns the message as Telegram has stored it. It
// is [Client.Send] for the simplest case.
func (c *Client) SendText(ctx context.Context, peer tg.InputPeerClass, text string) (*tg.Message, error) {
	return c.Send(ctx, peer, Outgoing{Text: text})
}

// Send sends a message and returns it as Telegram has stored it.
//
// It is sent once: the random id that Telegram knows it by stays the same when
// it has to be sent again, because the connection or one of Telegram's servers
// failed. Where Telegram says that it has the message already but not as
// which, the returned message has no ID.
func (c *Client) Send(ctx context.Context, peer tg.InputPeerClass, m Outgoing) (*tg.Message, error) {
	entities, err := c.inputEntities(m.Entities)
	if err != nil {
		return nil, err
	}
	m.Entities = entities
	request, random := m.request(peer)
	answer, had, err := repeat(ctx, func() (tg.UpdatesClass, error) { return tg.Call(ctx, c, request) })
	switch {
	case err != nil:
		return nil, err
	case had:
		return &tg.Message{Out: true, Message: m.Text, Entities: m.Entities}, nil
	}
	sent, err := c.sentMessages(request, answer, []int64{random})
	if err != nil {
		return nil, err
	}
	return sent[0], nil
}

// inputEntities names the users that a text mentions as requests do. One that
// the client has not come across is an *UnknownPeerError.
func (c *Client) inputEntities(list []tg.MessageEntityClass) ([]tg.MessageEntityClass, error) {
	out := slices.Clone(list)
	for i, e := range out {
		mention, ok := e.(*tg.MessageEntityMentionName)
		if !ok {
			continue
		}
		peer, err := c.InputPeer(&tg.PeerUser{UserID: mention.UserID})
		if err != nil {
			return nil, err
		}
		out[i] = &tg.InputMessageEntityMentionName{Offset: mention.Offset, Length: mention.Length, UserID: InputUserOf(peer)}
	}
	return out, nil
}

// request returns the request that sends a message, and its random id.
func (m *Outgoing) request(peer tg.InputPeerClass) (tg.Method[tg.UpdatesClass], int64) {
	random := m.RandomID
	if random == 0 {
		random = randomID()
	}
	if m.Media == nil {
		return &tg.MessagesSendMessage{
			NoWebpage: m.NoPreview, Silent: m.Silent, Noforwards: m.Protected, ClearDraft: true, Peer: peer,
			ReplyTo: m.Reply.input(), Message: m.Text, RandomID: random, Entities: m.Entities, ScheduleDate: unixOf(m.Schedule),
		}, random
	}
	return &tg.MessagesSendMedia{
		Silent: m.Silent, Noforwards: m.Protected, ClearDraft: true, Peer: peer, ReplyTo: m.Reply.input(),
		Media: m.Media, Message: m.Text, RandomID: random, Entities: m.Entities, ScheduleDate: unixOf(m.Schedule),
	}, random
}

// MaxAlbum is how many messages an album has at most.
const MaxAlbum = 10

var errAlbum = errors.New("telegram: an album has 2 to 10 messages, each with media")

// SendAlbum sends 2 to MaxAlbum messages with media as one album, and returns
// them as Telegram has stored them. Reply, Silent, Protected and Schedule are
// those of the first one. New uploads are made media first.
func (c *Client) SendAlbum(ctx context.Context, peer tg.InputPeerClass, album []Outgoing) ([]*tg.Message, error) {
	if len(album) < 2 || len(album) > MaxAlbum {
		return nil, errAlbum
	}
	first := album[0]
	request := &tg.MessagesSendMultiMedia{
		Silent: first.Silent, Noforwards: first.Protected, ClearDraft: true, Peer: peer, ReplyTo: first.Reply.input(),
		ScheduleDate: unixOf(first.Schedule),
	}
	var randoms []int64
	for _, m := range album {
		media, err := c.storedMedia(ctx, peer, m.Media)
		if err != nil {
			return nil, err
		}
		entities, err := c.inputEntities(m.Entities)
		if err != nil {
			return nil, err
		}
		random := m.RandomID
		if random == 0 {
			random = randomID()
		}
		randoms = append(randoms, random)
		request.MultiMedia = append(request.MultiMedia, tg.InputSingleMedia{
			Media: media, RandomID: random, Message: m.Text, Entities: entities,
		})
	}
	answer, had, err := repeat(ctx, func() (tg.UpdatesClass, error) { return tg.Call(ctx, c, request) })
	if err != nil || had {
		return nil, err
	}
	return c.sentMessages(request, answer, randoms)
}

// storedMedia has Telegram make media of a new upload, which albums want.
func (c *Client) storedMedia(ctx context.Context, peer tg.InputPeerClass, in tg.InputMediaClass) (tg.InputMediaClass, error) {
	switch in.(type) {
	case nil:
		return nil, errAlbum
	case *tg.InputMediaUploadedPhoto, *tg.InputMediaUploadedDocument:
	default:
		return in, nil
	}
	made, err := tg.Call(ctx, c, &tg.MessagesUploadMedia{Peer: peer, Media: in})
	if err != nil {
		return nil, err
	}
	if again := InputMediaOf(made); again != nil {
		return again, nil
	}
	return in, nil
}

// InputMediaOf returns how to send a photo, document, place or contact again
// that came with a message, nil for other media.
func InputMediaOf(m tg.MessageMediaClass) tg.InputMediaClass {
	switch m := m.(type) {
	case *tg.MessageMediaPhoto:
		if p, ok := m.Photo.(*tg.Photo); ok {
			return &tg.InputMediaPhoto{Spoiler: m.Spoiler, ID: &tg.InputPhoto{
				ID: p.ID, AccessHash: p.AccessHash, FileReference: p.FileReference,
			}}
		}
	case *tg.MessageMediaDocument:
		if d, ok := m.Document.(*tg.Document); ok {
			return &tg.InputMediaDocument{Spoiler: m.Spoiler, ID: &tg.InputDocument{
				ID: d.ID, AccessHash: d.AccessHash, FileReference: d.FileReference,
			}}
		}
	case *tg.MessageMediaGeo:
		if g, ok := m.Geo.(*tg.GeoPoint); ok {
			return &tg.InputMediaGeoPoint{GeoPoint: &tg.InputGeoPoint{Lat: g.Lat, Long: g.Long, AccuracyRadius: g.AccuracyRadius}}
		}
	case *tg.MessageMediaContact:
		return &tg.InputMediaContact{
			PhoneNumber: m.PhoneNumber, FirstName: m.FirstName, LastName: m.LastName, Vcard: m.Vcard,
		}
	}
	return nil
}
