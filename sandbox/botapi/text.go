package botapi

import (
	"encoding/json"
	"strconv"
	"strings"
	"unicode"

	"godwit/tg"
	"godwit/tl"
)

// maxRawText is how many bytes a text may have with its marks.
const maxRawText = 1 << 15

// A formatted text is what a request wants to say.
type formatted struct {
	text     string
	entities []tg.MessageEntityClass
}

var entityNames = map[uint32]string{
	tg.IDMessageEntityMention: "mention", tg.IDMessageEntityHashtag: "hashtag", tg.IDMessageEntityCashtag: "cashtag",
	tg.IDMessageEntityBotCommand: "bot_command", tg.IDMessageEntityURL: "url", tg.IDMessageEntityEmail: "email",
	tg.IDMessageEntityPhone: "phone_number", tg.IDMessageEntityBankCard: "bank_card_number",
	tg.IDMessageEntityBold: "bold", tg.IDMessageEntityItalic: "italic", tg.IDMessageEntityUnderline: "underline",
	tg.IDMessageEntityStrike: "strikethrough", tg.IDMessageEntitySpoiler: "spoiler", tg.IDMessageEntityCode: "code",
	tg.IDMessageEntityPre: "pre", tg.IDMessageEntityTextURL: "text_link", tg.IDMessageEntityMentionName: "text_mention",
	tg.IDMessageEntityCustomEmoji: "custom_emoji", tg.IDMessageEntityBlockquote: "blockquote",
}

// formatted returns the text of a request, by its parse mode or its list of
// entities.
func (q *request) formatted(text, mode, list string) (formatted, error) {
	if len(text) > maxRawText {
		return formatted{}, bad("Text is too long")
	}
	var parse func(string) (formatted, error)
	switch strings.ToLower(mode) {
	case "", "none":
	case "markdown":
		parse = parseMarkdown
	case "markdownv2":
		parse = parseMarkdownV2
	case "html":
		parse = parseHTML
	default:
		return formatted{}, bad("Unsupported parse_mode")
	}
	var out formatted
	var err error
	if parse != nil && text != "" {
		out, err = parse(text)
	} else {
		out.text = text
		out.entities, err = q.b.givenEntities(list)
	}
	if err != nil {
		return formatted{}, err
	}
	return q.b.tidy(out), nil
}

// tidy drops white space at the end, and what marks nothing, and names users as
// requests do.
func (b *bot) tidy(f formatted) formatted {
	f.text = strings.TrimRightFunc(f.text, unicode.IsSpace)
	length := units(f.text)
	var kept []tg.MessageEntityClass
	for _, e := range f.entities {
		offset, size := tg.EntityRange(e)
		*size = min(*size, length-*offset)
		if *size <= 0 {
			continue
		}
		if name, ok := e.(*tg.MessageEntityMentionName); ok {
			if b.user(name.UserID) == nil {
				continue // as the server does with users whom the bot has not met
			}
			e = &tg.InputMessageEntityMentionName{Offset: *offset, Length: *size, UserID: &tg.InputUser{UserID: name.UserID}}
		}
		kept = append(kept, e)
	}
	f.entities = kept
	return f
}

// units returns the length of a text in UTF-16 code units.
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

// An inputEntity is an entity as requests have it.
type inputEntity struct {
	Offset   *int32 `json:"offset"`
	Length   *int32 `json:"length"`
	Type     string `json:"type"`
	URL      string `json:"url"`
	Language string `json:"language"`
	User     struct {
		ID int64 `json:"id"`
	} `json:"user"`
	CustomEmojiID string `json:"custom_emoji_id"`
}

// givenEntities reads a list of entities. What is no list counts as none.
func (b *bot) givenEntities(list string) ([]tg.MessageEntityClass, error) {
	var raw []json.RawMessage
	if list == "" || json.Unmarshal([]byte(list), &raw) != nil {
		return nil, nil //nolint:nilerr // as above
	}
	var out []tg.MessageEntityClass
	for _, one := range raw {
		var in inputEntity
		if err := json.Unmarshal(one, &in); err != nil {
			return nil, bad("Can't parse MessageEntity: expected an Object")
		}
		switch {
		case in.Offset == nil:
			return nil, bad(`Can't parse MessageEntity: Can't find field "offset"`)
		case in.Length == nil:
			return nil, bad(`Can't parse MessageEntity: Can't find field "length"`)
		}
		e, err := in.entity()
		if err != nil {
			return nil, err
		}
		if e != nil {
			offset, length := tg.EntityRange(e)
			*offset, *length = *in.Offset, *in.Length
			out = append(out, e)
		}
	}
	return out, nil
}

// entity returns the entity without its place, nil for one that is found anyway.
func (in *inputEntity) entity() (tg.MessageEntityClass, error) {
	switch in.Type {
	case "bold":
		return &tg.MessageEntityBold{}, nil
	case "italic":
		return &tg.MessageEntityItalic{}, nil
	case "underline":
		return &tg.MessageEntityUnderline{}, nil
	case "strikethrough":
		return &tg.MessageEntityStrike{}, nil
	case "spoiler":
		return &tg.MessageEntitySpoiler{}, nil
	case "code":
		return &tg.MessageEntityCode{}, nil
	case "pre":
		return &tg.MessageEntityPre{Language: in.Language}, nil
	case "text_link":
		return &tg.MessageEntityTextURL{URL: in.URL}, nil
	case "text_mention":
		return &tg.MessageEntityMentionName{UserID: in.User.ID}, nil
	case "blockquote", "expandable_blockquote":
		return &tg.MessageEntityBlockquote{Collapsed: in.Type != "blockquote"}, nil
	case "custom_emoji":
		id, err := strconv.ParseInt(in.CustomEmojiID, 10, 64)
		if err != nil {
			return nil, bad("Can't parse MessageEntity: Invalid custom emoji identifier specified")
		}
		return &tg.MessageEntityCustomEmoji{DocumentID: id}, nil
	case "mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number", "bank_card_number":
		return nil, nil
	}
	return nil, bad("Can't parse MessageEntity: Unsupported type specified")
}

// text returns what a message says.
func (q *request) text() (formatted, error) {
	if q.args["text"] == "" {
		return formatted{}, bad("Message text is empty")
	}
	f, err := q.formatted(q.args["text"], q.args["parse_mode"], q.args["entities"])
	if err == nil && f.text == "" {
		err = bad("text must be non-empty")
	}
	return f, err
}

// caption returns what is said below media.
func (q *request) caption() (formatted, error) {
	return q.formatted(q.args["caption"], q.args["parse_mode"], q.args["caption_entities"])
}

// linkTo returns the entity of a link: a mention where it names a user, nil
// where it is no link.
func linkTo(url string) tg.MessageEntityClass {
	if id, ok := strings.CutPrefix(url, "tg://user?id="); ok {
		if n, err := strconv.ParseInt(id, 10, 64); err == nil && n > 0 {
			return &tg.MessageEntityMentionName{UserID: n}
		}
	}
	if !strings.Contains(url, ".") && !strings.Contains(url, "://") {
		return nil
	}
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	return &tg.MessageEntityTextURL{URL: url}
}

func optional(s string) tl.Optional[string] { return tl.Optional[string]{Value: s, Set: s != ""} }
