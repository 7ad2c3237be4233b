package sandbox

import (
	"net/url"
	"slices"

	"godwit/tg"
)

// Limits of keyboards.
const (
	maxButtons      = 100
	maxCallbackData = 64 // bytes
)

var errButtonURL = refusal(400, "BUTTON_URL_INVALID")

// markup checks the buttons that come with a message. Only bots have any; those
// of people are left out.
func (c *call) markup(in tg.ReplyMarkupClass) (tg.ReplyMarkupClass, error) {
	if in == nil || !c.user.isBot() {
		return nil, nil
	}
	switch in := in.(type) {
	case *tg.ReplyInlineMarkup:
		return c.inlineMarkup(in)
	case *tg.ReplyKeyboardMarkup:
		count := 0
		for _, row := range in.Rows {
			count += len(row.Buttons)
			if slices.ContainsFunc(row.Buttons, func(b tg.KeyboardButton) bool { return b.Text == "" }) {
				return nil, refusal(400, "BUTTON_INVALID")
			}
		}
		switch {
		case count == 0:
			return nil, refusal(400, "REPLY_MARKUP_INVALID")
		case count > 3*maxButtons:
			return nil, refusal(400, "REPLY_MARKUP_TOO_LONG")
		}
	}
	return in, nil
}

func (c *call) inlineMarkup(in *tg.ReplyInlineMarkup) (tg.ReplyMarkupClass, error) {
	out := &tg.ReplyInlineMarkup{ForceReply: in.ForceReply}
	count := 0
	for _, row := range in.Rows {
		if len(row.Buttons) == 0 {
			continue
		}
		count += len(row.Buttons)
		kept := tg.KeyboardInlineButtonRow{}
		for _, b := range row.Buttons {
			if b.Text == "" {
				return nil, refusal(400, "BUTTON_INVALID")
			}
			var err error
			if b.Type, err = c.button(b.Type); err != nil {
				return nil, err
			}
			kept.Buttons = append(kept.Buttons, b)
		}
		out.Rows = append(out.Rows, kept)
	}
	switch {
	case count > maxButtons:
		return nil, refusal(400, "REPLY_MARKUP_TOO_LONG")
	case count == 0:
		return nil, nil
	}
	return out, nil
}

// button checks what a button below a message does.
func (c *call) button(in tg.InlineButtonTypeClass) (tg.InlineButtonTypeClass, error) {
	switch in := in.(type) {
	case *tg.InlineButtonTypeCallback:
		if len(in.Data) == 0 || len(in.Data) > maxCallbackData {
			return nil, refusal(400, "BUTTON_DATA_INVALID")
		}
	case *tg.InlineButtonTypeURL:
		if !validLink(in.URL) {
			return nil, errButtonURL
		}
	case *tg.InlineButtonTypeWebView:
		if u, err := url.Parse(in.URL); err != nil || u.Scheme != "https" {
			return nil, errButtonURL
		}
	case *tg.InlineButtonTypeCopy:
		if in.CopyText == "" || len(in.CopyText) > 256 {
			return nil, refusal(400, "BUTTON_COPY_TEXT_INVALID")
		}
	case *tg.InputInlineButtonTypeUserProfile:
		u, err := c.findUser(in.UserID)
		if err != nil {
			return nil, refusal(400, "BUTTON_USER_INVALID")
		}
		return &tg.InlineButtonTypeUserProfile{UserID: u.id}, nil
	case *tg.InlineButtonTypeSwitchInline:
	default:
		return nil, refusal(400, "BUTTON_TYPE_INVALID") // games, payments and sign-ins at websites are not served
	}
	return in, nil
}

// validLink tells whether a button may lead to an address: on the web, or
// within Telegram.
func validLink(s string) bool {
	u, err := url.Parse(s)
	if err != nil {
		return false
	}
	switch u.Scheme {
	case "http", "https", "tg":
		return u.Host != ""
	}
	return false
}

// hasData tells whether a message has a button that sends some data.
func hasData(m tg.ReplyMarkupClass, data []byte) bool {
	in, ok := m.(*tg.ReplyInlineMarkup)
	return ok && slices.ContainsFunc(in.Rows, func(row tg.KeyboardInlineButtonRow) bool {
		return slices.ContainsFunc(row.Buttons, func(b tg.KeyboardInlineButton) bool {
			one, ok := b.Type.(*tg.InlineButtonTypeCallback)
			return ok && string(one.Data) == string(data)
		})
	})
}

// sameMarkup compares two keyboards, either of which may be nil.
func sameMarkup(a, b tg.ReplyMarkupClass) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return encodingOf(a) == encodingOf(b)
}
