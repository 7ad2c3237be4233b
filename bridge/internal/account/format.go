package account

import (
	"errors"

	"godwit/bridge"
	"godwit/telegram/text"
)

// Format returns the text that a text in a format stands for, and how its parts
// are shown. The formats are plain, or empty, markdown and html. The error is a
// *bridge.Error of CodeInvalidRequest that says where the text is wrong.
func Format(format, s string) (string, []bridge.Entity, error) {
	var t text.Text
	var err error
	switch format {
	case "", "plain":
		return s, nil, nil
	case "markdown":
		t, err = text.ParseMarkdown(s)
	case "html":
		t, err = text.ParseHTML(s)
	default:
		return "", nil, bridge.Errorf(bridge.CodeInvalidRequest, "There is no format %q; there are plain, markdown and html.", format)
	}
	var syntax *text.SyntaxError
	if errors.As(err, &syntax) {
		return "", nil, bridge.Errorf(bridge.CodeInvalidRequest, "The text is no %s: %v.", format, err)
	}
	if err != nil {
		return "", nil, err
	}
	return t.Text, convertEntities(t.Entities), nil
}
