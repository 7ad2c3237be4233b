package sandbox

import (
	"strconv"
	"strings"
	"sync"

	"godwit/mtproto"
	"godwit/schema"
)

// errorCodes are the codes of the errors that are known of Telegram, by type.
// Few errors come with several; then it is the last that stands in the list.
var errorCodes = sync.OnceValue(func() map[string]int {
	codes := make(map[string]int)
	for line := range strings.Lines(schema.Errors) {
		number, name, _ := strings.Cut(strings.TrimSpace(line), "\t")
		code, err := strconv.Atoi(number)
		if err != nil {
			continue // the head
		}
		codes[mtproto.NewRPCError(code, strings.ReplaceAll(name, "%d", "0")).Type] = code
	}
	return codes
})

// errorOf returns the error that Telegram writes so; nil if no such is known.
func errorOf(text string) *mtproto.RPCError {
	e := mtproto.NewRPCError(0, text)
	code, ok := errorCodes()[e.Type]
	if !ok {
		return nil
	}
	e.Code = code
	return e
}
