package capture

import (
	"encoding/binary"
	"net/netip"
)

// A Segment is one of TCP (RFC 9293).
type Segment struct {
	Src, Dst           netip.AddrPort
	Seq, Ack           uint32
	SYN, ACK, FIN, RST bool
	Payload            []byte // what has been captured of it; good as long as the packet
}

// Types of what frames carry
// (https://www.iana.org/assignments/ieee-802-numbers).
const (
	etherIPv4  = 0x0800
	etherIPv6  = 0x86dd
	etherVLAN  = 0x8100
	etherQinQ  = 0x88a8
	etherQinQ2 = 0x9100
	etherPPPoE = 0x8864
)

// Protocols of IP (https://www.iana.org/assignments/protocol-numbers).
const (
	protocolHopByHop    = 0
	protocolIPv4        = 4
	protocolTCP         = 6
	protocolIPv6        = 41
	protocolRouting     = 43
	protocolFragment    = 44
	protocolDestination = 60
)

// maxNesting is how many heads of IP a packet may have, one within the other.
const maxNesting = 8

// Segment returns the segment of TCP that a packet carries. It has none if it
// carries something else, or a fragment, or if too little of it has been
// captured.
func (p Packet) Segment() (Segment, bool) {
	b := p.Data
	switch p.Link {
	case LinkEthernet:
		if len(b) < 14 {
			return Segment{}, false
		}
		return ether(binary.BigEndian.Uint16(b[12:]), b[14:])
	case LinkLinuxSLL:
		if len(b) < 16 {
			return Segment{}, false
		}
		return ether(binary.BigEndian.Uint16(b[14:]), b[16:])
	case LinkSLL2:
		if len(b) < 20 {
			return Segment{}, false
		}
		return ether(binary.BigEndian.Uint16(b), b[20:])
	case LinkNull, LinkLoop: // the number of an address family, which differs between systems
		if len(b) < 4 {
			return Segment{}, false
		}
		return ip(b[4:], maxNesting)
	case LinkRaw, LinkIPv4, LinkIPv6:
		return ip(b, maxNesting)
	}
	return Segment{}, false
}

// ether reads what stands behind a type.
func ether(kind uint16, b []byte) (Segment, bool) {
	for kind == etherVLAN || kind == etherQinQ || kind == etherQinQ2 {
		if len(b) < 4 {
			return Segment{}, false
		}
		kind, b = binary.BigEndian.Uint16(b[2:]), b[4:]
	}
	switch kind {
	case etherIPv4, etherIPv6:
		return ip(b, maxNesting)
	case etherPPPoE: // RFC 2516; its 6 bytes and the protocol of PPP
		if len(b) > 8 {
			return ip(b[8:], maxNesting)
		}
	}
	return Segment{}, false
}

// ip reads a packet of IP, of the version that it says itself.
func ip(b []byte, depth int) (Segment, bool) {
	if len(b) == 0 || depth == 0 {
		return Segment{}, false
	}
	switch b[0] >> 4 {
	case 4:
		return ipv4(b, depth)
	case 6:
		return ipv6(b, depth)
	}
	return Segment{}, false
}

// ipv4 reads RFC 791.
func ipv4(b []byte, depth int) (Segment, bool) {
	if len(b) < 20 {
		return Segment{}, false
	}
	head, total := int(b[0]&15)*4, int(binary.BigEndian.Uint16(b[2:]))
	fragment := binary.BigEndian.Uint16(b[6:]) & 0x3fff // its place, and whether more follow
	if head < 20 || head > len(b) || fragment != 0 {
		return Segment{}, false
	}
	if total >= head && total < len(b) { // else it is cut, or was left to the network card
		b = b[:total]
	}
	src, dst := netip.AddrFrom4([4]byte(b[12:16])), netip.AddrFrom4([4]byte(b[16:20]))
	return transport(b[9], src, dst, b[head:], depth)
}

// ipv6 reads RFC 8200.
func ipv6(b []byte, depth int) (Segment, bool) {
	if len(b) < 40 {
		return Segment{}, false
	}
	src, dst := netip.AddrFrom16([16]byte(b[8:24])), netip.AddrFrom16([16]byte(b[24:40]))
	protocol, total := b[6], int(binary.BigEndian.Uint16(b[4:]))
	if b = b[40:]; total > 0 && total < len(b) {
		b = b[:total]
	}
	for {
		var size int
		switch protocol {
		case protocolHopByHop, protocolRouting, protocolDestination:
			if len(b) < 8 {
				return Segment{}, false
			}
			size = 8 + int(b[1])*8
		case protocolFragment:
			if len(b) < 8 || binary.BigEndian.Uint16(b[2:])&^6 != 0 {
				return Segment{}, false
			}
			size = 8
		default:
			return transport(protocol, src, dst, b, depth)
		}
		if size > len(b) {
			return Segment{}, false
		}
		protocol, b = b[0], b[size:]
	}
}

func transport(protocol byte, src, dst netip.Addr, b []byte, depth int) (Segment, bool) {
	switch protocol {
	case protocolIPv4, protocolIPv6: // a tunnel
		return ip(b, depth-1)
	case protocolTCP:
	default:
		return Segment{}, false
	}
	if len(b) < 20 {
		return Segment{}, false
	}
	head, flags := int(b[12]>>4)*4, b[13]
	if head < 20 {
		return Segment{}, false
	}
	return Segment{
		Src: netip.AddrPortFrom(src, binary.BigEndian.Uint16(b)), Dst: netip.AddrPortFrom(dst, binary.BigEndian.Uint16(b[2:])),
		Seq: binary.BigEndian.Uint32(b[4:]), Ack: binary.BigEndian.Uint32(b[8:]),
		FIN: flags&1 != 0, SYN: flags&2 != 0, RST: flags&4 != 0, ACK: flags&16 != 0,
		Payload: b[min(head, len(b)):],
	}, true
}
