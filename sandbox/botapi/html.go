package botapi

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"godwit/tg"
)

// parseHTML reads https://core.telegram.org/bots/api#html-style.
func parseHTML(s string) (formatted, error) {
	p := &parser{s: s}
	for p.at < len(s) {
		var err error
		switch {
		case p.has("&"):
			value, size := character(s[p.at:])
			p.write(value)
			p.at += size
		case p.has("</"):
			err = p.endTag()
		case p.has("<"):
			err = p.startTag()
		default:
			p.copy()
		}
		if err != nil {
			return formatted{}, err
		}
	}
	if o := p.top(); o.name != "" {
		return formatted{}, unparsable("Can't find end tag corresponding to start tag %q", o.name)
	}
	return p.done()
}

// character returns what begins with &, which stands for itself where it names
// nothing, and how long it is.
func character(s string) (string, int) {
	end := strings.IndexByte(s[:min(len(s), 12)], ';')
	if end < 2 {
		return "&", 1
	}
	switch name := s[1:end]; name {
	case "lt":
		return "<", end + 1
	case "gt":
		return ">", end + 1
	case "amp":
		return "&", end + 1
	case "quot":
		return `"`, end + 1
	default:
		digits, ok := strings.CutPrefix(name, "#")
		base := 10
		if hex, is := strings.CutPrefix(digits, "x"); is {
			digits, base = hex, 16
		}
		n, err := strconv.ParseUint(digits, base, 32)
		if ok && err == nil && n > 0 && n <= utf8.MaxRune && utf8.ValidRune(rune(n)) {
			return string(rune(n)), end + 1
		}
	}
	return "&", 1
}

func isSpace(c byte) bool { return strings.IndexByte(" \t\r\n\v\f\x00", c) >= 0 }

func (p *parser) skipSpace() {
	for p.at < len(p.s) && isSpace(p.s[p.at]) {
		p.at++
	}
}

// tagNames are the tags that there are.
var tagNames = " a b strong i em s strike del u ins tg-spoiler tg-emoji span pre code blockquote "

func (p *parser) startTag() error {
	source := p.at
	p.at++
	for p.at < len(p.s) && !isSpace(p.s[p.at]) && p.s[p.at] != '>' {
		p.at++
	}
	if p.at == len(p.s) {
		return unparsable("Unclosed start tag at byte offset %d", source)
	}
	name := strings.ToLower(p.s[source+1 : p.at])
	if name == "" || !strings.Contains(tagNames, " "+name+" ") {
		return unparsable("Unsupported start tag %q at byte offset %d", name, source)
	}
	attributes := make(map[string]string)
	for p.skipSpace(); p.at < len(p.s) && p.s[p.at] != '>'; p.skipSpace() {
		if err := p.attribute(name, source, attributes); err != nil {
			return err
		}
	}
	if p.at == len(p.s) {
		return unparsable("Unclosed start tag at byte offset %d", source)
	}
	entity, err := p.element(name, source, attributes)
	if err != nil {
		return err
	}
	p.at++
	p.open = append(p.open, opened{name: name, source: source, at: p.units, begin: p.text.Len(), entity: entity})
	return nil
}

