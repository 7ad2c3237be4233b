package authkey

import (
	"crypto/sha1"
	"encoding/binary"
	"io"
	"math/big"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/tl"
)

// A run is one exchange.
type run struct {
	o         *ServerOptions
	startedAt time.Time
	fault     Fault
	lost      bool // FaultLostAnswer has had its effect
	state     state
	nonces    nonces
	pq, p, q  []byte

	query, answer []byte // the last ones, without tails

	secret  *big.Int // a
	retryID int64    // that the client's next share must carry (R-AK-25)
	retries int
	done    bool
	result  Result
}

type state uint8

const (
	awaitParams state = iota + 1 // req_DH_params
	awaitShare                   // set_client_DH_params
	over                         // nothing but a new req_pq
)

// start is step 2: it answers req_pq or req_pq_multi with resPQ.
func (r *run) start(body []byte) (query, answer []byte, err error) {
	var req mt.ReqPQMulti
	if tl.NewReader(body).PeekID() == mt.IDReqPQ {
		var legacy mt.ReqPQ
		query, err = decode(body, &legacy)
		req.Nonce = legacy.Nonce
	} else {
		query, err = decode(body, &req)
	}
	if err != nil {
		return nil, nil, reject(err)
	}
	r.nonces.nonce = req.Nonce
	// There are clients that drop leading zeros of it, so it has none.
	for r.nonces.server[0] == 0 {
		if err := readRandom(r.o.Rand, r.nonces.server[:]); err != nil {
			return nil, nil, err
		}
	}
	if err := r.drawPQ(); err != nil {
		return nil, nil, err
	}
	r.state = awaitParams
	res := &mt.ResPQ{
		Nonce: r.nonces.nonce, ServerNonce: r.nonces.server, PQ: r.pq,
		ServerPublicKeyFingerprints: []int64{r.o.Key.Public().Fingerprint()},
	}
	r.fault.spoilPQ(res)
	answer, err = tl.Marshal(res)
	return query, answer, err
}

// drawPQ chooses two primes of 31 bits, so that pq is below 2^63.
func (r *run) drawPQ() error {
	p, err := drawPrime(r.o.Rand)
	q := p
	for err == nil && q == p {
		q, err = drawPrime(r.o.Rand)
	}
	if err != nil {
		return err
	}
	r.p, r.q, r.pq = minimal(min(p, q)), minimal(max(p, q)), minimal(p*q)
	return nil
}

func drawPrime(rand io.Reader) (uint64, error) {
	var raw [4]byte
	for {
		if err := readRandom(rand, raw[:]); err != nil {
			return 0, err
		}
		n := uint64(binary.LittleEndian.Uint32(raw[:])>>1 | 1<<30 | 1)
		if new(big.Int).SetUint64(n).ProbablyPrime(0) {
			return n, nil
		}
	}
}

// sendParams is step 5: it answers req_DH_params.
func (r *run) sendParams(now time.Time, body []byte) (query, answer []byte, err error) {
	var req mt.ReqDHParams
	if query, err = decode(body, &req); err != nil {
		return nil, nil, reject(err)
	}
	if err := r.expect(awaitParams, req.Nonce, req.ServerNonce); err != nil {
		return nil, nil, err
	}
	if err := r.checkParams(now, &req); err != nil {
		return nil, nil, err
	}
	if err := r.fault.refusal(); err != nil {
		return nil, nil, err
	}
	prime := mtcrypto.DHPrime()
	a, ga, err := drawShare(r.o.Rand, mtcrypto.DHGenerator, prime)
	if err != nil {
		return nil, nil, err
	}
	inner := &mt.ServerDHInnerData{
		Nonce: r.nonces.nonce, ServerNonce: r.nonces.server,
		G: mtcrypto.DHGenerator, DHPrime: prime.Bytes(),
		GA:         ga.FillBytes(make([]byte, mtproto.AuthKeySize)),
		ServerTime: int32(now.Unix()),
	}
	r.fault.spoilParams(inner)
	encrypted, err := r.nonces.sealFor(r.fault, r.o.Rand, inner)
	if err != nil {
		return nil, nil, err
	}
	r.secret, r.state = a, awaitShare
	answer, err = tl.Marshal(&mt.ServerDHParamsOK{
		Nonce: r.nonces.nonce, ServerNonce: r.nonces.server, EncryptedAnswer: encrypted,
	})
	return query, answer, err
}

