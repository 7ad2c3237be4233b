package botapi

import (
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"time"

	"godwit/sandbox"
	"godwit/tg"
)

// A bot is what the server knows of one.
type bot struct {
	s     *Server
	token string
	id    int64
	meter meter

	// converting is held while updates that have come are made into those of the
	// Bot API, so that their order is kept.
	converting sync.Mutex

	mu       sync.Mutex // guards what follows
	client   *sandbox.Device
	began    time.Time // when it has signed in
	leftAt   time.Time // when it has logged out, zero if it has not
	incoming []told
	caught   caughtUp
	users    map[int64]*tg.User
	chats    map[int64]tg.ChatClass // by chat id
	queue    []*update              // that are not confirmed, by rising id
	last     int                    // id of the newest update
	allowed  map[string]bool        // kinds of updates
	arrived  chan struct{}          // closed when an update comes, then replaced
	poll     *poll                  // that waits, nil if none does
	hook     *webhook
	paths    map[string]fileName // of files that may be downloaded
}

func newBot(s *Server, token string) *bot {
	number, _, _ := strings.Cut(token, ":")
	id, _ := strconv.ParseInt(number, 10, 64) // whoever calls has checked it
	return &bot{
		s: s, token: token, id: id, users: make(map[int64]*tg.User), chats: make(map[int64]tg.ChatClass),
		last: rand.IntN(1 << 29), allowed: defaultAllowed(), arrived: make(chan struct{}),
		paths: make(map[string]fileName), caught: caughtUp{messages: make(map[int64]int32)},
	}
}

// logOutPause is how long a bot that has logged out cannot come back
// (https://core.telegram.org/bots/api#logout).
const logOutPause = 10 * time.Minute

// signIn makes the bot one of the sandbox's devices, if it is not.
func (b *bot) signIn() error {
	first, err := b.newDevice()
	if err != nil || first == nil {
		return err
	}
	return b.catchUp(first)
}

// newDevice signs in, and returns the device if it is the bot's first.
func (b *bot) newDevice() (*sandbox.Device, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	now := b.s.sandbox.Now()
	switch left := b.leftAt.Add(logOutPause).Sub(now); {
	case b.client != nil:
		return nil, nil
	case !b.leftAt.IsZero() && left > 0:
		return nil, tooMany(int((left + time.Second - 1) / time.Second))
	}
	client, err := b.s.sandbox.SignInBot(b.token, b.push)
	if errors.Is(err, sandbox.ErrBotToken) {
		return nil, errUnauthorized
	}
	if err != nil {
		return nil, err
	}
	first := b.began.IsZero()
	b.client, b.began = client, now
	if !first {
		return nil, nil
	}
	return client, nil
}

// told is something that the bot has been told.
type told struct {
	updates tg.UpdatesClass
	missed  bool // from before it had signed in
}

// caughtUp is how far a bot was told what it had missed: what is also pushed of
// that is told once.
type caughtUp struct {
	messages map[int64]int32 // newest id, by chat id of a channel, 0 for all other chats
	qts      int32
}

// boxOf returns under what a caughtUp has the messages of a chat.
func boxOf(chatID int64) int64 {
	if chatID <= firstChannel {
		return chatID
	}
	return 0
}

// catchUp fetches what was written to the bot before it has signed in here.
func (b *bot) catchUp(client *sandbox.Device) error {
	ctx := b.s.ctx
	pts := int32(1)
	for {
		diff, err := tg.Call(ctx, client, &tg.UpdatesGetDifference{Pts: pts, Date: 1})
		if err != nil {
			return err
		}
		switch diff := diff.(type) {
		case *tg.UpdatesDifferenceSlice:
			pts = diff.IntermediateState.Pts
			b.missed(diff.NewMessages, diff.OtherUpdates, diff.Users, diff.Chats)
			continue
		case *tg.UpdatesDifference:
			b.missed(diff.NewMessages, diff.OtherUpdates, diff.Users, diff.Chats)
			b.mu.Lock()
			b.caught.qts = diff.State.Qts
			b.mu.Unlock()
			return b.catchUpChannels(client, diff.OtherUpdates)
		}
		return nil
	}
}

