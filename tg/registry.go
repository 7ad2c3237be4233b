package tg

import (
	"reflect"
	"slices"

	"godwit/tl"
)

// DecodeObject decodes a boxed value of any constructor or method. It returns
// nil if the id is of neither; r tells why.
func DecodeObject(r *tl.Reader) tl.Object {
	if i, ok := slices.BinarySearch(constructorIDs[:], r.PeekID()); ok {
		return decode(r, constructorTypes[i])
	}
	return DecodeMethod(r)
}

// DecodeMethod decodes a call of any method, and within wrappers such as
// invokeWithLayer the calls that they wrap. It returns nil if the id is of no
// method; r tells why.
func DecodeMethod(r *tl.Reader) Request {
	i, ok := slices.BinarySearch(methodIDs[:], r.PeekID())
	if !ok {
		r.Unexpected(r.ID(), "any method")
		return nil
	}
	return decode(r, methodTypes[i])
}

// decode decodes a value of the type that like has.
func decode(r *tl.Reader, like any) tl.Object {
	v := reflect.New(reflect.TypeOf(like).Elem()).Interface()
	r.OnQuery(DecodeMethod)
	r.Object(v)
	return v
}

// ConstructorName returns the name that the schema gives the constructor of
// the given id, "" if there is none.
func ConstructorName(id uint32) string {
	if i, ok := slices.BinarySearch(constructorIDs[:], id); ok {
		return table.Name(i)
	}
	return ""
}

// MethodName returns the name that the schema gives the method of the given
// id, "" if there is none.
func MethodName(id uint32) string {
	if i, ok := slices.BinarySearch(methodIDs[:], id); ok {
		return table.Name(len(constructorIDs) + i)
	}
	return ""
}

// Access says who may call a method.
type Access uint8

// Who may call a method.
const (
	AnyIdentity Access = iota
	UserOnly
	BotOnly
)

// String returns "anyone", "users only" or "bots only".
func (a Access) String() string {
	switch a {
	case UserOnly:
		return "users only"
	case BotOnly:
		return "bots only"
	}
	return "anyone"
}

// AccessOf returns who may call the method of the given id, as
// schema/method_access.tsv has it; AnyIdentity where nothing is known.
func AccessOf(methodID uint32) Access {
	i, ok := slices.BinarySearch(methodIDs[:], methodID)
	if !ok {
		return AnyIdentity
	}
	switch methodAccess[i] {
	case 'u':
		return UserOnly
	case 'b':
		return BotOnly
	}
	return AnyIdentity
}
