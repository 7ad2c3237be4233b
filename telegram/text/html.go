package text

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"godwit/tg"
)

// A htmlReader is HTML being read.
type htmlReader struct {
	builder
	s  string
	at int
}

// ParseHTML reads HTML with the tags of the Bot API: b, strong, i, em, u, ins,
// s, strike, del, code, pre, a, blockquote, tg-spoiler, span with the class
// tg-spoiler, and tg-emoji. Other tags are an error, as is whatever is not
// closed: a *SyntaxError.
func ParseHTML(s string) (Text, error) {
	h := &htmlReader{s: valid(s)}
	for h.at < len(h.s) {
		var err error
		switch h.s[h.at] {
		case '<':
			err = h.tag()
		case '&':
			h.character()
		default:
			_, size := utf8.DecodeRuneInString(h.s[h.at:])
			h.write(h.s[h.at : h.at+size])
			h.at += size
		}
		if err != nil {
			return Text{}, err
		}
	}
	return h.done()
}

func (h *htmlReader) fail(format string, args ...any) error {
	return &SyntaxError{h.at, fmt.Sprintf(format, args...)}
}

// characters are those that have a name.
var characters = map[string]string{"lt": "<", "gt": ">", "amp": "&", "quot": `"`}

// character reads what begins with &, which stands for itself where it names
// nothing.
func (h *htmlReader) character() {
	if value, size := named(h.s[h.at:]); size > 0 {
		h.write(value)
		h.at += size
		return
	}
	h.write("&")
	h.at++
}

// named returns the character that a text names at its beginning, and how long
// the name is.
func named(s string) (string, int) {
	end := strings.IndexByte(s[:min(len(s), 12)], ';')
	if end < 2 {
		return "", 0
	}
	name := s[1:end]
	if value, ok := characters[name]; ok {
		return value, end + 1
	}
	digits, numeric := strings.CutPrefix(name, "#")
	if !numeric {
		return "", 0
	}
	base := 10
	if hex, ok := strings.CutPrefix(strings.ToLower(digits), "x"); ok {
		digits, base = hex, 16
	}
	n, err := strconv.ParseUint(digits, base, 32)
	if err != nil || n == 0 || !utf8.ValidRune(rune(n)) {
		return "", 0
	}
	return string(rune(n)), end + 1
}

// unescape replaces the names of characters in an attribute.
func unescape(s string) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '&' {
			if value, size := named(s[i:]); size > 0 {
				out.WriteString(value)
				i += size
				continue
			}
		}
		out.WriteByte(s[i])
		i++
	}
	return out.String()
}

// tag reads a tag.
func (h *htmlReader) tag() error {
	end := h.tagEnd()
	if end < 0 {
		return h.fail("< is neither a tag nor written as &lt;")
	}
	inside := h.s[h.at+1 : end]
	if name, ok := strings.CutPrefix(inside, "/"); ok {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case h.top().name == "<"+name+">":
		case h.isOpen("<" + name + ">"):
			return h.fail("</%s> comes before %s is closed", name, h.top().name)
		default:
			return h.fail("</%s> closes nothing", name)
		}
		h.end()
		h.at = end + 1
		return nil
	}
	name, attributes := splitTag(inside)
	entity, err := h.element(name, attributes)
	if err != nil {
		return err
	}
	h.begin("<"+name+">", h.at, entity)
	h.at = end + 1
	return nil
}

// tagEnd returns where the tag ends that begins here; > may be in quotes.
func (h *htmlReader) tagEnd() int {
	quoted := byte(0)
	for i := h.at + 1; i < len(h.s); i++ {
		switch c := h.s[i]; {
		case quoted != 0:
			if c == quoted {
				quoted = 0
			}
		case c == '"' || c == '\'':
			quoted = c
		case c == '>':
			return i
		}
	}
	return -1
}

// splitTag returns the name of a tag and its attributes.
func splitTag(s string) (string, map[string]string) {
	name, rest := s, ""
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		name, rest = s[:i], s[i:]
	}
	attributes := make(map[string]string)
	for {
		rest = strings.TrimLeftFunc(rest, unicode.IsSpace)
		if rest == "" {
			return strings.ToLower(name), attributes
		}
		i := strings.IndexFunc(rest, func(r rune) bool { return r == '=' || unicode.IsSpace(r) })
		if i < 0 {
			attributes[strings.ToLower(rest)] = ""
			return strings.ToLower(name), attributes
		}
		key := strings.ToLower(rest[:i])
		value := ""
		if rest[i] == '=' {
			value, rest = attribute(rest[i+1:])
		} else {
			rest = rest[i:]
		}
		attributes[key] = unescape(value)
		if i == 0 && key == "" && value == "" && rest != "" && rest[0] == '=' {
			rest = rest[1:]
		}
	}
}

