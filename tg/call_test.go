package tg_test

import (
	"context"
	"errors"
	"testing"

	"godwit/mtproto"
	"godwit/tg"
	"godwit/tl"
)

// The result type follows from the method, at compile time.
var (
	_ tg.Method[bool]                     = (*tg.MessagesSetTyping)(nil)
	_ tg.Method[[]int32]                  = (*tg.ContactsGetContactIDs)(nil)
	_ tg.Method[[]int64]                  = (*tg.MessagesReceivedQueue)(nil)
	_ tg.Method[[]tg.UserClass]           = (*tg.UsersGetUsers)(nil)
	_ tg.Method[*tg.Config]               = (*tg.HelpGetConfig)(nil)
	_ tg.Method[tg.UpdatesClass]          = (*tg.MessagesSendMessage)(nil)
	_ tg.Method[tg.MessagesMessagesClass] = (*tg.MessagesGetHistory)(nil)
	_ tg.Request                          = (*tg.InvokeWithLayer)(nil)
	_ tg.Request                          = (*tg.InitConnection)(nil)
)

// A fakeInvoker answers with bytes, or fails.
type fakeInvoker struct {
	answer []byte
	err    error
	got    tg.Request
	ctx    context.Context
}

func (f *fakeInvoker) Invoke(ctx context.Context, req tg.Request, decode func(*tl.Reader) error) error {
	f.ctx, f.got = ctx, req
	if f.err != nil {
		return f.err
	}
	return decode(tl.NewReader(f.answer))
}

func TestCall(t *testing.T) {
	type key struct{}
	ctx := context.WithValue(context.Background(), key{}, "value")
	users := encodeVector(t, &tg.UserEmpty{ID: 7}, &tg.UserEmpty{ID: 8})
	inv := &fakeInvoker{answer: users}
	request := &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}}
	list, err := tg.Call(ctx, inv, request)
	if err != nil || len(list) != 2 || list[1].(*tg.UserEmpty).ID != 8 {
		t.Fatalf("%v, %v", list, err)
	}
	if inv.got != tg.Request(request) || inv.ctx.Value(key{}) != "value" {
		t.Errorf("sent %v", inv.got)
	}
	var typing bool
	if typing, err = tg.Call(ctx, &fakeInvoker{answer: idBytes(tl.IDBoolTrue)}, &tg.MessagesSetTyping{}); err != nil || !typing {
		t.Errorf("%t, %v", typing, err)
	}
	var updates tg.UpdatesClass
	if updates, err = tg.Call(ctx, &fakeInvoker{answer: idBytes(tg.IDUpdatesTooLong)}, &tg.MessagesSendMessage{}); err != nil || tl.TypeID(updates) != tg.IDUpdatesTooLong {
		t.Errorf("%v, %v", updates, err)
	}
}

func encodeVector(t *testing.T, list ...tl.Object) []byte {
	t.Helper()
	var b tl.Buffer
	b.Vector(len(list))
	for _, v := range list {
		b.Object(v)
	}
	if b.Err() != nil {
		t.Fatal(b.Err())
	}
	return b.Bytes()
}

// Whatever goes wrong, the result is the zero value.
func TestCallFails(t *testing.T) {
	broken := errors.New("broken")
	flood := mtproto.NewRPCError(420, "FLOOD_WAIT_30")
	whole := encodeVector(t, &tg.UserEmpty{ID: 7})
	tests := []struct {
		name string
		inv  *fakeInvoker
		want error
	}{
		{"connection", &fakeInvoker{err: broken}, broken},
		{"refusal", &fakeInvoker{err: flood}, tg.ErrFloodWait},
		{"answer ends early", &fakeInvoker{answer: whole[:len(whole)-1]}, tl.ErrUnexpectedEnd},
		{"answer goes on", &fakeInvoker{answer: append(whole, 0, 0, 0, 0)}, tl.ErrTrailing}, // R-TL-28
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			list, err := tg.Call(context.Background(), test.inv, &tg.UsersGetUsers{})
			if list != nil || !errors.Is(err, test.want) {
				t.Errorf("%v, %v; want %v", list, err, test.want)
			}
		})
	}
	var at *tl.DecodeError
	if _, err := tg.Call(context.Background(), &fakeInvoker{answer: idBytes(1)}, &tg.HelpGetConfig{}); !errors.As(err, &at) || at.Offset != 0 {
		t.Errorf("another constructor: %v", err)
	}
}
