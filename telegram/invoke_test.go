package telegram

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/mtclient"
	"godwit/tg"
	"godwit/tl"

	"godwit/telegram/signin"
)

// TestMigration has each kind of redirection followed once at each DC (R-ER-02,
// R-ER-03).
func TestMigration(t *testing.T) {
	tests := []struct {
		name   string
		errors map[int]string // what each DC answers help.getNearestDc with
		want   string
		log    []string
		main   int
	}{
		{"PHONE", map[int]string{1: "PHONE_MIGRATE_2"}, "", []string{"1 help.getNearestDc", "2 help.getNearestDc"}, 2},
		{"NETWORK", map[int]string{1: "NETWORK_MIGRATE_2"}, "", []string{"1 help.getNearestDc", "2 help.getNearestDc"}, 2},
		{"USER", map[int]string{1: "USER_MIGRATE_2"}, "", []string{"1 help.getNearestDc", "2 help.getNearestDc"}, 2},
		{"FILE", map[int]string{1: "FILE_MIGRATE_2"}, "", []string{
			"1 help.getNearestDc", "2 help.getNearestDc without updates",
		}, 1},
		{"STATS", map[int]string{1: "STATS_MIGRATE_2"}, "", []string{
			"1 help.getNearestDc", "2 help.getNearestDc without updates",
		}, 1},
		{"in circles", map[int]string{1: "PHONE_MIGRATE_2", 2: "PHONE_MIGRATE_1"}, "PHONE_MIGRATE", []string{
			"1 help.getNearestDc", "2 help.getNearestDc",
		}, 2},
		{"to itself", map[int]string{1: "PHONE_MIGRATE_1"}, "PHONE_MIGRATE", []string{"1 help.getNearestDc"}, 1},
		{"to nowhere", map[int]string{1: "PHONE_MIGRATE_9"}, "PHONE_MIGRATE", []string{"1 help.getNearestDc"}, 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n := &fakeNetwork{t: t, answer: func(dc int, _ tg.Request) (tl.Object, error) {
				if message := test.errors[dc]; message != "" {
					return nil, refuse(303, message)
				}
				return &tg.NearestDC{Country: "NZ"}, nil
			}}
			c := n.client(Options{})
			nearest, err := tg.Call(t.Context(), c, &tg.HelpGetNearestDC{})
			if test.want != "" {
				if !errors.Is(err, &mtproto.RPCError{Type: test.want, Method: "help.getNearestDc"}) {
					t.Errorf("%v, want %s", err, test.want)
				}
			} else if err != nil || nearest.Country != "NZ" {
				t.Errorf("%v, %v", nearest, err)
			}
			n.wantLog(test.log...)
			if main := c.mainDC(); main != test.main {
				t.Errorf("main DC %d, want %d", main, test.main)
			}
		})
	}
}

// TestImport has the account signed in where a file is, tried twice, and again
// where it was forgotten (R-AP-06, R-AP-07, R-ER-07).
func TestImport(t *testing.T) {
	imports, files := 0, 0
	n := &fakeNetwork{t: t}
	n.answer = func(dc int, request tg.Request) (tl.Object, error) {
		switch request := request.(type) {
		case *tg.UsersGetUsers:
			return self(), nil
		case *tg.AuthExportAuthorization:
			return &tg.AuthExportedAuthorization{ID: 1, Bytes: []byte{byte(request.DCID)}}, nil
		case *tg.AuthImportAuthorization:
			if imports++; imports == 1 {
				return nil, refuse(400, "AUTH_BYTES_INVALID")
			}
			return &tg.AuthAuthorization{User: &tg.User{ID: 1}}, nil
		case *tg.UploadGetFile:
			if dc == 1 {
				return nil, refuse(303, "FILE_MIGRATE_2")
			}
			if files++; files == 2 {
				return nil, refuse(401, "AUTH_KEY_UNREGISTERED")
			}
			return &tg.UploadFile{Type: &tg.StorageFilePng{}, Bytes: []byte{1}}, nil
		}
		return nil, errUnexpected
	}
	store := signedInStore(t)
	c := n.client(Options{Store: store})
	n.wantLog("1 users.getUsers")
	file := func() {
		t.Helper()
		_, err := tg.Call(t.Context(), c, &tg.UploadGetFile{Location: &tg.InputTakeoutFileLocation{}})
		if err != nil {
			t.Error(err)
		}
	}
	again := []string{
		"1 auth.exportAuthorization", "2 auth.importAuthorization without updates",
		"2 upload.getFile without updates",
	}
	file()
	n.wantLog(append([]string{"1 upload.getFile", again[0], again[1]}, again...)...)
	file()
	n.wantLog(append([]string{"1 upload.getFile", "2 upload.getFile without updates"}, again...)...)
	saved, err := store.Load()
	if err != nil || !saved.Keys[2].Imported || saved.DC != 1 {
		t.Errorf("saved %v, main DC %d, %v", saved.Keys[2].Imported, saved.DC, err)
	}
	if c.Err() != nil {
		t.Errorf("ended with %v", c.Err())
	}
}

