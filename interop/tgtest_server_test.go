package interop

import (
	"context"
	"crypto/aes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/gotd/ige"
	"github.com/gotd/td/bin"
	"github.com/gotd/td/crypto"
	"github.com/gotd/td/tg"
	"github.com/gotd/td/tgerr"
	"github.com/gotd/td/tgtest"
	"github.com/gotd/td/tgtest/services"
	"github.com/gotd/td/tgtest/services/config"
	"github.com/gotd/td/transport"
)

// tgtestDC is the id of gotd's server. Unlike Telegram's test DCs it wants that
// number as it is in the key exchange.
const tgtestDC = 2

// A tgtestWorld is what gotd's server needs besides its own code to be talked
// to: accounts and chats. A phone number is an account from its first sign-in
// or import on.
type tgtestWorld struct {
	mu       sync.Mutex
	users    map[string]*tgtestUser
	byKey    map[[8]byte]*tgtestUser
	bound    map[[8]byte][8]byte // the permanent keys of temporary ones
	lastUser int64
	conn     *connection
}

type tgtestUser struct {
	user    tg.User
	pts     int
	lastID  int
	session tgtest.Session
	online  bool
	chats   map[int64][]*tg.Message
	log     []*tg.Message // of all chats; as long as pts
}

// startTgtest runs gotd's server until the test ends and returns how to reach
// it. The server finds out the framing by itself, but has to be told whether
// connections are obfuscated.
func startTgtest(t *testing.T, obfuscated bool) *connection {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().(*net.TCPAddr)
	if obfuscated {
		listener = transport.ObfuscatedListener(listener)
	}

	dispatcher := tgtest.NewDispatcher().Fallback(services.NotImplemented)
	config.NewService(tgtestConfig(address), &tg.CDNConfig{}).Register(dispatcher)
	world := &tgtestWorld{users: map[string]*tgtestUser{}, byKey: map[[8]byte]*tgtestUser{}, bound: map[[8]byte][8]byte{}}
	world.register(dispatcher)
	server := tgtest.NewServer(tgtest.NewPrivateKey(private), tgtest.UnpackInvoke(dispatcher), tgtest.ServerOptions{
		DC: tgtestDC, Logger: gotdLogger(t),
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- server.Serve(ctx, transport.Listen(listener)) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("tgtest: %v", err)
		}
	})

	conn := &connection{
		PublicKey: string(pem.EncodeToMemory(&pem.Block{
			Type: "RSA PUBLIC KEY", Bytes: x509.MarshalPKCS1PublicKey(&private.PublicKey),
		})),
		APIID:   12345,
		APIHash: "0123456789abcdef0123456789abcdef",
	}
	world.conn = conn
	conn.DCs = append(conn.DCs, dcAddress{ID: tgtestDC, Host: address.IP.String(), Port: address.Port})
	return conn
}

func tgtestConfig(address *net.TCPAddr) *tg.Config {
	now := time.Now()
	return &tg.Config{
		Date:    int(now.Unix()),
		Expires: int(now.Add(time.Hour).Unix()),
		DCOptions: []tg.DCOption{
			{ID: tgtestDC, IPAddress: address.IP.String(), Port: address.Port, Static: true},
		},
	}
}

// register adds the handlers of the API methods.
func (w *tgtestWorld) register(d *tgtest.Dispatcher) {
	handle(d, &tg.AuthBindTempAuthKeyRequest{}, w.bind)
	handle(d, &tg.AuthSendCodeRequest{}, w.sendCode)
	handle(d, &tg.AuthSignInRequest{}, w.signIn)
	handle(d, &tg.UsersGetUsersRequest{}, w.getUsers)
	handle(d, &tg.ContactsImportContactsRequest{}, w.importContacts)
	handle(d, &tg.UpdatesGetStateRequest{}, w.getState)
	handle(d, &tg.UpdatesGetDifferenceRequest{}, w.getDifference)
	handle(d, &tg.MessagesSendMessageRequest{}, w.sendMessage)
	handle(d, &tg.MessagesGetHistoryRequest{}, w.getHistory)
}

// handle registers a method by its request type.
func handle[R any, P interface {
	*R
	bin.Decoder
	TypeID() uint32
}](d *tgtest.Dispatcher, _ P, method func(*tgtest.Server, *tgtest.Request, P) error) {
	d.HandleFunc(P(new(R)).TypeID(), func(server *tgtest.Server, req *tgtest.Request) error {
		query := P(new(R))
		if err := query.Decode(req.Buf); err != nil {
			return err
		}
		return method(server, req, query)
	})
}

// owner returns the key that a request counts as made with.
func (w *tgtestWorld) owner(req *tgtest.Request) [8]byte {
	if permanent, ok := w.bound[req.Session.AuthKey.ID]; ok {
		return permanent
	}
	return req.Session.AuthKey.ID
}

