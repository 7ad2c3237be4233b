package capture

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"pgregory.net/rapid"
)

// serialize makes a packet by another program's rules.
func serialize(t testing.TB, list ...gopacket.SerializableLayer) []byte {
	t.Helper()
	b := gopacket.NewSerializeBuffer()
	check(t, gopacket.SerializeLayers(b, gopacket.SerializeOptions{FixLengths: true}, list...))
	return slices.Clone(b.Bytes())
}

var (
	macs = layers.Ethernet{SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6)}
	tcp  = layers.TCP{SrcPort: 40000, DstPort: 443, Seq: 0xfffffff0, Ack: 7, SYN: true, ACK: true, Window: 1,
		Options: []layers.TCPOption{{OptionType: layers.TCPOptionKindMSS, OptionLength: 4, OptionData: []byte{5, 0xb4}}}}
	text = gopacket.Payload("hello")
)

func overEthernet(kind layers.EthernetType) *layers.Ethernet {
	e := macs
	e.EthernetType = kind
	return &e
}

func v4(protocol layers.IPProtocol) *layers.IPv4 {
	return &layers.IPv4{Version: 4, TTL: 64, Protocol: protocol, SrcIP: net.IP{10, 0, 0, 1}, DstIP: net.IP{149, 154, 167, 51}}
}

func v6(next layers.IPProtocol) *layers.IPv6 {
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: next, SrcIP: net.ParseIP("2001:db8::1"), DstIP: net.ParseIP("2001:67c:4e8::1")}
}

// TestSegment finds the same segment below whatever it is carried by.
func TestSegment(t *testing.T) {
	ip4, ip6 := serialize(t, v4(layers.IPProtocolTCP), &tcp, text), serialize(t, v6(layers.IPProtocolTCP), &tcp, text)
	head := func(n int, kind uint16, at int) []byte {
		b := make([]byte, n)
		b[at], b[at+1] = byte(kind>>8), byte(kind)
		return b
	}
	extension := func(kind byte, next byte, rest ...byte) []byte {
		return append([]byte{next, 0}, append(rest, make([]byte, 6-len(rest))...)...)
	}
	within := func(first byte, more []byte) []byte { // after the head of IPv6
		b := slices.Concat(ip6[:40], more, ip6[40:])
		b[6] = first
		b[5] += byte(len(more))
		return b
	}
	for _, test := range []struct {
		name string
		link Link
		data []byte
		ipv6 bool
	}{
		{"Ethernet", LinkEthernet, serialize(t, overEthernet(layers.EthernetTypeIPv4), v4(layers.IPProtocolTCP), &tcp, text), false},
		{"Ethernet, IPv6", LinkEthernet, serialize(t, overEthernet(layers.EthernetTypeIPv6), v6(layers.IPProtocolTCP), &tcp, text), true},
		{"VLAN in VLAN", LinkEthernet, serialize(t, overEthernet(layers.EthernetTypeQinQ),
			&layers.Dot1Q{VLANIdentifier: 1, Type: layers.EthernetTypeDot1Q}, &layers.Dot1Q{VLANIdentifier: 2, Type: layers.EthernetTypeIPv4},
			v4(layers.IPProtocolTCP), &tcp, text), false},
		{"PPPoE", LinkEthernet, serialize(t, overEthernet(layers.EthernetTypePPPoESession), &layers.PPPoE{Version: 1, Type: 1},
			&layers.PPP{PPPType: layers.PPPTypeIPv4}, v4(layers.IPProtocolTCP), &tcp, text), false},
		{"raw", LinkRaw, ip4, false},
		{"IPv4", LinkIPv4, ip4, false},
		{"IPv6", LinkIPv6, ip6, true},
		{"loopback", LinkNull, append([]byte{2, 0, 0, 0}, ip4...), false},
		{"loopback of OpenBSD", LinkLoop, append([]byte{0, 0, 0, 24}, ip6...), true},
		{"any interface of Linux", LinkLinuxSLL, append(head(16, 0x0800, 14), ip4...), false},
		{"any interface of Linux, newer", LinkSLL2, append(head(20, 0x86dd, 0), ip6...), true},
		{"IPv4 in IPv4", LinkRaw, serialize(t, v4(layers.IPProtocolIPv4), v4(layers.IPProtocolTCP), &tcp, text), false},
		{"IPv6 in IPv4", LinkRaw, serialize(t, v4(layers.IPProtocolIPv6), v6(layers.IPProtocolTCP), &tcp, text), true},
		{"hop by hop and destination", LinkRaw, within(0, append(extension(0, 60), extension(60, 6)...)), true},
		{"whole fragment", LinkRaw, within(44, extension(44, 6)), true},
		{"options of IPv4", LinkRaw, func() []byte {
			b := slices.Insert(slices.Clone(ip4), 20, 1, 1, 1, 1)
			b[0], b[3] = 0x46, b[3]+4
			return b
		}(), false},
		{"padding of Ethernet", LinkRaw, append(slices.Clone(ip4), make([]byte, 10)...), false},
		{"padding of Ethernet, IPv6", LinkRaw, append(slices.Clone(ip6), make([]byte, 10)...), true},
		{"length left to the card", LinkRaw, func() []byte {
			b := slices.Clone(ip4)
			b[2], b[3] = 0, 0
			return b
		}(), false},
	} {
		got, ok := Packet{Link: test.link, Data: test.data}.Segment()
		want := Segment{Src: netip.MustParseAddrPort("10.0.0.1:40000"), Dst: netip.MustParseAddrPort("149.154.167.51:443"),
			Seq: 0xfffffff0, Ack: 7, SYN: true, ACK: true, Payload: []byte("hello")}
		if test.ipv6 {
			want.Src, want.Dst = netip.MustParseAddrPort("[2001:db8::1]:40000"), netip.MustParseAddrPort("[2001:67c:4e8::1]:443")
		}
		if !ok || fmt.Sprintf("%+v", got) != fmt.Sprintf("%+v", want) {
			t.Errorf("%s: %+v, %v", test.name, got, ok)
		}
		for n := range test.data { // cut anywhere, it has less or nothing
			got, ok := Packet{Link: test.link, Data: test.data[:n]}.Segment()
			if ok && !bytes.HasPrefix(want.Payload, got.Payload) {
				t.Errorf("%s of %d bytes: %+v", test.name, n, got)
			}
		}
	}
}

