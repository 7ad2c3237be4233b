package sandbox

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"godwit/internal/layer"
	"godwit/internal/vectors"
	"godwit/mtproto"
	api "godwit/schema"
	"godwit/schema/layers"
	"godwit/tg"
	"godwit/tl"
	"godwit/tl/schema"
)

func wantRPC(t *testing.T, err error, code int, message string) {
	t.Helper()
	var rpc *mtproto.RPCError
	if !errors.As(err, &rpc) || rpc.Code != code || rpc.Message() != message {
		t.Errorf("%v, want %s (%d)", err, message, code)
	}
}

func marshal(t *testing.T, v tl.Object) []byte {
	t.Helper()
	p, err := tl.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// R-TL-37, R-TL-40, R-SV-10: queries that cannot be served say why.
func TestDispatchRefusals(t *testing.T) {
	l := newLab(t)
	var logged bytes.Buffer
	l.log = slog.New(slog.NewTextHandler(&logged, nil))
	d := l.device(1)
	d.inited = true
	fails(d, &tg.HelpGetConfig{}, 400, "CONNECTION_NOT_INITED")
	wrap := func(layer, app int32, query tg.Request) []byte {
		return marshal(t, &tg.InvokeWithLayer{Layer: layer, Query: &tg.InitConnection{APIID: app, Query: query}})
	}
	_, err := d.query(wrap(tg.Layer, 1, &tg.HelpGetConfig{}))
	wantRPC(t, err, 400, "CONNECTION_API_ID_INVALID")
	_, err = d.query(wrap(layer.Oldest-1, DefaultAPIID, &tg.HelpGetConfig{}))
	wantRPC(t, err, 400, "CONNECTION_LAYER_INVALID")
	_, err = d.query(marshal(t, &tg.InitConnection{APIID: DefaultAPIID, Query: &tg.HelpGetConfig{}}))
	wantRPC(t, err, 400, "CONNECTION_LAYER_INVALID")
	if _, err = d.query(wrap(tg.Layer, DefaultAPIID, &tg.HelpGetConfig{})); err != nil {
		t.Fatal(err)
	}
	fails(d, &tg.StoriesGetAllStories{}, 400, "INPUT_METHOD_INVALID")
	if !strings.Contains(logged.String(), "stories.getAllStories") {
		t.Errorf("the log does not name the method: %s", logged.String())
	}
	_, err = d.query([]byte{1, 2, 3, 4})
	wantRPC(t, err, 400, "INPUT_METHOD_INVALID")
	_, err = d.query([]byte{1, 2})
	wantRPC(t, err, 400, "INPUT_FETCH_FAIL")
	_, err = d.query(marshal(t, &tg.AuthSendCode{})[:12])
	wantRPC(t, err, 400, "INPUT_FETCH_FAIL")
	_, err = d.query(append(marshal(t, &tg.HelpGetConfig{}), 0, 0, 0, 0)) // R-TL-28
	wantRPC(t, err, 400, "INPUT_FETCH_FAIL")
	_, err = d.query(marshal(t, &tg.InputPeerEmpty{}))
	wantRPC(t, err, 400, "INPUT_METHOD_INVALID")
}

type packed struct {
	zlib  bool
	query tg.Request
}

func (p packed) TL(c *tl.Codec) {
	b := c.Buffer()
	var out bytes.Buffer
	w := io.WriteCloser(gzip.NewWriter(&out))
	if p.zlib {
		w = zlib.NewWriter(&out)
	}
	var inner tl.Buffer
	inner.Object(p.query)
	w.Write(inner.Bytes())
	w.Close()
	b.ID(0x3072cfa1)
	b.ByteString(out.Bytes())
}

// R-SV-07, R-TL-31, R-TL-38: wrappers in any order, packed at any level.
func TestWrappers(t *testing.T) {
	var q tg.Request = &tg.HelpGetNearestDC{}
	layered := func(q tg.Request) tg.Request { return &tg.InvokeWithLayer{Layer: tg.Layer, Query: q} }
	inited := func(q tg.Request) tg.Request {
		return &tg.InitConnection{
			APIID: DefaultAPIID, Proxy: &tg.InputClientProxy{Address: "p"},
			Params: &tg.JSONObject{Value: []tg.JSONObjectValue{{Key: "tz_offset", Value: &tg.JSONNumber{Value: 1}}}}, Query: q,
		}
	}
	quiet := func(q tg.Request) tg.Request { return &tg.InvokeWithoutUpdates{Query: q} }
	after := func(q tg.Request) tg.Request { return &tg.InvokeAfterMsg{MsgID: 5, Query: q} }
	for i, query := range []tg.Request{
		layered(inited(q)),
		quiet(layered(inited(q))),
		layered(quiet(inited(q))),
		layered(inited(quiet(q))),
		after(layered(inited(q))),
		layered(inited(after(q))),
		&tg.InvokeAfterMsgs{MsgIDs: []int64{1, 2}, Query: layered(inited(q))},
		layered(inited(&tg.InvokeWithTakeout{TakeoutID: 1, Query: q})),
		layered(inited(&tg.InvokeWithMessagesRange{Range: tg.MessageRange{MinID: 1}, Query: q})),
		layered(inited(packed{query: q})),
		layered(inited(packed{zlib: true, query: q})),
		packed{query: layered(inited(q))},
		after(packed{zlib: true, query: layered(inited(quiet(q)))}),
		packed{query: layered(packed{query: inited(packed{query: q})})},
	} {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			l := newLab(t)
			l.world.takeouts[1] = &takeout{id: 1}
			d := l.device(1)
			out, err := d.query(marshal(t, query))
			if err != nil || binary.LittleEndian.Uint32(out) != tl.TypeID(&tg.NearestDC{}) {
				t.Errorf("%x, %v", out, err)
			}
			out, err = d.query(marshal(t, q))
			if err != nil {
				t.Errorf("without the wrappers after: %x, %v", out, err)
			}
		})
	}
}

