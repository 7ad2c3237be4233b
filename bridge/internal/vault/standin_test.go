package vault

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
)

// A standIn is a service that holds one key, on this machine. It speaks the
// protocol of a real one, and refuses what does not.
type standIn struct {
	*httptest.Server
	kek     string   // the URL that names its key
	missing string   // the URL of one that it does not have
	secrets []string // that no error may show

	mu    sync.Mutex
	calls map[string]int
	// fail, if set, may answer a request in the service's place.
	fail func(w http.ResponseWriter, verb string) bool

	cipher cipher.AEAD
}

// answers counts a request, and reports whether it is to be served.
func (s *standIn) answers(w http.ResponseWriter, verb string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[verb]++
	return s.fail == nil || !s.fail(w, verb)
}

func (s *standIn) failWith(fail func(w http.ResponseWriter, verb string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

// answer has every request answered with a status and a body.
func (s *standIn) answer(status int, body string) {
	s.failWith(func(w http.ResponseWriter, _ string) bool {
		w.WriteHeader(status)
		w.Write([]byte(body))
		return true
	})
}

func (s *standIn) count(verb string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[verb]
}

func newStandIn(t testing.TB) *standIn {
	key := make([]byte, 32)
	rand.Read(key)
	block, err := aes.NewCipher(key)
	check(t, err)
	aead, err := cipher.NewGCMWithRandomNonce(block)
	check(t, err)
	return &standIn{calls: make(map[string]int), cipher: aead}
}

func (s *standIn) seal(plaintext, associated []byte) []byte {
	return s.cipher.Seal(nil, nil, plaintext, associated)
}

func (s *standIn) open(ciphertext, associated []byte) ([]byte, bool) {
	plaintext, err := s.cipher.Open(nil, nil, ciphertext, associated)
	return plaintext, err == nil
}
