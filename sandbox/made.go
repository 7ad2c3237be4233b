package sandbox

import (
	"encoding/binary"

	"godwit/tg"
)

// A MadeFile is a document that is nowhere stored, however large it is: see
// [FillMade].
type MadeFile struct {
	Name     string
	MIMEType string
	Size     int64 // bytes
}

// SendMade has an account send somebody a file that is made up, and returns
// what the recipient's box numbers the message. Both are named by phone number
// or user id.
func (sb *Sandbox) SendMade(from, to string, f MadeFile) (id int32, err error) {
	err = sb.on(from, func(c *call, u *user) error {
		recipient, err := c.world().account(to)
		if err != nil {
			return err
		}
		c.user = u
		document := c.addFile(&file{
			document: true, content: &content{size: f.Size, made: true}, mime: f.MIMEType,
			attributes: []tg.DocumentAttributeClass{&tg.DocumentAttributeFilename{FileName: f.Name}},
		})
		m := &message{randomID: c.world().randomID(), media: &media{file: document}}
		_, err = c.deliver(&draft{
			peer:     &tg.InputPeerUser{UserID: recipient.id, AccessHash: c.world().accessHash(u.id, recipient.key())},
			messages: []*message{m}, what: contentMedia,
		})
		id = m.copies[recipient.id]
		c.announce()
		return err
	})
	return id, err
}

// FillMade fills p with what a MadeFile holds from an offset on. No two parts of
// it are the same.
func FillMade(p []byte, off int64) {
	var word [8]byte
	for len(p) > 0 {
		binary.BigEndian.PutUint64(word[:], mix(uint64(off)/8))
		n := copy(p, word[off%8:])
		p = p[n:]
		off += int64(n)
	}
}

// mix is the finalizer of SplitMix64, which leaves no two numbers the same.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
