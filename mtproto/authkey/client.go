package authkey

import (
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/tl"
)

// ClientOptions say what key a client wants.
type ClientOptions struct {
	// Keys are the RSA keys that the client trusts; mtcrypto.ProductionKeys
	// for Telegram.
	Keys []mtcrypto.PublicKey
	// DC is the id of the DC, plus 10000 for a test DC, and negated for one
	// that serves files only (R-AK-15).
	DC int
	// ExpiresIn is the lifetime of a temporary key, in whole seconds; 0 asks
	// for a permanent key.
	ExpiresIn time.Duration
	// Rand is the source of all secrets: crypto/rand.Reader outside of tests.
	Rand io.Reader
}

// Errors that end an exchange although no rule was broken. Both are worth
// another try, with a new Client.
var (
	ErrParamsFailed = errors.New("authkey: the server answered server_DH_params_fail") // R-AK-23
	ErrFailed       = errors.New("authkey: the server answered dh_gen_fail")           // R-AK-29
)

// An UnknownKeysError says that the server has none of the RSA keys that the
// client trusts. A test DC's key on a production DC, and the reverse, look
// like this too (R-AK-11, R-IX-09).
type UnknownKeysError struct {
	Offered []int64 // fingerprints
}

func (e *UnknownKeysError) Error() string {
	text := "authkey: the server has no RSA key that we know; it offers"
	for _, fingerprint := range e.Offered {
		text += fmt.Sprintf(" %016x", uint64(fingerprint))
	}
	return text
}

// A Client is the client's side of one exchange. It is not safe for concurrent
// use.
type Client struct {
	o      ClientOptions
	ids    idSource
	step   func(*Client, time.Time, []byte) (tl.Object, error) // takes the answer that is awaited
	err    error                                               // ends the exchange
	nonces nonces
	done   bool
	result Result

	// From step 5 on, for step 6 and what may repeat it.
	p, ga   *big.Int
	g       int
	key     mtproto.AuthKey
	retries int
}

var (
	errNotStarted = errors.New("authkey: the exchange has not been started")
	errOver       = errors.New("authkey: the exchange is over")
)

// NewClient returns a client that has not sent anything.
func NewClient(o ClientOptions) *Client { return &Client{o: o, err: errNotStarted} }

// Start returns the first packet to send (step 1). It may be called once.
func (c *Client) Start(now time.Time) (packet []byte, err error) {
	if !errors.Is(c.err, errNotStarted) {
		return nil, errOver
	}
	if c.err = readRandom(c.o.Rand, c.nonces.nonce[:]); c.err != nil {
		return nil, c.err
	}
	c.step = (*Client).receivePQ
	return c.pack(now, &mt.ReqPQMulti{Nonce: c.nonces.nonce})
}

// Receive takes the server's next packet and returns the one to send, nil
// where there is none: then Done has the result. Any error ends the exchange,
// and later calls return it again.
//
// Besides violations and failures of ClientOptions.Rand, errors are
// *UnknownKeysError, ErrParamsFailed and ErrFailed.
func (c *Client) Receive(now time.Time, packet []byte) (out []byte, err error) {
	if c.err != nil {
		return nil, c.err
	}
	if out, c.err = c.receive(now, packet); c.err != nil {
		c.forget()
	}
	return out, c.err
}

// Done returns what the exchange has made, and whether it is complete.
func (c *Client) Done() (Result, bool) { return c.result, c.done }

func (c *Client) receive(now time.Time, packet []byte) ([]byte, error) {
	_, body, err := ParsePlain(packet)
	if err != nil {
		return nil, err
	}
	if c.done {
		return nil, errOver
	}
	answer, err := c.step(c, now, body)
	if err != nil || answer == nil {
		return nil, err
	}
	return c.pack(now, answer)
}

func (c *Client) pack(now time.Time, object tl.Object) ([]byte, error) {
	body, err := tl.Marshal(object)
	if err != nil {
		return nil, err
	}
	return AppendPlain(nil, c.ids.next(now, 0), body), nil
}

