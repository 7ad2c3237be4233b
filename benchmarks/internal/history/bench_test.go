package history

import "testing"

func BenchmarkDecode(b *testing.B) {
	page, err := Bytes()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("godwit", func(b *testing.B) { benchmarkDecode(b, page, decode) })
	b.Run("gotd", func(b *testing.B) { benchmarkDecode(b, page, decodeRival) })
}

func BenchmarkEncode(b *testing.B) {
	page, err := Bytes()
	if err != nil {
		b.Fatal(err)
	}
	ours, err := decode(page)
	if err != nil {
		b.Fatal(err)
	}
	theirs, err := decodeRival(page)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("godwit", func(b *testing.B) { encode(b, ours) })
	b.Run("gotd", func(b *testing.B) { encodeRival(b, theirs) })
}
