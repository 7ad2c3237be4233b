// Package tg holds the types and methods of the Telegram API at one layer,
// generated from schema/api.tl.
//
// To call a method, fill in its struct and pass it to [Call]: the type of the
// result follows from it.
//
//	history, err := tg.Call(ctx, client, &tg.MessagesGetHistory{Peer: peer, Limit: 100})
//
// A TL type with several constructors is an interface whose name ends in
// Class, and its values are pointers to the constructors' structs; a type with
// one constructor is that struct. A conditional field is absent when it is nil
// or, for scalars, when its [tl.Optional] is not set. Flags words are made when
// a value is encoded. Structs that hold more than numbers cannot be compared
// with ==.
//
// [tl.Marshal] and [tl.Unmarshal] encode and decode a value by itself; [Decode]
// is for what may be one of several.
//
// Errors compare with errors.Is against the sentinels ErrFloodWait and so on.
// [DecodeObject] and [DecodeMethod] are there for servers and tools; a program
// that does not use them does not carry them.
package tg

//go:generate go run godwit/internal/tlgen tg
