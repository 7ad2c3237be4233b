package inspect

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"godwit/mtproto"
)

// What Text shows of a value that is long.
const (
	shownBytes    = 32
	shownText     = 300
	shownElements = 20
)

// Text returns the record as one line without its end, for people to read:
// values that are long are shown in part. Control characters are escaped, so
// that what others have written cannot steer a terminal.
func (r *Record) Text() string {
	var b strings.Builder
	b.WriteString(r.Time.UTC().Format("2006-01-02 15:04:05.000000"))
	if r.Connection != 0 {
		fmt.Fprintf(&b, " #%d", r.Connection)
	}
	if r.Kind == Connection {
		fmt.Fprintf(&b, " %s → %s: %s", r.Client, r.Server, printable(r.Note))
		return b.String()
	}
	if r.Connection != 0 {
		b.WriteString(map[mtproto.Side]string{mtproto.Client: " →", mtproto.Server: " ←"}[r.From])
	}
	switch r.Kind {
	case TransportError:
		fmt.Fprintf(&b, " transport error %d", r.Code)
	case QuickAck:
		fmt.Fprintf(&b, " quick ack %08x", r.Token)
	case Encrypted:
		fmt.Fprintf(&b, " encrypted: %d bytes, key %s", r.Size, keyText(r.KeyID))
	case Plaintext:
		fmt.Fprintf(&b, " plaintext %d", uint64(r.MsgID))
	case Message:
		r.head(&b)
	}
	r.tail(&b)
	return b.String()
}

// head writes what stands before the TL of a message.
func (r *Record) head(b *strings.Builder) {
	if r.Version == 1 {
		b.WriteString(" v1")
	}
	fmt.Fprintf(b, " %d/%d", uint64(r.MsgID), r.SeqNo)
	if r.Container != 0 {
		fmt.Fprintf(b, " in %d", uint64(r.Container))
	}
	if r.NewSalt {
		fmt.Fprintf(b, " salt %016x", uint64(r.Salt))
	}
	if r.Answers != 0 && r.Method != "" {
		fmt.Fprintf(b, " answers %s", r.Method)
	}
}

func (r *Record) tail(b *strings.Builder) {
	if r.Object != nil {
		b.WriteByte(' ')
		r.Object.text(b)
	}
	if r.Raw != nil {
		b.WriteByte(' ')
		valueText(b, r.Raw)
	}
	if r.AckAsked {
		b.WriteString(" (asks for a quick ack)")
	}
	if r.Note != "" {
		fmt.Fprintf(b, " [%s]", printable(r.Note))
	}
}

func keyText(id mtproto.KeyID) string { return fmt.Sprintf("%016x", uint64(id)) }

// printable escapes what is no printable character.
func printable(s string) string {
	quoted := strconv.Quote(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

func (o *Object) text(b *strings.Builder) {
	b.WriteString(o.Name)
	if len(o.Fields) == 0 {
		return
	}
	b.WriteByte('{')
	for i, f := range o.Fields {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(f.Name)
		if f.Value != true {
			b.WriteString(": ")
			valueText(b, f.Value)
		}
	}
	b.WriteByte('}')
}

func valueText(b *strings.Builder, value any) {
	switch v := value.(type) {
	case *Object:
		v.text(b)
	case []byte:
		fmt.Fprintf(b, "%x", v[:min(len(v), shownBytes)])
		if len(v) > shownBytes {
			fmt.Fprintf(b, "… (%d bytes)", len(v))
		}
	case string:
		if len(v) <= shownText {
			b.WriteString(strconv.Quote(v))
			return
		}
		fmt.Fprintf(b, "%s… (%d bytes)", strconv.Quote(v[:shownText]), len(v))
	case []any:
		b.WriteByte('[')
		for i, e := range v[:min(len(v), shownElements)] {
			if i > 0 {
				b.WriteString(", ")
			}
			valueText(b, e)
		}
		if len(v) > shownElements {
			fmt.Fprintf(b, ", … (%d)", len(v))
		}
		b.WriteByte(']')
	default:
		fmt.Fprint(b, v)
	}
}

// The JSON form of a record. Numbers of 64 bits are strings, since many readers
// of JSON round them; ids are written like in Text. Bytes are hexadecimal.
type recordJSON struct {
	Time       string  `json:"time"`
	Kind       Kind    `json:"kind"`
	Connection int     `json:"connection,omitempty"`
	From       string  `json:"from,omitempty"`
	Client     string  `json:"client,omitempty"`
	Server     string  `json:"server,omitempty"`
	Code       int32   `json:"code,omitempty"`
	Token      string  `json:"token,omitempty"`
	KeyID      string  `json:"key_id,omitempty"`
	Size       int     `json:"size,omitempty"`
	Version    int     `json:"mtproto,omitempty"`
	SessionID  string  `json:"session_id,omitempty"`
	MsgID      string  `json:"msg_id,omitempty"`
	SeqNo      *int32  `json:"seqno,omitempty"`
	Container  string  `json:"container,omitempty"`
	Salt       string  `json:"salt,omitempty"`
	NewSalt    bool    `json:"new_salt,omitempty"`
	AckAsked   bool    `json:"quick_ack_asked,omitempty"`
	Answers    string  `json:"answers,omitempty"`
	Method     string  `json:"method,omitempty"`
	Object     *Object `json:"object,omitempty"`
	Raw        string  `json:"raw,omitempty"`
	Note       string  `json:"note,omitempty"`
}

// JSON returns the record as one line of JSON without its end, with all that
// it holds.
func (r *Record) JSON() ([]byte, error) {
	out := recordJSON{
		Time: r.Time.UTC().Format(time.RFC3339Nano), Kind: r.Kind, Connection: r.Connection,
		Client: r.Client, Server: r.Server, Code: r.Code, Size: r.Size, Version: r.Version,
		MsgID: unsigned(r.MsgID), Container: unsigned(r.Container), NewSalt: r.NewSalt, AckAsked: r.AckAsked,
		Answers: unsigned(r.Answers), Method: r.Method, Object: r.Object, Raw: hex.EncodeToString(r.Raw), Note: r.Note,
	}
	if r.Connection != 0 && r.Kind != Connection {
		out.From = r.From.String()
	}
	if r.KeyID != 0 {
		out.KeyID = keyText(r.KeyID)
	}
	switch r.Kind {
	case QuickAck:
		out.Token = fmt.Sprintf("%08x", r.Token)
	case Message:
		out.SeqNo = &r.SeqNo
		out.Salt = fmt.Sprintf("%016x", uint64(r.Salt))
		out.SessionID = fmt.Sprintf("%016x", uint64(r.SessionID))
	}
	return marshal(out)
}

func unsigned(id mtproto.MsgID) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(id), 10)
}

// marshal leaves <, > and & as they are.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// MarshalJSON writes the fields in the order of the schema, after the name
// under the key "_".
func (o *Object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(`{"_":`)
	b.WriteString(strconv.Quote(o.Name))
	for _, f := range o.Fields {
		value, err := marshal(jsonValue(f.Value))
		if err != nil {
			return nil, err
		}
		b.WriteString("," + strconv.Quote(f.Name) + ":")
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func jsonValue(value any) any {
	switch v := value.(type) {
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Sprint(v)
		}
	case []byte:
		return hex.EncodeToString(v)
	case []any:
		list := make([]any, len(v))
		for i, e := range v {
			list[i] = jsonValue(e)
		}
		return list
	}
	return value
}
