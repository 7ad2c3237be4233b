package telegram

import (
	"strings"

	"godwit/tg"
	"godwit/tl"
)

// repeatable reports whether a request may be carried out twice without harm,
// so that it is sent again where its outcome would be unknown: one that only
// reads, one with a random_id, by which Telegram tells repetitions, and a part
// of a file.
func repeatable(req tg.Request) bool {
	method := tg.MethodName(tl.TypeID(unwrapped(req)))
	_, name, _ := strings.Cut(method, ".")
	switch name {
	case "sendMessage", "sendMedia", "sendMultiMedia", "forwardMessages", "sendInlineBotResult", "startBot",
		"saveFilePart", "saveBigFilePart":
		return true
	}
	return changesNothing(method)
}