// attribute returns the value at the beginning of a text, and what follows it.
func attribute(s string) (value, rest string) {
	if s != "" && (s[0] == '"' || s[0] == '\'') {
		if end := strings.IndexByte(s[1:], s[0]); end >= 0 {
			return s[1 : 1+end], s[2+end:]
		}
		return s[1:], ""
	}
	if i := strings.IndexFunc(s, unicode.IsSpace); i >= 0 {
		return s[:i], s[i:]
	}
	return s, ""
}

// element returns what a tag marks; nil for the code within pre, which names
// its language.
func (h *htmlReader) element(name string, attributes map[string]string) (tg.MessageEntityClass, error) {
	switch name {
	case "b", "strong":
		return &tg.MessageEntityBold{}, nil
	case "i", "em":
		return &tg.MessageEntityItalic{}, nil
	case "u", "ins":
		return &tg.MessageEntityUnderline{}, nil
	case "s", "strike", "del":
		return &tg.MessageEntityStrike{}, nil
	case "tg-spoiler":
		return &tg.MessageEntitySpoiler{}, nil
	case "span":
		if attributes["class"] != "tg-spoiler" {
			return nil, h.fail("<span> marks nothing without the class tg-spoiler")
		}
		return &tg.MessageEntitySpoiler{}, nil
	case "a":
		if attributes["href"] == "" {
			return nil, h.fail("<a> without href")
		}
		return linkTo(attributes["href"]), nil
	case "tg-emoji":
		id, err := strconv.ParseInt(attributes["emoji-id"], 10, 64)
		if err != nil {
			return nil, h.fail("<tg-emoji> without a number as emoji-id")
		}
		return &tg.MessageEntityCustomEmoji{DocumentID: id}, nil
	case "pre":
		return &tg.MessageEntityPre{}, nil
	case "code":
		pre, ok := h.top().entity.(*tg.MessageEntityPre)
		if !ok || h.top().at != h.units {
			return &tg.MessageEntityCode{}, nil
		}
		pre.Language = strings.TrimPrefix(attributes["class"], "language-")
		return nil, nil
	case "blockquote":
		_, collapsed := attributes["expandable"]
		return &tg.MessageEntityBlockquote{Collapsed: collapsed}, nil
	}
	return nil, h.fail("<%s> is no tag that Telegram knows", name)
}

// A htmlWriter writes HTML.
type htmlWriter struct{ out strings.Builder }

// HTML returns the text as ParseHTML reads it.
func (t Text) HTML() string {
	w := &htmlWriter{}
	render(valid(t.Text), t.spans(), w)
	return w.out.String()
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

// tagOf returns the tag of an entity, with and without its attributes.
func tagOf(e tg.MessageEntityClass) (begin, end string) {
	switch e := e.(type) {
	case *tg.MessageEntityBold:
		return "b", "b"
	case *tg.MessageEntityItalic:
		return "i", "i"
	case *tg.MessageEntityUnderline:
		return "u", "u"
	case *tg.MessageEntityStrike:
		return "s", "s"
	case *tg.MessageEntitySpoiler:
		return "tg-spoiler", "tg-spoiler"
	case *tg.MessageEntityCode:
		return "code", "code"
	case *tg.MessageEntityTextURL:
		return `a href="` + escape.Replace(valid(e.URL)) + `"`, "a"
	case *tg.MessageEntityMentionName:
		return fmt.Sprintf(`a href="tg://user?id=%d"`, e.UserID), "a"
	case *tg.MessageEntityCustomEmoji:
		return fmt.Sprintf(`tg-emoji emoji-id="%d"`, e.DocumentID), "tg-emoji"
	case *tg.MessageEntityBlockquote:
		if e.Collapsed {
			return "blockquote expandable", "blockquote"
		}
		return "blockquote", "blockquote"
	case *tg.MessageEntityPre:
		if e.Language != "" {
			return `pre><code class="language-` + escape.Replace(valid(e.Language)) + `"`, "code></pre"
		}
	}
	return "pre", "pre"
}

func (w *htmlWriter) begin(e tg.MessageEntityClass) {
	tag, _ := tagOf(e)
	w.out.WriteString("<" + tag + ">")
}

func (w *htmlWriter) end(e tg.MessageEntityClass) {
	_, tag := tagOf(e)
	w.out.WriteString("</" + tag + ">")
}

func (w *htmlWriter) rune(r rune, _ bool) { w.out.WriteString(escape.Replace(string(r))) }
