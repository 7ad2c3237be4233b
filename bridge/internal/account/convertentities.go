package account

import (
	"strconv"

	"godwit/bridge"
	"godwit/tg"
)

// convertEntities returns how parts of a text are shown, by the names that the
// Bot API has for it (https://core.telegram.org/bots/api#messageentity). What
// it has no name for is left out.
func convertEntities(list []tg.MessageEntityClass) []bridge.Entity {
	var out []bridge.Entity
	for _, e := range list {
		if to := convertEntity(e); to.Type != "" {
			out = append(out, to)
		}
	}
	return out
}

func at(name string, offset, length int32) bridge.Entity {
	return bridge.Entity{Type: name, Offset: int(offset), Length: int(length)}
}

// convertEntity returns an entity, one without a type where it has no name.
func convertEntity(e tg.MessageEntityClass) bridge.Entity {
	switch e := e.(type) {
	case *tg.MessageEntityBold:
		return at("bold", e.Offset, e.Length)
	case *tg.MessageEntityItalic:
		return at("italic", e.Offset, e.Length)
	case *tg.MessageEntityUnderline:
		return at("underline", e.Offset, e.Length)
	case *tg.MessageEntityStrike:
		return at("strikethrough", e.Offset, e.Length)
	case *tg.MessageEntitySpoiler:
		return at("spoiler", e.Offset, e.Length)
	case *tg.MessageEntityCode:
		return at("code", e.Offset, e.Length)
	case *tg.MessageEntityPre:
		to := at("pre", e.Offset, e.Length)
		to.Language = e.Language
		return to
	case *tg.MessageEntityBlockquote:
		if e.Collapsed {
			return at("expandable_blockquote", e.Offset, e.Length)
		}
		return at("blockquote", e.Offset, e.Length)
	case *tg.MessageEntityTextURL:
		to := at("text_link", e.Offset, e.Length)
		to.URL = e.URL
		return to
	case *tg.MessageEntityMentionName:
		to := at("text_mention", e.Offset, e.Length)
		to.UserID = e.UserID
		return to
	case *tg.MessageEntityCustomEmoji:
		to := at("custom_emoji", e.Offset, e.Length)
		to.EmojiID = strconv.FormatInt(e.DocumentID, 10)
		return to
	}
	return convertFound(e)
}

// convertFound returns an entity that Telegram has found by itself.
func convertFound(e tg.MessageEntityClass) bridge.Entity {
	switch e := e.(type) {
	case *tg.MessageEntityMention:
		return at("mention", e.Offset, e.Length)
	case *tg.MessageEntityHashtag:
		return at("hashtag", e.Offset, e.Length)
	case *tg.MessageEntityCashtag:
		return at("cashtag", e.Offset, e.Length)
	case *tg.MessageEntityBotCommand:
		return at("bot_command", e.Offset, e.Length)
	case *tg.MessageEntityURL:
		return at("url", e.Offset, e.Length)
	case *tg.MessageEntityEmail:
		return at("email", e.Offset, e.Length)
	case *tg.MessageEntityPhone:
		return at("phone_number", e.Offset, e.Length)
	}
	return bridge.Entity{}
}

// entitiesOf returns entities as requests have them. User names a user by id,
// nil for somebody who cannot be named; their mention is left out then, as is
// what Telegram finds by itself.
func entitiesOf(list []bridge.Entity, user func(id int64) tg.InputUserClass) ([]tg.MessageEntityClass, error) {
	var out []tg.MessageEntityClass
	for _, e := range list {
		to, err := entityOf(e, user)
		if err != nil {
			return nil, err
		}
		if to != nil {
			out = append(out, to)
		}
	}
	return out, nil
}

func entityOf(e bridge.Entity, user func(id int64) tg.InputUserClass) (tg.MessageEntityClass, error) {
	offset, length := int32(e.Offset), int32(e.Length)
	switch e.Type {
	case "bold":
		return &tg.MessageEntityBold{Offset: offset, Length: length}, nil
	case "italic":
		return &tg.MessageEntityItalic{Offset: offset, Length: length}, nil
	case "underline":
		return &tg.MessageEntityUnderline{Offset: offset, Length: length}, nil
	case "strikethrough":
		return &tg.MessageEntityStrike{Offset: offset, Length: length}, nil
	case "spoiler":
		return &tg.MessageEntitySpoiler{Offset: offset, Length: length}, nil
	case "code":
		return &tg.MessageEntityCode{Offset: offset, Length: length}, nil
	case "pre":
		return &tg.MessageEntityPre{Offset: offset, Length: length, Language: e.Language}, nil
	case "blockquote", "expandable_blockquote":
		return &tg.MessageEntityBlockquote{
			Offset: offset, Length: length, Collapsed: e.Type == "expandable_blockquote",
		}, nil
	case "text_link":
		return &tg.MessageEntityTextURL{Offset: offset, Length: length, URL: e.URL}, nil
	case "text_mention":
		if who := user(e.UserID); who != nil {
			return &tg.InputMessageEntityMentionName{Offset: offset, Length: length, UserID: who}, nil
		}
		return nil, nil
	case "custom_emoji":
		id, err := strconv.ParseInt(e.EmojiID, 10, 64)
		if err != nil {
			return nil, bridge.Errorf(bridge.CodeInvalidRequest, "The emoji_id %q of an entity is no number.", e.EmojiID)
		}
		return &tg.MessageEntityCustomEmoji{Offset: offset, Length: length, DocumentID: id}, nil
	case "mention", "hashtag", "cashtag", "bot_command", "url", "email", "phone_number":
		return nil, nil
	}
	return nil, bridge.Errorf(bridge.CodeInvalidRequest, "There are no entities of type %q.", e.Type)
}