// TestEnds has what Telegram says end the client, and nothing else (R-ER-07 to
// R-ER-09).
func TestEnds(t *testing.T) {
	tests := []struct {
		err  error
		ends bool
	}{
		{refuse(401, "AUTH_KEY_UNREGISTERED"), true},
		{refuse(401, "SESSION_REVOKED"), true},
		{refuse(401, "SESSION_EXPIRED"), true},
		{refuse(401, "USER_DEACTIVATED"), true},
		{refuse(406, "AUTH_KEY_DUPLICATED"), true},
		{refuse(401, "SESSION_PASSWORD_NEEDED"), false},
		{refuse(400, "PEER_FLOOD"), false},
		{refuse(420, "FLOOD_WAIT_3"), false},
		{refuse(500, "INTERNAL"), false},
	}
	for _, test := range tests {
		t.Run(test.err.Error(), func(t *testing.T) {
			n := &fakeNetwork{t: t, answer: func(_ int, request tg.Request) (tl.Object, error) {
				if _, ok := request.(*tg.UsersGetUsers); ok {
					return self(), nil
				}
				return nil, test.err
			}}
			c := n.client(Options{Store: signedInStore(t), Patience: -1})
			_, err := tg.Call(t.Context(), c, &tg.HelpGetNearestDC{})
			if !errors.Is(err, test.err) {
				t.Errorf("refused with %v", err)
			}
			if got := c.Err() != nil; got != test.ends || got && !errors.Is(c.Err(), test.err) {
				t.Errorf("ended with %v", c.Err())
			}
		})
	}
	t.Run("the key is unknown", func(t *testing.T) {
		n := &fakeNetwork{t: t, answer: func(int, tg.Request) (tl.Object, error) { return self(), nil }}
		c := n.client(Options{Store: signedInStore(t)})
		n.runs[1] <- mtclient.ErrKeyUnknown
		if err := c.Wait(t.Context()); !errors.Is(err, mtclient.ErrKeyUnknown) {
			t.Errorf("ended with %v", err)
		}
	})
	t.Run("of a DC beside the main one", func(t *testing.T) {
		n := &fakeNetwork{t: t, answer: func(int, tg.Request) (tl.Object, error) { return self(), nil }}
		c := n.client(Options{Store: signedInStore(t)})
		n.wantNewKey(c, 2)
	})
	t.Run("of nobody", func(t *testing.T) {
		n := &fakeNetwork{t: t, answer: func(int, tg.Request) (tl.Object, error) { return self(), nil }}
		c := n.client(Options{})
		n.wantNewKey(c, 1)
	})
}

// wantNewKey has a DC forget its key, which is no end: another one is made.
func (n *fakeNetwork) wantNewKey(c *Client, dc int) {
	n.t.Helper()
	query, err := tl.Marshal(&tg.HelpGetConfig{})
	if err != nil {
		n.t.Fatal(err)
	}
	if _, err := c.requestFrom(n.t.Context(), dc, mtclient.Request{Query: query}); err != nil {
		n.t.Fatal(err)
	}
	l, err := c.linkTo(dc)
	if err != nil {
		n.t.Fatal(err)
	}
	n.runs[dc] <- mtclient.ErrKeyUnknown
	<-l.done
	if _, err := c.requestFrom(n.t.Context(), dc, mtclient.Request{Query: query}); err != nil {
		n.t.Error(err)
	}
	if last := n.keys[len(n.keys)-1]; !last.IsZero() || c.Err() != nil {
		n.t.Errorf("the same key again, or ended with %v", c.Err())
	}
}

