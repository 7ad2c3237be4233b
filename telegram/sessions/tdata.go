package sessions

import (
	"bytes"
	"crypto/md5"
	"crypto/pbkdf2"
	"crypto/sha1"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"godwit/mtproto"
	"godwit/mtproto/mtcrypto"
	"godwit/telegram"
)

// The tdata folder of Telegram Desktop. A file is
//
//	"TDF$" | version 4 | data | MD5 of (data | size 4 | version | "TDF$"), 16
//
// of which the version and the size are little-endian. The data are byte
// arrays, each after its length, 4 bytes big-endian. An encrypted one is
//
//	msg_key 16 | AES-256-IGE of (length 4, little-endian, itself included | content | padding)
//
// with msg_key the first 16 bytes of SHA-1 of what is encrypted, and key and IV
// those that MTProto 1.0 derives for a message of the server. key_datas holds a
// salt, the local key encrypted with what the passcode makes, and the list of
// accounts encrypted with the local key. Each account's file, named after the
// MD5 of "data" or "data#2", holds its auth keys under the local key.
const (
	tdataMagic      = "TDF$"
	tdataKeyFile    = "key_data"
	tdataSaltSize   = 32
	tdataIterations = 100_000 // with a passcode; without one it is 1

	tdataAuthorization = 75 // the block with the keys
	tdataWideIDs       = 1<<64 - 1
	tdataMaxFile       = 16 << 20
)

// ErrPasscode says that a tdata folder is encrypted with another passcode.
var ErrPasscode = errors.New("the passcode is wrong")

// ImportTDesktop reads the accounts of a tdata folder of Telegram Desktop, in
// its order. The passcode is the one that the program asks for when it starts,
// empty if it asks for none.
//
// An error is an *Error; one that wraps [ErrPasscode] says that the passcode is
// wrong, or missing.
func ImportTDesktop(tdata fs.FS, passcode string) ([]*Session, error) {
	local, accounts, err := tdataKey(tdata, passcode)
	if err != nil {
		return nil, tdataError(err)
	}
	if len(accounts) == 0 {
		return nil, &Error{Format: "tdata", What: "nobody is signed in", Advice: "sign in with Telegram Desktop first"}
	}
	var sessions []*Session
	for _, i := range accounts {
		s, err := tdataAccount(tdata, local, i)
		if err != nil {
			return nil, tdataError(fmt.Errorf("account %d: %w", i+1, err))
		}
		sessions = append(sessions, s)
	}
	return sessions, nil
}

func tdataError(err error) error {
	var known *Error
	if errors.As(err, &known) {
		return known
	}
	e := &Error{Format: "tdata", What: "it cannot be read", Err: err}
	switch {
	case errors.Is(err, ErrPasscode):
		e.Advice = "give the passcode that Telegram Desktop asks for"
	case errors.Is(err, fs.ErrNotExist):
		e.Advice = "give the folder named tdata itself"
	}
	return e
}

// tdataKey returns the local key and which accounts there are.
func tdataKey(tdata fs.FS, passcode string) (local []byte, accounts []int, err error) {
	file, err := tdataFile(tdata, tdataKeyFile)
	if err != nil {
		return nil, nil, err
	}
	r := &qtReader{p: file}
	salt, sealedKey, sealedInfo := r.array(), r.array(), r.array()
	if r.short || len(salt) != tdataSaltSize {
		return nil, nil, fmt.Errorf("%s: %w", tdataKeyFile, errTDataShape)
	}
	key, err := passcodeKey(passcode, salt)
	if err != nil {
		return nil, nil, err
	}
	local, ok := tdataOpen(key, sealedKey)
	if !ok || len(local) != mtproto.AuthKeySize {
		return nil, nil, ErrPasscode
	}
	info, ok := tdataOpen(local, sealedInfo)
	if !ok {
		return nil, nil, fmt.Errorf("%s: %w", tdataKeyFile, errTDataShape)
	}
	r = &qtReader{p: info}
	for range min(r.uint32(), maxAccounts) {
		accounts = append(accounts, int(r.uint32()))
	}
	if r.short {
		return nil, nil, fmt.Errorf("%s: %w", tdataKeyFile, errTDataShape)
	}
	return local, accounts, nil
}

// maxAccounts is more than Telegram Desktop keeps.
const maxAccounts = 100

var errTDataShape = errors.New("the file does not hold what it should")

// passcodeKey makes a key of a passcode.
func passcodeKey(passcode string, salt []byte) ([]byte, error) {
	sum := sha512.Sum512([]byte(string(salt) + passcode + string(salt)))
	iterations := tdataIterations
	if passcode == "" {
		iterations = 1
	}
	return pbkdf2.Key(sha512.New, string(sum[:]), salt, iterations, mtproto.AuthKeySize)
}

