// Package inspect reads a network capture and tells what MTProto it holds:
// which connections are Telegram's, over which transport, and each message in
// them that one of the given auth keys decrypts, of MTProto 1.0 and 2.0, as TL.
//
// Call [Run]. [Record.Text] and [Record.JSON] are the two forms to print what
// it finds.
//
// A capture is seldom whole. It may begin in the middle of a connection, lack
// segments or cut them short. What can be read is read, what cannot is reported
// by a record of kind [Note]; only a file that is no capture is an error.
//
// Memory is bounded by what the connections under way hold, whatever the size
// of the capture: records come while it is being read, so that one can be piped
// in as it is made.
package inspect

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"godwit/internal/capture"
	"godwit/mtproto"
	"godwit/mtproto/transport"
	"godwit/tl/schema"
)

// Options say what is known beside the capture.
type Options struct {
	// Keys are the auth keys, permanent and temporary ones. A temporary key
	// decrypts what was sent under it; the permanent key alone does not.
	Keys []mtproto.AuthKey
	// Secrets are those of the MTProxies that connections may go through.
	Secrets []transport.Secret
	// Schemas are API schemas beside those that godwit has, which begin with
	// layer 144. They are asked first.
	Schemas []*schema.Schema
}

// Kind tells what a Record is about.
type Kind string

// The kinds of records.
const (
	Connection     Kind = "connection"      // the transport of a connection has been recognised, or that there is none
	Plaintext      Kind = "plaintext"       // a message of the making of an auth key
	Message        Kind = "message"         // a decrypted message
	Encrypted      Kind = "encrypted"       // a packet that no given key decrypts
	TransportError Kind = "transport_error" // the server's refusal in the place of a packet
	QuickAck       Kind = "quick_ack"       // the server has decrypted a packet
	Note           Kind = "note"            // something that cannot be read, and why
)

// A Record is one thing that the capture tells. Which fields it has depends on
// its kind.
type Record struct {
	Time       time.Time    // when the capture had all of it; records come in this order
	Kind       Kind         //
	Connection int          // counted from 1 in order of appearance; 0: about the capture
	From       mtproto.Side // who sent it
	Client     string       // address of the client, of kind Connection
	Server     string       // address of the server, of kind Connection
	Note       string       // the transport, what went wrong, what is odd
	Code       int32        // of kind TransportError
	Token      uint32       // of kind QuickAck

	KeyID     mtproto.KeyID
	Size      int               // of the packet in bytes, of kind Encrypted
	Version   int               // of MTProto, 1 or 2
	SessionID mtproto.SessionID //
	MsgID     mtproto.MsgID
	SeqNo     int32
	Container mtproto.MsgID // the message that this one came in, 0 for none
	Salt      mtproto.Salt  //
	NewSalt   bool          // the session has not used this salt before in this direction
	AckAsked  bool          // a quick acknowledgement is asked for

	Answers mtproto.MsgID // the query that an rpc_result answers
	Method  string        // and its method, "" where the capture lacks the query
	Object  *Object       // what the message says; what could be read of it where Note is set
	Raw     []byte        // what could not be read as TL
}

// A Summary counts what a capture held.
type Summary struct {
	Packets     int                   // of the network
	Connections int                   // recognised as MTProto
	Others      int                   // TCP connections that are not
	Messages    int                   // decrypted, elements of containers each
	Missing     map[mtproto.KeyID]int // packets by keys that were not given
	Refused     map[mtproto.KeyID]int // packets that the given key of that id does not decrypt
	Cut         int                   // network packets that the capture has not in full
	Truncated   bool                  // the file ends within a packet
}

// What Run wraps where the input is no capture.
var (
	ErrEmpty      = capture.ErrEmpty
	ErrNotCapture = capture.ErrFormat
)

// Run reads the capture r, pcap or pcapng, compressed by gzip or not, and calls
// handle with each record. It ends early with the error that handle returns.
// Otherwise an error means that the input is not a capture, of which nothing
// could be read, or that it is damaged; then everything before the damage has
// been handled.
func Run(r io.Reader, o Options, handle func(*Record) error) (*Summary, error) {
	in, err := capture.Open(r)
	if err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	t := newTracker(&o, handle)
	damage := t.readAll(in)
	t.finish()
	if t.err != nil {
		return &t.summary, t.err
	}
	if damage != nil {
		return &t.summary, fmt.Errorf("capture: damaged after %d packets: %w", t.summary.Packets, damage)
	}
	return &t.summary, nil
}

// MissingKeys returns the ids of the keys that the capture needs and that were
// not given, lowest first.
func (s *Summary) MissingKeys() []mtproto.KeyID { return sortedKeys(s.Missing) }

// RefusedKeys returns the ids of the given keys that do not decrypt packets
// which name them, lowest first.
func (s *Summary) RefusedKeys() []mtproto.KeyID { return sortedKeys(s.Refused) }

func sortedKeys(m map[mtproto.KeyID]int) []mtproto.KeyID {
	return slices.Sorted(maps.Keys(m))
}
