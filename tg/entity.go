package tg

// EntityRange returns where in its text an entity lies, in UTF-16 code units,
// as pointers to its fields (https://core.telegram.org/api/entities). They are
// nil for a nil entity.
func EntityRange(e MessageEntityClass) (offset, length *int32) {
	switch e := e.(type) {
	case *MessageEntityUnknown:
		return &e.Offset, &e.Length
	case *MessageEntityMention:
		return &e.Offset, &e.Length
	case *MessageEntityHashtag:
		return &e.Offset, &e.Length
	case *MessageEntityBotCommand:
		return &e.Offset, &e.Length
	case *MessageEntityURL:
		return &e.Offset, &e.Length
	case *MessageEntityEmail:
		return &e.Offset, &e.Length
	case *MessageEntityBold:
		return &e.Offset, &e.Length
	case *MessageEntityItalic:
		return &e.Offset, &e.Length
	case *MessageEntityCode:
		return &e.Offset, &e.Length
	case *MessageEntityPre:
		return &e.Offset, &e.Length
	case *MessageEntityTextURL:
		return &e.Offset, &e.Length
	case *MessageEntityMentionName:
		return &e.Offset, &e.Length
	case *InputMessageEntityMentionName:
		return &e.Offset, &e.Length
	case *MessageEntityPhone:
		return &e.Offset, &e.Length
	case *MessageEntityCashtag:
		return &e.Offset, &e.Length
	case *MessageEntityUnderline:
		return &e.Offset, &e.Length
	case *MessageEntityStrike:
		return &e.Offset, &e.Length
	case *MessageEntityBankCard:
		return &e.Offset, &e.Length
	case *MessageEntitySpoiler:
		return &e.Offset, &e.Length
	case *MessageEntityCustomEmoji:
		return &e.Offset, &e.Length
	case *MessageEntityBlockquote:
		return &e.Offset, &e.Length
	case *MessageEntityFormattedDate:
		return &e.Offset, &e.Length
	case *MessageEntityDiffInsert:
		return &e.Offset, &e.Length
	case *MessageEntityDiffReplace:
		return &e.Offset, &e.Length
	case *MessageEntityDiffDelete:
		return &e.Offset, &e.Length
	}
	return nil, nil
}