// tdataAccount reads one account.
func tdataAccount(tdata fs.FS, local []byte, index int) (*Session, error) {
	name := "data"
	if index > 0 {
		name = fmt.Sprintf("data#%d", index+1)
	}
	file, err := tdataFile(tdata, tdataName(name))
	if errors.Is(err, fs.ErrNotExist) { // it is written when somebody signs in
		return nil, notSignedIn(index)
	}
	if err != nil {
		return nil, err
	}
	outer := &qtReader{p: file}
	content, ok := tdataOpen(local, outer.array())
	if !ok || outer.short {
		return nil, errTDataShape
	}
	r := &qtReader{p: content}
	if r.uint32() != tdataAuthorization {
		return nil, errTDataShape
	}
	r = &qtReader{p: r.array()}
	user, dc := int64(r.uint32()), int(r.uint32())
	if uint64(user)<<32|uint64(dc) == tdataWideIDs {
		user, dc = int64(r.uint64()), int(r.uint32())
	}
	keys := make(map[int]telegram.DCKey)
	for range min(r.uint32(), maxAccounts) {
		id, key := int(r.uint32()), r.take(mtproto.AuthKeySize)
		if r.short {
			return nil, errTDataShape
		}
		keys[id] = telegram.DCKey{Key: mtproto.NewAuthKey([mtproto.AuthKeySize]byte(key)), Imported: id != dc}
	}
	main, ok := keys[dc]
	if !ok || user == 0 {
		return nil, notSignedIn(index)
	}
	s := Session{}
	s.Credentials.UserID = user
	out, err := imported("tdata", dc, main.Key.Bytes(), s)
	if err != nil {
		return nil, err
	}
	out.Credentials.Keys = keys
	return out, nil
}

func notSignedIn(index int) error {
	return &Error{
		Format: "tdata", What: fmt.Sprintf("account %d is not signed in", index+1), Advice: "sign in with Telegram Desktop first",
	}
}

// tdataName returns the name of an account's file: the first 8 bytes of an MD5
// with the digits of each byte in the other order.
func tdataName(name string) string {
	sum := md5.Sum([]byte(name))
	var b strings.Builder
	for _, c := range sum[:8] {
		fmt.Fprintf(&b, "%X%X", c&15, c>>4)
	}
	return b.String()
}

// tdataFile returns the data of a file, the newest form of it that is whole:
// today's ends in s, those of before in 0 and 1.
func tdataFile(tdata fs.FS, name string) ([]byte, error) {
	err := error(&fs.PathError{Op: "open", Path: name + "s", Err: fs.ErrNotExist})
	for _, suffix := range []string{"s", "0", "1"} {
		content, failed := fs.ReadFile(tdata, name+suffix)
		if errors.Is(failed, fs.ErrNotExist) {
			continue
		}
		if failed != nil {
			return nil, failed
		}
		data, failed := tdataContent(content)
		if failed == nil {
			return data, nil
		}
		err = fmt.Errorf("%s%s: %w", name, suffix, failed)
	}
	return nil, err
}

func tdataContent(content []byte) ([]byte, error) {
	const head = len(tdataMagic) + 4
	if len(content) < head+md5.Size || len(content) > tdataMaxFile || string(content[:len(tdataMagic)]) != tdataMagic {
		return nil, errors.New("this is no file of Telegram Desktop")
	}
	data, sum := content[head:len(content)-md5.Size], content[len(content)-md5.Size:]
	size := binary.LittleEndian.AppendUint32(nil, uint32(len(data)))
	want := md5.Sum(bytes.Join([][]byte{data, size, content[4:head], []byte(tdataMagic)}, nil))
	if !bytes.Equal(sum, want[:]) {
		return nil, errors.New("the file is damaged: its checksum is wrong")
	}
	return data, nil
}

// tdataOpen decrypts an array.
func tdataOpen(key, sealed []byte) ([]byte, bool) {
	if len(sealed) < 32 || len(sealed)%16 != 0 || len(key) != mtproto.AuthKeySize {
		return nil, false
	}
	local := mtproto.NewAuthKey([mtproto.AuthKeySize]byte(key))
	msgKey := [16]byte(sealed)
	aesKey, aesIV := mtcrypto.DeriveKeysV1(&local, mtproto.Server, &msgKey)
	plain := make([]byte, len(sealed)-16)
	mtcrypto.DecryptIGE(plain, sealed[16:], &aesKey, &aesIV)
	sum := sha1.Sum(plain)
	if !bytes.Equal(sum[:16], msgKey[:]) {
		return nil, false
	}
	n := int64(binary.LittleEndian.Uint32(plain))
	if n < 4 || n > int64(len(plain)) {
		return nil, false
	}
	return plain[4:n], true
}

// A qtReader reads what Qt has written, big-endian.
type qtReader struct {
	p     []byte
	short bool // there was less than was asked for
}

func (r *qtReader) take(n int) []byte {
	if n < 0 || n > len(r.p) {
		r.short, r.p = true, nil
		return nil
	}
	p := r.p[:n]
	r.p = r.p[n:]
	return p
}

func (r *qtReader) uint32() uint32 {
	if p := r.take(4); p != nil {
		return binary.BigEndian.Uint32(p)
	}
	return 0
}

func (r *qtReader) uint64() uint64 {
	if p := r.take(8); p != nil {
		return binary.BigEndian.Uint64(p)
	}
	return 0
}

// array reads a QByteArray; one that is null is empty.
func (r *qtReader) array() []byte {
	n := r.uint32()
	if n == 1<<32-1 {
		return nil
	}
	return r.take(int(n))
}