func layerSchema(t *testing.T, n int) *schema.Schema {
	t.Helper()
	text := api.API
	if n != tg.Layer {
		var err error
		if text, err = layers.Open(n); err != nil {
			t.Fatal(err)
		}
	}
	s, err := schema.Parse("layer", text)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func contains(p []byte, id uint32) bool {
	return bytes.Contains(p, binary.LittleEndian.AppendUint32(nil, id))
}

// CLIENTS 14: clients of all layers are in use at once. One of each signs in,
// is sent a message and answers, in the constructors of its layer.
func TestEveryLayer(t *testing.T) {
	l := newLab(t)
	alice := l.person(alicePhone, "Alice")
	for i, n := range layer.Layers() {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			s := layerSchema(t, n)
			phone := fmt.Sprintf("999661%04d", 1000+i)
			old := l.device(1)
			old.layer = n
			call := func(v tl.Object) []byte {
				t.Helper()
				p, err := old.query(marshal(t, v))
				if err != nil {
					t.Fatal(err)
				}
				return p
			}
			sent := call(&tg.InvokeWithLayer{Layer: int32(n), Query: &tg.InitConnection{APIID: DefaultAPIID, Query: &tg.AuthSendCode{
				PhoneNumber: phone, APIID: DefaultAPIID, APIHash: DefaultAPIHash,
			}}})
			if idOf(sent) != s.Constructor("auth.sentCode").ID {
				t.Errorf("auth.sentCode is %08x", idOf(sent))
			}
			l.world.mu.Lock()
			hash := l.world.logins.codes[phone].hash
			l.world.mu.Unlock()
			call(signInAs(s, "auth.signIn", phone, hash, phoneCode(phone)))
			auth := call(signInAs(s, "auth.signUp", phone, hash, "Old", "Client"))
			if !contains(auth, s.Constructor("user").ID) {
				t.Error("the user is not in the client's layer")
			}

			toOld := alice.meet(phone)
			alice.say(toOld, "to the old one")
			pushed := old.pushes()
			if len(pushed) != 1 || idOf(pushed[0]) != s.Constructor("updates").ID ||
				!contains(pushed[0], s.Constructor("message").ID) || !contains(pushed[0], s.Constructor("user").ID) {
				t.Errorf("pushed %x", pushed)
			}
			alice.updates()
			answer := call(sendAs(s, old, alice.self.ID))
			if !contains(answer, s.Constructor("message").ID) {
				t.Errorf("answered %x", answer)
			}
			got := alice.updates()
			if len(got) != 1 || got[0].(*tg.UpdateNewMessage).Message.(*tg.Message).Message != "from the old one" {
				t.Errorf("Alice got %v", got)
			}
			config := call(&tg.HelpGetAppConfig{})
			want := "help.appConfig"
			if s.Constructor(want) == nil || s.Method("help.getAppConfig").Result.Name == "JSONValue" {
				want = "jsonObject"
			}
			if idOf(config) != s.Constructor(want).ID {
				t.Errorf("app config is %08x, want %s", idOf(config), want)
			}
		})
	}
}