// TestSendRepeated has a message repeated under the same random_id where a
// server fails (R-ER-05), and one that is there already counted as sent.
func TestSendRepeated(t *testing.T) {
	tests := []struct {
		name    string
		answers []error
		want    error
		wait    time.Duration
	}{
		{"at once", []error{nil}, nil, 0},
		{"twice failed", []error{refuse(500, "INTERNAL"), refuse(-503, "Timeout"), nil}, nil, 3 * time.Second},
		{"sent already", []error{refuse(500, "INTERNAL"), refuse(500, "RANDOM_ID_DUPLICATE")}, nil, time.Second},
		{"failed for good", []error{
			refuse(500, "A"), refuse(500, "B"), refuse(500, "C"), refuse(500, "D"),
		}, refuse(500, "D"), 7 * time.Second},
		{"refused", []error{refuse(403, "CHAT_WRITE_FORBIDDEN")}, tg.ErrChatWriteForbidden, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var ids []int64
				n := &fakeNetwork{t: t}
				n.answer = func(_ int, request tg.Request) (tl.Object, error) {
					send, ok := request.(*tg.MessagesSendMessage)
					if !ok {
						return self(), nil
					}
					ids = append(ids, send.RandomID)
					return &tg.UpdateShortSentMessage{Out: true, ID: 5, Pts: 2, PtsCount: 1}, test.answers[len(ids)-1]
				}
				c := n.client(Options{Store: signedInStore(t)})
				start := time.Now()
				m, err := c.SendText(t.Context(), &tg.InputPeerUser{UserID: 7}, "hi")
				if !errors.Is(err, test.want) || err == nil && m.Message != "hi" {
					t.Errorf("%v, %v, want %v", m, err, test.want)
				}
				if wait := time.Since(start); wait != test.wait {
					t.Errorf("after %v, want %v", wait, test.wait)
				}
				if len(ids) != len(test.answers) {
					t.Errorf("%d tries, want %d", len(ids), len(test.answers))
				}
				for _, id := range ids {
					if id != ids[0] || id == 0 {
						t.Errorf("random ids %v", ids)
					}
				}
				c.Close()
			})
		})
	}
}

// TestSignInRestarts has what a sign-in is seldom answered (R-ER-10, R-SP-10,
// R-LG-02).
func TestSignInRestarts(t *testing.T) {
	user := &tg.AuthAuthorization{User: &tg.User{ID: 1}}
	sent := &tg.AuthSentCode{Type: &tg.AuthSentCodeTypeApp{Length: 5}, PhoneCodeHash: "hash"}
	strange := password()
	strange.HasPassword, strange.CurrentAlgo = true, &tg.PasswordKDFAlgoUnknown{}
	strange.SRPB, strange.SRPID = []byte{1}, tl.Some(int64(1))
	type step struct {
		method string
		answer tl.Object
		err    error
	}
	tests := []struct {
		name  string
		steps []step
		want  error
	}{
		{"AUTH_RESTART", []step{
			{"auth.sendCode", nil, refuse(500, "AUTH_RESTART")}, {"auth.sendCode", sent, nil},
			{"auth.signIn", nil, refuse(500, "AUTH_RESTART")}, {"auth.sendCode", sent, nil},
			{"auth.signIn", user, nil},
		}, nil},
		{"AUTH_RESTART without end", []step{
			{"auth.sendCode", nil, refuse(500, "AUTH_RESTART")}, {"auth.sendCode", nil, refuse(500, "AUTH_RESTART")},
			{"auth.sendCode", nil, refuse(500, "AUTH_RESTART")}, {"auth.sendCode", nil, refuse(500, "AUTH_RESTART")},
		}, tg.ErrAuthRestart},
		{"a logout token did it", []step{{"auth.sendCode", &tg.AuthSentCodeSuccess{Authorization: user}, nil}}, nil},
		{"an old layer's unknown phone", []step{
			{"auth.sendCode", sent, nil}, {"auth.signIn", nil, refuse(400, "PHONE_NUMBER_UNOCCUPIED")},
		}, ErrNoAccount},
		{"SRP_ID_INVALID", []step{
			{"auth.sendCode", sent, nil}, {"auth.signIn", nil, refuse(401, "SESSION_PASSWORD_NEEDED")},
			{"account.getPassword", password(), nil},
			{"account.getPassword", password(), nil}, {"auth.checkPassword", nil, refuse(400, "SRP_ID_INVALID")},
			{"account.getPassword", password(), nil}, {"auth.checkPassword", user, nil},
		}, nil},
		{"PHONE_PASSWORD_FLOOD", []step{
			{"auth.sendCode", sent, nil}, {"auth.signIn", nil, refuse(401, "SESSION_PASSWORD_NEEDED")},
			{"account.getPassword", password(), nil},
			{"account.getPassword", password(), nil}, {"auth.checkPassword", nil, refuse(406, "PHONE_PASSWORD_FLOOD")},
		}, tg.ErrPhonePasswordFlood},
		{"a password of another kind", []step{
			{"auth.sendCode", sent, nil}, {"auth.signIn", nil, refuse(401, "SESSION_PASSWORD_NEEDED")},
			{"account.getPassword", strange, nil}, {"account.getPassword", strange, nil},
		}, signin.ErrUnknownPasswordKind},
		{"FLOOD_WAIT", []step{{"auth.sendCode", nil, refuse(420, "FLOOD_WAIT_90")}}, tg.ErrFloodWait},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var want []string
			steps := test.steps
			n := &fakeNetwork{t: t, answer: func(int, tg.Request) (tl.Object, error) {
				if len(steps) == 0 {
					return nil, errUnexpected
				}
				s := steps[0]
				steps = steps[1:]
				return s.answer, s.err
			}}
			for _, s := range test.steps {
				want = append(want, "1 "+s.method)
			}
			c := n.client(Options{})
			_, err := c.SignIn(t.Context(), Answers{
				PhoneNumber: "1", AskCode: FixedCode("2"), AskPassword: FixedPassword("3"),
			})
			if !errors.Is(err, test.want) {
				t.Errorf("%v, want %v", err, test.want)
			}
			n.wantLog(want...)
		})
	}
}

