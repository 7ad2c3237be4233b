package telegram

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto/mtclient"
	"godwit/telegram/updates"
	"godwit/tg"
	"godwit/tl"
)

// A feed is a client on a fake network whose updates come from the test.
type feed struct {
	*Client
	n     *fakeNetwork
	store *MemoryStore
	got   []string
	fail  error         // what the handler returns
	hold  chan struct{} // what the handler waits for, unless nil

	mu      sync.Mutex
	started bool // the first difference was fetched
	answer  func(tg.Request) (tl.Object, error)
}

// feedAt is where the account of a feed stands.
var feedAt = updates.Common{PTS: 10, QTS: 1, Date: 100, Seq: 1}

// inFeed runs a test in a bubble, in which all is quiet when synctest.Wait
// returns.
func inFeed(t *testing.T, test func(t *testing.T, f *feed)) {
	synctest.Test(t, func(t *testing.T) {
		f := &feed{n: &fakeNetwork{t: t}, store: new(MemoryStore)}
		save(t, f.store, Credentials{DC: 1, UserID: 1, State: updates.State{Common: feedAt}})
		f.answer = func(tg.Request) (tl.Object, error) { return nil, refuse(500, "NOT_NOW") }
		f.n.answer = f.serve
		f.Client = f.n.client(Options{Store: f.store, Handler: f.handle})
		synctest.Wait()
		f.n.wantLog("1 users.getUsers", "1 updates.getDifference")
		test(t, f)
		f.Close()
	})
}

// serve answers what every client asks, and the rest as the test wants.
func (f *feed) serve(_ int, request tg.Request) (tl.Object, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch request.(type) {
	case *tg.UsersGetUsers:
		return self(), nil
	case *tg.UpdatesGetDifference:
		if !f.started {
			f.started = true
			return &tg.UpdatesDifferenceEmpty{Date: 100, Seq: 1}, nil
		}
	}
	return f.answer(request)
}

