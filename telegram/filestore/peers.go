package filestore

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"slices"
	"sort"
	"sync"

	"godwit/telegram"
)

// The file of peers, version 1:
//
//	magic "godwitpe" 8 | version 1 | kdf 1 | log2(N) 1 | r 1 | p 1 | salt 16 | batch …
//	batch: length 4, little-endian | nonce 12 | AES-256-GCM of length bytes, and its tag 16
//
// The plaintext of a batch is peers of 17 bytes each: kind, id, access hash,
// little-endian. The key is HKDF-SHA256 of the file key (see seal.go) and the
// salt; a batch is authenticated with its place in the file. The first batch is
// empty: it tells whether the key is right. Later batches win over earlier ones.
const (
	peerMagic   = "godwitpe"
	peerInfo    = "godwit peers 1"
	peerHead    = len(peerMagic) + 5 + 16
	peerSize    = 17
	peerNonce   = 12
	peerBatch   = 4096 // peers of one batch at most
	peerWaste   = 2    // how many times its peers a file may hold before it is written anew
	peerMinimum = 1024 // below which it never is
)

// Peers is a telegram.PeerStore in an encrypted file that grows with what is saved.
// After a crash of the program, all that SavePeers has returned for is there;
// after one of the machine, what was last saved may be missing, which Telegram
// shows again sooner or later. Programs must not share the file at the same
// time: opened beside the account's Store, which sees to that, they do not.
type Peers struct {
	path string
	aead cipher.AEAD

	mu     sync.Mutex // guards what follows
	hashes map[telegram.PeerID]int64
	file   *os.File
	size   int64 // up to where the file is good
	count  int   // of peers in the file, repetitions among them
}

// AccessHash implements telegram.PeerStore.
func (p *Peers) AccessHash(id telegram.PeerID) (hash int64, ok bool, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	hash, ok = p.hashes[id]
	return hash, ok, nil
}

// Len returns how many peers are kept.
func (p *Peers) Len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.hashes)
}

// OpenPeers opens the file of peers at path, which need not exist yet. What
// a crash has cut short or garbled is dropped, with all that comes after it. A
// file of another kind, or another key, is a *Error; the file is left
// as it is then.
func OpenPeers(path string, key Key) (*Peers, error) {
	p := &Peers{path: path, hashes: make(map[telegram.PeerID]int64)}
	if err := p.open(key); err != nil {
		if p.file != nil {
			_ = p.file.Close()
		}
		return nil, &Error{path, bare(err)}
	}
	return p, nil
}

