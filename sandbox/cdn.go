package sandbox

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"sync"

	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
	"godwit/mtproto/mtserver"
	"godwit/tg"
	"godwit/tl"
)

func init() {
	registerFree(getCDNFile).cdn = true
	register(reuploadCDNFile).anywhere()
	register(getCDNFileHashes).anywhere()
}

// cdnDC is the id of the CDN DC. Telegram's begin there.
const cdnDC = 203

var (
	errFileToken    = refusal(400, "FILE_TOKEN_INVALID")
	errRequestToken = refusal(400, "REQUEST_TOKEN_INVALID")
)

// A cdnServer is the CDN DC.
type cdnServer struct {
	*dc
	keys    *cdnKeys
	private *mtcrypto.PrivateKey
}

func newCDNServer(sb *Sandbox) (*cdnServer, error) {
	private, err := mtcrypto.GeneratePrivateKey(sb.options.Rand)
	if err != nil {
		return nil, err
	}
	c := &cdnServer{&dc{Sandbox: sb, id: cdnDC, cdn: true}, &cdnKeys{keys: mtserver.NewMemoryKeys()}, private}
	c.server, err = mtserver.New(mtserver.Options{
		DC: c.id, PrivateKey: private, Keys: c.keys, Handler: handlerOf{c.dc}, Accept: c.accept,
		Now: sb.options.Now, Rand: sb.options.Rand, Logger: sb.options.Logger,
	})
	return c, err
}

// A cdnFile is a file that clients are sent to the CDN for. The CDN knows it
// by token alone, and encrypted (R-FI-20).
type cdnFile struct {
	dc      int // that sends clients there
	data    *content
	token   string
	request string // what the CDN asks with to be given the content
	here    bool   // the CDN has got it
	block   cipher.Block
	key, iv []byte
}

// onCDN reports whether clients that can are sent to the CDN for a file: for
// documents, thumbnails aside.
func (d *dc) onCDN(f *file, data *content) bool {
	return d.cdnServer != nil && f.document && data == f.content
}

// redirect answers upload.getFile with where the file is to be had (R-FI-20).
// The hashes are those of the first ranges from the offset on.
func (c *call) redirect(f *file, data *content, offset int64) *later {
	w := c.world()
	entry := w.cdnByFile[f.id]
	if entry == nil {
		entry = w.newCDNFile(c.dc.id, data)
		w.cdnByFile[f.id] = entry
		w.cdnFiles[entry.token] = entry
	}
	out := &tg.UploadFileCDNRedirect{
		DCID: cdnDC, FileToken: []byte(entry.token), EncryptionKey: entry.key, EncryptionIV: entry.iv,
	}
	return &later{work: func() error {
		hashes, err := data.hashes(offset)
		for _, h := range hashes {
			out.FileHashes = append(out.FileHashes, *h)
		}
		return err
	}, then: func(*call) (tl.Object, error) { return out, nil }}
}

func (w *world) newCDNFile(dc int, data *content) *cdnFile {
	var p [32 + 16 + 32 + 32]byte
	w.random(p[:])
	f := &cdnFile{dc: dc, data: data, key: p[:32], iv: p[32:48], token: string(p[48:80]), request: string(p[80:])}
	f.block, _ = aes.NewCipher(f.key) // which fails for other sizes alone
	return f
}

// encrypt encrypts bytes from an offset of the file in place (R-FI-25).
func (f *cdnFile) encrypt(p []byte, offset int64) {
	iv := append([]byte(nil), f.iv...)
	binary.BigEndian.PutUint32(iv[12:], uint32(offset/aes.BlockSize))
	cipher.NewCTR(f.block, iv).XORKeyStream(p, p)
}

// getCDNFile serves upload.getCdnFile (R-FI-23).
func getCDNFile(c *call, q *tg.UploadGetCDNFile) (tl.Object, error) {
	if err := checkRange(q.Offset, int64(q.Limit), false); err != nil {
		return nil, err
	}
	f := c.world().cdnFiles[string(q.FileToken)]
	switch {
	case f == nil:
		return nil, errFileToken
	case !f.here:
		return &tg.UploadCDNFileReuploadNeeded{RequestToken: []byte(f.request)}, nil
	}
	out := new(tg.UploadCDNFile)
	return &later{work: func() (err error) {
		out.Bytes, err = f.data.part(q.Offset, int64(q.Limit))
		f.encrypt(out.Bytes, q.Offset)
		return err
	}, then: func(*call) (tl.Object, error) { return out, nil }}, nil
}

// cdnFileOf returns a file that this DC has sent clients to the CDN for.
func (c *call) cdnFileOf(token []byte) (*cdnFile, error) {
	f := c.world().cdnFiles[string(token)]
	if f == nil || f.dc != c.dc.id {
		return nil, errFileToken
	}
	return f, nil
}

// reuploadCDNFile serves upload.reuploadCdnFile: the CDN gets the file
// (R-FI-24).
func reuploadCDNFile(c *call, q *tg.UploadReuploadCDNFile) (*later, error) {
	f, err := c.cdnFileOf(q.FileToken)
	if err != nil {
		return nil, err
	}
	if string(q.RequestToken) != f.request {
		return nil, errRequestToken
	}
	f.here = true
	return hashesFrom(f.data, 0), nil
}

// getCDNFileHashes serves upload.getCdnFileHashes (R-FI-26).
func getCDNFileHashes(c *call, q *tg.UploadGetCDNFileHashes) (*later, error) {
	f, err := c.cdnFileOf(q.FileToken)
	if err != nil {
		return nil, err
	}
	if q.Offset < 0 {
		return nil, errOffset
	}
	return hashesFrom(f.data, q.Offset), nil
}

// ForgetCDN has the CDN forget its auth keys, and with renew all files too, as
// one that has been restarted (R-FI-22). Files then have new tokens.
func (sb *Sandbox) ForgetCDN(renew bool) {
	if sb.cdnServer == nil {
		return
	}
	sb.cdnServer.keys.forget()
	for s := range sb.cdnServer.server.Sessions() {
		s.Close()
	}
	if !renew {
		return
	}
	sb.world.mu.Lock()
	defer sb.world.mu.Unlock()
	clear(sb.world.cdnFiles)
	clear(sb.world.cdnByFile)
}

// cdnKeys are the auth keys of the CDN. They can vanish.
type cdnKeys struct {
	mu   sync.Mutex
	keys *mtserver.MemoryKeys
}

func (k *cdnKeys) forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys = mtserver.NewMemoryKeys()
}

func (k *cdnKeys) current() *mtserver.MemoryKeys {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.keys
}

// Load implements mtserver.KeyStore.
func (k *cdnKeys) Load(id mtproto.KeyID) (mtserver.Key, bool) { return k.current().Load(id) }

// Save implements mtserver.KeyStore.
func (k *cdnKeys) Save(key mtserver.Key) error { return k.current().Save(key) }

// Delete implements mtserver.KeyStore.
func (k *cdnKeys) Delete(id mtproto.KeyID) error { return k.current().Delete(id) }
