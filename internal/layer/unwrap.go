package layer

import (
	"errors"
	"fmt"

	"godwit/internal/gz"
	"godwit/tl"
)

// MaxUnpacked is how many bytes a packed query may unpack to (R-TL-31).
const MaxUnpacked = 10 << 20

// maxWrappers is how many wrappers and packings may lie around one query.
const maxWrappers = 16

const idGzipPacked = 0x3072cfa1

// A Call is a query without its wrappers, and what they said.
type Call struct {
	Query          []byte  // the method call, in the client's layer
	Layer          int     // of invokeWithLayer, 0 without
	Init           *Init   // of initConnection, nil without
	WithoutUpdates bool    // invokeWithoutUpdates was there
	After          []int64 // message ids of invokeAfterMsg and invokeAfterMsgs
	TakeoutID      int64   // of invokeWithTakeout, 0 without
}

// Init is what initConnection tells of the client (R-TL-34).
type Init struct {
	APIID          int
	DeviceModel    string
	SystemVersion  string
	AppVersion     string
	SystemLangCode string
	LangPack       string
	LangCode       string
}

// Unwrap takes all wrappers off a query, in whatever order they stand, and
// unpacks it at whatever level it is packed, as gzip or as zlib (R-TL-31,
// R-TL-38, R-SV-07).
//
// Errors are ErrTooLarge or a *tl.DecodeError. A query that is no wrapper and
// no known method is no error here.
func Unwrap(raw []byte) (Call, error) {
	p, err := pairOf(Latest, Latest)
	if err != nil {
		return Call{}, err
	}
	call := Call{Query: raw}
	unpacked := 0
	for range maxWrappers {
		r := tl.NewReader(call.Query)
		id := r.PeekID()
		if id == idGzipPacked {
			if call.Query, err = unpack(r, MaxUnpacked-unpacked); err != nil {
				return Call{}, err
			}
			unpacked += len(call.Query)
			continue
		}
		m := p.from.byID[id]
		if m == nil || m.wrapped() < 0 {
			return call, nil
		}
		r.ID()
		if err := call.read(p, m, r); err != nil {
			return Call{}, err
		}
		call.Query = r.Rest()
	}
	return Call{}, &tl.DecodeError{Err: fmt.Errorf("more than %d wrappers", maxWrappers)}
}

// read reads what a wrapper says before its query.
func (call *Call) read(p *pair, m *ctor, r *tl.Reader) error {
	switch m.name {
	case "invokeWithLayer":
		call.Layer = int(r.Int())
	case "initConnection":
		return call.readInit(p, m, r)
	case "invokeWithoutUpdates":
		call.WithoutUpdates = true
	case "invokeAfterMsg":
		call.After = append(call.After, r.Long())
	case "invokeAfterMsgs":
		for range r.Vector(8) {
			call.After = append(call.After, r.Long())
		}
	case "invokeWithTakeout":
		call.TakeoutID = r.Long()
	default:
		return p.skipFields(r, m.fields[:m.wrapped()])
	}
	return r.Err()
}

func (call *Call) readInit(p *pair, m *ctor, r *tl.Reader) error {
	all := *r
	flags := r.Uint32()
	call.Init = &Init{
		APIID:          int(r.Int()),
		DeviceModel:    r.String(),
		SystemVersion:  r.String(),
		AppVersion:     r.String(),
		SystemLangCode: r.String(),
		LangPack:       r.String(),
		LangCode:       r.String(),
	}
	if r.Err() != nil || flags&3 == 0 {
		return r.Err()
	}
	*r = all
	return p.skipFields(r, m.fields[:m.wrapped()])
}

// unpack reads gzip_packed.
func unpack(r *tl.Reader, limit int) ([]byte, error) {
	r.ID()
	r.Borrow(true)
	packed := r.ByteString()
	if err := r.Finish(); err != nil {
		return nil, err
	}
	p, err := gz.Unpack(packed, limit)
	if err != nil && !errors.Is(err, ErrTooLarge) {
		return nil, &tl.DecodeError{Err: err}
	}
	return p, err
}
