package transport

import (
	"bytes"
	"crypto/cipher"
	"fmt"
	"testing"
)

// keystream returns the next bytes of a cipher.
func keystream(s cipher.Stream) []byte {
	p := make([]byte, 32)
	s.XORKeyStream(p, p)
	return p
}

// sink discards what is written and reads from a loop of the same bytes.
type sink struct {
	*wire
	loop []byte
	at   int
}

func (s *sink) Write(p []byte) (int, error) { return len(p), nil }

func (s *sink) Read(p []byte) (int, error) {
	if s.at == len(s.loop) {
		s.at = 0
	}
	n := copy(p, s.loop[s.at:])
	s.at += n
	return n, nil
}

// eachConn calls f for every framing, obfuscated or not, with a connection
// from which packets of the given size can be read and written for ever. Full
// framing is left out of reading since it counts.
func eachConn(size int, f func(name string, c *Conn)) {
	for _, framing := range framings {
		for _, obfuscated := range []bool{false, true} {
			w := &wire{in: bytes.NewReader(nil)}
			source, err := NewClient(w, Options{Framing: framing, Rand: seeded()})
			if err != nil {
				panic(err)
			}
			source.prefix = nil
			if err := source.WritePacket(payload(size)); err != nil {
				panic(err)
			}
			c, err := NewClient(&sink{wire: w, loop: w.sent()}, Options{Framing: framing, Obfuscated: obfuscated, Rand: seeded()})
			if err != nil {
				panic(err)
			}
			c.decrypt = nil
			f(fmt.Sprintf("%v/obfuscated=%v/%d", framing, obfuscated, size), c)
		}
	}
}

func BenchmarkWritePacket(b *testing.B) {
	for _, size := range []int{128, 16 << 10} {
		p := payload(size)
		eachConn(size, func(name string, c *Conn) {
			b.Run(name, func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if err := c.WritePacket(p); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}

func BenchmarkReadPacket(b *testing.B) {
	for _, size := range []int{128, 16 << 10} {
		eachConn(size, func(name string, c *Conn) {
			if c.obfuscated {
				return
			}
			b.Run(name, func(b *testing.B) {
				b.SetBytes(int64(size))
				b.ReportAllocs()
				buf := make([]byte, 0, size+maxPadding)
				for b.Loop() {
					c.readSeq = 0
					if _, err := c.ReadPacket(buf); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