// expect rejects a query that has not its turn or is of another exchange
// (R-AK-09, R-AK-19).
func (r *run) expect(want state, nonce, serverNonce tl.Int128) error {
	if r == nil || r.state != want {
		return reject(mtproto.Violation("R-AK-09", "query out of turn"))
	}
	if err := r.nonces.check("R-AK-19", nonce, serverNonce); err != nil {
		return reject(err)
	}
	return nil
}

// checkParams makes the checks of step 4 and takes over what the inner data
// ask for (R-AK-19).
func (r *run) checkParams(now time.Time, req *mt.ReqDHParams) error {
	// Primes with leading zeros differ from ours, and so are refused (R-AK-13).
	if string(req.P) != string(r.p) || string(req.Q) != string(r.q) {
		return reject(mtproto.Violation("R-AK-19", "p or q is wrong"))
	}
	if req.PublicKeyFingerprint != r.o.Key.Public().Fingerprint() {
		return reject(mtproto.Violation("R-AK-19", "fingerprint %016x was not offered", uint64(req.PublicKeyFingerprint)))
	}
	inner, err := openInner(r.o.Key, req.EncryptedData)
	if err != nil {
		return reject(err)
	}
	if err := r.nonces.check("R-AK-19", inner.Nonce, inner.ServerNonce); err != nil {
		return reject(err)
	}
	if string(inner.PQ) != string(r.pq) || string(inner.P) != string(r.p) || string(inner.Q) != string(r.q) {
		return reject(mtproto.Violation("R-AK-19", "pq, p or q of the inner data is wrong"))
	}
	if inner.namesDC && !r.o.accepts(int(inner.DC)) {
		return &Reject{Code: codeInvalidDC, Err: mtproto.Violation("R-AK-15", "dc %d", inner.DC)}
	}
	r.nonces.new, r.result.DC = inner.NewNonce, int(inner.DC)
	if inner.temporary {
		if inner.ExpiresIn <= 0 {
			return reject(mtproto.Violation("R-AK-14", "expires_in = %d", inner.ExpiresIn))
		}
		r.result.Temporary = true
		r.result.ExpiresAt = now.Add(time.Duration(inner.ExpiresIn) * time.Second)
	}
	return nil
}

func (o *ServerOptions) accepts(dc int) bool {
	if o.AcceptDC != nil {
		return o.AcceptDC(dc)
	}
	return dc == o.DC
}

// inner is any form of p_q_inner_data.
type inner struct {
	mt.PQInnerDataTempDC
	namesDC, temporary bool
}

// TL reads any form of p_q_inner_data (R-AK-14).
func (d *inner) TL(c *tl.Codec) {
	r := c.Reader()
	switch r.PeekID() {
	case mt.IDPQInnerDataTempDC:
		r.Object(&d.PQInnerDataTempDC)
		d.namesDC, d.temporary = true, true
	case mt.IDPQInnerDataDC:
		var v mt.PQInnerDataDC
		r.Object(&v)
		d.set(v.PQ, v.P, v.Q, v.Nonce, v.ServerNonce, v.NewNonce)
		d.DC, d.namesDC = v.DC, true
	case mt.IDPQInnerDataTemp:
		var v mt.PQInnerDataTemp
		r.Object(&v)
		d.set(v.PQ, v.P, v.Q, v.Nonce, v.ServerNonce, v.NewNonce)
		d.ExpiresIn, d.temporary = v.ExpiresIn, true
	default:
		var v mt.PQInnerData
		r.Object(&v)
		d.set(v.PQ, v.P, v.Q, v.Nonce, v.ServerNonce, v.NewNonce)
	}
}