// attribute reads one attribute of a tag.
func (p *parser) attribute(tag string, source int, into map[string]string) error {
	begin := p.at
	for p.at < len(p.s) && !isSpace(p.s[p.at]) && p.s[p.at] != '=' && p.s[p.at] != '>' {
		p.at++
	}
	name := strings.ToLower(p.s[begin:p.at])
	if name == "" {
		return unparsable("Empty attribute name in the tag %q at byte offset %d", tag, source)
	}
	p.skipSpace()
	if !p.has("=") {
		if p.at == len(p.s) {
			return unparsable("Unclosed start tag %q at byte offset %d", tag, source)
		}
		into[name] = ""
		return nil
	}
	p.at++
	p.skipSpace()
	if p.at == len(p.s) {
		return unparsable("Unclosed start tag %q at byte offset %d", tag, source)
	}
	if quote := p.s[p.at]; quote == '"' || quote == '\'' {
		p.at++
		var value strings.Builder
		for p.at < len(p.s) && p.s[p.at] != quote {
			text, size := p.s[p.at:p.at+1], 1
			if text == "&" {
				text, size = character(p.s[p.at:])
			}
			value.WriteString(text)
			p.at += size
		}
		if p.at == len(p.s) {
			return unparsable("Unclosed start tag at byte offset %d", source)
		}
		p.at++
		into[name] = value.String()
		return nil
	}
	begin = p.at
	for p.at < len(p.s) && (p.s[p.at] >= '0' && p.s[p.at] <= '9' || p.s[p.at]|0x20 >= 'a' && p.s[p.at]|0x20 <= 'z' ||
		p.s[p.at] == '.' || p.s[p.at] == '-') {
		p.at++
	}
	into[name] = strings.ToLower(p.s[begin:p.at])
	if p.at < len(p.s) && !isSpace(p.s[p.at]) && p.s[p.at] != '>' {
		return unparsable("Unexpected end of name token at byte offset %d", begin)
	}
	return nil
}

// element returns what a tag marks. A link is completed at its end.
func (p *parser) element(name string, source int, attributes map[string]string) (tg.MessageEntityClass, error) {
	switch name {
	case "b", "strong":
		return &tg.MessageEntityBold{}, nil
	case "i", "em":
		return &tg.MessageEntityItalic{}, nil
	case "s", "strike", "del":
		return &tg.MessageEntityStrike{}, nil
	case "u", "ins":
		return &tg.MessageEntityUnderline{}, nil
	case "span":
		if attributes["class"] != "tg-spoiler" {
			return nil, unparsable(`Tag "span" must have class "tg-spoiler" at byte offset %d`, source)
		}
		return &tg.MessageEntitySpoiler{}, nil
	case "tg-spoiler":
		return &tg.MessageEntitySpoiler{}, nil
	case "tg-emoji":
		id, err := strconv.ParseInt(attributes["emoji-id"], 10, 64)
		if err != nil || id == 0 {
			return nil, unparsable("Invalid custom emoji identifier specified")
		}
		return &tg.MessageEntityCustomEmoji{DocumentID: id}, nil
	case "blockquote":
		_, collapsed := attributes["expandable"]
		return &tg.MessageEntityBlockquote{Collapsed: collapsed}, nil
	case "pre":
		return &tg.MessageEntityPre{}, nil
	case "code":
		// Within pre it names the language.
		if pre, ok := p.top().entity.(*tg.MessageEntityPre); ok && p.top().at == p.units {
			pre.Language = strings.TrimPrefix(attributes["class"], "language-")
			return nil, nil
		}
		return &tg.MessageEntityCode{}, nil
	case "a":
		return &tg.MessageEntityTextURL{URL: attributes["href"]}, nil
	}
	return nil, nil
}

func (p *parser) endTag() error {
	source := p.at
	p.at += len("</")
	begin := p.at
	for p.at < len(p.s) && !isSpace(p.s[p.at]) && p.s[p.at] != '>' {
		p.at++
	}
	name := strings.ToLower(p.s[begin:p.at])
	p.skipSpace()
	o := p.top()
	switch {
	case o.name == "":
		return unparsable("Unexpected end tag at byte offset %d", source)
	case p.at == len(p.s):
		return unparsable("Unclosed end tag at byte offset %d", source)
	case name != "" && name != o.name:
		return unparsable(`Unmatched end tag at byte offset %d, expected "</%s>", found "</%s>"`, source, o.name, name)
	}
	p.at++
	if link, ok := o.entity.(*tg.MessageEntityTextURL); ok {
		url := link.URL
		if url == "" {
			url = p.text.String()[o.begin:]
		}
		o.entity = linkTo(url)
	}
	p.end()
	return nil
}
