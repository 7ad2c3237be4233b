// Package layer serves clients that speak different layers of the Telegram
// API from code that speaks only the newest one.
//
// A server gives each query that it receives to [Unwrap], which takes off
// invokeWithLayer and the like, then to [Request], which rewrites the method
// call in the newest layer. What it answers goes through [Answer], what it
// sends unasked through [Updates].
//
// There are no cases by type or layer here. Both schemas are walked at once,
// and constructors, methods and fields correspond by name. What one side lacks
// is left out; what it must have and does not get is zero or empty. A few
// rules carry values over where the type of a field has changed: numbers
// widen, a Bool becomes a flag, a value becomes a vector of one, text becomes
// textWithEntities, and each the other way round. An answer's constructor that
// the client's layer lacks gives way to the "unsupported" or "empty" one of
// its type; where there is none, it is left out of the vector or optional
// field that holds it, or else refused with a [*RefusedError].
//
// Nothing panics, whatever the input, and output is bounded by the input's
// size times a constant of the schema.
package layer

import (
	"fmt"

	"godwit/tl"
)

// Oldest and Latest are the first and last layer that can be served. Latest is
// the one that the server speaks.
const (
	Oldest = 144
	Latest = 229
)

// Request rewrites a method call, encoded in layer from, in layer Latest.
// Wrappers must have been taken off.
//
// Errors are an *UnsupportedError for the layer, an *UnknownMethodError, a
// *RefusedError for a constructor that layer Latest does not have any more,
// or a *tl.DecodeError.
func Request(raw []byte, from int) ([]byte, error) {
	p, err := pairOf(from, Latest)
	if err != nil {
		return nil, err
	}
	r := tl.NewReader(raw)
	id := r.ID()
	if r.Err() != nil {
		return nil, r.Err()
	}
	m := p.from.byID[id]
	if m != nil && p.from == p.to && m.method {
		return raw, nil
	}
	if m == nil {
		m = anyLayer(id, p.from.layer)
	}
	if m == nil || !m.method {
		return nil, &UnknownMethodError{ID: id}
	}
	pl := p.methodPlan(m)
	if pl == nil || pl.dst.wrapped() >= 0 {
		return nil, &UnknownMethodError{ID: id, Name: m.name}
	}
	w := walker{p: p, r: *r, out: *tl.NewBuffer(make([]byte, 0, len(raw)+64))}
	if err := w.fields(pl); err != nil {
		return nil, err
	}
	return w.finish()
}

// Answer rewrites what the named method returned in layer Latest in layer to.
// The input itself is returned where nothing changes.
//
// Errors are an *UnsupportedError, a *RefusedError, or a *tl.DecodeError for
// an answer that is not of the method's type.
func Answer(raw []byte, method string, to int) ([]byte, error) {
	p, err := pairOf(Latest, to)
	if err != nil {
		return nil, err
	}
	if p.from == p.to {
		return raw, nil
	}
	m := p.from.methods[method]
	if m == nil {
		return nil, fmt.Errorf("layer: no method %q", method)
	}
	want := &m.result
	if old := p.to.methods[method]; old != nil {
		want = &old.result
	}
	return p.translate(raw, &m.result, want)
}

// Updates rewrites an Updates of layer Latest in layer to, with errors as of
// Answer.
func Updates(raw []byte, to int) ([]byte, error) {
	p, err := pairOf(Latest, to)
	if err != nil {
		return nil, err
	}
	if p.from == p.to {
		return raw, nil
	}
	t := &typ{kind: kindClass, class: "Updates"}
	return p.translate(raw, t, t)
}

func (p *pair) translate(raw []byte, src, dst *typ) ([]byte, error) {
	w := walker{p: p, r: *tl.NewReader(raw), out: *tl.NewBuffer(make([]byte, 0, len(raw)))}
	if err := w.value(src, dst); err != nil {
		return nil, err
	}
	return w.finish()
}

func (w *walker) finish() ([]byte, error) {
	if err := w.r.Finish(); err != nil {
		return nil, err
	}
	return w.out.Bytes(), w.out.Err()
}