// receivePQ is steps 2 to 4: it answers resPQ with req_DH_params.
func (c *Client) receivePQ(_ time.Time, body []byte) (tl.Object, error) {
	var res mt.ResPQ
	if _, err := decode(body, &res); err != nil {
		return nil, err
	}
	if res.Nonce != c.nonces.nonce {
		return nil, mtproto.Violation("R-AK-11", "nonce of resPQ differs")
	}
	c.nonces.server = res.ServerNonce
	key, err := c.chooseKey(res.ServerPublicKeyFingerprints)
	if err != nil {
		return nil, err
	}
	p, q, err := factor(res.PQ)
	if err != nil {
		return nil, err
	}
	if err := readRandom(c.o.Rand, c.nonces.new[:]); err != nil {
		return nil, err
	}
	inner, err := tl.Marshal(c.innerData(res.PQ, p, q))
	if err != nil {
		return nil, err
	}
	encrypted, err := mtcrypto.EncryptPadded(c.o.Rand, key, inner)
	if err != nil {
		return nil, err
	}
	c.step = (*Client).receiveParams
	return &mt.ReqDHParams{
		Nonce: c.nonces.nonce, ServerNonce: c.nonces.server, P: p, Q: q,
		PublicKeyFingerprint: key.Fingerprint(), EncryptedData: encrypted,
	}, nil
}

// chooseKey picks the first key on offer that the client trusts (R-AK-11).
func (c *Client) chooseKey(offered []int64) (*mtcrypto.PublicKey, error) {
	for _, fingerprint := range offered {
		for i := range c.o.Keys {
			if c.o.Keys[i].Fingerprint() == fingerprint {
				return &c.o.Keys[i], nil
			}
		}
	}
	return nil, &UnknownKeysError{Offered: offered}
}

// factor is step 3: it returns the primes p < q of pq in their shortest
// big-endian form (R-AK-13).
func factor(pq []byte) (p, q []byte, err error) {
	n := new(big.Int).SetBytes(pq)
	if !n.IsUint64() {
		return nil, nil, mtproto.Violation("R-AK-13", "pq of %d bits", n.BitLen())
	}
	first, second, err := mtcrypto.Factor(n.Uint64())
	if err != nil {
		return nil, nil, mtproto.Violation("R-AK-13", "pq = %d: %v", n, err)
	}
	return minimal(first), minimal(second), nil
}

// minimal returns n in big-endian form without leading zeros (R-AK-13).
func minimal(n uint64) []byte { return new(big.Int).SetUint64(n).Bytes() }

// innerData is what goes to the server under RSA (R-AK-14).
func (c *Client) innerData(pq, p, q []byte) tl.Object {
	if c.o.ExpiresIn > 0 {
		return &mt.PQInnerDataTempDC{
			PQ: pq, P: p, Q: q, Nonce: c.nonces.nonce, ServerNonce: c.nonces.server, NewNonce: c.nonces.new,
			DC: int32(c.o.DC), ExpiresIn: int32(c.o.ExpiresIn / time.Second),
		}
	}
	return &mt.PQInnerDataDC{
		PQ: pq, P: p, Q: q, Nonce: c.nonces.nonce, ServerNonce: c.nonces.server, NewNonce: c.nonces.new,
		DC: int32(c.o.DC),
	}
}

// receiveParams is step 5: it checks what the server has sent under the
// temporary key, and goes on to step 6.
func (c *Client) receiveParams(now time.Time, body []byte) (tl.Object, error) {
	if r := tl.NewReader(body); r.PeekID() == mt.IDServerDHParamsFail {
		return nil, c.paramsFailed(body)
	}
	var ok mt.ServerDHParamsOK
	if _, err := decode(body, &ok); err != nil {
		return nil, err
	}
	if err := c.nonces.check("R-AK-22", ok.Nonce, ok.ServerNonce); err != nil {
		return nil, err
	}
	var inner mt.ServerDHInnerData
	if err := c.nonces.open("R-AK-22", ok.EncryptedAnswer, &inner); err != nil {
		return nil, err
	}
	if err := c.nonces.check("R-AK-22", inner.Nonce, inner.ServerNonce); err != nil {
		return nil, err
	}
	if err := c.takeParams(&inner); err != nil {
		return nil, err
	}
	c.takeTime(now, inner.ServerTime)
	return c.sendShare(0)
}

// paramsFailed tells a server's refusal from one that anybody could have made
// (R-AK-23).
func (c *Client) paramsFailed(body []byte) error {
	var fail mt.ServerDHParamsFail
	if _, err := decode(body, &fail); err != nil {
		return err
	}
	if err := c.nonces.check("R-AK-23", fail.Nonce, fail.ServerNonce); err != nil {
		return err
	}
	sum := sha1.Sum(c.nonces.new[:])
	if fail.NewNonceHash != tl.Int128(sum[4:]) {
		return mtproto.Violation("R-AK-23", "new_nonce_hash differs")
	}
	return ErrParamsFailed
}

