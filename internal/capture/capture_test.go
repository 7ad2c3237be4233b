package capture

import (
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// readAll returns all packets of a capture and why it ends.
func readAll(file []byte) (packets []Packet, err error) {
	r, err := Open(bytes.NewReader(file))
	for err == nil {
		var p Packet
		if p, err = r.Next(); err == nil {
			p.Data = append([]byte{}, p.Data...)
			packets = append(packets, p)
		}
	}
	return packets, err
}

var begins = time.Date(2016, 3, 1, 12, 0, 0, 123456789, time.UTC)

// some are packets as a capture has them, the second cut short.
var some = []Packet{
	{begins, LinkEthernet, []byte("one"), 3},
	{begins.Add(time.Second), LinkEthernet, []byte("two"), 1500},
	{begins.Add(time.Hour), LinkEthernet, []byte{}, 60},
}

func write(t testing.TB, packets []Packet, w interface {
	WritePacket(gopacket.CaptureInfo, []byte) error
}) {
	t.Helper()
	for _, p := range packets {
		check(t, w.WritePacket(gopacket.CaptureInfo{Timestamp: p.Time, CaptureLength: len(p.Data), Length: p.Length}, p.Data))
	}
}

// classicFile is pcap, written by another program.
func classicFile(t testing.TB, packets []Packet, nanoseconds bool) []byte {
	t.Helper()
	var file bytes.Buffer
	w := pcapgo.NewWriter(&file)
	if nanoseconds {
		w = pcapgo.NewWriterNanos(&file)
	}
	check(t, w.WriteFileHeader(maxPacket, layers.LinkTypeEthernet))
	write(t, packets, w)
	return file.Bytes()
}

// ngFile is pcapng, written by another program.
func ngFile(t testing.TB, packets []Packet) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pcapgo.NewNgWriter(&file, layers.LinkTypeEthernet)
	check(t, err)
	write(t, packets, w)
	check(t, w.Flush())
	return file.Bytes()
}

// swapped is a pcap in the other byte order.
func swapped(file []byte) []byte {
	out := slices.Clone(file)
	swap := func(at, n int) { slices.Reverse(out[at : at+n]) }
	for _, field := range [][2]int{{0, 4}, {4, 2}, {6, 2}, {8, 4}, {12, 4}, {16, 4}, {20, 4}} {
		swap(field[0], field[1])
	}
	for at := 24; at < len(out); {
		n := int(binary.LittleEndian.Uint32(file[at+8:]))
		for field := range 4 {
			swap(at+4*field, 4)
		}
		at += 16 + n
	}
	return out
}

func zipped(file []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(file)
	z.Close()
	return out.Bytes()
}

// TestFormats reads the same packets from files of each format.
func TestFormats(t *testing.T) {
	nano := classicFile(t, some, true)
	for name, file := range map[string][]byte{
		"pcap": nano, "other byte order": swapped(nano), "pcapng": ngFile(t, some), "gzip": zipped(nano),
		"two sections": append(ngFile(t, some[:1]), ngFile(t, some[1:])...),
	} {
		got, err := readAll(file)
		if !reflect.DeepEqual(got, some) || err != io.EOF {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, file := range [][]byte{classicFile(t, some, false), swapped(classicFile(t, some, false))} {
		got, err := readAll(file)
		if len(got) != 3 || !got[0].Time.Equal(begins.Truncate(time.Microsecond)) || err != io.EOF {
			t.Errorf("microseconds: %v, %v", got, err)
		}
	}
}

// A block of pcapng, little-endian.
func block(kind uint32, body []byte) []byte {
	body = append(body, make([]byte, -len(body)&3)...)
	b := binary.LittleEndian.AppendUint32(nil, kind)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(body)+12))
	b = append(b, body...)
	return binary.LittleEndian.AppendUint32(b, uint32(len(body)+12))
}

