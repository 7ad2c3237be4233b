package mtcrypto

import (
	"errors"
	"math"
	"math/big"
	"math/bits"
)

// ErrNotSemiprime says that a number is not the product of two different odd
// primes, or is over 2^63-1.
var ErrNotSemiprime = errors.New("mtcrypto: not the product of two different odd primes")

const (
	trialLimit = 256     // odd divisors below are tried one by one
	batch      = 128     // differences that are multiplied before one gcd
	maxSteps   = 1 << 20 // of one sequence; some 2^16 find a 32-bit factor
	maxTries   = 32      // sequences
)

// Factor returns the primes p < q whose product pq is (step 3 of the key
// exchange, R-AK-13). The work is bounded whatever pq is, and the same for the
// same pq. The error is ErrNotSemiprime.
func Factor(pq uint64) (p, q uint64, err error) {
	if pq > math.MaxInt64 || pq < 15 || pq%2 == 0 || isPrime(pq) {
		return 0, 0, ErrNotSemiprime
	}
	p = smallDivisor(pq)
	if p == 0 {
		p = rho(pq)
	}
	if p == 0 {
		return 0, 0, ErrNotSemiprime
	}
	p, q = min(p, pq/p), max(p, pq/p)
	if p == q || !isPrime(p) || !isPrime(q) {
		return 0, 0, ErrNotSemiprime
	}
	return p, q, nil
}

// isPrime is exact: math/big promises it for numbers below 2^64.
func isPrime(n uint64) bool { return new(big.Int).SetUint64(n).ProbablyPrime(0) }

// smallDivisor returns an odd divisor of n above 1 that is below trialLimit,
// 0 if there is none.
func smallDivisor(n uint64) uint64 {
	for d := uint64(3); d < trialLimit && d < n; d += 2 {
		if n%d == 0 {
			return d
		}
	}
	return 0
}

// rho returns a proper divisor of the odd composite n, or 0 if it finds none,
// as it may for the square of a prime.
func rho(n uint64) uint64 {
	m := newMontgomery(n)
	for c := uint64(1); c <= maxTries; c++ {
		if d := m.brent(c); d != 0 {
			return d
		}
	}
	return 0
}

// brent looks for a divisor among the differences of the sequence x = x*x + c
// modulo n, by Brent's variant of Pollard's rho. It returns 0 if all factors
// of n show at once, or after maxSteps.
func (m *montgomery) brent(c uint64) uint64 {
	y := uint64(2)
	for r, steps := 1, 0; steps < maxSteps; r *= 2 {
		x := y
		for range r {
			y = m.next(y, c)
		}
		for k := 0; k < r; k += batch {
			// Batches are multiplied up; the start is kept, to go through the batch
			// again one by one if its product turns out to be 0.
			start, product := y, m.one
			for range min(batch, r-k) {
				y = m.next(y, c)
				product = m.mul(product, difference(x, y))
			}
			switch d := gcd(product, m.n); d {
			case 1:
			case m.n:
				return m.single(x, start, c, min(batch, r-k))
			default:
				return d
			}
		}
		steps += 2 * r
	}
	return 0
}

// single goes through one batch of brent's with a gcd at each step.
func (m *montgomery) single(x, y, c uint64, steps int) uint64 {
	for range steps {
		y = m.next(y, c)
		if d := gcd(difference(x, y), m.n); d != 1 {
			if d == m.n {
				return 0
			}
			return d
		}
	}
	return 0
}

// montgomery multiplies modulo an odd n below 2^63, on numbers that are scaled
// by 2^64. Scaling does not matter to a divisor, so nothing is ever converted.
type montgomery struct {
	n, inverse uint64 // inverse*n = 1 modulo 2^64
	one        uint64 // 2^64 modulo n
}

func newMontgomery(n uint64) *montgomery {
	inverse := n // right in the low three bits; each round doubles them
	for range 5 {
		inverse *= 2 - n*inverse
	}
	_, one := bits.Div64(1, 0, n)
	return &montgomery{n: n, inverse: inverse, one: one}
}

func (m *montgomery) mul(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	reduction, _ := bits.Mul64(lo*m.inverse, m.n)
	product, borrow := bits.Sub64(hi, reduction, 0)
	return product + m.n&-borrow
}

func (m *montgomery) next(x, c uint64) uint64 {
	x = m.mul(x, x) + c // no overflow: n is below 2^63 and c is small
	if x >= m.n {
		x -= m.n
	}
	return x
}

func difference(a, b uint64) uint64 { return max(a, b) - min(a, b) }

// gcd is the greatest common divisor of a and the odd b; b for a = 0.
func gcd(a, b uint64) uint64 {
	for a != 0 {
		a >>= bits.TrailingZeros64(a)
		a, b = difference(a, b), min(a, b)
	}
	return b
}
