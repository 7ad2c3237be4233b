package inspect

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"godwit/mtproto"
)

// hexKeySize is the length of an auth key in hexadecimal.
const hexKeySize = 2 * mtproto.AuthKeySize

// ParseKey reads an auth key of 512 hexadecimal digits. Its errors say what is
// wrong without quoting the key.
func ParseKey(text string) (mtproto.AuthKey, error) {
	if len(text) != hexKeySize {
		return mtproto.AuthKey{}, fmt.Errorf("an auth key has %d bytes, which are %d hexadecimal digits, and this has %d characters",
			mtproto.AuthKeySize, hexKeySize, len(text))
	}
	value, err := hex.DecodeString(text)
	if err != nil {
		return mtproto.AuthKey{}, errors.New("an auth key is written in hexadecimal digits, and this has other characters")
	}
	return mtproto.NewAuthKey([mtproto.AuthKeySize]byte(value)), nil
}

// ParseKeys reads the content of a file of auth keys: one key in hexadecimal a
// line, with empty lines and lines that begin with # passed over; or the 256
// bytes of a single key.
func ParseKeys(content []byte) ([]mtproto.AuthKey, error) {
	if len(content) == mtproto.AuthKeySize {
		return []mtproto.AuthKey{mtproto.NewAuthKey([mtproto.AuthKeySize]byte(content))}, nil
	}
	var keys []mtproto.AuthKey
	number := 0
	for line := range strings.Lines(string(content)) {
		number++
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		key, err := ParseKey(line)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		keys = append(keys, key)
	}
	if len(keys) == 0 {
		return nil, errors.New("there is no key in it")
	}
	return keys, nil
}
