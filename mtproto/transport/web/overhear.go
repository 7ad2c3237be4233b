package web

import (
	"bufio"
	"io"

	"godwit/mtproto"
)

// Overhear returns the bytes that one side of a WebSocket has sent, out of what
// it has sent over the connection after the handshake, for who reads a
// connection of others. Where the side has closed the WebSocket they end.
func Overhear(sent *bufio.Reader, from mtproto.Side) io.Reader {
	return &overheard{in: sent, from: from}
}

// overheard is the reading half of a conn, which answers nothing.
type overheard struct {
	in   *bufio.Reader
	from mtproto.Side
	head frame  // of the data frame in hand
	at   uint64 // how much of its payload has been read
}

// Read implements io.Reader.
func (o *overheard) Read(p []byte) (int, error) {
	for o.at == o.head.length {
		f, err := readFrame(o.in, o.from)
		switch {
		case err != nil:
			return 0, err
		case f.opcode == opClose:
			return 0, io.EOF
		case f.opcode > opClose:
			if _, err := io.CopyN(io.Discard, o.in, int64(f.length)); err != nil {
				return 0, unexpected(err)
			}
		default:
			o.head, o.at = f, 0
		}
	}
	n, err := o.in.Read(p[:min(uint64(len(p)), o.head.length-o.at)])
	o.head.xor(p[:n], o.at)
	o.at += uint64(n)
	return n, unexpected(err)
}