// bind checks the binding of a temporary key with gotd's own cryptography.
func (w *tgtestWorld) bind(server *tgtest.Server, req *tgtest.Request, q *tg.AuthBindTempAuthKeyRequest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	key, ok := w.conn.permanent.Load(q.PermAuthKeyID)
	if !ok || len(q.EncryptedMessage) != 104 {
		return server.SendErr(req, tgerr.New(400, "ENCRYPTED_MESSAGE_INVALID"))
	}
	permanent := crypto.Key(key.([256]byte))
	message := &bin.Buffer{Buf: q.EncryptedMessage}
	id, _ := message.Long()
	msgKey, _ := message.Int128()
	aesKey, aesIV := crypto.KeysV1(permanent, msgKey)
	block, err := aes.NewCipher(aesKey[:])
	if err != nil {
		return err
	}
	plain := make([]byte, 80)
	ige.DecryptBlocks(block, aesIV[:], plain, message.Buf)
	var inner crypto.BindAuthKeyInner
	if err := inner.Decode(&bin.Buffer{Buf: plain[32:72]}); err != nil {
		return err
	}
	want := crypto.BindAuthKeyInner{
		Nonce: q.Nonce, TempAuthKeyID: int64(binary.LittleEndian.Uint64(req.Session.AuthKey.ID[:])), PermAuthKeyID: q.PermAuthKeyID,
		TempSessionID: req.Session.ID, ExpiresAt: q.ExpiresAt,
	}
	if id != q.PermAuthKeyID || inner != want || crypto.MessageKeyV1(plain[:72]) != msgKey ||
		int64(binary.LittleEndian.Uint64(plain[16:])) != req.MsgID {
		return server.SendErr(req, tgerr.New(400, "ENCRYPTED_MESSAGE_INVALID"))
	}
	w.bound[req.Session.AuthKey.ID] = permanent.WithID().ID
	return server.SendBool(req, true)
}

func (w *tgtestWorld) sendCode(server *tgtest.Server, req *tgtest.Request, q *tg.AuthSendCodeRequest) error {
	return server.SendResult(req, &tg.AuthSentCode{
		Type: &tg.AuthSentCodeTypeApp{Length: 5}, PhoneCodeHash: "hash of " + q.PhoneNumber,
	})
}

func (w *tgtestWorld) signIn(server *tgtest.Server, req *tgtest.Request, q *tg.AuthSignInRequest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if code, ok := q.GetPhoneCode(); !ok || code != codeFor(q.PhoneNumber) || q.PhoneCodeHash != "hash of "+q.PhoneNumber {
		return tgerr.New(400, "PHONE_CODE_INVALID")
	}
	u := w.account(q.PhoneNumber)
	w.byKey[w.owner(req)] = u
	u.session, u.online = req.Session, true
	return server.SendResult(req, &tg.AuthAuthorization{User: u.seenBy(u)})
}

// account returns the owner of a phone number.
func (w *tgtestWorld) account(phone string) *tgtestUser {
	u := w.users[phone]
	if u == nil {
		w.lastUser++
		u = &tgtestUser{
			user:  tg.User{ID: w.lastUser, FirstName: "Account " + strconv.FormatInt(w.lastUser, 10), Phone: phone},
			chats: map[int64][]*tg.Message{},
		}
		u.user.SetAccessHash(w.lastUser * 1000)
		w.users[phone] = u
	}
	return u
}

// caller returns who is signed in on the key of a request.
func (w *tgtestWorld) caller(req *tgtest.Request) (*tgtestUser, error) {
	u := w.byKey[w.owner(req)]
	if u == nil {
		return nil, tgerr.New(401, "AUTH_KEY_UNREGISTERED")
	}
	return u, nil
}

// seenBy returns the user object that another user gets.
func (u *tgtestUser) seenBy(who *tgtestUser) *tg.User {
	user := u.user
	user.Self = u == who
	return &user
}

func (w *tgtestWorld) getUsers(server *tgtest.Server, req *tgtest.Request, _ *tg.UsersGetUsersRequest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, err := w.caller(req)
	if err != nil {
		return err
	}
	return server.SendVector(req, u.seenBy(u))
}

func (w *tgtestWorld) importContacts(server *tgtest.Server, req *tgtest.Request, q *tg.ContactsImportContactsRequest) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, err := w.caller(req)
	if err != nil {
		return err
	}
	imported := &tg.ContactsImportedContacts{}
	for _, contact := range q.Contacts {
		other := w.account(contact.Phone)
		imported.Imported = append(imported.Imported, tg.ImportedContact{UserID: other.user.ID, ClientID: contact.ClientID})
		imported.Users = append(imported.Users, other.seenBy(u))
	}
	return server.SendResult(req, imported)
}