// password answers account.getPassword for an account that has none, which
// spares the test the arithmetic.
func password() *tg.AccountPassword {
	return &tg.AccountPassword{NewAlgo: &tg.PasswordKDFAlgoUnknown{}, NewSecureAlgo: &tg.SecurePasswordKDFAlgoUnknown{}}
}

// TestLogoutTokens has the tokens of earlier sessions kept, the newest twenty,
// and sent along (R-LG-21).
func TestLogoutTokens(t *testing.T) {
	var c Credentials
	for i := range byte(25) {
		c.addLogoutToken([]byte{i})
	}
	if len(c.LogoutTokens) != 20 || c.LogoutTokens[0][0] != 5 || c.LogoutTokens[19][0] != 24 {
		t.Errorf("tokens %d to %d", c.LogoutTokens[0][0], c.LogoutTokens[len(c.LogoutTokens)-1][0])
	}

	store := signedInStore(t)
	var sent [][]byte
	n := &fakeNetwork{t: t, answer: func(_ int, request tg.Request) (tl.Object, error) {
		switch request := request.(type) {
		case *tg.UsersGetUsers:
			return self(), nil
		case *tg.AuthLogOut:
			return &tg.AuthLoggedOut{FutureAuthToken: []byte("token")}, nil
		case *tg.AuthSendCode:
			sent = request.Settings.LogoutTokens
		}
		return nil, refuse(400, "PHONE_NUMBER_INVALID")
	}}
	client := n.client(Options{Store: store})
	if err := client.SignOut(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := client.SignIn(t.Context(), Answers{PhoneNumber: "1"}); err == nil {
		t.Error("signed in")
	}
	if len(sent) != 1 || string(sent[0]) != "token" {
		t.Errorf("sent the tokens %q", sent)
	}
}

// TestSignOutUnanswered has the answer to auth.logOut missing, since its key
// has died (R-LG-21, R-IX-21).
func TestSignOutUnanswered(t *testing.T) {
	store := signedInStore(t)
	n := &fakeNetwork{t: t}
	n.answer = func(_ int, request tg.Request) (tl.Object, error) {
		if _, ok := request.(*tg.AuthLogOut); ok {
			n.runs[1] <- mtclient.ErrKeyUnknown
			return nil, refuse(401, "AUTH_KEY_UNREGISTERED")
		}
		return self(), nil
	}
	c := n.client(Options{Store: store})
	if err := c.SignOut(t.Context()); err != nil {
		t.Error(err)
	}
	if saved, err := store.Load(); err != nil || saved.UserID != 0 || len(saved.Keys) != 0 || c.Err() != nil {
		t.Errorf("saved user %d, %d keys; %v, %v", saved.UserID, len(saved.Keys), err, c.Err())
	}
}

// TestInitConnection has the first queries of a connection carry the layer and
// the description of the device (R-TL-36).
func TestInitConnection(t *testing.T) {
	n := &fakeNetwork{t: t}
	c := n.client(Options{Device: Device{Model: "Tin", LangCode: "mi"}})
	query, err := tl.Marshal(&tg.HelpGetNearestDC{})
	if err != nil {
		t.Fatal(err)
	}
	r := tl.NewReader(c.initConnection(query))
	layer, ok := tg.DecodeMethod(r).(*tg.InvokeWithLayer)
	if r.Finish() != nil || !ok || layer.Layer != tg.Layer {
		t.Fatalf("%+v, %v", layer, r.Err())
	}
	device, ok := layer.Query.(*tg.InitConnection)
	if !ok || device.APIID != 1 || device.DeviceModel != "Tin" || device.SystemVersion == "" ||
		device.AppVersion == "" || device.LangCode != "mi" || device.SystemLangCode != "mi" {
		t.Fatalf("%+v", layer.Query)
	}
	if _, ok := device.Query.(*tg.HelpGetNearestDC); !ok {
		t.Errorf("the query became %T", device.Query)
	}
}
