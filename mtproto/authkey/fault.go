package authkey

import (
	"math/big"

	"godwit/mtproto/internal/mt"
)

// A Fault is something that a server does wrong in an exchange on purpose, so
// that clients can be tried out (R-AK-39).
type Fault uint8

// The faults.
const (
	NoFault          Fault = iota
	FaultUnknownKeys       // resPQ offers a fingerprint that nobody knows
	FaultNonce             // resPQ repeats another nonce than the client's
	FaultHash              // the answer of step 5 has a wrong SHA-1
	FaultGenerator         // g is 5, for which the prime is not made
	FaultPrime             // dh_prime is no safe prime
	FaultShare             // g_a is out of range
	FaultRetry             // dh_gen_retry, once
	FaultFail              // dh_gen_fail
	FaultTail              // the longest tail behind each answer (R-AK-08), which is no mistake
	FaultLostAnswer        // the first answer of step 5 is not sent, but repeated if the client asks again
	FaultNotFound          // -404 for req_DH_params
	FaultWrongDC           // -444 for req_DH_params
)

// spoilPQ does what a fault asks of step 2.
func (f Fault) spoilPQ(res *mt.ResPQ) {
	switch f {
	case FaultUnknownKeys:
		res.ServerPublicKeyFingerprints = []int64{^res.ServerPublicKeyFingerprints[0]}
	case FaultNonce:
		res.Nonce[0] ^= 1
	}
}

// spoilParams does what a fault asks of step 5 before it is encrypted.
func (f Fault) spoilParams(inner *mt.ServerDHInnerData) {
	switch f {
	case FaultGenerator:
		inner.G = 5
	case FaultPrime:
		p := new(big.Int).SetBytes(inner.DHPrime)
		inner.DHPrime = p.Sub(p, big.NewInt(12)).Bytes() // for which g is good still
	case FaultShare:
		inner.GA = append(make([]byte, len(inner.GA)-1), 1)
	}
}

// refusal returns the Reject with which a fault answers req_DH_params, nil for
// none.
func (f Fault) refusal() error {
	switch f {
	case FaultNotFound:
		return &Reject{Code: codeNotFound, Err: errFault}
	case FaultWrongDC:
		return &Reject{Code: codeInvalidDC, Err: errFault}
	}
	return nil
}
