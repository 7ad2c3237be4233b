package tg

import "godwit/tl"

// DecodeResult decodes the result of a method as Call does.
func DecodeResult(r *tl.Reader, method Request, v any) { table.Result(r, method, v) }
