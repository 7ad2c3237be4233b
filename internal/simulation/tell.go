package simulation

import (
	"encoding/binary"
	"fmt"
	"strings"

	"godwit/mtproto"
	"godwit/mtproto/session"
)

// names are those of the service messages that the trace shows.
var names = map[uint32]string{
	0x73f1f8dc: "container", 0xf35c6d01: "result", 0x62d6b459: "ack", 0xa7eff811: "bad_msg", 0xedab447b: "bad_salt",
	0xda69fb52: "state_req", 0x04deb57d: "state_info", 0x8cc0d131: "all_info", 0x276d3ec6: "detailed",
	0x809db6df: "new_detailed", 0x7d861a08: "resend_req", 0x3072cfa1: "gzip", 0x58e4a740: "drop_answer",
	0xb921bd04: "get_salts", 0xae500895: "salts", 0x7abe77ec: "ping", 0x347773c5: "pong", 0xf3427b8c: "ping_delay",
	0xe7512126: "destroy_session", 0x9ec20908: "session_created", queryID: "query", answerID: "answer",
}

// tell writes what a packet holds into the trace.
func (w *world) tell(from mtproto.Side, packet []byte) {
	if w.o.Trace == nil {
		return
	}
	id, _ := session.PacketKeyID(packet)
	key := w.server.key(id)
	if key == nil {
		w.tracef("%v sends %d bytes under key %x", from, len(packet), uint64(id))
		return
	}
	e, err := session.Open(&key.key, from, packet)
	if err != nil {
		w.tracef("%v sends %v", from, err)
		return
	}
	w.tracef("%v sends %s", from, describe(e.MsgID, e.SeqNo, e.Body))
}

// describe writes a message with what its first words say.
func describe(id mtproto.MsgID, seqno int32, body []byte) string {
	word := func(i int) uint32 {
		if len(body) < i+4 {
			return 0
		}
		return binary.LittleEndian.Uint32(body[i:])
	}
	name := names[word(0)]
	if name == "" {
		name = fmt.Sprintf("%08x", word(0))
	}
	text := fmt.Sprintf("%s %d/%d", name, id, seqno)
	long := func(i int) int64 { return int64(uint64(word(i)) | uint64(word(i+4))<<32) }
	switch name {
	case "query", "answer":
		return text + fmt.Sprintf(" #%d", word(4))
	case "result":
		return text + fmt.Sprintf(" to %d", long(4))
	case "bad_msg", "bad_salt":
		return text + fmt.Sprintf(" about %d code %d", long(4), word(16))
	case "session_created", "state_info", "pong":
		return text + fmt.Sprintf(" %d %x", long(4), body[12:])
	case "ack", "state_req", "resend_req":
		for i := 12; i+8 <= len(body); i += 8 {
			text += fmt.Sprintf(" %d", long(i))
		}
	case "container":
		var parts []string
		for rest := body[8:]; len(rest) >= 16; {
			n := int(binary.LittleEndian.Uint32(rest[12:]))
			parts = append(parts, describe(mtproto.MsgID(binary.LittleEndian.Uint64(rest)),
				int32(binary.LittleEndian.Uint32(rest[8:])), rest[16:16+n]))
			rest = rest[16+n:]
		}
		return text + " {" + strings.Join(parts, ", ") + "}"
	}
	return text
}