func (p *Peers) open(key Key) error {
	content, err := os.ReadFile(p.path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	fresh := len(content) == 0
	if fresh {
		s, err := newSealer(key)
		if err != nil {
			return err
		}
		content = append([]byte(peerMagic), s.head[len(sealMagic):nonceAt]...)
		rand.Read(content[peerHead-16:])
	}
	if err := p.unlock(key, content); err != nil {
		return err
	}
	if p.file, err = os.OpenFile(p.path, os.O_RDWR|os.O_CREATE, 0o600); err != nil {
		return err
	}
	if fresh {
		content = append(content, p.sealBatch(nil, int64(len(content)))...)
		if _, err := p.file.WriteAt(content, 0); err != nil {
			return err
		}
	}
	return p.read(content)
}

// unlock makes the cipher as the head of the file says.
func (p *Peers) unlock(key Key, content []byte) error {
	switch {
	case len(content) < peerHead:
		return ErrTruncated
	case !bytes.HasPrefix(content, []byte(peerMagic)):
		return ErrNotPeers
	}
	var s sealer
	copy(s.head[:], sealMagic)
	copy(s.head[len(sealMagic):], content[len(peerMagic):peerHead])
	if err := s.derive(key); err != nil {
		return err
	}
	secret, err := hkdf.Key(sha256.New, s.master, content[peerHead-16:peerHead], peerInfo, 32)
	if err != nil {
		return err
	}
	block, err := aes.NewCipher(secret)
	if err != nil {
		return err
	}
	p.aead, err = cipher.NewGCM(block)
	return err
}

// read takes in the batches of a file, as far as they are whole.
func (p *Peers) read(content []byte) error {
	p.size = int64(peerHead)
	for first := true; ; first = false {
		plain, whole, ok := p.unsealBatch(content[p.size:])
		switch {
		case !ok && first && len(content) < peerHead+4+peerNonce+tagSize:
			return ErrTruncated
		case !ok && first:
			return ErrWrongKey
		case !ok:
			return p.file.Truncate(p.size)
		}
		p.size += int64(whole)
		p.count += len(plain) / peerSize
		maps.Copy(p.hashes, decodePeers(plain))
	}
}

// unsealBatch decrypts the batch at the beginning of what is left of a file,
// and tells how long it is.
func (p *Peers) unsealBatch(rest []byte) (plain []byte, whole int, ok bool) {
	if len(rest) < 4 {
		return nil, 0, false
	}
	n := int(binary.LittleEndian.Uint32(rest))
	if n%peerSize != 0 || n > peerBatch*peerSize {
		return nil, 0, false
	}
	whole = 4 + peerNonce + n + tagSize
	if len(rest) < whole {
		return nil, 0, false
	}
	plain, err := p.aead.Open(nil, rest[4:4+peerNonce], rest[4+peerNonce:whole], place(p.size))
	return plain, whole, err == nil
}

// place is authenticated with a batch, so that batches cannot change places.
func place(offset int64) []byte { return binary.LittleEndian.AppendUint64(nil, uint64(offset)) }

func encodePeers(peers map[telegram.PeerID]int64, ids []telegram.PeerID) []byte {
	plain := make([]byte, 0, len(ids)*peerSize)
	for _, id := range ids {
		plain = append(plain, byte(id.Kind))
		plain = binary.LittleEndian.AppendUint64(plain, uint64(id.ID))
		plain = binary.LittleEndian.AppendUint64(plain, uint64(peers[id]))
	}
	return plain
}

func decodePeers(plain []byte) map[telegram.PeerID]int64 {
	peers := make(map[telegram.PeerID]int64, len(plain)/peerSize)
	for ; len(plain) >= peerSize; plain = plain[peerSize:] {
		id := telegram.PeerID{Kind: telegram.PeerKind(plain[0]), ID: int64(binary.LittleEndian.Uint64(plain[1:]))}
		peers[id] = int64(binary.LittleEndian.Uint64(plain[9:]))
	}
	return peers
}

// seal returns batches of peers, of which the first begins at offset.
func (p *Peers) seal(peers map[telegram.PeerID]int64, offset int64) []byte {
	var out []byte
	ids := sortedPeers(peers)
	for len(ids) > 0 {
		part := ids[:min(len(ids), peerBatch)]
		ids = ids[len(part):]
		out = append(out, p.sealBatch(encodePeers(peers, part), offset+int64(len(out)))...)
	}
	return out
}

// sealBatch returns the batch that begins at offset.
func (p *Peers) sealBatch(plain []byte, offset int64) []byte {
	var nonce [peerNonce]byte
	rand.Read(nonce[:])
	out := binary.LittleEndian.AppendUint32(nil, uint32(len(plain)))
	out = append(out, nonce[:]...)
	return p.aead.Seal(out, nonce[:], plain, place(offset))
}

// SavePeers implements telegram.PeerStore.
func (p *Peers) SavePeers(peers map[telegram.PeerID]int64) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	maps.Copy(p.hashes, peers)
	if p.file == nil {
		return &Error{p.path, fs.ErrClosed}
	}
	if err := p.append(peers); err != nil {
		return &Error{p.path, bare(err)}
	}
	return nil
}

func (p *Peers) append(peers map[telegram.PeerID]int64) error {
	if total := p.count + len(peers); total > peerMinimum && total > peerWaste*len(p.hashes) {
		return p.rewrite()
	}
	batch := p.seal(peers, p.size)
	if _, err := p.file.WriteAt(batch, p.size); err != nil {
		return err
	}
	p.size += int64(len(batch))
	p.count += len(peers)
	return nil
}

// rewrite writes the file anew, each peer once.
func (p *Peers) rewrite() error {
	head := make([]byte, peerHead)
	if _, err := p.file.ReadAt(head, 0); err != nil {
		return err
	}
	content := slices.Concat(head, p.sealBatch(nil, int64(peerHead)))
	content = append(content, p.seal(p.hashes, int64(len(content)))...)
	if err := replaceFile(p.path, content); err != nil {
		return err
	}
	file, err := os.OpenFile(p.path, os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	old := p.file
	p.file, p.size, p.count = file, int64(len(content)), len(p.hashes)
	return old.Close()
}

// Close closes the file. SavePeers fails from now on.
func (p *Peers) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.file == nil {
		return nil
	}
	file := p.file
	p.file = nil
	return file.Close()
}

// String names the file.
func (p *Peers) String() string { return fmt.Sprintf("file of peers %s", p.path) }

// ErrNotPeers says that a file holds something else than peers. A
// *Error wraps it.
var ErrNotPeers = errors.New("this is no file of peers")

// sortedPeers returns the peers of a map in a fixed order.
func sortedPeers(peers map[telegram.PeerID]int64) []telegram.PeerID {
	list := make([]telegram.PeerID, 0, len(peers))
	for p := range peers {
		list = append(list, p)
	}
	sort.Slice(list, func(i, j int) bool {
		a, b := list[i], list[j]
		return a.Kind < b.Kind || a.Kind == b.Kind && a.ID < b.ID
	})
	return list
}
