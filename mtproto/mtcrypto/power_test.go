package mtcrypto

import (
	"math/big"
	mathrand "math/rand/v2"
	"testing"
)

// Powers are those of math/big, for all generators and primes, and by the table as
// well as without.
func TestGeneratorPower(t *testing.T) {
	random := mathrand.New(mathrand.NewPCG(1, 2))
	most := new(big.Int).Lsh(big.NewInt(1), dhBits)
	exponents := []*big.Int{
		new(big.Int), big.NewInt(1), big.NewInt(2), new(big.Int).Sub(most, big.NewInt(1)), new(big.Int).Lsh(big.NewInt(1), dhBits-1),
	}
	for range 5 {
		raw := make([]byte, dhSize)
		for i := range raw {
			raw[i] = byte(random.Uint32())
		}
		exponents = append(exponents, new(big.Int).SetBytes(raw))
	}
	other := new(big.Int).Sub(most, big.NewInt(5)) // p+g is longer than p
	for _, e := range exponents {
		for g := 2; g <= 7; g++ {
			for _, p := range []*big.Int{DHPrime(), other} {
				want := new(big.Int).Exp(big.NewInt(int64(g)), e, p)
				if got := GeneratorPower(g, p, e); got.Cmp(want) != 0 {
					t.Errorf("%d to the power of %x: %x, want %x", g, e, got, want)
				}
			}
		}
		want := new(big.Int).Exp(big.NewInt(DHGenerator), e, dhPrime())
		if got := dhComb().power(e); got.Cmp(want) != 0 {
			t.Errorf("by the table, to the power of %x: %x, want %x", e, got, want)
		}
	}
}

// The table serves whoever makes many keys at once.
func TestGeneratorPowerAtOnce(t *testing.T) {
	e := new(big.Int).Rsh(DHPrime(), 3)
	want := new(big.Int).Exp(big.NewInt(DHGenerator), e, DHPrime())
	done := make(chan *big.Int)
	for range 4 {
		go func() {
			var last *big.Int
			for range combFrom {
				last = GeneratorPower(DHGenerator, DHPrime(), e)
			}
			done <- last
		}()
	}
	for range 4 {
		if got := <-done; got.Cmp(want) != 0 {
			t.Errorf("%x, want %x", got, want)
		}
	}
}

// BenchmarkGeneratorPower is the other half of what an auth key costs a client.
func BenchmarkGeneratorPower(b *testing.B) {
	e := new(big.Int).Rsh(DHPrime(), 3)
	dhComb()
	for b.Loop() {
		dhComb().power(e)
	}
}