// answerBy sets how the rest is answered.
func (f *feed) answerBy(answer func(tg.Request) (tl.Object, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.answer = answer
}

func (f *feed) handle(_ context.Context, _ *Client, d updates.Delivery) error {
	for _, u := range d.Updates {
		if m, ok := newMessage(u).(*tg.Message); ok {
			f.got = append(f.got, m.Message)
		} else {
			f.got = append(f.got, fmt.Sprintf("%T", u))
		}
	}
	if f.hold != nil {
		<-f.hold
	}
	return f.fail
}

// push has Telegram send something.
func (f *feed) push(t *testing.T, v tl.Object) {
	t.Helper()
	body, err := tl.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	f.n.push[1](body)
	synctest.Wait()
}

func (f *feed) want(t *testing.T, pts int32, texts ...string) {
	t.Helper()
	if !slices.Equal(f.got, texts) {
		t.Errorf("handled %q, want %q", f.got, texts)
	}
	f.got = nil
	if saved := load(t, f.store).State.Common.PTS; saved != pts {
		t.Errorf("saved pts %d, want %d", saved, pts)
	}
}

// chat is a message in basic group 6, of user 1.
func chat(text string, pts int32) *tg.Updates {
	return &tg.Updates{
		Updates: []tg.UpdateClass{&tg.UpdateNewMessage{
			Message: &tg.Message{ID: pts, Message: text, PeerID: &tg.PeerChat{ChatID: 6}}, Pts: pts, PtsCount: 1,
		}},
		Chats: []tg.ChatClass{&tg.Chat{ID: 6, Photo: &tg.ChatPhotoEmpty{}}},
	}
}

// TestStateFollowsEffect has the state saved after the handler has returned,
// and not if it failed, which ends the client.
func TestStateFollowsEffect(t *testing.T) {
	inFeed(t, func(t *testing.T, f *feed) {
		f.push(t, chat("a", 11))
		f.want(t, 11, "a")
		f.fail = errors.New("no room")
		f.push(t, chat("b", 12))
		f.want(t, 11, "b")
		if !errors.Is(f.Err(), f.fail) {
			t.Errorf("ended with %v", f.Err())
		}
		f.push(t, chat("c", 13))
		f.want(t, 11)
	})
}

// TestClosedWhileHandling has the state saved of what the handler was busy with
// when the client was closed, so that it is not handed on again.
func TestClosedWhileHandling(t *testing.T) {
	inFeed(t, func(t *testing.T, f *feed) {
		f.hold = make(chan struct{})
		f.push(t, chat("a", 11))
		go f.Close()
		synctest.Wait()
		close(f.hold)
		synctest.Wait()
		f.want(t, 11, "a")
	})
}

// TestSignedOutWhileHandling has no state saved for an account that is not
// signed in any more.
func TestSignedOutWhileHandling(t *testing.T) {
	inFeed(t, func(t *testing.T, f *feed) {
		f.answerBy(func(tg.Request) (tl.Object, error) { return &tg.AuthLoggedOut{}, nil })
		f.hold = make(chan struct{})
		f.push(t, chat("a", 11))
		if err := f.SignOut(t.Context()); err != nil {
			t.Fatal(err)
		}
		close(f.hold)
		synctest.Wait()
		f.want(t, 0, "a")
	})
}

// TestGapIsFetched has a gap fetched by the real requests, after half a second
// (R-UP-20), and again after a failure (R-ER-05).
func TestGapIsFetched(t *testing.T) {
	inFeed(t, func(t *testing.T, f *feed) {
		f.push(t, chat("c", 13))
		f.want(t, 10)
		pause(t.Context(), 500*time.Millisecond)
		synctest.Wait()
		f.n.wantLog("1 updates.getDifference")
		f.answerBy(func(request tg.Request) (tl.Object, error) {
			if want := (&tg.UpdatesGetDifference{Pts: 10, Qts: 1, Date: 100}); !reflect.DeepEqual(request, want) {
				t.Errorf("request %+v, want %+v", request, want)
			}
			return &tg.UpdatesDifference{
				NewMessages: []tg.MessageClass{
					&tg.Message{Message: "a", PeerID: &tg.PeerChat{}}, &tg.Message{Message: "b", PeerID: &tg.PeerChat{}},
				},
				State: tg.UpdatesState{Pts: 12, Qts: 1, Date: 110, Seq: 1},
			}, nil
		})
		pause(t.Context(), time.Second)
		synctest.Wait()
		f.want(t, 13, "a", "b", "c")
	})
}

// TestUndecodable has what cannot be decoded fetched (R-UP-30).
func TestUndecodable(t *testing.T) {
	inFeed(t, func(t *testing.T, f *feed) {
		f.push(t, &tg.MessageEmpty{})
		f.n.wantLog("1 updates.getDifference")
	})
}

// TestNewSession has a new session answered by fetching what may have been
// missed (R-UP-30, R-SM-61).
func TestNewSession(t *testing.T) {
	inFeed(t, func(t *testing.T, f *feed) {
		f.n.anew[1]()
		synctest.Wait()
		f.n.wantLog("1 updates.getDifference")
	})
}

// TestNotForUs has nothing taken from data centres other than the main one
// (R-UP-05, R-AP-08), nor before the sign-in (R-UP-04).
func TestNotForUs(t *testing.T) {
	inFeed(t, func(t *testing.T, f *feed) {
		query, err := tl.Marshal(&tg.UsersGetUsers{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.requestFrom(t.Context(), 2, mtclient.Request{Query: query}); err != nil {
			t.Fatal(err)
		}
		f.n.wantLog("2 users.getUsers without updates")
		body, err := tl.Marshal(chat("from elsewhere", 11))
		if err != nil {
			t.Fatal(err)
		}
		f.n.push[2](body)
		f.n.anew[2]()
		synctest.Wait()
		f.n.wantLog()
		f.want(t, 10)
	})
	n := &fakeNetwork{t: t}
	n.client(Options{Handler: func(context.Context, *Client, updates.Delivery) error {
		t.Error("the handler was called")
		return nil
	}})
	n.push[1](nil)
	n.anew[1]()
	n.wantLog()
}

// TestOverflow has updates that there is no room for fetched later, those of
// channels too (R-IX-28).
func TestOverflow(t *testing.T) {
	inFeed(t, func(t *testing.T, f *feed) {
		channel := &tg.Updates{
			Updates: []tg.UpdateClass{&tg.UpdateNewChannelMessage{
				Message: &tg.Message{Message: "news", PeerID: &tg.PeerChannel{ChannelID: 9}}, Pts: 5, PtsCount: 1,
			}},
			Chats: []tg.ChatClass{&tg.Channel{ID: 9, AccessHash: tl.Some(int64(99)), Photo: &tg.ChatPhotoEmpty{}}},
		}
		f.push(t, channel)
		f.want(t, 10, "news")
		pump := f.pumpOf(1)
		pump.mu.Lock()
		pump.overflow = true
		pump.mu.Unlock()
		f.push(t, &tg.UpdateShort{Update: &tg.UpdateConfig{}})
		f.want(t, 10, "*tg.UpdateConfig")
		slices.Sort(f.n.log)
		f.n.wantLog("1 updates.getChannelDifference", "1 updates.getDifference")
	})
	n := &fakeNetwork{t: t, answer: func(int, tg.Request) (tl.Object, error) { return self(), nil }}
	before := make(chan struct{})
	p := newPump(n.client(Options{}), false, before) // which waits
	for range maxQueue + 1 {
		p.received(nil)
	}
	if w, _ := p.take(); !w.overflow || len(w.queue) > maxQueue {
		t.Errorf("overflow %v with %d queued", w.overflow, len(w.queue))
	}
	p.stop()
	close(before)
	<-p.done
}

// TestUnknownChannel has the difference of a channel whose access hash is not
// known asked for once it is.
func TestUnknownChannel(t *testing.T) {
	inFeed(t, func(t *testing.T, f *feed) {
		var asked []tg.InputChannelClass
		f.answerBy(func(request tg.Request) (tl.Object, error) {
			asked = append(asked, request.(*tg.UpdatesGetChannelDifference).Channel)
			return &tg.UpdatesChannelDifferenceEmpty{Final: true, Pts: 3}, nil
		})
		f.push(t, &tg.UpdateShort{Update: &tg.UpdateChannelTooLong{ChannelID: 9}})
		f.n.wantLog()
		f.Learn(nil, []tg.ChatClass{&tg.Channel{ID: 9, AccessHash: tl.Some(int64(99))}})
		pause(t.Context(), time.Second)
		synctest.Wait()
		if want := []tg.InputChannelClass{&tg.InputChannel{ChannelID: 9, AccessHash: 99}}; !reflect.DeepEqual(asked, want) {
			t.Errorf("asked for %+v, want %+v", asked, want)
		}
		if pts := load(t, f.store).State.Channels[9]; pts != 3 {
			t.Errorf("saved pts %d", pts)
		}
	})
}

// TestResultsAreUpdates has the results of own requests move the state (R-UP-02,
// R-UP-15).
func TestResultsAreUpdates(t *testing.T) {
	channel := &tg.InputChannel{ChannelID: 9}
	peer := &tg.InputPeerChannel{ChannelID: 9}
	affected := &tg.MessagesAffectedMessages{Pts: 12, PtsCount: 2}
	history := &tg.MessagesAffectedHistory{Pts: 12, PtsCount: 2}
	tests := []struct {
		request tg.Request
		answer  tl.Object
		pts     int32 // of the common box
		channel int32
		got     []string
	}{
		{&tg.MessagesDeleteMessages{ID: []int32{1}}, affected, 12, 0, nil},
		{&tg.MessagesReadHistory{Peer: &tg.InputPeerSelf{}}, affected, 12, 0, nil},
		{&tg.ChannelsDeleteMessages{Channel: channel}, affected, 10, 12, nil},
		{&tg.ChannelsDeleteParticipantHistory{Channel: channel, Participant: peer}, history, 10, 12, nil},
		{&tg.MessagesDeleteHistory{Peer: peer}, history, 10, 12, nil},
		{&tg.MessagesReadMentions{Peer: peer}, history, 10, 12, nil},
		{&tg.MessagesUnpinAllMessages{Peer: peer}, history, 10, 12, nil},
		{&tg.MessagesReadReactions{Peer: peer}, history, 10, 12, nil},
		{&tg.MessagesDeleteTopicHistory{Peer: peer}, history, 10, 12, nil},
		{&tg.MessagesDeleteSavedHistory{ParentPeer: peer, Peer: peer}, history, 10, 12, nil},
		{&tg.MessagesReadPollVotes{Peer: peer}, history, 10, 12, nil},
		{&tg.MessagesDeletePhoneCallHistory{}, &tg.MessagesAffectedFoundMessages{Pts: 11, PtsCount: 1}, 11, 0, nil},
		{&tg.MessagesEditChatTitle{}, chat("titled", 11), 11, 0, []string{"titled"}},
		{
			&tg.MessagesSendMessage{Peer: &tg.InputPeerSelf{}, Message: "short"},
			&tg.UpdateShortSentMessage{Pts: 11, PtsCount: 1}, 11, 0, []string{"*tg.UpdateMessageID", "short"},
		},
		{
			&tg.MessagesSendMedia{Peer: &tg.InputPeerSelf{}, Media: &tg.InputMediaEmpty{}},
			&tg.UpdateShortSentMessage{Pts: 11, PtsCount: 1}, 11, 0, nil,
		},
	}
	for _, test := range tests {
		t.Run(tg.MethodName(tl.TypeID(test.request)), func(t *testing.T) {
			inFeed(t, func(t *testing.T, f *feed) {
				f.answerBy(func(tg.Request) (tl.Object, error) { return test.answer, nil })
				err := f.Invoke(t.Context(), test.request, func(*tl.Reader) error { return nil })
				if err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				f.want(t, test.pts, test.got...)
				if pts := load(t, f.store).State.Channels[9]; pts != test.channel {
					t.Errorf("saved pts %d of the channel, want %d", pts, test.channel)
				}
			})
		})
	}
}

// TestStoreFails has credentials that cannot be saved end the client.
func TestStoreFails(t *testing.T) {
	store := &brokenStore{MemoryStore: *signedInStore(t)}
	n := &fakeNetwork{t: t, answer: func(int, tg.Request) (tl.Object, error) { return self(), nil }}
	c := n.client(Options{Store: store})
	store.err = errors.New("disk full")
	if err := c.save(func(*Credentials) {}); !errors.Is(err, store.err) || !errors.Is(c.Err(), store.err) {
		t.Errorf("saved: %v, ended with %v", err, c.Err())
	}
	c.Close()
	if _, err := Connect(t.Context(), Options{APIID: 1, APIHash: "x", Store: store}); !errors.Is(err, store.err) {
		t.Errorf("connected: %v", err)
	}
}

type brokenStore struct {
	MemoryStore
	err error
}

func (s *brokenStore) Load() (Credentials, error) {
	if s.err != nil {
		return Credentials{}, s.err
	}
	return s.MemoryStore.Load()
}

func (s *brokenStore) Save(c *Credentials) error {
	if s.err != nil {
		return s.err
	}
	return s.MemoryStore.Save(c)
}

// TestStateWithEffect has a handler keep the state together with what the
// updates mean: nothing is handled twice or lost, whenever the program ends.
func TestStateWithEffect(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := &fakeNetwork{t: t, answer: func(_ int, request tg.Request) (tl.Object, error) {
			switch request := request.(type) {
			case *tg.UsersGetUsers:
				return self(), nil
			case *tg.UpdatesGetDifference:
				if request.Pts != 11 {
					t.Errorf("difference from %d", request.Pts)
				}
				return &tg.UpdatesDifferenceEmpty{Date: 100, Seq: 1}, nil
			}
			return nil, errUnexpected
		}}
		// The database: what was done, and the state, changed at once.
		var done []string
		state := updates.State{Common: updates.Common{PTS: 11, QTS: 1, Date: 100, Seq: 1}}
		store := new(MemoryStore)
		save(t, store, Credentials{DC: 1, UserID: 1, State: updates.State{Common: feedAt}})
		c := n.client(Options{
			Store:     store,
			LoadState: func(context.Context) (updates.State, error) { return state.Clone(), nil },
			Handler: func(_ context.Context, _ *Client, d updates.Delivery) error {
				for _, u := range d.Updates {
					done = append(done, newMessage(u).(*tg.Message).Message)
				}
				state.Apply(d.Change)
				return nil
			},
		})
		synctest.Wait()
		f := &feed{Client: c, n: n}
		f.push(t, chat("old", 11))
		f.push(t, chat("new", 12))
		if !slices.Equal(done, []string{"new"}) || state.Common.PTS != 12 {
			t.Errorf("done %q, at %+v", done, state)
		}
		if saved := load(t, store).State.Common; saved != feedAt {
			t.Errorf("the client has saved %+v", saved)
		}
		f.push(t, chat("later", 14))
		lags, err := c.Lagging(t.Context())
		if err != nil || len(lags) != 1 || lags[0].Behind() != 2 || lags[0].Held != 1 {
			t.Errorf("lagging %+v, %v", lags, err)
		}
		c.Close()
		if _, err := c.Lagging(t.Context()); !errors.Is(err, ErrClosed) {
			t.Errorf("of a closed client: %v", err)
		}
	})
}

// TestStateNotLoaded has a client end whose state cannot be loaded.
func TestStateNotLoaded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		broken := errors.New("no database")
		n := &fakeNetwork{t: t, answer: func(int, tg.Request) (tl.Object, error) { return self(), nil }}
		c := n.client(Options{
			Store:     signedInStore(t),
			LoadState: func(context.Context) (updates.State, error) { return updates.State{}, broken },
			Handler:   func(context.Context, *Client, updates.Delivery) error { return nil },
		})
		if err := c.Wait(t.Context()); !errors.Is(err, broken) {
			t.Errorf("ended with %v", err)
		}
	})
}

func load(t *testing.T, s Store) Credentials {
	t.Helper()
	c, err := s.Load()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func save(t *testing.T, s Store, c Credentials) {
	t.Helper()
	if err := s.Save(&c); err != nil {
		t.Fatal(err)
	}
}
