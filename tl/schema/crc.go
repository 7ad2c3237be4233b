package schema

import (
	"fmt"
	"hash/crc32"
)

// HandAssigned names the declarations of Telegram's own schemas whose id is
// not the CRC32 of their text, with the reason.
var HandAssigned = map[string]string{
	"ipPortSecret":                     "the id was made before bytes came to count as string",
	"accessPointRule":                  "the id was made of an earlier text and kept",
	"help.configSimple":                "the id was made of an earlier text and kept",
	"inputPeerPhotoFileLocationLegacy": "a later name for an old constructor, whose id it keeps",
	"inputStickerSetThumbLegacy":       "a later name for an old constructor, whose id it keeps",
}

// CRC returns the id that the text of the declaration gives (R-TL-10, R-TL-11):
// CRC32 of the name, fields and result, where bytes counts as string and
// flags of type true are left out.
func (c *Combinator) CRC() uint32 {
	b := append(make([]byte, 0, 512), c.Name...)
	if c.Generic != "" {
		b = append(append(append(b, ' '), c.Generic...), ":Type"...)
	}
	return crc32.ChecksumIEEE(c.appendBody(b, true))
}

// A Mismatch is a declaration whose id is not its CRC32.
type Mismatch struct {
	Combinator *Combinator
	CRC        uint32 // what the text gives
}

// String tells the line, the name and both ids.
func (m Mismatch) String() string {
	return fmt.Sprintf("line %d: %s has id %08x, its text gives %08x", m.Combinator.Line, m.Combinator.Name, m.Combinator.ID, m.CRC)
}

// CheckIDs returns the declarations whose id differs from their CRC32 and that
// HandAssigned does not name.
func (s *Schema) CheckIDs() []Mismatch {
	var found []Mismatch
	for _, list := range [][]*Combinator{s.Constructors, s.Methods} {
		for _, c := range list {
			if crc := c.CRC(); crc != c.ID && HandAssigned[c.Name] == "" {
				found = append(found, Mismatch{c, crc})
			}
		}
	}
	return found
}
