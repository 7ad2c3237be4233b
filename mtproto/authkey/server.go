package authkey

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"time"

	"godwit/mtproto"
	"godwit/mtproto/internal/mt"
	"godwit/mtproto/mtcrypto"
	"godwit/tl"
)

// Codes of the transport errors that a server answers with (R-TR-30).
const (
	codeNotFound  int32 = -404
	codeInvalidDC int32 = -444
)

const (
	answerLifetime = 10 * time.Minute // of an exchange, from req_pq on (R-AK-09)
	maxTail        = 32               // words after an answer, exclusive (R-AK-08)
)

// ServerOptions say how a server makes keys.
type ServerOptions struct {
	Key  *mtcrypto.PrivateKey // of the DC
	DC   int                  // the id that clients must name; see AcceptDC
	Rand io.Reader            // crypto/rand.Reader outside of tests

	// KeyExists, if not nil, reports whether another client has a key of that
	// id: the client is then told to try again (R-AK-29).
	KeyExists func(mtproto.KeyID) bool
	// AcceptDC, if not nil, decides in the place of DC about the id that a
	// client names, which may be DC+10000 or negative (R-AK-15).
	AcceptDC func(dc int) bool
	// Fault, if not nil, says for each exchange what is to be done wrong in it.
	Fault func() Fault
}

var errFault = errors.New("authkey: a fault on purpose")

// A Reject says that a client's packet is to be answered with a transport
// error. The exchange that it belonged to is forgotten (R-TR-33).
type Reject struct {
	Code int32 // -404, or -444 for a wrong DC
	Err  error // the reason, for the server's log only
}

func (e *Reject) Error() string { return fmt.Sprintf("authkey: rejected with %d: %v", e.Code, e.Err) }

// Unwrap returns Err.
func (e *Reject) Unwrap() error { return e.Err }

// A Server is the server's side of the exchanges on one connection, one after
// the other. It is not safe for concurrent use.
type Server struct {
	o   ServerOptions
	ids idSource
	run *run
}

// NewServer returns a server that has not received anything.
func NewServer(o ServerOptions) *Server { return &Server{o: o} }

// Receive takes a client's unencrypted packet and returns the answer, which only
// FaultLostAnswer leaves out. The error is
// a *Reject, or a failure of ServerOptions.Rand.
//
// The id of the packet is not checked, and what follows its object is ignored:
// there are clients that send 0 for the one and random bytes for the other. A
// query that repeats the last one is answered as before (R-AK-09); req_pq
// begins a new exchange at any time (R-AK-10).
func (s *Server) Receive(now time.Time, packet []byte) (out []byte, err error) {
	answer, err := s.receive(now, packet)
	if err != nil {
		s.run = nil
		return nil, err
	}
	if s.run.fault == FaultLostAnswer && s.run.state == awaitShare && !s.run.lost {
		s.run.lost = true
		return nil, nil
	}
	tail, err := s.tail()
	if err != nil {
		return nil, err
	}
	return AppendPlain(nil, s.ids.next(now, 1), append(answer[:len(answer):len(answer)], tail...)), nil
}

// Done returns what the last exchange has made, and whether it is complete.
func (s *Server) Done() (Result, bool) {
	if s.run == nil {
		return Result{}, false
	}
	return s.run.result, s.run.done
}

func (s *Server) receive(now time.Time, packet []byte) (answer []byte, err error) {
	_, body, err := ParsePlain(packet)
	if err != nil {
		return nil, reject(err)
	}
	if s.run != nil && now.Sub(s.run.startedAt) > answerLifetime {
		s.run = nil
	}
	r := s.run
	if r != nil && bytes.HasPrefix(body, r.query) {
		return r.answer, nil
	}
	var query []byte
	switch id := tl.NewReader(body).PeekID(); id {
	case mt.IDReqPQ, mt.IDReqPQMulti:
		r = &run{o: &s.o, startedAt: now}
		if s.o.Fault != nil {
			r.fault = s.o.Fault()
		}
		query, answer, err = r.start(body)
	case mt.IDReqDHParams:
		query, answer, err = r.sendParams(now, body)
	case mt.IDSetClientDHParams:
		query, answer, err = r.takeShare(body)
	default:
		return nil, reject(mtproto.Violation("R-AK-02", "unencrypted query %08x", id))
	}
	if err != nil {
		return nil, err
	}
	r.query, r.answer = bytes.Clone(query), answer
	s.run = r
	return answer, nil
}

// tail returns the random bytes that follow an answer (R-AK-08).
func (s *Server) tail() ([]byte, error) {
	var n [1]byte
	if err := readRandom(s.o.Rand, n[:]); err != nil {
		return nil, err
	}
	words := int(n[0] % maxTail)
	if s.run.fault == FaultTail {
		words = maxTail - 1
	}
	tail := make([]byte, 4*words)
	return tail, readRandom(s.o.Rand, tail)
}

func reject(err error) error { return &Reject{Code: codeNotFound, Err: err} }
