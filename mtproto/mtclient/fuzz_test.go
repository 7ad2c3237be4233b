package mtclient

import (
	"context"
	"encoding/binary"
	"testing"
	"testing/synctest"

	"godwit/mtproto/internal/mt"
)

// FuzzAnswer has a server answer with anything. The query ends, one way or the
// other, and the client goes on.
func FuzzAnswer(f *testing.F) {
	f.Add(message(answerID, 1))
	f.Add(mustMarshal(&mt.RPCError{ErrorCode: 401, ErrorMessage: "AUTH_KEY_PERM_EMPTY"}))
	f.Add(mustMarshal(&mt.RPCError{ErrorCode: 400, ErrorMessage: "CONNECTION_NOT_INITED"}))
	f.Add(mustMarshal(&mt.RPCError{ErrorCode: 400, ErrorMessage: "MSG_WAIT_TIMEOUT"}))
	f.Add(mustMarshal(&mt.RPCAnswerDroppedRunning{}))
	f.Add(packed(message(answerID, 1)))
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) < 4 || len(body)%4 != 0 || len(body) > 1<<16 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			s := newServer(t)
			s.answer = func(c *serverConn, query []byte) ([]byte, error) {
				if binary.LittleEndian.Uint64(query[4:]) == 1 {
					return body, nil
				}
				return echo(c, query)
			}
			h := run(t, s, Options{Credentials: s.credentials(), PermanentKeyOnly: true})
			answer, err := h.Invoke(context.Background(), message(queryID, 1))
			if (answer == nil) == (err == nil) {
				t.Errorf("answer %x, error %v", answer, err)
			}
			h.ask(2)
			h.stop(s)
		})
	})
}
