//go:build !race

package transport

import "testing"

// A packet costs no allocation, written or read. The race detector makes pools
// forget on purpose, so this test is not run under it.
func TestNoAllocations(t *testing.T) {
	const size = 512
	p, buf := payload(size), make([]byte, 0, size+maxPadding)
	eachConn(size, func(name string, c *Conn) {
		got := testing.AllocsPerRun(100, func() {
			c.readSeq = 0
			if err := c.WritePacket(p); err != nil {
				t.Fatal(err)
			}
			if _, err := c.ReadPacket(buf); err != nil {
				t.Fatal(err)
			}
		})
		if got != 0 {
			t.Errorf("%s: %v allocations", name, got)
		}
	})
}
