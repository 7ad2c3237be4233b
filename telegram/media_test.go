package telegram

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtclient"
	"godwit/telegram/flow"
	"godwit/tg"
	"godwit/tl"
)

// aFile is a request that moves a file.
var aFile = &tg.UploadGetFile{Location: &tg.InputTakeoutFileLocation{}, Limit: 4096}

// storage answers requests as two data centres with files do. hold delays the
// answer about a file, refusals are what imports are refused with.
func storage(t *testing.T, hold <-chan struct{}, refusals ...error) *fakeNetwork {
	var mu sync.Mutex
	return &fakeNetwork{t: t, answer: func(dc int, request tg.Request) (tl.Object, error) {
		switch request.(type) {
		case *tg.UsersGetUsers:
			return self(), nil
		case *tg.AuthExportAuthorization:
			return &tg.AuthExportedAuthorization{ID: 1, Bytes: []byte{2}}, nil
		case *tg.AuthImportAuthorization:
			mu.Lock()
			defer mu.Unlock()
			if len(refusals) > 0 {
				err := refusals[0]
				refusals = refusals[1:]
				if err != nil {
					return nil, err
				}
			}
			return &tg.AuthAuthorization{User: &tg.UserEmpty{}}, nil
		case *tg.UploadGetFile:
			<-hold
			return &tg.UploadFile{Type: &tg.StorageFileUnknown{}, Bytes: []byte{byte(dc)}}, nil
		}
		return nil, errUnexpected
	}}
}

// R-AP-06, R-AP-07: however many ask, the account is signed in elsewhere once;
// a failure is tried again from the export.
func TestSignedInElsewhereOnce(t *testing.T) {
	n := storage(t, closedChannel(), refuse(400, "AUTH_BYTES_INVALID"), nil)
	c := n.client(Options{Store: signedInStore(t)})
	n.wantLog("1 users.getUsers")
	var asking sync.WaitGroup
	for range 20 {
		asking.Go(func() {
			if _, err := tg.Call(t.Context(), c.Media(2), aFile); err != nil {
				t.Error(err)
			}
		})
	}
	asking.Wait()
	n.mu.Lock()
	log := n.log
	n.log = nil
	n.mu.Unlock()
	// R-AP-08, R-FI-17: updates do not come over these connections.
	files := slices.DeleteFunc(slices.Clone(log), func(s string) bool { return s != "2 upload.getFile without updates" })
	others := slices.DeleteFunc(log, func(s string) bool { return s == "2 upload.getFile without updates" })
	want := []string{
		"1 auth.exportAuthorization", "2 auth.importAuthorization without updates",
		"1 auth.exportAuthorization", "2 auth.importAuthorization without updates",
	}
	if len(files) != 20 || !slices.Equal(others, want) {
		t.Errorf("%d files and %q", len(files), others)
	}
}

// R-AP-07: who has waited for a sign-in that fails is told.
func TestNotSignedInElsewhere(t *testing.T) {
	n := storage(t, closedChannel(), refuse(400, "AUTH_BYTES_INVALID"), refuse(400, "DC_ID_INVALID"), nil)
	c := n.client(Options{Store: signedInStore(t)})
	if _, err := tg.Call(t.Context(), c.Media(2), aFile); !errors.Is(err, tg.ErrDCIDInvalid) {
		t.Errorf("refused twice: %v", err)
	}
	if _, err := tg.Call(t.Context(), c.Media(2), aFile); err != nil {
		t.Errorf("the next time: %v", err)
	}
	var unknown *UnknownDCError
	if _, err := tg.Call(t.Context(), c.Media(9), aFile); !errors.As(err, &unknown) {
		t.Errorf("of a DC that there is not: %v", err)
	}
	if _, err := tg.Call(t.Context(), c.CDN(203), aFile); err == nil {
		t.Error("a CDN that there is not was asked")
	}
}

// R-FI-17, R-EM-64, R-PF-07: there are as many connections as there is to do for,
// some requests on each, and none after a while without any. They share one
// temporary key, and the server forgets the sessions of those that are over.
func TestConnectionsByLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		n := storage(t, hold)
		c := n.client(Options{Store: signedInStore(t)})
		links := func() int {
			c.mu.Lock()
			defer c.mu.Unlock()
			return len(c.pools[poolKey{dc: 1}].links)
		}
		var asking sync.WaitGroup
		ask := func(count int) {
			for range count {
				asking.Go(func() {
					if _, err := tg.Call(t.Context(), c.Media(0), aFile); err != nil {
						t.Error(err)
					}
				})
			}
			synctest.Wait()
		}
		for _, step := range []struct{ more, links int }{
			{1, 1}, {requestsPerLink - 1, 1}, {1, 2}, {4*requestsPerLink - 1, maxPoolLinks},
		} {
			ask(step.more)
			if got := links(); got != step.links {
				t.Errorf("%d more requests: %d connections, want %d", step.more, got, step.links)
			}
		}
		close(hold)
		asking.Wait()
		<-time.After(poolIdle / 2)
		ask(1)
		<-time.After(poolIdle/2 + time.Second)
		if got := links(); got != 1 {
			t.Errorf("%d connections are left, want the one that was used", got)
		}
		n.wantDestroyed(3)
		<-time.After(poolIdle)
		if got := links(); got != 0 {
			t.Errorf("%d connections are left of those that were idle", got)
		}
		n.wantDestroyed(3) // nobody is left to ask for it
		ask(1)
		n.wantDestroyed(4)
		n.mu.Lock()
		defer n.mu.Unlock()
		for i, key := range n.temporary[1:] { // the first is the data centre's own
			if (i == 0) != (key == 0) || i > 1 && key != n.temporary[2] {
				t.Errorf("connection %d was given temporary key %x of %x", i, key, n.temporary)
			}
		}
	})
}