// takeParams checks the group and the server's public value (R-AK-30..33).
func (c *Client) takeParams(inner *mt.ServerDHInnerData) error {
	c.p, c.g = new(big.Int).SetBytes(inner.DHPrime), int(inner.G)
	c.ga = new(big.Int).SetBytes(inner.GA)
	if err := mtcrypto.CheckDHPrime(c.p, c.g); err != nil {
		return err
	}
	return mtcrypto.CheckDHPublic(c.p, c.ga)
}

// takeTime compares clocks (R-AK-35).
func (c *Client) takeTime(now time.Time, serverTime int32) {
	// Unsigned, so that it goes on after 2038.
	c.result.ServerTime = time.Unix(int64(uint32(serverTime)), 0)
	c.result.ClockOffset = c.result.ServerTime.Sub(now)
}

// sendShare is step 6. It draws a new b each time; retryID is 0, or the
// auth_key_aux_hash of the key that the server has rejected (R-AK-24, R-AK-25).
func (c *Client) sendShare(retryID int64) (tl.Object, error) {
	b, gb, err := drawShare(c.o.Rand, c.g, c.p)
	if err != nil {
		return nil, err
	}
	encrypted, err := c.nonces.seal(c.o.Rand, &mt.ClientDHInnerData{
		Nonce: c.nonces.nonce, ServerNonce: c.nonces.server,
		RetryID: retryID, GB: gb.FillBytes(make([]byte, mtproto.AuthKeySize)),
	})
	if err != nil {
		return nil, err
	}
	c.key = sharedKey(c.ga, b, c.p)
	c.step = (*Client).receiveVerdict
	return &mt.SetClientDHParams{
		Nonce: c.nonces.nonce, ServerNonce: c.nonces.server, EncryptedData: encrypted,
	}, nil
}

// receiveVerdict is step 7 (R-AK-28, R-AK-29).
func (c *Client) receiveVerdict(_ time.Time, body []byte) (tl.Object, error) {
	which, err := c.verdict(body)
	switch {
	case err != nil:
		return nil, err
	case which == verdictFail:
		return nil, ErrFailed
	case which == verdictOK:
		c.finish()
		return nil, nil
	}
	if c.retries++; c.retries > maxRetries {
		return nil, mtproto.Violation("R-AK-29", "dh_gen_retry %d times", c.retries)
	}
	aux := c.key.AuxHash()
	return c.sendShare(int64(binary.LittleEndian.Uint64(aux[:])))
}

// The numbers that the hash of a verdict holds (R-AK-28).
const (
	verdictOK byte = iota + 1
	verdictRetry
	verdictFail
)

// verdict reads dh_gen_ok, dh_gen_retry or dh_gen_fail and checks that it is
// the server's (R-AK-28).
func (c *Client) verdict(body []byte) (which byte, err error) {
	var ok mt.DHGenOK
	switch id := tl.NewReader(body).PeekID(); id {
	case mt.IDDHGenRetry:
		var retry mt.DHGenRetry
		_, err = decode(body, &retry)
		which, ok = verdictRetry, mt.DHGenOK{Nonce: retry.Nonce, ServerNonce: retry.ServerNonce, NewNonceHash1: retry.NewNonceHash2}
	case mt.IDDHGenFail:
		var fail mt.DHGenFail
		_, err = decode(body, &fail)
		which, ok = verdictFail, mt.DHGenOK{Nonce: fail.Nonce, ServerNonce: fail.ServerNonce, NewNonceHash1: fail.NewNonceHash3}
	default:
		_, err = decode(body, &ok)
		which = verdictOK
	}
	if err != nil {
		return 0, err
	}
	if err := c.nonces.check("R-AK-28", ok.Nonce, ok.ServerNonce); err != nil {
		return 0, err
	}
	if ok.NewNonceHash1 != c.nonces.hash(which, &c.key) {
		return 0, mtproto.Violation("R-AK-28", "new_nonce_hash%d differs", which)
	}
	return which, nil
}

// finish fills the result.
func (c *Client) finish() {
	c.result.Key, c.result.DC = c.key, c.o.DC
	c.result.Salt = mtcrypto.InitialSalt(&c.nonces.new, &c.nonces.server)
	if c.o.ExpiresIn > 0 {
		c.result.Temporary = true
		c.result.ExpiresAt = c.result.ServerTime.Add(c.o.ExpiresIn.Truncate(time.Second))
	}
	c.done = true
	c.forget()
}

// forget drops the secrets that are of no more use (R-AK-36).
func (c *Client) forget() {
	c.nonces, c.key = nonces{}, mtproto.AuthKey{}
	c.p, c.ga = nil, nil
}

func readRandom(rand io.Reader, p []byte) error {
	if _, err := io.ReadFull(rand, p); err != nil {
		return errRandom(err)
	}
	return nil
}
