package mtclient

import (
	"errors"
	"testing"
	"testing/synctest"

	"godwit/mtproto"
	"godwit/mtproto/authkey"
	"godwit/mtproto/transport"
)

// R-AK-39, R-AK-37, R-IX-10: each thing that a server can do wrong while a key
// is made, permanent or temporary, ends that attempt; what passes by itself is
// tried again. A server that never answers costs no more than ExchangeTimeout.
func TestKeyFaults(t *testing.T) {
	for _, test := range []struct {
		name  string
		fault authkey.Fault
		rule  string // of the violation that ends the attempt
		final bool
		conns int
	}{
		{"unknown fingerprints", authkey.FaultUnknownKeys, "", true, 1},
		{"wrong nonce", authkey.FaultNonce, "R-AK-11", false, 2},
		{"wrong SHA-1", authkey.FaultHash, "R-AK-22", false, 2},
		{"bad g", authkey.FaultGenerator, "R-AK-31", false, 2},
		{"bad prime", authkey.FaultPrime, "R-AK-30", false, 2},
		{"g_a out of range", authkey.FaultShare, "R-AK-32", false, 2},
		{"dh_gen_retry", authkey.FaultRetry, "", false, 1},
		{"dh_gen_fail", authkey.FaultFail, "", false, 2},
		{"long tails", authkey.FaultTail, "", false, 1},
		{"lost answer", authkey.FaultLostAnswer, "", false, 2},
		{"-404", authkey.FaultNotFound, "", false, 2},
		{"-444", authkey.FaultWrongDC, "", true, 1},
	} {
		for _, n := range []int{1, 2} { // of the exchange that fails: the permanent key's, the temporary one's
			t.Run(test.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := newTemporaryServer(t)
					exchanges := 0
					s.fault = func() authkey.Fault {
						if exchanges++; exchanges == n {
							return test.fault
						}
						return authkey.NoFault
					}
					h := run(t, s, Options{})
					if test.final {
						err := h.ends(s)
						var unknown *authkey.UnknownKeysError
						if !errors.As(err, &unknown) && !errors.Is(err, &transport.Error{Code: -444}) {
							t.Errorf("Run: %v", err)
						}
						return
					}
					h.ask(1)
					h.stop(s)
					list := h.errors()
					if len(list) != test.conns || s.conns != test.conns {
						t.Fatalf("%d connections, errors %v", s.conns, list)
					}
					var violation *mtproto.ViolationError
					if got := errors.As(list[0], &violation); got != (test.rule != "") || got && violation.Rule != test.rule {
						t.Errorf("ended with %v, want %s", list[0], test.rule)
					}
					if keys, permanent := s.temporaryKeys(); len(keys) != 1 || permanent != 1 {
						t.Errorf("%d temporary keys, %d permanent", len(keys), permanent)
					}
				})
			})
		}
	}
}