func (d *inner) set(pq, p, q []byte, nonce, serverNonce tl.Int128, newNonce tl.Int256) {
	d.PQ, d.P, d.Q = pq, p, q
	d.Nonce, d.ServerNonce, d.NewNonce = nonce, serverNonce, newNonce
}

// openInner decrypts the inner data, which may be padded as RSA_PAD says
// (R-AK-17) or in the older way (R-AK-18).
func openInner(key *mtcrypto.PrivateKey, encrypted []byte) (*inner, error) {
	var d inner
	data, err := mtcrypto.DecryptPadded(key, encrypted)
	if err == nil {
		_, err = decode(data, &d)
		return &d, err
	}
	sum, data, err := mtcrypto.DecryptLegacy(key, encrypted)
	if err != nil {
		return nil, mtproto.Violation("R-AK-17", "%v", err)
	}
	object, err := decode(data, &d)
	if err != nil || sha1.Sum(object) != sum {
		return nil, mtproto.Violation("R-AK-17", "inner data are padded in no known way")
	}
	return &d, nil
}

// takeShare is step 7: it answers set_client_DH_params.
func (r *run) takeShare(body []byte) (query, answer []byte, err error) {
	var req mt.SetClientDHParams
	if query, err = decode(body, &req); err != nil {
		return nil, nil, reject(err)
	}
	if err := r.expect(awaitShare, req.Nonce, req.ServerNonce); err != nil {
		return nil, nil, err
	}
	gb, err := r.openShare(req.EncryptedData)
	if err != nil {
		return nil, nil, reject(err)
	}
	key := sharedKey(gb, r.secret, mtcrypto.DHPrime())
	answer, err = tl.Marshal(r.verdict(&key))
	return query, answer, err
}

// openShare decrypts and checks step 6 (R-AK-24, R-AK-25, R-AK-32, R-AK-33).
// g_b may be shorter than 256 bytes (R-IX-07).
func (r *run) openShare(encrypted []byte) (*big.Int, error) {
	var inner mt.ClientDHInnerData
	if err := r.nonces.open("R-AK-24", encrypted, &inner); err != nil {
		return nil, err
	}
	if err := r.nonces.check("R-AK-24", inner.Nonce, inner.ServerNonce); err != nil {
		return nil, err
	}
	if inner.RetryID != r.retryID {
		return nil, mtproto.Violation("R-AK-25", "retry_id = %d", inner.RetryID)
	}
	gb := new(big.Int).SetBytes(inner.GB)
	return gb, mtcrypto.CheckDHPublic(mtcrypto.DHPrime(), gb)
}

// verdict is dh_gen_ok, or dh_gen_retry where the id of the key is taken, or
// in the end dh_gen_fail (R-AK-28, R-AK-29).
func (r *run) verdict(key *mtproto.AuthKey) tl.Object {
	n := &r.nonces
	if r.fault == FaultFail {
		r.state = over
		return &mt.DHGenFail{Nonce: n.nonce, ServerNonce: n.server, NewNonceHash3: n.hash(verdictFail, key)}
	}
	if key.ID() == 0 || r.fault == FaultRetry && r.retries == 0 || r.o.KeyExists != nil && r.o.KeyExists(key.ID()) {
		if r.retries++; r.retries > maxRetries {
			r.state = over
			return &mt.DHGenFail{Nonce: n.nonce, ServerNonce: n.server, NewNonceHash3: n.hash(verdictFail, key)}
		}
		aux := key.AuxHash()
		r.retryID = int64(binary.LittleEndian.Uint64(aux[:]))
		return &mt.DHGenRetry{Nonce: n.nonce, ServerNonce: n.server, NewNonceHash2: n.hash(verdictRetry, key)}
	}
	r.done, r.state = true, over
	r.result.Key, r.result.Salt = *key, mtcrypto.InitialSalt(&n.new, &n.server)
	ok := &mt.DHGenOK{Nonce: n.nonce, ServerNonce: n.server, NewNonceHash1: n.hash(verdictOK, key)}
	// Both sides forget (R-AK-36); the stored answer is enough to repeat it.
	r.nonces, r.secret = nonces{}, nil
	return ok
}
