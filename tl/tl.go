// Package tl encodes and decodes TL, the binary form of everything that
// Telegram sends (https://core.telegram.org/mtproto/serialize, R-TL).
//
// Start with [Marshal] and [Unmarshal] for whole values. Generated types are
// built on [Buffer] and [Reader], whose errors stick, so that code which
// handles many fields checks once.
//
// The package knows no schema: tl/schema reads .tl files, and the packages tg
// and mtproto/internal/mt hold the types generated from them.
//
// Numbers such as R-TL-20 are those of docs/requirements.md.
package tl

import "errors"

// Int128 is the TL type int128: 16 raw bytes, never swapped.
type Int128 = [16]byte

// Int256 is the TL type int256: 32 raw bytes, never swapped.
type Int256 = [32]byte

// An Object is a boxed value: a constructor or a method call. It is a pointer
// to a struct that a [Table] describes, or a [Coder]; of anything else encoding
// and decoding say ErrNoType. That is not for the compiler to find out: a
// method of three thousand types would take it two seconds.
type Object = any

// A Coder has code for how it is encoded and decoded.
type Coder interface {
	// TL encodes the value, or decodes into it, as c is made for: see [Codec].
	TL(c *Codec)
}

// ErrNoType says that something is no Object.
var ErrNoType = errors.New("neither described by a table nor a tl.Coder")

// Encoded is a boxed value in its encoded form. It cannot be decoded into.
type Encoded []byte

// TL appends e as it stands.
func (e Encoded) TL(c *Codec) { c.Buffer().Raw(e) }

// Incomparable is held by structs that are not to be compared with ==. The code
// for it would take a fifth of the time that the compiler needs for a schema.
type Incomparable [0]func()

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
