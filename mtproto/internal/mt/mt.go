// Package mt holds the MTProto service messages, generated from
// schema/mtproto.tl: key exchange from [ReqPQMulti] to [DHGenOK], acknowledgements,
// pings and the like.
//
// Containers are not here: session reads and writes them by hand. An rpc_result
// leaves its content undecoded, for only who sent the request knows its type.
package mt

//go:generate go run godwit/internal/tlgen mt