func words(w ...uint32) []byte {
	var b []byte
	for _, v := range w {
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	return b
}

var section = block(blockSection, words(orderMagic, 1, 0xffffffff, 0xffffffff))

// TestBlocks reads what pcapgo does not write.
func TestBlocks(t *testing.T) {
	raw := words(uint32(LinkRaw), 0)
	options := func(list ...byte) []byte { return block(blockInterface, append(slices.Clone(raw), list...)) }
	const at = 1 << 32
	packet := func(id uint32) []byte {
		return block(blockPacket, append(words(id, at>>32, at&0xffffffff, 3, 4), "abc"...))
	}
	for _, test := range []struct {
		name string
		file [][]byte
		want Packet
	}{
		{"microseconds", [][]byte{block(blockInterface, raw), packet(0)},
			Packet{time.UnixMicro(at).UTC(), LinkRaw, []byte("abc"), 4}},
		{"second interface", [][]byte{block(blockInterface, words(1, 0)), block(blockInterface, raw), packet(1)},
			Packet{time.UnixMicro(at).UTC(), LinkRaw, []byte("abc"), 4}},
		{"powers of two", [][]byte{options(optionResolution, 0, 1, 0, 0x80|32, 0, 0, 0), packet(0)},
			Packet{time.Unix(1, 0).UTC(), LinkRaw, []byte("abc"), 4}},
		{"nanoseconds and an offset", [][]byte{options(optionResolution, 0, 1, 0, 9, 0, 0, 0,
			optionOffset, 0, 8, 0, 10, 0, 0, 0, 0, 0, 0, 0, optionEnd, 0, 0, 0, 1), packet(0)},
			Packet{time.Unix(10, at).UTC(), LinkRaw, []byte("abc"), 4}},
		{"obsolete", [][]byte{block(blockInterface, raw),
			block(blockObsolete, append(words(7<<16, at>>32, at&0xffffffff, 3, 4), "abc"...))},
			Packet{time.UnixMicro(at).UTC(), LinkRaw, []byte("abc"), 4}},
		{"simple", [][]byte{block(blockInterface, words(uint32(LinkRaw), 3)), block(blockSimple, append(words(4), "abcd"...))},
			Packet{time.Time{}, LinkRaw, []byte("abc"), 4}},
		{"others between", [][]byte{block(5, make([]byte, 1<<20)), block(blockInterface, raw), block(77, nil), packet(0)},
			Packet{time.UnixMicro(at).UTC(), LinkRaw, []byte("abc"), 4}},
	} {
		got, err := readAll(append(slices.Clone(section), bytes.Join(test.file, nil)...))
		if len(got) != 1 || !reflect.DeepEqual(got[0], test.want) || err != io.EOF {
			t.Errorf("%s: %v, %v", test.name, got, err)
		}
	}
}

// TestDamage tells captures that are cut short from those that are damaged, and
// both from what is none.
func TestDamage(t *testing.T) {
	one := block(blockInterface, words(1, 0))
	for _, test := range []struct {
		name string
		file []byte
		want error
	}{
		{"nothing", nil, ErrEmpty},
		{"text", []byte("not a capture"), ErrFormat},
		{"three bytes", []byte("abc"), ErrFormat},
		{"half a head", classicFile(t, nil, false)[:20], ErrFormat},
		{"pcap of another version", bytes.Replace(classicFile(t, nil, false), []byte{2, 0, 4, 0}, []byte{3, 0, 4, 0}, 1), ErrFormat},
		{"pcapng of another version", block(blockSection, words(orderMagic, 2, 0, 0)), ErrFormat},
		{"pcapng of no byte order", block(blockSection, words(0, 1, 0, 0)), ErrFormat},
		{"cut in a head", classicFile(t, some, false)[:24+8], io.ErrUnexpectedEOF},
		{"cut in a packet", classicFile(t, some, false)[:24+16+1], io.ErrUnexpectedEOF},
		{"cut before a packet", classicFile(t, some, false)[:24+16], io.ErrUnexpectedEOF},
		{"cut in a block", ngFile(t, some)[:60], io.ErrUnexpectedEOF},
		{"cut in a block passed over", append(slices.Clone(section), block(5, make([]byte, 100))[:50]...), io.ErrUnexpectedEOF},
		{"huge packet", append(classicFile(t, nil, false), words(0, 0, maxPacket+1, maxPacket+1)...), ErrDamaged},
		{"more than it has", append(classicFile(t, nil, false), words(0, 0, 4, 3, 0)...), ErrDamaged},
		{"huge block", append(slices.Clone(section), words(blockPacket, maxBlock+4)...), ErrDamaged},
		{"odd block", append(slices.Clone(section), words(blockPacket, 13, 0, 0)...), ErrDamaged},
		{"tiny block", append(slices.Clone(section), words(blockPacket, 8, 0, 0)...), ErrDamaged},
		{"ends otherwise", append(slices.Clone(section), words(5, 12, 16)...), ErrDamaged},
		{"unknown interface", slices.Concat(section, one, block(blockPacket, words(1, 0, 0, 0, 0))), ErrDamaged},
		{"no interface", slices.Concat(section, block(blockSimple, words(0))), ErrDamaged},
		{"short packet", slices.Concat(section, one, block(blockPacket, words(0, 0, 0, 0))), ErrDamaged},
		{"longer than its block", slices.Concat(section, one, block(blockPacket, words(0, 0, 0, 4, 4))), ErrDamaged},
		{"no clock", slices.Concat(section, block(blockInterface, append(words(1, 0), optionResolution, 0, 1, 0, 20, 0, 0, 0))), ErrDamaged},
	} {
		if _, err := readAll(test.file); !errors.Is(err, test.want) {
			t.Errorf("%s: %v, want %v", test.name, err, test.want)
		}
	}
}

// FuzzCapture writes what it has read, and reads that again.
func FuzzCapture(f *testing.F) {
	f.Add(classicFile(f, some, false))
	f.Add(classicFile(f, some, true))
	f.Add(swapped(classicFile(f, some, true)))
	f.Add(zipped(classicFile(f, some, true)))
	f.Add(ngFile(f, some))
	f.Add(slices.Concat(section, block(blockInterface, append(words(101, 3), optionResolution, 0, 1, 0, 0xa0, 0, 0, 0)),
		block(blockSimple, append(words(4), "abcd"...)), block(blockPacket, append(words(0, 1, 0, 3, 4), "abc"...))))
	f.Fuzz(func(t *testing.T, file []byte) {
		packets, err := readAll(file)
		if err == nil {
			t.Fatal("it has no end")
		}
		for i := range packets {
			p := &packets[i]
			if len(p.Data) > p.Length || p.Time.Year() > 9999 {
				t.Fatalf("%+v", p)
			}
			if p.Time.Unix() < 0 || p.Time.Unix() > 1<<31 { // which pcap does not have
				p.Time = begins
			}
			p.Link = LinkEthernet
		}
		again, err := readAll(classicFile(t, packets, true))
		if !reflect.DeepEqual(again, packets) || err != io.EOF {
			t.Errorf("read %v, then %v, %v", packets, again, err)
		}
	})
}