// R-PF-07: a request whose key was replaced goes over another connection, which makes
// a key of its own since the old one is of no use.
func TestSharedKeyIsReplaced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold := make(chan struct{})
		n := storage(t, hold)
		c := n.client(Options{Store: signedInStore(t)})
		answered := make(chan error)
		go func() {
			_, err := tg.Call(t.Context(), c.Media(0), aFile)
			answered <- err
		}()
		synctest.Wait()
		n.mu.Lock()
		end := n.runs[-1]
		n.mu.Unlock()
		end <- mtclient.ErrKeyExpired
		synctest.Wait()
		close(hold)
		if err := <-answered; err != nil {
			t.Error(err)
		}
		n.mu.Lock()
		defer n.mu.Unlock()
		if len(n.temporary) != 3 || n.temporary[2] != 0 {
			t.Errorf("connections were given the temporary keys %x, want none, none, none", n.temporary)
		}
	})
}

// wantDestroyed checks how many sessions were destroyed, none twice (R-EM-64).
func (n *fakeNetwork) wantDestroyed(want int) {
	n.t.Helper()
	synctest.Wait()
	n.mu.Lock()
	defer n.mu.Unlock()
	seen := make(map[mtproto.SessionID]bool)
	for _, id := range n.destroyed {
		seen[id] = true
	}
	if len(seen) != want || len(n.destroyed) != want {
		n.t.Errorf("sessions %v were destroyed, want %d", n.destroyed, want)
	}
}

// R-FI-07: the pool does not wait where Telegram asks to, but says so.
func TestMediaWaitIsTold(t *testing.T) {
	n := storage(t, closedChannel())
	inner := n.answer
	n.answer = func(dc int, request tg.Request) (tl.Object, error) {
		if _, ok := request.(*tg.UploadGetFile); ok {
			return nil, refuse(420, "FLOOD_PREMIUM_WAIT_9")
		}
		return inner(dc, request)
	}
	c := n.client(Options{Store: signedInStore(t)})
	_, err := tg.Call(t.Context(), c.Media(0), aFile)
	var wait *flow.WaitError
	if !errors.As(err, &wait) || wait.Wait.Method != "upload.getFile" || !errors.Is(err, tg.ErrFloodPremiumWait) {
		t.Errorf("refused with %v", err)
	}
	if waits := c.Waits(); len(waits) != 1 {
		t.Errorf("waits %v", waits)
	}
}

// R-ER-07: a data centre that has forgotten the account, or the key, is no end.
func TestForgottenElsewhere(t *testing.T) {
	forgotten := refuse(401, "AUTH_KEY_UNREGISTERED")
	var mu sync.Mutex
	n := storage(t, closedChannel())
	inner := n.answer
	n.answer = func(dc int, request tg.Request) (tl.Object, error) {
		mu.Lock()
		defer mu.Unlock()
		if _, ok := request.(*tg.UploadGetFile); ok && forgotten != nil {
			err := forgotten
			forgotten = nil
			return nil, err
		}
		return inner(dc, request)
	}
	c := n.client(Options{Store: signedInStore(t)})
	if _, err := tg.Call(t.Context(), c.Media(2), aFile); err != nil {
		t.Error(err)
	}
	n.mu.Lock()
	imports := 0
	for _, line := range n.log {
		if strings.HasPrefix(line, "2 auth.importAuthorization") {
			imports++
		}
	}
	n.mu.Unlock()
	if imports != 2 {
		t.Errorf("signed in there %d times", imports)
	}
}

// R-FI-21, R-FI-22: a CDN is told nothing of the device, and a key that it has
// forgotten is made anew.
func TestCDNKeys(t *testing.T) {
	n := storage(t, closedChannel())
	c := n.client(Options{Store: signedInStore(t), Device: Device{Model: "my telephone", System: "at home"}})
	body := string(c.initCDN([]byte{1, 2, 3, 4}))
	if strings.Contains(body, "my telephone") || strings.Contains(body, "at home") {
		t.Error("the CDN is told of the device")
	}
	p := c.poolOf(poolKey{dc: 203, cdn: true})
	l := &link{c: c, dc: 203, pool: p}
	made := mtclient.Credentials{Key: mtproto.NewAuthKey([mtproto.AuthKeySize]byte{7})}
	if err := l.saveCDN(made); err != nil {
		t.Fatal(err)
	}
	p.ended(l, context.Canceled)
	if !p.key.Key.Equal(&made.Key) {
		t.Error("the key was forgotten without a reason")
	}
	p.ended(l, mtclient.ErrKeyUnknown)
	if !p.key.Key.IsZero() {
		t.Error("the key is kept that the CDN has forgotten")
	}
}