// A rawCall is a method call of any layer: its id, no flags, and the rest.
type rawCall func(b *tl.Buffer)

func (call rawCall) TL(c *tl.Codec) { call(c.Buffer()) }

func signInAs(s *schema.Schema, method string, fields ...string) rawCall {
	m := s.Method(method)
	return func(b *tl.Buffer) {
		b.ID(m.ID)
		if m.Params[0].Type.Name == "#" {
			b.Uint32(uint32(map[string]int{"auth.signIn": 1}[method]))
		}
		for _, f := range fields {
			b.String(f)
		}
	}
}

func sendAs(s *schema.Schema, from *device, to int64) rawCall {
	w := from.l.world
	w.mu.Lock()
	defer w.mu.Unlock()
	viewer := w.keys[from.key].auth.user.id
	return func(b *tl.Buffer) {
		b.ID(s.Method("messages.sendMessage").ID)
		b.Uint32(0)
		b.Object(&tg.InputPeerUser{UserID: to, AccessHash: w.accessHash(viewer, peerKey{peerUser, to})})
		b.String("from the old one")
		b.Long(lastRandomID.Add(1))
	}
}

// R-PT-08, with the vectors.
func TestListHash(t *testing.T) {
	for i := range vectors.Len(t, "pagination_hash") {
		at := fmt.Sprintf("pagination_hash.%d.", i)
		var ids []int64
		for j := range vectors.Len(t, at+"ids") {
			ids = append(ids, vectors.Int(t, fmt.Sprintf("%sids.%d", at, j)))
		}
		if got, want := listHash(ids), vectors.Int(t, at+"hash_i64"); got != want {
			t.Errorf("hash of %v is %d, want %d", ids, got, want)
		}
	}
}

