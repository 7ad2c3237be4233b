package sandbox

import (
	"slices"
	"strings"
	"unicode"

	"godwit/tg"
)

// An index finds the messages of one conversation by what is looked for, so that
// not all of them have to be read. It is made when something is first looked for,
// and catches up with what has come since whenever something is.
type index struct {
	upTo  int32 // newest message that is in it
	lists map[term][]int32
}

// A term is what messages are listed under. What was listed stays so when the
// message changes: whoever reads a list of words or media has to look.
type term struct {
	what termKind
	text string // a word
	id   int64  // of a sender or thread, or a mediaKind
}

type termKind uint8

const (
	termWord termKind = iota
	termSender
	termThread
	termMedia
	termSaid // by a person or a channel: no service message
)

// A mediaKind is a kind of message that can be looked for.
type mediaKind int64

const (
	mediaPhoto mediaKind = iota
	mediaVideo
	mediaDocument
	mediaMusic
	mediaVoice
	mediaPlace
	mediaContact
	mediaPoll
	mediaLink
	mediaChatPhoto
)

// words returns what a text is found by: Telegram's servers look for whole words,
// whatever their case (tdesktop #1714, #7942).
func words(s string) []string {
	return strings.FieldsFunc(strings.ToLower(s), func(r rune) bool {
		return !unicode.IsLetter(r) && !unicode.IsMark(r) && !unicode.IsDigit(r) && r != '_'
	})
}

// terms returns what a message is listed under.
func (e *entry) terms() []term {
	out := []term{{what: termSender, id: e.from}, {what: termThread, id: int64(e.thread)}}
	if e.action == nil {
		out = append(out, term{what: termSaid})
	}
	for _, w := range words(e.text) {
		out = append(out, term{what: termWord, text: w})
	}
	for _, k := range e.mediaKinds() {
		out = append(out, term{what: termMedia, id: int64(k)})
	}
	return out
}

// mediaKinds returns what kinds a message is of.
func (e *entry) mediaKinds() (out []mediaKind) {
	switch {
	case e.action != nil && e.media != nil:
		return []mediaKind{mediaChatPhoto}
	case e.action != nil:
		return nil
	case e.poll != nil:
		out = append(out, mediaPoll)
	case e.media != nil:
		out = append(out, e.media.mediaKinds()...)
	}
	if slices.ContainsFunc(e.entities, func(m tg.MessageEntityClass) bool {
		switch m.(type) {
		case *tg.MessageEntityURL, *tg.MessageEntityTextURL:
			return true
		}
		return false
	}) {
		out = append(out, mediaLink)
	}
	return out
}

func (m *media) mediaKinds() []mediaKind {
	switch m.plain.(type) {
	case *tg.MessageMediaGeo:
		return []mediaKind{mediaPlace}
	case *tg.MessageMediaContact:
		return []mediaKind{mediaContact}
	}
	switch m.kind() {
	case "visual":
		if m.file.document {
			return []mediaKind{mediaVideo}
		}
		return []mediaKind{mediaPhoto}
	case "document":
		return []mediaKind{mediaDocument}
	case "music":
		return []mediaKind{mediaMusic}
	case "voice":
		return []mediaKind{mediaVoice}
	}
	return nil
}

// kindsOf returns what a filter lets through: any of the kinds. all is true for
// the filter that lets everything through.
func kindsOf(filter tg.MessagesFilterClass) (kinds []mediaKind, all bool) {
	switch filter.(type) {
	case *tg.InputMessagesFilterEmpty:
		return nil, true
	case *tg.InputMessagesFilterPhotoVideo:
		return []mediaKind{mediaPhoto, mediaVideo}, false
	case *tg.InputMessagesFilterPhotos:
		return []mediaKind{mediaPhoto}, false
	case *tg.InputMessagesFilterVideo:
		return []mediaKind{mediaVideo}, false
	case *tg.InputMessagesFilterDocument:
		return []mediaKind{mediaDocument}, false
	case *tg.InputMessagesFilterMusic:
		return []mediaKind{mediaMusic}, false
	case *tg.InputMessagesFilterVoice, *tg.InputMessagesFilterRoundVoice:
		return []mediaKind{mediaVoice}, false
	case *tg.InputMessagesFilterGeo:
		return []mediaKind{mediaPlace}, false
	case *tg.InputMessagesFilterContacts:
		return []mediaKind{mediaContact}, false
	case *tg.InputMessagesFilterPoll:
		return []mediaKind{mediaPoll}, false
	case *tg.InputMessagesFilterURL:
		return []mediaKind{mediaLink}, false
	case *tg.InputMessagesFilterChatPhotos:
		return []mediaKind{mediaChatPhoto}, false
	}
	return nil, false
}

// index returns the index of the caller's conversation with p, with all that has
// come.
func (c *call) index(p peerKey) *index {
	if p.kind == peerChannel {
		return c.world().channels[p.id].index.catchUp(&c.world().channels[p.id].box, c.world().channels[p.id].ids)
	}
	d := c.user.dialogs[p]
	if d == nil {
		return new(index)
	}
	return d.index.catchUp(&c.user.box, d.ids)
}

// catchUp enters the messages that have come since the last time.
func (x *index) catchUp(b *box, ids []int32) *index {
	for _, id := range ids[after(ids, x.upTo):] {
		x.add(b.get(id))
		x.upTo = id
	}
	return x
}

// add enters a message, again if it has changed.
func (x *index) add(e *entry) {
	if x.lists == nil {
		x.lists = make(map[term][]int32)
	}
	for _, t := range e.terms() {
		list := x.lists[t]
		if at, found := slices.BinarySearch(list, e.id); !found {
			x.lists[t] = slices.Insert(list, at, e.id)
		}
	}
}

// changed enters a message that has changed, if it is in already.
func (x *index) changed(e *entry) {
	if e.id <= x.upTo {
		x.add(e)
	}
}

// removed drops a message that is in no more, of what it is listed under now.
func (x *index) removed(e *entry) {
	if e.id > x.upTo {
		return
	}
	for _, t := range e.terms() {
		list := x.lists[t]
		if at, found := slices.BinarySearch(list, e.id); found {
			x.lists[t] = slices.Delete(list, at, at+1)
		}
	}
}

// from returns the messages from an id on that are listed under a term, rising.
// They must not be changed.
func (x *index) from(id int32, t term) []int32 {
	list := x.lists[t]
	at, _ := slices.BinarySearch(list, id)
	return list[at:]
}

// any returns the messages that are listed under one of several terms, rising.
func (x *index) any(terms ...term) []int32 {
	if len(terms) == 1 {
		return x.lists[terms[0]]
	}
	var out []int32
	for _, t := range terms {
		out = append(out, x.lists[t]...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
