package mtcrypto

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"

	"godwit/internal/vectors"
)

// TestFactorVectors covers R-AK-13's numbers and step 3 of the exchange.
func TestFactorVectors(t *testing.T) {
	for i := range vectors.Len(t, "pq") {
		path := fmt.Sprintf("pq.%d.", i)
		p, q, err := Factor(uint64(vectors.Int(t, path+"pq")))
		if err != nil || int64(p) != vectors.Int(t, path+"p") || int64(q) != vectors.Int(t, path+"q") {
			t.Errorf("%s: %d, %d, %v", path, p, q, err)
		}
	}
}

func TestFactor(t *testing.T) {
	type product struct{ p, q uint64 }
	products := []product{
		{3, 5}, {3, 7}, {251, 257}, {257, 263}, {3, 2147483647}, {65521, 65537},
		{2147483629, 2147483647}, {3, 3074457345618258599}, {3037000493, 3037000499 - 20},
	}
	random := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		bits := 8 + random.IntN(24)
		products = append(products, product{randomOddPrime(random, bits), randomOddPrime(random, 31)})
	}
	for _, want := range products {
		if want.p == want.q || !isPrime(want.p) || !isPrime(want.q) {
			continue
		}
		p, q, err := Factor(want.p * want.q)
		if err != nil || p != min(want.p, want.q) || q != max(want.p, want.q) {
			t.Errorf("Factor(%d * %d) = %d, %d, %v", want.p, want.q, p, q, err)
		}
	}
}

func randomOddPrime(random *rand.Rand, bits int) uint64 {
	for {
		n := 1<<(bits-1) | random.Uint64N(1<<(bits-1)) | 1
		if isPrime(n) {
			return n
		}
	}
}

func TestFactorRefuses(t *testing.T) {
	for name, n := range map[string]uint64{
		"zero":                      0,
		"one":                       1,
		"two":                       2,
		"small prime":               3,
		"even":                      1 << 40,
		"twice a prime":             2 * 2147483647,
		"prime of 61 bits":          1<<61 - 1,
		"largest prime under 2^63":  9223372036854775783,
		"over 2^63":                 math.MaxInt64 + 2,
		"largest":                   math.MaxUint64,
		"square of a small prime":   9,
		"square of a large prime":   2147483647 * 2147483647,
		"three small primes":        3 * 5 * 7,
		"three large primes":        2097143 * 2097133 * 2097131,
		"cube of a prime":           2097143 * 2097143 * 2097143,
		"largest allowed (7^2 * …)": math.MaxInt64,
	} {
		t.Run(name, func(t *testing.T) {
			if p, q, err := Factor(n); !errors.Is(err, ErrNotSemiprime) {
				t.Errorf("Factor(%d) = %d, %d, %v", n, p, q, err)
			}
		})
	}
}

// FuzzFactor checks that Factor ends, and what it says, against trial division
// for small numbers and primality for the others.
func FuzzFactor(f *testing.F) {
	f.Add(uint64(1724114033281923457))
	f.Add(uint64(257 * 257))
	f.Fuzz(func(t *testing.T, n uint64) {
		p, q, err := Factor(n)
		if err != nil {
			if n < 1<<20 && isSemiprime(n) {
				t.Errorf("Factor(%d): %v", n, err)
			}
			return
		}
		if p >= q || p*q != n || !isPrime(p) || !isPrime(q) || p == 2 {
			t.Errorf("Factor(%d) = %d, %d", n, p, q)
		}
	})
}

func TestFactorSmall(t *testing.T) {
	for n := uint64(0); n < 1<<17; n++ {
		p, q, err := Factor(n)
		if (err == nil) != isSemiprime(n) || err == nil && (p >= q || p*q != n) {
			t.Fatalf("Factor(%d) = %d, %d, %v", n, p, q, err)
		}
	}
}

// isSemiprime finds by trial division whether n is the product of two
// different odd primes.
func isSemiprime(n uint64) bool {
	if n%2 == 0 {
		return false
	}
	for d := uint64(3); d*d <= n; d += 2 {
		if n%d == 0 {
			return d*d != n && isPrime(n/d)
		}
	}
	return false
}

func TestMontgomery(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	r := new(big.Int).Lsh(big.NewInt(1), 64)
	for range 1000 {
		n := random.Uint64N(1<<62)*2 + 1
		m := newMontgomery(n)
		a, b := random.Uint64N(n), random.Uint64N(n)
		// mul gives a*b/2^64 modulo n.
		got := new(big.Int).SetUint64(m.mul(a, b))
		got.Mul(got, r)
		want := new(big.Int).Mul(new(big.Int).SetUint64(a), new(big.Int).SetUint64(b))
		modulus := new(big.Int).SetUint64(n)
		if got.Mod(got, modulus).Cmp(want.Mod(want, modulus)) != 0 {
			t.Fatalf("%d * %d mod %d is wrong", a, b, n)
		}
	}
}

// BenchmarkFactor factors numbers as Telegram sends them: two primes of 31
// bits.
func BenchmarkFactor(b *testing.B) {
	random := rand.New(rand.NewPCG(5, 6))
	numbers := make([]uint64, 256)
	for i := range numbers {
		for p, q := uint64(0), uint64(0); p == q; {
			p, q = randomOddPrime(random, 31), randomOddPrime(random, 31)
			numbers[i] = p * q
		}
	}
	i := 0
	for b.Loop() {
		if _, _, err := Factor(numbers[i%len(numbers)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
