package mtcrypto

import (
	"math/big"
	"sync"

	"godwit/mtproto"
)

// DHGenerator is the generator g that belongs to DHPrime.
const DHGenerator = 3

const (
	dhBits       = 2048
	dhSize       = dhBits / 8
	dhMarginBits = 1984 // public values keep 2^1984 away from both ends (R-AK-33)
	primeRounds  = 20   // Miller-Rabin rounds, beside a Lucas test (R-AK-30)
	maxVerdicts  = 16
)

const dhPrimeHex = "c71caeb9c6b1c9048e6c522f70f13f73980d40238e3e21c14934d037563d930f" +
	"48198a0aa7c14058229493d22530f4dbfa336f6e0ac925139543aed44cce7c37" +
	"20fd51f69458705ac68cd4fe6b6b13abdc9746512969328454f18faf8c595f64" +
	"2477fe96bb2a941d5bcd1d4ac8cc49880708fa9b378e3c4f3a9060bee67cf9a4" +
	"a4a695811051907e162753b56b0f6b410dba74d8a84b2a14b3144e0ef1284754" +
	"fd17ed950d5965b4b9dd46582db1178d169c6bc465b0d6ff9ca3928fef5b9ae4" +
	"e418fc15e83ebea0f87fa9ff5eed70050ded2849f47bf959d956850ce929851f" +
	"0d8115f635b105ee2e4e15d04b2454bf6f4fadf034b10403119cd8e3b92fcc5b"

var dhPrime = sync.OnceValue(func() *big.Int { return mustHex(dhPrimeHex) })

func mustHex(s string) *big.Int {
	n, ok := new(big.Int).SetString(s, 16)
	if !ok {
		panic("mtcrypto: built-in number is not hex")
	}
	return n
}

// DHPrime returns the safe prime of 2048 bits that Telegram uses at present
// (R-AK-30). The caller may change it.
func DHPrime() *big.Int { return new(big.Int).Set(dhPrime()) }

// verdicts remembers which moduli are safe primes: to find out takes some
// 200 ms.
var verdicts struct {
	sync.Mutex
	safe map[[dhSize]byte]bool
}

// CheckDHPrime returns a *mtproto.ViolationError unless p is a safe prime of
// 2048 bits (R-AK-30) and g generates its subgroup of prime order (R-AK-31).
// It is quick for the prime in use at present and for any that was checked
// before.
func CheckDHPrime(p *big.Int, g int) error {
	if p.Sign() <= 0 || p.BitLen() != dhBits {
		return mtproto.Violation("R-AK-30", "dh_prime of %d bits", p.BitLen())
	}
	if !generates(p, g) {
		return mtproto.Violation("R-AK-31", "g = %d does not suit dh_prime", g)
	}
	if p.Cmp(dhPrime()) != 0 && !safePrime(p) {
		return mtproto.Violation("R-AK-30", "dh_prime is not a safe prime")
	}
	return nil
}

// generates holds the table of R-AK-31.
func generates(p *big.Int, g int) bool {
	mod := func(n int64) int64 { return new(big.Int).Mod(p, big.NewInt(n)).Int64() }
	switch g {
	case 2:
		return mod(8) == 7
	case 3:
		return mod(3) == 2
	case 4:
		return true
	case 5:
		r := mod(5)
		return r == 1 || r == 4
	case 6:
		r := mod(24)
		return r == 19 || r == 23
	case 7:
		r := mod(7)
		return r == 3 || r == 5 || r == 6
	}
	return false
}

func safePrime(p *big.Int) bool {
	key := [dhSize]byte(p.FillBytes(make([]byte, dhSize)))
	verdicts.Lock()
	safe, known := verdicts.safe[key]
	verdicts.Unlock()
	if known {
		return safe
	}
	half := new(big.Int).Rsh(p, 1)
	// One round each sorts out most that are not primes.
	safe = p.ProbablyPrime(1) && half.ProbablyPrime(1) &&
		p.ProbablyPrime(primeRounds) && half.ProbablyPrime(primeRounds)

	verdicts.Lock()
	defer verdicts.Unlock()
	if verdicts.safe == nil || len(verdicts.safe) >= maxVerdicts {
		verdicts.safe = make(map[[dhSize]byte]bool)
	}
	verdicts.safe[key] = safe
	return safe
}

// CheckDHPublic returns a *mtproto.ViolationError unless the public value ga
// is above 1 and below p-1 (R-AK-32), and no less than 2^1984 away from 0 and
// from p (R-AK-33).
func CheckDHPublic(p, ga *big.Int) error {
	one := big.NewInt(1)
	if ga.Cmp(one) <= 0 || ga.Cmp(new(big.Int).Sub(p, one)) >= 0 {
		return mtproto.Violation("R-AK-32", "public value is not between 1 and p-1")
	}
	margin := new(big.Int).Lsh(one, dhMarginBits)
	if ga.Cmp(margin) < 0 || ga.Cmp(new(big.Int).Sub(p, margin)) > 0 {
		return mtproto.Violation("R-AK-33", "public value is too near to 0 or p")
	}
	return nil
}
