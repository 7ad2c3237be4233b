package mtcrypto

import (
	"bytes"
	"errors"
	"fmt"
	"math/big"
	"testing"

	"godwit/internal/vectors"
	"godwit/mtproto"
	"godwit/tl"
)

func violates(t *testing.T, err error, rule string) {
	t.Helper()
	var violation *mtproto.ViolationError
	if !errors.As(err, &violation) || violation.Rule != rule {
		t.Errorf("error %v, want a violation of %s", err, rule)
	}
}

// TestCheckDHPrime covers R-AK-30 and R-AK-31 for the prime in use.
func TestCheckDHPrime(t *testing.T) {
	p := number(t, "dh_checks.dh_prime")
	if DHPrime().Cmp(p) != 0 {
		t.Fatal("the built-in prime differs from the vector")
	}
	for g := 2; g <= 7; g++ {
		accept := vectors.Get(t, fmt.Sprintf("dh_checks.g_accept.%d", g)) == true
		if err := CheckDHPrime(p, g); (err == nil) != accept {
			t.Errorf("g = %d: %v", g, err)
		} else if err != nil {
			violates(t, err, "R-AK-31")
		}
	}
	for _, g := range []int{-1, 0, 1, 8, 1 << 30} {
		violates(t, CheckDHPrime(p, g), "R-AK-31")
	}
	DHPrime().SetInt64(1)
	if DHPrime().Cmp(p) != 0 {
		t.Error("the built-in prime can be changed")
	}
}

// TestGenerators holds R-AK-31 against its definition, on small safe primes: g
// is a square modulo p, so that it generates the subgroup of prime order.
func TestGenerators(t *testing.T) {
	checked := 0
	for n := int64(11); n < 5000; n += 2 {
		p := big.NewInt(n)
		if !p.ProbablyPrime(0) || !big.NewInt(n/2).ProbablyPrime(0) {
			continue
		}
		for g := 2; g <= 7; g++ {
			if got, want := generates(p, g), big.Jacobi(big.NewInt(int64(g)), p) == 1; got != want {
				t.Errorf("generates(%d, %d) = %v", n, g, got)
			}
			checked++
		}
	}
	if checked < 100 {
		t.Errorf("only %d pairs checked", checked)
	}
}

// TestCheckDHPrimeRefuses covers R-AK-30 for moduli that no honest server
// sends.
func TestCheckDHPrimeRefuses(t *testing.T) {
	p := DHPrime()
	longer := new(big.Int).Lsh(p, 1)
	composite := new(big.Int).Add(p, big.NewInt(12)) // keeps p%3 = 2, so g = 3 passes
	for name, bad := range map[string]*big.Int{
		"zero":      new(big.Int),
		"negative":  new(big.Int).Neg(p),
		"2047 bits": new(big.Int).Rsh(p, 1),
		"2049 bits": longer,
		"composite": composite,
	} {
		t.Run(name, func(t *testing.T) {
			violates(t, CheckDHPrime(bad, 3), "R-AK-30")
			violates(t, CheckDHPrime(bad, 3), "R-AK-30") // and from the cache
		})
	}
}

// TestSafePrimeCache checks another safe prime (the 2048-bit MODP group of RFC
// 3526) and that its verdict is kept, within bounds.
func TestSafePrimeCache(t *testing.T) {
	p := mustHex("ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74" +
		"020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437" +
		"4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed" +
		"ee386bfb5a899fa5ae9f24117c4b1fe649286651ece45b3dc2007cb8a163bf05" +
		"98da48361c55d39a69163fa8fd24cf5f83655d23dca3ad961c62f356208552bb" +
		"9ed529077096966d670c354e4abc9804f1746c08ca18217c32905e462e36ce3b" +
		"e39e772c180e86039b2783a2ec07a28fb5c55df06f4c52c9de2bcbf695581718" +
		"3995497cea956ae515d2261898fa051015728e5a8aacaa68ffffffffffffffff")
	if err := CheckDHPrime(p, 2); err != nil {
		t.Fatal(err)
	}
	key := [dhSize]byte(p.Bytes())
	verdicts.Lock()
	safe := verdicts.safe[key]
	verdicts.Unlock()
	if !safe {
		t.Error("verdict was not kept")
	}
	for i := range int64(3 * maxVerdicts) {
		even := new(big.Int).Lsh(big.NewInt(1), 2047)
		violates(t, CheckDHPrime(even.Add(even, big.NewInt(2*i)), 4), "R-AK-30")
	}
	verdicts.Lock()
	defer verdicts.Unlock()
	if len(verdicts.safe) > maxVerdicts {
		t.Errorf("%d verdicts kept", len(verdicts.safe))
	}
}

