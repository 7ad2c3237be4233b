package telegram

import (
	"testing"

	"godwit/tg"
)

// TestRepeatable: what may be sent twice.
func TestRepeatable(t *testing.T) {
	for _, test := range []struct {
		request tg.Request
		want    bool
	}{
		{&tg.HelpGetConfig{}, true},
		{&tg.MessagesSearch{}, true},
		{&tg.MessagesSendMessage{}, true},
		{&tg.InvokeWithoutUpdates{Query: &tg.UsersGetUsers{}}, true},
		{&tg.UploadSaveFilePart{}, true},
		{&tg.ChannelsCreateChannel{}, false},
		{&tg.InvokeWithoutUpdates{Query: &tg.AuthSendCode{}}, false},
		{&tg.MessagesGetBotCallbackAnswer{}, false},
	} {
		if got := repeatable(test.request); got != test.want {
			t.Errorf("%T: %v", test.request, got)
		}
	}
}
