package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// patience bounds every test here. It is never waited out unless something is
// wrong; rivals need several seconds of CPU for their key exchanges.
const patience = 2 * time.Minute

// A connection is the content of a connection file, as far as clients of other
// makers need it.
type connection struct {
	DCs       []dcAddress `json:"dcs"`
	PublicKey string      `json:"rsa_public_key"`
	APIID     int         `json:"api_id"`
	APIHash   string      `json:"api_hash"`
	TestDC    bool        `json:"test_dc"`
	MTProxies []string    `json:"mtproxies"`
	// Path is the file itself.
	Path string `json:"-"`

	permanent sync.Map // of gotd's server: the permanent keys of our clients, by their ids
}

// A dcAddress is where a DC listens.
type dcAddress struct {
	ID   int    `json:"id"`
	Host string `json:"host"`
	Port int    `json:"port"`
}

func readConnection(t *testing.T, path string) *connection {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	c := &connection{Path: path}
	if err := json.Unmarshal(raw, c); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	if len(c.DCs) < 2 {
		t.Fatalf("%s: %d DCs, want at least 2", path, len(c.DCs))
	}
	return c
}

// phones counts the numbers handed out, so that no two tests share an account.
var phones atomic.Int64

// newPhone returns a free phone number whose account lives on the given DC.
func newPhone(dc int) string {
	return fmt.Sprintf("99966%d%04d", dc, 7000+phones.Add(1))
}

// codeFor returns the login code of a test phone: its DC's digit, five times.
func codeFor(phone string) string { return strings.Repeat(phone[5:6], 5) }