// CLIENTS 12: what clients call around a sign-in is served.
func TestStartupCalls(t *testing.T) {
	l := newLab(t)
	d := l.device(1)
	config := must(d, &tg.HelpGetConfig{}) // R-AP-02
	if len(config.DCOptions) != 2 || config.Expires <= config.Date || config.TmpSessions.Set {
		t.Errorf("config %+v", config)
	}
	must(d, &tg.HelpGetNearestDC{})
	must(d, &tg.HelpGetCountriesList{})
	if c := must(d, &tg.HelpGetAppConfig{}).(*tg.HelpAppConfig); c.Hash == 0 {
		t.Error("app config without a hash")
	}
	if _, ok := must(d, &tg.HelpGetAppConfig{Hash: appConfigHash}).(*tg.HelpAppConfigNotModified); !ok {
		t.Error("app config has changed by itself")
	}
	fails(d, &tg.UpdatesGetState{}, 401, "AUTH_KEY_UNREGISTERED")

	if _, err := l.AddUser(alicePhone, "Alice", "A"); err != nil {
		t.Fatal(err)
	}
	d.signIn(alicePhone)
	must(d, &tg.UpdatesGetState{})
	full := must(d, &tg.UsersGetFullUser{ID: &tg.InputUserSelf{}})
	if full.FullUser.ID != d.self.ID || len(full.Users) != 1 {
		t.Errorf("full user %+v", full)
	}
	must(d, &tg.MessagesGetDialogFilters{})
	for _, peer := range []tg.InputNotifyPeerClass{&tg.InputNotifyUsers{}, &tg.InputNotifyChats{}, &tg.InputNotifyBroadcasts{}} {
		must(d, &tg.AccountGetNotifySettings{Peer: peer})
	}
	for folder := range int32(2) {
		must(d, &tg.MessagesGetPinnedDialogs{FolderID: folder})
		must(d, &tg.MessagesGetDialogs{FolderID: tl.Some(folder), OffsetPeer: &tg.InputPeerEmpty{}, Limit: 20})
	}
	must(d, &tg.HelpGetPromoData{})
	must(d, &tg.HelpGetTermsOfServiceUpdate{})
	must(d, &tg.ContactsGetTopPeers{Correspondents: true, Limit: 10})
	must(d, &tg.ContactsGetContacts{})
	must(d, &tg.AccountUpdateStatus{})
}

func TestContacts(t *testing.T) {
	l, alice, bob, _, _ := pair(t)
	got := must(alice, &tg.ContactsImportContacts{Contacts: []tg.InputPhoneContact{
		{ClientID: 1, Phone: "+" + bobPhone, FirstName: "Bobby"}, {ClientID: 2, Phone: "9996610099", FirstName: "Nobody"},
	}})
	if len(got.Imported) != 1 || got.Imported[0].UserID != bob.self.ID || got.Imported[0].ClientID != 1 {
		t.Errorf("imported %+v", got)
	}
	list := must(alice, &tg.ContactsGetContacts{}).(*tg.ContactsContacts)
	u := list.Users[0].(*tg.User)
	if len(list.Contacts) != 1 || list.Contacts[0].Mutual || u.FirstName.Value != "Bobby" || u.Phone.Value != bobPhone || !u.Contact {
		t.Errorf("contacts %+v, %+v", list, u)
	}
	hash := listHash([]int64{bob.self.ID})
	if _, ok := must(alice, &tg.ContactsGetContacts{Hash: hash}).(*tg.ContactsContactsNotModified); !ok {
		t.Error("contacts have changed by themselves")
	}
	if s := must(alice, &tg.ContactsGetStatuses{}); len(s) != 1 {
		t.Errorf("statuses %v", s)
	}
	must(alice, &tg.ContactsDeleteContacts{ID: []tg.InputUserClass{alice.inputUser(bobPhone)}})
	must(alice, &tg.ContactsAddContact{ID: alice.inputUser(bobPhone), FirstName: "B"})
	fails(alice, &tg.ContactsResolvePhone{Phone: "9996610098"}, 400, "PHONE_NOT_OCCUPIED")
	fails(alice, &tg.ContactsResolveUsername{Username: "nobody_here"}, 400, "USERNAME_NOT_OCCUPIED")
	must(bob, &tg.AccountUpdateUsername{Username: "bobby_b"})
	fails(bob, &tg.AccountUpdateUsername{Username: "bobby_b"}, 400, "USERNAME_NOT_MODIFIED")
	found := must(alice, &tg.ContactsSearch{Q: "bobby", Limit: 10})
	if len(found.MyResults) != 1 || len(found.Users) != 1 {
		t.Errorf("found %+v", found)
	}
	renamed := must(bob, &tg.AccountUpdateProfile{FirstName: tl.Some("Robert"), About: tl.Some("hi")}).(*tg.User)
	if renamed.FirstName.Value != "Robert" || renamed.Username.Value != "bobby_b" {
		t.Errorf("renamed %+v", renamed)
	}
	if err := l.SetUsername(alicePhone, "BOBBY_B"); err == nil {
		t.Error("two users have one username")
	}
}
