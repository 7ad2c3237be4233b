package simulation

import "reflect"

// A weight is what is reachable from a value: elements of slices and maps, and
// the bytes of byte slices and strings. It is found by reflection, so that
// fields which are added later count by themselves.
type weight struct {
	elements, bytes int
	seen            map[uintptr]bool
}

func (w *weight) add(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !w.seen[v.Pointer()] {
			w.seen[v.Pointer()] = true
			w.add(v.Elem())
		}
	case reflect.Interface:
		w.add(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			w.add(v.Field(i))
		}
	case reflect.String:
		w.bytes += v.Len()
	case reflect.Slice:
		w.addSlice(v)
	case reflect.Map:
		w.elements += v.Len()
		for i := v.MapRange(); i.Next(); {
			w.add(i.Value())
		}
	}
}

func (w *weight) addSlice(v reflect.Value) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		w.bytes += v.Len()
		return
	}
	w.elements += v.Len()
	if flat(v.Type().Elem()) {
		return
	}
	for i := range v.Len() {
		w.add(v.Index(i))
	}
}

// flat reports whether values of a type hold no reference to anything.
func flat(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Interface, reflect.Slice, reflect.Map, reflect.String:
		return false
	case reflect.Struct:
		for i := range t.NumField() {
			if !flat(t.Field(i).Type) {
				return false
			}
		}
	}
	return true
}

// What a client or a session of the server may hold when nothing is under way,
// and how much more for each request that is.
const (
	restElements = 20000
	restBytes    = 256 << 10
	eachElements = 24
	eachBytes    = 2 << 10
	// pendingBytes is what a server keeps until it is acknowledged: the standard
	// session.Options.MaxPending, four times over for answers that were not sent.
	pendingBytes = 16 << 20
	messageBytes = 128 // that are counted for the upkeep of each message
)

// weigh checks that what both sides hold is in proportion to what is under
// way. At rest that is nothing.
func (b *books) weigh(rest bool) {
	open := len(b.underway)
	check := func(who string, parts ...any) {
		sum := weight{seen: map[uintptr]bool{}}
		for _, part := range parts {
			sum.add(reflect.ValueOf(part))
		}
		b.heaviest.elements = max(b.heaviest.elements, sum.elements)
		b.heaviest.bytes = max(b.heaviest.bytes, sum.bytes)
		elements, bytes := restElements+open*eachElements, restBytes+open*eachBytes
		if who != "client" && !rest {
			elements, bytes = elements+pendingBytes/messageBytes, bytes+pendingBytes
		}
		if sum.elements > elements || sum.bytes > bytes {
			b.w.violation("%s holds %d elements and %d bytes, with %d requests under way", who, sum.elements, sum.bytes, open)
		}
	}
	c := b.w.client
	check("client", c.session, c.engine, c.leak)
	b.w.server.each(func(s *serverSession) { check("server", s.core) })
}