// TestNoSegment passes over what is not TCP, or not all of it.
func TestNoSegment(t *testing.T) {
	ip4 := serialize(t, v4(layers.IPProtocolTCP), &tcp, text)
	changed := func(at int, b ...byte) []byte {
		out := slices.Clone(ip4)
		copy(out[at:], b)
		return out
	}
	nested := []gopacket.SerializableLayer{}
	for range maxNesting {
		nested = append(nested, v4(layers.IPProtocolIPv4))
	}
	nested = append(nested, v4(layers.IPProtocolTCP), &tcp)
	for name, p := range map[string]Packet{
		"UDP":                 {Link: LinkRaw, Data: changed(9, 17)},
		"first fragment":      {Link: LinkRaw, Data: changed(6, 0x20, 0)},
		"last fragment":       {Link: LinkRaw, Data: changed(6, 0, 9)},
		"IPv5":                {Link: LinkRaw, Data: changed(0, 0x55)},
		"short head of IPv4":  {Link: LinkRaw, Data: changed(0, 0x44)},
		"short head of TCP":   {Link: LinkRaw, Data: changed(20+12, 0x40)},
		"ARP":                 {Link: LinkEthernet, Data: append(make([]byte, 12), 8, 6, 0, 0)},
		"link that is unread": {Link: 105, Data: ip4},
		"too many tunnels":    {Link: LinkRaw, Data: serialize(t, nested...)},
		"nothing":             {Link: LinkRaw},
	} {
		if got, ok := p.Segment(); ok {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// FuzzSegment compares what is TCP with what another program takes for it.
func FuzzSegment(f *testing.F) {
	f.Add(serialize(f, overEthernet(layers.EthernetTypeIPv4), v4(layers.IPProtocolTCP), &tcp, text))
	f.Add(serialize(f, overEthernet(layers.EthernetTypeIPv6), v6(layers.IPProtocolTCP), &tcp, text))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, ok := Packet{Link: LinkEthernet, Data: data}.Segment()
		for _, link := range []Link{LinkNull, LinkRaw, LinkLinuxSLL, LinkSLL2} {
			Packet{Link: link, Data: data}.Segment()
		}
		if !ok {
			return
		}
		p := gopacket.NewPacket(data, layers.LinkTypeEthernet, gopacket.Default)
		want, whole := p.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if !whole || p.ErrorLayer() != nil {
			return // it is stricter about options
		}
		if got.Seq != want.Seq || got.Ack != want.Ack || got.SYN != want.SYN || got.ACK != want.ACK || got.RST != want.RST ||
			got.FIN != want.FIN || got.Src.Port() != uint16(want.SrcPort) || got.Dst.Port() != uint16(want.DstPort) {
			t.Errorf("%+v, but %+v", got, want)
		}
	})
}

// TestAssembler gives segments in any order, some twice, cut anew and
// overlapping, and some not at all: what arrives is the stream, with what was
// lost named.
func TestAssembler(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.Uint64().Draw(t, "seed")
		random := rand.New(rand.NewPCG(seed, 1))
		stream := make([]byte, rapid.IntRange(1, 400).Draw(t, "length"))
		for i := range stream {
			stream[i] = byte(i)
		}
		first := rapid.Uint32().Draw(t, "first")
		var segments []Segment
		missing := make([]bool, len(stream))
		for at := 0; at < len(stream); {
			n := min(1+random.IntN(40), len(stream)-at)
			if at > 0 && random.IntN(10) == 0 {
				for i := range n {
					missing[at+i] = true
				}
			} else {
				for range 1 + random.IntN(2) {
					back := min(random.IntN(5), at)
					for i := range back {
						missing[at-1-i] = false
					}
					segments = append(segments, Segment{Seq: first + uint32(at-back), Payload: stream[at-back : at+n]})
				}
			}
			at += n
		}
		random.Shuffle(len(segments), func(i, j int) { segments[i], segments[j] = segments[j], segments[i] })
		var a Assembler
		got, lost := []byte{}, 0
		deliver := func(n int, p []byte) { lost += n; got = append(got, p...) }
		a.Take(Segment{Seq: first - 1, SYN: true}, begins, deliver)
		for _, s := range segments {
			a.Take(s, begins, deliver)
		}
		a.Skip(begins, deliver) // nothing has waited for longer
		waits := len(a.waiting) > 0
		a.Flush(deliver)
		want, gone := []byte{}, 0
		end := len(stream)
		for end > 0 && missing[end-1] {
			end-- // of these nobody knows
		}
		for i := range end {
			if missing[i] {
				gone++
			} else {
				want = append(want, stream[i])
			}
		}
		if !bytes.Equal(got, want) || lost != gone || waits != (gone > 0) {
			t.Fatalf("%d bytes and %d lost, of %d and %d; waits %v", len(got), lost, len(want), gone, waits)
		}
	})
}

