package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"godwit/mtproto"
)

// R-FT-06: records of any length up to the limit are joined, the client's
// change cipher spec comes first and once, and nothing else is taken.
func TestRecords(t *testing.T) {
	record := func(size int) []byte {
		return append([]byte{0x17, 3, 3, byte(size >> 8), byte(size)}, make([]byte, size)...)
	}
	for name, test := range map[string]struct {
		side mtproto.Side
		wire []byte
		size int
		err  error // nil for a violation
	}{
		"client":               {mtproto.Client, bytes.Join([][]byte{record(1), record(0), record(maxRecord)}, nil), 1 + maxRecord, io.EOF},
		"server":               {mtproto.Server, bytes.Join([][]byte{changeCipherSpec, record(7)}, nil), 7, io.EOF},
		"no greeting":          {mtproto.Server, record(7), 0, nil},
		"two greetings":        {mtproto.Server, bytes.Join([][]byte{changeCipherSpec, changeCipherSpec}, nil), 0, nil},
		"odd greeting":         {mtproto.Server, []byte{0x14, 3, 3, 0, 1, 2}, 0, nil},
		"greeting by a server": {mtproto.Client, changeCipherSpec, 0, nil},
		"too long":             {mtproto.Client, record(maxRecord + 1), 0, nil},
		"alert":                {mtproto.Client, []byte{0x15, 3, 3, 0, 2, 1, 0}, 0, nil},
		"version":              {mtproto.Client, []byte{0x17, 3, 1, 0, 1, 0}, 0, nil},
		"cut head":             {mtproto.Client, []byte{0x17, 3}, 0, io.ErrUnexpectedEOF},
		"cut body":             {mtproto.Client, record(5)[:8], 3, io.ErrUnexpectedEOF},
		"cut greeting":         {mtproto.Server, changeCipherSpec[:5], 0, io.ErrUnexpectedEOF},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRecords(nil, bufio.NewReader(bytes.NewReader(test.wire)), test.side)
			got := 0
			var err error
			for buf := make([]byte, 1000); err == nil; {
				var n int
				n, err = r.Read(buf)
				got += n
			}
			var violation *mtproto.ViolationError
			if got != test.size || test.err != nil && !errors.Is(err, test.err) || test.err == nil && !errors.As(err, &violation) {
				t.Errorf("read %d bytes, then %v", got, err)
			}
		})
	}
}

// A write that has failed may have stopped within a record.
func TestRecordsBroken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer far.Close()
		r := newRecords(near, bufio.NewReader(near), mtproto.Client)
		r.SetWriteDeadline(time.Now().Add(time.Second))
		var timeout net.Error
		if _, err := r.Write([]byte("x")); !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("%v", err)
		}
		r.SetWriteDeadline(time.Time{})
		if _, err := r.Write([]byte("y")); !errors.Is(err, net.ErrClosed) {
			t.Errorf("%v", err)
		}
		if n, err := r.Write(nil); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
		if n, err := r.Read(nil); n != 0 || err != nil {
			t.Errorf("%d, %v", n, err)
		}
	})
}

// Whatever is read out of records is read again after it has been written.
func FuzzRecords(f *testing.F) {
	f.Add(appendRecords(nil, []byte("hello")), false)
	f.Add(append(bytes.Clone(changeCipherSpec), appendRecords(nil, make([]byte, 6000))...), true)
	f.Add([]byte{0x17, 3, 3, 0x41, 0x00}, false)
	f.Fuzz(func(t *testing.T, wire []byte, server bool) {
		read := func(wire []byte) ([]byte, error) {
			side := mtproto.Client
			if server {
				side = mtproto.Server
			}
			return io.ReadAll(newRecords(nil, bufio.NewReader(bytes.NewReader(wire)), side))
		}
		content, err := read(wire)
		var violation *mtproto.ViolationError
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.As(err, &violation) {
			t.Fatal(err)
		}
		var again []byte
		if server {
			again = bytes.Clone(changeCipherSpec)
		}
		if got, err := read(appendRecords(again, content)); err != nil || !bytes.Equal(got, content) {
			t.Fatalf("%x read again as %x, %v", content, got, err)
		}
	})
}

// No hello that was not made with the secret is taken, and none makes the
// reader stumble.
func FuzzHello(f *testing.F) {
	hello, err := newHello(bytes.NewReader(make([]byte, 4096)), "example.org")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(hello)
	signHello(hello, &testSecret.Key, testTime)
	f.Add(hello)
	f.Add([]byte{0x16, 3, 1, 0, 1, 1})
	f.Fuzz(func(t *testing.T, record []byte) {
		h, err := parseHello(record)
		if err == nil && (len(h.sessionID) > 32 || len(record) < randomAt+randomSize || !bytes.Equal(h.random[:], record[randomAt:][:randomSize])) {
			t.Fatalf("%x read as %+v", record, h)
		}
	})
}

// No answer that was not made with the secret is taken.
func FuzzAnswer(f *testing.F) {
	a := &Acceptor{Rand: bytes.NewReader(make([]byte, 8192))}
	answer, err := a.answer(&clientHello{cipher: 0x1301, sessionID: make([]byte, 32)}, &testSecret.Key)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(answer)
	f.Fuzz(func(t *testing.T, wire []byte) {
		if err := readAnswer(bytes.NewReader(wire), &testSecret.Key, make([]byte, randomSize)); err == nil && !bytes.HasPrefix(wire, answer) {
			t.Fatalf("%x is taken", wire)
		}
	})
}
