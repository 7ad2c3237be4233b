// Package tl encodes and decodes TL, the binary form of everything that
// Telegram sends (https://core.telegram.org/mtproto/serialize, R-TL).
//
// Start with [Marshal] and [Unmarshal] for whole values. Generated types are
// built on [Buffer] and [Reader], whose errors stick, so that code which
// handles many fields checks once.
//
// The package knows no schema: tl/schema reads .tl files, and the packages tg
// and mtproto/internal/mt hold the types generated from them.
package tl

// Int128 is the TL type int128: 16 raw bytes, never swapped.
type Int128 = [16]byte

// Int256 is the TL type int256: 32 raw bytes, never swapped.
type Int256 = [32]byte

// An Encoder appends itself, boxed, to a Buffer.
type Encoder interface {
	Encode(b *Buffer)
}

// A Decoder reads itself, boxed, from a Reader. It starts from its zero value:
// fields that are absent from the input are left alone. What it holds after a
// failure is unspecified.
type Decoder interface {
	Decode(r *Reader)
}

// An Object is a boxed value: a constructor or a method call.
type Object interface {
	Encoder
	Decoder
	TypeID() uint32
}

// Optional is a scalar that may be absent. The zero Optional is absent.
type Optional[T any] struct {
	Value T
	Set   bool
}

// Some returns an Optional that holds v.
func Some[T any](v T) Optional[T] { return Optional[T]{Value: v, Set: true} }

// Or returns the value, or v where it is absent.
func (o Optional[T]) Or(v T) T {
	if o.Set {
		return o.Value
	}
	return v
}
