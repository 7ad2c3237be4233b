package layer

import (
	"fmt"

	"godwit/internal/gz"
)

// ErrTooLarge says that a packed query unpacks to more than MaxUnpacked bytes.
var ErrTooLarge = gz.ErrTooLarge

// A RefusedError names what a layer has no way to say.
type RefusedError struct {
	Constructor string // TL name of what should be said
	Type        string // TL type that is wanted in its place
	Layer       int    // layer that lacks it
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("layer %d cannot express %s as %s", e.Layer, e.Constructor, e.Type)
}

// An UnknownMethodError names a method id that the newest layer cannot serve.
type UnknownMethodError struct {
	ID   uint32
	Name string // TL name in the layer that has it, empty if none has
}

func (e *UnknownMethodError) Error() string {
	if e.Name != "" {
		return fmt.Sprintf("layer: method %s#%08x is gone from layer %d", e.Name, e.ID, Latest)
	}
	return fmt.Sprintf("layer: no method has the id %08x", e.ID)
}

// An UnsupportedError names a layer that is older than Oldest.
type UnsupportedError struct {
	Layer int
}

func (e *UnsupportedError) Error() string {
	return fmt.Sprintf("layer %d is not served, only %d to %d", e.Layer, Oldest, Latest)
}