func (b *bot) catchUpChannels(client *sandbox.Device, updates []tg.UpdateClass) error {
	for _, u := range updates {
		in, ok := u.(*tg.UpdateChannelTooLong)
		if !ok {
			continue
		}
		diff, err := tg.Call(b.s.ctx, client, &tg.UpdatesGetChannelDifference{
			Channel: &tg.InputChannel{ChannelID: in.ChannelID}, Filter: &tg.ChannelMessagesFilterEmpty{}, Pts: 1, Limit: 100_000,
		})
		if err != nil {
			return err
		}
		if diff, ok := diff.(*tg.UpdatesChannelDifference); ok {
			b.missed(diff.NewMessages, diff.OtherUpdates, diff.Users, diff.Chats)
		}
	}
	return nil
}

// missed puts a difference with what has come.
func (b *bot) missed(messages []tg.MessageClass, updates []tg.UpdateClass, users []tg.UserClass, chats []tg.ChatClass) {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := &tg.Updates{Users: users, Chats: chats}
	for _, m := range messages {
		if h := headOf(m); h != nil {
			b.caught.messages[boxOf(h.chat)] = max(b.caught.messages[boxOf(h.chat)], h.id)
		}
		out.Updates = append(out.Updates, &tg.UpdateNewMessage{Message: m})
	}
	out.Updates = append(out.Updates, updates...)
	b.incoming = append(b.incoming, told{out, true})
}

// maxWaiting is how many updates wait at most to be fetched.
const maxWaiting = 100_000

// push takes what the bot is told. It is made into updates when somebody asks
// for them, since that may take requests.
func (b *bot) push(u tg.UpdatesClass) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.incoming)+len(b.queue) >= maxWaiting {
		b.s.log.Warn("update is dropped: too many wait", "bot", b.id)
		return
	}
	b.incoming = append(b.incoming, told{u, false})
	b.wakeLocked()
}

// wakeLocked has whoever waits for updates look again.
func (b *bot) wakeLocked() {
	close(b.arrived)
	b.arrived = make(chan struct{})
}

// call calls a method as the bot.
func call[R any](ctx context.Context, b *bot, m tg.Method[R]) (R, error) {
	b.mu.Lock()
	client := b.client
	b.mu.Unlock()
	if client == nil {
		var none R
		return none, errUnauthorized
	}
	return tg.Call(ctx, client, m)
}

// learn notes users and chats that an answer has told of.
func (b *bot) learn(users []tg.UserClass, chats []tg.ChatClass) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, u := range users {
		if u, ok := u.(*tg.User); ok {
			b.users[u.ID] = u
		}
	}
	for _, c := range chats {
		if id := chatIDOf(c); id != 0 {
			b.chats[id] = c
		}
	}
}

// user returns a user that the bot knows, nil if it does not.
func (b *bot) user(id int64) *tg.User {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.users[id]
}

func (b *bot) chat(id int64) tg.ChatClass {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.chats[id]
}

// randomID returns the random id of a message.
func randomID() int64 { return rand.Int64() | 1 }

// getMe serves getMe.
func getMe(q *request) (any, error) {
	me, err := q.b.self(q)
	if err != nil {
		return nil, err
	}
	return &botUser{user: *userObject(me), CanJoinGroups: !me.BotNochats, CanReadAllGroupMessages: me.BotChatHistory}, nil
}

func (b *bot) self(ctx context.Context) (*tg.User, error) {
	found, err := call(ctx, b, &tg.UsersGetUsers{ID: []tg.InputUserClass{&tg.InputUserSelf{}}})
	if err != nil {
		return nil, err
	}
	b.learn(found, nil)
	if len(found) == 1 {
		if me, ok := found[0].(*tg.User); ok {
			return me, nil
		}
	}
	return nil, errUnauthorized
}

// logOut serves logOut: updates and the webhook go.
func logOut(q *request) (any, error) {
	q.b.endPoll(refuse(400, "Logged out"))
	q.b.removeWebhook()
	q.b.mu.Lock()
	defer q.b.mu.Unlock()
	q.b.clearLocked()
	q.b.leftAt = q.s.sandbox.Now()
	q.b.client.SignOut()
	q.b.client = nil
	return true, nil
}

// closePause is how long after its start a bot cannot be closed
// (https://core.telegram.org/bots/api#close).
const closePause = 10 * time.Minute

// closeBot serves close: the bot is here again with the next request.
func closeBot(q *request) (any, error) {
	q.b.mu.Lock()
	left := closePause - q.s.sandbox.Now().Sub(q.b.began)
	q.b.mu.Unlock()
	if left > 0 {
		return nil, tooMany(int((left + time.Second - 1) / time.Second))
	}
	q.b.endPoll(errClosing)
	return true, nil
}
