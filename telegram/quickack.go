package telegram

import "context"

// receivedKey is where a context has the function of OnReceived.
type receivedKey struct{}

// OnReceived returns a context for one request, or for [Client.Send], in which
// f is called once Telegram has told that it has received the request. That is
// before it is carried out, and says nothing about whether it will be: it is
// for showing that a message is on its way (R-TR-24, R-TR-25). Telegram tells
// once for each time that the request had to be sent, and not at all over HTTP.
// f must return soon and must not use the client.
func OnReceived(ctx context.Context, f func()) context.Context {
	return context.WithValue(ctx, receivedKey{}, f)
}

// received returns the function of OnReceived, nil if there is none.
func received(ctx context.Context) func() {
	f, _ := ctx.Value(receivedKey{}).(func())
	return f
}