// TestPatience skips what is missing once it has been waited for, and not
// before.
func TestPatience(t *testing.T) {
	var a Assembler
	var got []string
	deliver := func(lost int, p []byte) { got = append(got, fmt.Sprint(lost, string(p))) }
	if a.Lacks(10) || a.Begun() {
		t.Error("it has begun")
	}
	a.Take(Segment{Seq: 10, Payload: []byte("ab")}, begins, deliver)
	a.Take(Segment{Seq: 15, Payload: []byte("fg")}, begins, deliver)
	if len(a.waiting) == 0 || !a.Lacks(17) || a.Lacks(12) {
		t.Error("what it waits for is unknown")
	}
	a.Skip(begins, deliver)
	a.Take(Segment{Seq: 20, Payload: []byte("k")}, begins.Add(time.Second), deliver)
	a.Skip(begins.Add(time.Millisecond), deliver)
	a.Take(Segment{Seq: 12, Payload: []byte("late")}, begins, deliver)
	a.Take(Segment{Seq: 9, Payload: []byte("?")}, begins, deliver) // keeps the connection alive
	if want := []string{"0ab", "3fg"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for i := range uint32(maxWaiting) { // together with the one that waits, one too many
		a.Take(Segment{Seq: 30 + 2*i, Payload: []byte("x")}, begins, deliver)
	}
	if want := "3k"; got[len(got)-1] != want {
		t.Errorf("after too many: %q, want %q", got[len(got)-1], want)
	}
}
