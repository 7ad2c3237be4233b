package filestore

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"godwit/telegram"
)

func channelID(n int64) telegram.PeerID { return telegram.PeerID{Kind: telegram.PeerChannel, ID: n} }

func TestFilePeers(t *testing.T) {
	path := filepath.Join(t.TempDir(), "peers")
	key := RawKey([KeySize]byte{1})
	open := func() *Peers {
		t.Helper()
		p, err := OpenPeers(path, key)
		check(t, err)
		return p
	}
	p := open()
	check(t, p.SavePeers(map[telegram.PeerID]int64{channelID(1): 11, channelID(2): -22}))
	check(t, p.SavePeers(map[telegram.PeerID]int64{channelID(1): 12}))
	check(t, p.Close())
	whole, err := os.ReadFile(path)
	check(t, err)

	p = open()
	for id, want := range map[int64]int64{1: 12, 2: -22} {
		if hash, ok, err := p.AccessHash(channelID(id)); hash != want || !ok || err != nil {
			t.Errorf("channel %d: %d, %v, %v", id, hash, ok, err)
		}
	}
	if _, ok, _ := p.AccessHash(channelID(3)); ok {
		t.Error("a channel that was never saved")
	}
	// Overwriting the same peers does not let the file grow for ever.
	many := make(map[telegram.PeerID]int64)
	for i := range int64(600) {
		many[channelID(100+i)] = i
	}
	for range 20 {
		check(t, p.SavePeers(many))
	}
	check(t, p.Close())
	if err := p.SavePeers(many); err == nil {
		t.Error("saved in a file that is closed")
	}
	if info, err := os.Stat(path); err != nil || info.Size() > 40_000 || info.Mode().Perm() != 0o600 {
		t.Errorf("%d bytes with mode %v, %v", info.Size(), info.Mode(), err)
	}
	if p = open(); p.Len() != 602 {
		t.Errorf("%d peers, want 602", p.Len())
	}
	check(t, p.Close())

	// What a crash has cut short is dropped, other damage refused.
	check(t, os.WriteFile(path, whole[:len(whole)-1], 0o600))
	p = open()
	if hash, _, _ := p.AccessHash(channelID(1)); hash != 11 {
		t.Errorf("after the crash the hash is %d, want 11", hash)
	}
	check(t, p.SavePeers(map[telegram.PeerID]int64{channelID(5): 55}))
	check(t, p.Close())
	if p = open(); p.Len() != 3 {
		t.Errorf("%d peers, want 3", p.Len())
	}
	check(t, p.Close())
	changed := bytes.Clone(whole)
	changed[len(changed)-1] ^= 1
	check(t, os.WriteFile(path, changed, 0o600))
	if p = open(); p.Len() != 2 {
		t.Errorf("%d peers, want 2 without the batch that is garbled", p.Len())
	}
	check(t, p.Close())
	changed[60] ^= 1
	for content, want := range map[string]error{
		string(changed): ErrWrongKey, "short": ErrTruncated,
		string(bytes.Repeat([]byte("x"), 100)): ErrNotPeers,
	} {
		check(t, os.WriteFile(path, []byte(content), 0o600))
		_, err := OpenPeers(path, key)
		var bad *Error
		if !errors.Is(err, want) || !errors.As(err, &bad) || bad.Path != path {
			t.Errorf("%d bytes: %v, want %v", len(content), err, want)
		}
		if got, _ := os.ReadFile(path); string(got) != content {
			t.Error("the damaged file was changed")
		}
	}
	check(t, os.WriteFile(path, whole, 0o600))
	if _, err := OpenPeers(path, RawKey([KeySize]byte{2})); !errors.Is(err, ErrWrongKey) {
		t.Errorf("another key: %v", err)
	}
}

// Whatever a file holds, it is read or refused, and reading it again after
// saving finds the same.
func FuzzFilePeers(f *testing.F) {
	dir := f.TempDir()
	key := RawKey([KeySize]byte{1})
	path := filepath.Join(dir, "seed")
	p, err := OpenPeers(path, key)
	check(f, err)
	check(f, p.SavePeers(map[telegram.PeerID]int64{channelID(1): 11}))
	check(f, p.Close())
	seed, err := os.ReadFile(path)
	check(f, err)
	f.Add(seed)
	f.Add(seed[:len(seed)-3])
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "peers")
		check(t, os.WriteFile(path, content, 0o600))
		p, err := OpenPeers(path, key)
		if err != nil {
			return
		}
		n := p.Len()
		check(t, p.SavePeers(map[telegram.PeerID]int64{channelID(77): 5}))
		check(t, p.Close())
		p, err = OpenPeers(path, key)
		check(t, err)
		if p.Len() < n || p.Len() > n+1 {
			t.Errorf("%d peers became %d", n, p.Len())
		}
		check(t, p.Close())
	})
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
