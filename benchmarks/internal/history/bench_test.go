package history

import (
	"testing"

	"github.com/gotd/td/bin"

	"godwit/tl"
)

func BenchmarkDecode(b *testing.B) {
	page, err := Bytes()
	if err != nil {
		b.Fatal(err)
	}
	b.Run("godwit", func(b *testing.B) { benchmarkDecode(b, page, decode) })
	b.Run("gotd", func(b *testing.B) { benchmarkDecode(b, page, decodeRival) })
}

func benchmarkDecode[T any](b *testing.B, page []byte, decode func([]byte) (T, error)) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decode(page); err != nil {
			b.Fatal(err)
		}
	}
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
	b.Run("godwit", func(b *testing.B) {
		var buffer tl.Buffer
		for b.Loop() {
			buffer.Reset()
			buffer.Object(ours)
		}
		if err := buffer.Err(); err != nil {
			b.Fatal(err)
		}
	})
	b.Run("gotd", func(b *testing.B) {
		var buffer bin.Buffer
		for b.Loop() {
			buffer.Reset()
			if err := theirs.Encode(&buffer); err != nil {
				b.Fatal(err)
			}
		}
	})
}
