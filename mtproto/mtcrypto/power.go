package mtcrypto

import (
	"math/big"
	"sync"
	"sync/atomic"
)

// GeneratorPower returns g to the power of e modulo p, for a generator of a key
// exchange or of SRP: the public value of the secret e, which has at most 2048
// bits. It does not take the same time for all e; nor does math/big.
func GeneratorPower(g int, p, e *big.Int) *big.Int {
	if g == DHGenerator && p.Cmp(dhPrime()) == 0 && uses.Add(1) > combFrom {
		return dhComb().power(e)
	}
	// math/big is three times as slow for a base of one word.
	base := big.NewInt(int64(g))
	return base.Exp(base.Add(base, p), e, p)
}

// The table of a comb takes as long to make as a few powers, and half a megabyte:
// programs that make a few keys do without.
const combFrom = 16

var (
	uses   atomic.Int64 // of GeneratorPower
	dhComb = sync.OnceValue(func() *comb { return newComb(big.NewInt(DHGenerator), dhPrime()) })
)

// The exponent of a comb is cut into as many rows as there are teeth, and each of
// these into blocks. A column of bits, one of each row, is one entry of a table.
const (
	combTeeth  = 8
	combRow    = dhBits / combTeeth
	combBlocks = 8
	combBlock  = combRow / combBlocks
)

// A comb raises one base to powers (Lim and Lee, More Flexible Exponentiation with
// Precomputation, 1994): with 31 squarings and 256 multiplications, in the place of
// 2048 and some 500.
type comb struct {
	p *big.Int
	// table[j][i] is the product of the base to the powers of 2^(row*combRow +
	// j*combBlock), of all rows whose bits are set in i.
	table [combBlocks][1 << combTeeth]*big.Int
}

func newComb(base, p *big.Int) *comb {
	c := &comb{p: p}
	// The base to the powers of 2^(row*combRow), and then of each block.
	rows := make([]*big.Int, combTeeth)
	power := new(big.Int).Set(base)
	for row := range rows {
		rows[row] = new(big.Int).Set(power)
		c.square(power, combRow)
	}
	for j := range c.table {
		c.table[j][0] = big.NewInt(1)
		for row, power := range rows {
			for i := range 1 << row {
				product := new(big.Int).Mul(c.table[j][i], power)
				c.table[j][i|1<<row] = product.Mod(product, p)
			}
			c.square(power, combBlock)
		}
	}
	return c
}

// square squares x n times.
func (c *comb) square(x *big.Int, n int) {
	for range n {
		x.Mod(x.Mul(x, x), c.p)
	}
}

// power returns the base to the power of e, which has at most dhBits bits.
func (c *comb) power(e *big.Int) *big.Int {
	result, product, quotient := big.NewInt(1), new(big.Int), new(big.Int)
	times := func(x *big.Int) {
		product.Mul(result, x)
		quotient.QuoRem(product, c.p, result)
	}
	for k := combBlock - 1; k >= 0; k-- {
		times(result)
		for j := range c.table {
			var i uint
			for row := range combTeeth {
				i |= e.Bit(row*combRow+j*combBlock+k) << row
			}
			if i != 0 {
				times(c.table[j][i])
			}
		}
	}
	return result
}
