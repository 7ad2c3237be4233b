package sandbox

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/tg"
)

// units returns the length of a text in UTF-16 code units, in which entities
// count.
func units(s string) int32 {
	n := int32(0)
	for _, r := range s {
		n++
		if r > 0xFFFF {
			n++
		}
	}
	return n
}

// A finder tells how many bytes at the beginning of a text are something that
// a server marks by itself, 0 if it is nothing, and makes the mark.
type finder struct {
	length func(s string) int
	entity func(offset, length int32) tg.MessageEntityClass
}

var finders = []finder{
	{linkLength, func(o, l int32) tg.MessageEntityClass { return &tg.MessageEntityURL{Offset: o, Length: l} }},
	{mentionLength, func(o, l int32) tg.MessageEntityClass { return &tg.MessageEntityMention{Offset: o, Length: l} }},
	{hashtagLength, func(o, l int32) tg.MessageEntityClass { return &tg.MessageEntityHashtag{Offset: o, Length: l} }},
	{commandLength, func(o, l int32) tg.MessageEntityClass { return &tg.MessageEntityBotCommand{Offset: o, Length: l} }},
}

// prefix returns how many bytes at the beginning of s are runes that are good.
func prefix(s string, good func(rune) bool) int {
	if i := strings.IndexFunc(s, func(r rune) bool { return !good(r) }); i >= 0 {
		return i
	}
	return len(s)
}

func isName(r rune) bool {
	return r == '_' || r >= '0' && r <= '9' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z'
}

func linkLength(s string) int {
	if !strings.HasPrefix(s, "http://") && !strings.HasPrefix(s, "https://") {
		return 0
	}
	n := prefix(s, func(r rune) bool { return !unicode.IsSpace(r) && !strings.ContainsRune("<>\"", r) })
	n = len(strings.TrimRight(s[:n], ".,:;!?)'"))
	if strings.HasSuffix(s[:n], "/") && n <= len("https://") {
		return 0
	}
	return n
}

func mentionLength(s string) int {
	if !strings.HasPrefix(s, "@") {
		return 0
	}
	n := 1 + prefix(s[1:], isName)
	if !validName(s[1:n]) {
		return 0
	}
	return n
}

func hashtagLength(s string) int {
	if !strings.HasPrefix(s, "#") {
		return 0
	}
	n := 1 + prefix(s[1:], func(r rune) bool { return r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) })
	if n == 1 {
		return 0
	}
	return n
}

func commandLength(s string) int {
	if !strings.HasPrefix(s, "/") {
		return 0
	}
	n := 1 + prefix(s[1:], isName)
	if n == 1 {
		return 0
	}
	return n + mentionLength(s[n:])
}

// marks returns what a server finds in a text.
func marks(s string) []tg.MessageEntityClass {
	var out []tg.MessageEntityClass
	offset, last := int32(0), ' '
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if strings.ContainsRune(" \n\t([{\"'", last) {
			for _, f := range finders {
				if n := f.length(s[i:]); n > 0 {
					out = append(out, f.entity(offset, units(s[i:i+n])))
					break
				}
			}
		}
		offset += units(s[i : i+size])
		last = r
		i += size
	}
	return out
}

// entities checks what a client says of its text, and adds what can be found
// in it.
func (c *call) entities(s string, given []tg.MessageEntityClass) ([]tg.MessageEntityClass, error) {
	length := units(s)
	var out []tg.MessageEntityClass
	for _, e := range given {
		offset, size := bounds(e)
		if offset < 0 || size <= 0 || offset+size > length {
			return nil, refusal(400, "ENTITY_BOUNDS_INVALID")
		}
		switch in := e.(type) {
		case *tg.MessageEntityURL, *tg.MessageEntityMention, *tg.MessageEntityHashtag, *tg.MessageEntityBotCommand,
			*tg.MessageEntityUnknown:
			continue // found anyway
		case *tg.InputMessageEntityMentionName:
			u, err := c.findUser(in.UserID)
			if err != nil {
				return nil, refusal(400, "ENTITY_MENTION_USER_INVALID")
			}
			e = &tg.MessageEntityMentionName{Offset: offset, Length: size, UserID: u.id}
		}
		out = append(out, e)
	}
	for _, e := range marks(s) {
		if !slices.ContainsFunc(out, func(other tg.MessageEntityClass) bool { return isLink(other) && overlap(e, other) }) {
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b tg.MessageEntityClass) int {
		ao, al := bounds(a)
		bo, bl := bounds(b)
		return cmp.Or(cmp.Compare(ao, bo), cmp.Compare(bl, al))
	})
	return out[:min(len(out), maxEntities)], nil
}

// isLink tells whether nothing is looked for inside an entity.
func isLink(e tg.MessageEntityClass) bool {
	switch e.(type) {
	case *tg.MessageEntityCode, *tg.MessageEntityPre, *tg.MessageEntityTextURL, *tg.MessageEntityMentionName,
		*tg.MessageEntityURL, *tg.MessageEntityMention:
		return true
	}
	return false
}

func overlap(a, b tg.MessageEntityClass) bool {
	ao, al := bounds(a)
	bo, bl := bounds(b)
	return ao < bo+bl && bo < ao+al
}

// mentioned returns the members of a group that a message mentions, or whose
// message it answers.
func (c *call) mentioned(m *message) []*user {
	if m.to.kind == peerUser || m.action != nil {
		return nil
	}
	w := c.world()
	var all []*user
	add := func(u *user) {
		if u != nil && u.id != m.from && w.member(m.to, u) != nil && !slices.Contains(all, u) {
			all = append(all, u)
		}
	}
	if to := m.replyTo(); to != nil {
		add(w.users[to.from])
	}
	for _, e := range m.entities {
		switch e := e.(type) {
		case *tg.MessageEntityMentionName:
			add(w.users[e.UserID])
		case *tg.MessageEntityMention:
			if p := w.names[strings.ToLower(slice(m.text, e.Offset+1, e.Length-1))]; p.kind == peerUser {
				add(w.users[p.id])
			}
		}
	}
	return all
}

// slice returns a part of a text that is given in UTF-16 code units.
func slice(s string, offset, length int32) string {
	begin, end, at := len(s), len(s), int32(0)
	for i, r := range s {
		if at == offset {
			begin = i
		}
		if at == offset+length {
			end = i
			break
		}
		at++
		if r > 0xFFFF {
			at++
		}
	}
	return s[begin:end]
}

// bounds returns where in its text an entity lies.
func bounds(e tg.MessageEntityClass) (offset, length int32) {
	o, l := tg.EntityRange(e)
	if o == nil {
		return 0, 0
	}
	return *o, *l
}