// TestCheckDHPublic covers R-AK-32 and R-AK-33.
func TestCheckDHPublic(t *testing.T) {
	p := DHPrime()
	n := func(shift uint, add int64) *big.Int {
		v := new(big.Int).Lsh(big.NewInt(1), shift)
		return v.Add(v, big.NewInt(add))
	}
	fromTop := func(v *big.Int) *big.Int { return v.Sub(p, v) }
	for _, test := range []struct {
		name, rule string
		value      *big.Int
	}{
		{"negative", "R-AK-32", big.NewInt(-5)},
		{"0", "R-AK-32", big.NewInt(0)},
		{"1", "R-AK-32", big.NewInt(1)},
		{"2", "R-AK-33", big.NewInt(2)},
		{"2^1984-1", "R-AK-33", n(1984, -1)},
		{"2^1984", "", n(1984, 0)},
		{"2^2047", "", n(2047, 0)},
		{"p-2^1984", "", fromTop(n(1984, 0))},
		{"p-2^1984+1", "R-AK-33", fromTop(n(1984, -1))},
		{"p-2", "R-AK-33", fromTop(big.NewInt(2))},
		{"p-1", "R-AK-32", fromTop(big.NewInt(1))},
		{"p", "R-AK-32", p},
		{"p+1", "R-AK-32", fromTop(big.NewInt(-1))},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := CheckDHPublic(p, test.value)
			if test.rule == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			violates(t, err, test.rule)
		})
	}
}

// TestTempKeyIV covers R-AK-20.
func TestTempKeyIV(t *testing.T) {
	for i := range vectors.Len(t, "tmp_key_iv") {
		path := fmt.Sprintf("tmp_key_iv.%d.", i)
		newNonce := tl.Int256(vectors.Hex(t, path+"new_nonce"))
		serverNonce := tl.Int128(vectors.Hex(t, path+"server_nonce"))
		key, iv := TempKeyIV(&newNonce, &serverNonce)
		same(t, "tmp_aes_key", key[:], vectors.Hex(t, path+"tmp_aes_key"))
		same(t, "tmp_aes_iv", iv[:], vectors.Hex(t, path+"tmp_aes_iv"))
	}
}

// TestTempKeyLeadingZeros covers R-IX-06: zeros at the front of a nonce count,
// so that moving them to the end gives another key.
func TestTempKeyLeadingZeros(t *testing.T) {
	newNonce := tl.Int256(bytes.Repeat([]byte{7}, 32))
	front := tl.Int128{2: 1, 15: 9}
	back := tl.Int128{0: 1, 13: 9}
	key1, iv1 := TempKeyIV(&newNonce, &front)
	key2, iv2 := TempKeyIV(&newNonce, &back)
	if key1 == key2 || iv1 == iv2 {
		t.Error("leading zeros of server_nonce do not count")
	}
	want := sum1(newNonce[:], front[:])
	same(t, "first part of the key", key1[:20], want[:])
}

// TestHandshakeHashes covers R-AK-27, R-AK-28 and R-AK-34 by the official
// sample.
func TestHandshakeHashes(t *testing.T) {
	const path = "auth_key_official_sample."
	newNonce := tl.Int256(vectors.Hex(t, path+"new_nonce"))
	serverNonce := tl.Int128(vectors.Hex(t, path+"server_nonce"))
	k := mtproto.NewAuthKey([mtproto.AuthKeySize]byte(vectors.Hex(t, path+"auth_key")))
	aux := k.AuxHash()
	same(t, "auth_key_aux_hash", aux[:], vectors.Hex(t, path+"auth_key_aux_hash"))
	for n, name := range []string{1: "new_nonce_hash1", 2: "new_nonce_hash2_derived", 3: "new_nonce_hash3_derived"} {
		if n > 0 {
			hash := NewNonceHash(&newNonce, byte(n), aux)
			same(t, name, hash[:], vectors.Hex(t, path+name))
		}
	}
	salt := uint64(InitialSalt(&newNonce, &serverNonce))
	var wire [8]byte
	for i := range wire {
		wire[i] = byte(salt >> (8 * i))
	}
	same(t, "initial salt", wire[:], vectors.Hex(t, path+"initial_server_salt"))
}

// BenchmarkExponentiation is half of what an auth key costs a client.
func BenchmarkExponentiation(b *testing.B) {
	p := DHPrime()
	x := new(big.Int).Rsh(p, 3)
	y := new(big.Int).Rsh(p, 2)
	for b.Loop() {
		new(big.Int).Exp(x, y, p)
	}
}
