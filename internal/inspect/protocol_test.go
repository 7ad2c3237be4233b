package inspect

import (
	"bytes"
	"crypto/aes"
	"crypto/sha1"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"godwit/internal/gz"
	"godwit/internal/vectors"
	"godwit/mtproto"
	"godwit/mtproto/session"
	"godwit/mtproto/transport"
	"godwit/tg"
	"godwit/tl"
	"godwit/tl/schema"
)

// sealV1 encrypts as MTProto 1.0 does, written from R-EM-50 and R-EM-05 with
// nothing of what it tests.
func sealV1(key *mtproto.AuthKey, x int, plain []byte) []byte {
	ak := key.Bytes()
	sum := sha1.Sum(plain)
	msgKey := sum[4:20]
	a := sha1.Sum(slices.Concat(msgKey, ak[x:x+32]))
	b := sha1.Sum(slices.Concat(ak[32+x:48+x], msgKey, ak[48+x:64+x]))
	c := sha1.Sum(slices.Concat(ak[64+x:96+x], msgKey))
	d := sha1.Sum(slices.Concat(msgKey, ak[96+x:128+x]))
	aesKey := slices.Concat(a[0:8], b[8:20], c[4:16])
	iv := slices.Concat(a[8:20], b[0:8], c[16:20], d[0:8])
	block, err := aes.NewCipher(aesKey)
	if err != nil {
		panic(err)
	}
	for len(plain)%16 != 0 {
		plain = append(slices.Clip(plain), 0xaa)
	}
	out := slices.Concat(binary.LittleEndian.AppendUint64(nil, uint64(key.ID())), msgKey)
	lastCipher, lastPlain := iv[:16], iv[16:]
	for p := range slices.Chunk(plain, 16) {
		mixed := make([]byte, 16)
		for i := range mixed {
			mixed[i] = p[i] ^ lastCipher[i]
		}
		block.Encrypt(mixed, mixed)
		for i := range mixed {
			mixed[i] ^= lastPlain[i]
		}
		out = append(out, mixed...)
		lastCipher, lastPlain = mixed, p
	}
	return out
}

// plaintext is a message before it is encrypted.
func plaintext(salt, sess, msgID int64, seqno int32, body []byte) []byte {
	p := binary.LittleEndian.AppendUint64(nil, uint64(salt))
	p = binary.LittleEndian.AppendUint64(p, uint64(sess))
	return append(p, element(msgID, seqno, body)...)
}

// element is a message in a container.
func element(msgID int64, seqno int32, body []byte) []byte {
	p := binary.LittleEndian.AppendUint64(nil, uint64(msgID))
	p = binary.LittleEndian.AppendUint32(p, uint32(seqno))
	return append(binary.LittleEndian.AppendUint32(p, uint32(len(body))), body...)
}

// build writes TL by hand.
func build(parts ...any) []byte {
	var b tl.Buffer
	for _, part := range parts {
		switch v := part.(type) {
		case uint32:
			b.ID(v)
		case int:
			b.Int(int32(v))
		case int64:
			b.Long(v)
		case string:
			b.String(v)
		case []byte:
			b.Raw(v)
		case tl.Object:
			b.Object(v)
		default:
			panic(fmt.Sprintf("no %T", part))
		}
	}
	return b.Bytes()
}

// packed is gzip_packed.
func packed(p []byte) []byte {
	var b tl.Buffer
	b.ID(idGzip)
	b.ByteString(gz.Pack(p))
	return b.Bytes()
}

// abridged frames packets as a client or a server does.
func abridged(from mtproto.Side, packets ...[]byte) chunk {
	var out []byte
	for _, p := range packets {
		if n := len(p) / 4; n < 0x7f {
			out = append(out, byte(n))
		} else {
			out = append(out, 0x7f, byte(n), byte(n>>8), byte(n>>16))
		}
		out = append(out, p...)
	}
	return chunk{from, out}
}

var marker = chunk{mtproto.Client, []byte{0xef}}

func countingKey() mtproto.AuthKey {
	var value [mtproto.AuthKeySize]byte
	for i := range value {
		value[i] = byte(i)
	}
	return mtproto.NewAuthKey(value)
}

// spoken inspects a conversation.
func spoken(t testing.TB, o Options, chunks ...chunk) (string, *Summary) {
	t.Helper()
	records, summary := inspect(t, pcap(t, cabling{}.frames(t, append([]chunk{marker}, chunks...)), ethernet, 1<<16), o)
	return lines(records), summary
}

// R-EM-50, R-EM-51, R-TR-07: a conversation of MTProto 1.0, as captures of
// before 2018 hold it, and in it an object of a layer that only a given schema
// knows.
func TestMTProto1(t *testing.T) {
	key := countingKey()
	if !bytes.Equal(sealV1(&key, 0, vectors.Hex(t, "mtproto1_message.0.plaintext_without_padding")), vectors.Hex(t, "mtproto1_message.0.packet")) {
		t.Fatal("the encoder of this test is wrong")
	}
	old, err := schema.Parse("old.tl", "---functions---\ncontacts.oldSearch#01020304 q:string limit:int = Vector<int>;")
	check(t, err)
	const salt, sess = 0x1122334455667788, 9
	query := build(uint32(0x01020304), "needle", 7)
	container := build(uint32(idContainer), 2, element(96, 0, build(uint32(0x62d6b459), tl.IDVector, 1, int64(5))),
		element(100, 1, query))
	result := build(uint32(idRPCResult), int64(100), packed(build(tl.IDVector, 2, 33, 34)))
	text, summary := spoken(t, Options{Keys: []mtproto.AuthKey{key}, Schemas: []*schema.Schema{old}},
		abridged(mtproto.Client, vectors.Hex(t, "mtproto1_message.0.packet"), sealV1(&key, 0, plaintext(salt, sess, 104, 2, container))),
		abridged(mtproto.Server, sealV1(&key, 8, plaintext(salt, sess, 201, 1, result)),
			sealV1(&key, 8, plaintext(salt+1, sess, 205, 2, build(uint32(0x347773c5), int64(1), int64(2))))))
	want(t, text,
		"→ v1 7301444403468435456/0 salt 1122334455667788 ping{ping_id: ",
		"→ v1 104/2 salt 1122334455667788 msg_container{messages: [96, 100]}",
		"→ v1 96/0 in 104 msgs_ack{msg_ids: [5]}",
		`→ v1 100/1 in 104 contacts.oldSearch{q: "needle", limit: 7}`,
		"← v1 201/1 salt 1122334455667788 answers contacts.oldSearch rpc_result{req_msg_id: 100, result: gzip_packed{packed_data: [33, 34]}}",
		"← v1 205/2 salt 1122334455667789 pong{msg_id: 1, ping_id: 2}")
	if summary.Messages != 5 {
		t.Errorf("%+v", summary)
	}
}

// R-PF-03..05, R-EM-50: a temporary key's binding is opened where the permanent
// key was given as well.
func TestBinding(t *testing.T) {
	permanent := countingKey()
	temporary := mtproto.NewAuthKey([mtproto.AuthKeySize]byte(vectors.Hex(t, "bind_temp_auth_key.0.temp_auth_key")))
	packet, _, err := session.Seal(bytes.NewReader(make([]byte, 100)), &temporary, mtproto.Client, &session.Envelope{
		Salt: 5, SessionID: 6, MsgID: 8, SeqNo: 1, Body: vectors.Hex(t, "bind_temp_auth_key.0.request_body"),
	})
	check(t, err)
	text, _ := spoken(t, Options{Keys: []mtproto.AuthKey{temporary, permanent}}, abridged(mtproto.Client, packet))
	want(t, text, "auth.bindTempAuthKey{", "encrypted_message: bind_auth_key_inner{nonce: ", fmt.Sprintf("perm_auth_key_id: %d", int64(permanent.ID())))
	text, _ = spoken(t, Options{Keys: []mtproto.AuthKey{temporary}}, abridged(mtproto.Client, packet))
	want(t, text, "encrypted_message: 32d1586ea457dfc8")
	wrong := bytes.Clone(packet)
	wrong[len(wrong)-1] ^= 1
	text, summary := spoken(t, Options{Keys: []mtproto.AuthKey{temporary, permanent}}, abridged(mtproto.Client, wrong))
	want(t, text, "encrypted: ", "msg_key does not match")
	if summary.Refused[temporary.ID()] != 1 || len(summary.RefusedKeys()) != 1 {
		t.Errorf("%+v", summary)
	}
}

// Without the key, or with one of another account, packets are shown as what
// they are.
func TestWrongKeys(t *testing.T) {
	e := recorded(t, transport.Intermediate, true)
	file := pcap(t, cabling{}.frames(t, e.chunks), ethernet, 1<<16)
	for name, o := range map[string]Options{"none": {}, "another": {Keys: []mtproto.AuthKey{countingKey()}}} {
		records, summary := inspect(t, file, o)
		want(t, lines(records), "← plaintext", fmt.Sprintf("key %016x [no key of this id was given]", uint64(e.key.ID())))
		if summary.Messages != 0 || summary.Missing[e.key.ID()] < 10 || !slices.Equal(summary.MissingKeys(), []mtproto.KeyID{e.key.ID()}) {
			t.Errorf("%s: %+v", name, summary)
		}
	}
}

// sealed is a packet of MTProto 2.0 from the client or the server.
func sealed(t testing.TB, key *mtproto.AuthKey, from mtproto.Side, msgID mtproto.MsgID, body []byte) []byte {
	t.Helper()
	packet, _, err := session.Seal(bytes.NewReader(make([]byte, 2000)), key, from, &session.Envelope{
		Salt: 5, SessionID: 6, MsgID: msgID, SeqNo: 1, Body: body,
	})
	check(t, err)
	return packet
}

// Odd messages are shown as far as they can be read, and say what is odd.
func TestOddMessages(t *testing.T) {
	key := countingKey()
	o := Options{Keys: []mtproto.AuthKey{key}}
	bomb := build(uint32(idPing), int64(1))
	for range maxPackings + 1 {
		bomb = packed(bomb)
	}
	config := build(&tg.HelpGetConfig{})
	for _, test := range []struct {
		name string
		from mtproto.Side
		body []byte
		want string
	}{
		{"unknown constructor", mtproto.Client, build(uint32(0x00000001), 2), " 0100000002000000 [tl: at byte 0: unexpected constructor 00000001"},
		{"trailing bytes", mtproto.Client, build(uint32(idPing), int64(3), 4), "ping{ping_id: 3} 04000000 [tl: at byte 12: 4 bytes: left over"},
		{"cut", mtproto.Client, build(uint32(idPing), 3), "ping ec77be7a03000000 [tl: at byte 4: more is announced"},
		{"empty", mtproto.Client, nil, "[tl: at byte 0: more is announced"},
		{"packed too often", mtproto.Client, bomb, "nested too deeply"},
		{"no gzip", mtproto.Client, build(uint32(idGzip), "abc"), "[tl: at byte 8: gzip_packed: "},
		{"container in a container", mtproto.Client,
			build(uint32(idContainer), 1, element(1, 0, build(uint32(idContainer), 1, element(2, 0, config)))), "2/0 in 1 help.getConfig"},
		{"container without end", mtproto.Client, build(uint32(idContainer), 2, element(1, 0, config)), "[tl: at byte 28: more is announced"},
		{"container too deep", mtproto.Client, build(uint32(idContainer), 1, element(1, 0, build(uint32(idContainer), 1,
			element(2, 0, build(uint32(idContainer), 1, element(3, 0, config)))))), "msg_container{messages: [message{"},
		{"ints in answer to what is not there", mtproto.Server, build(uint32(idRPCResult), int64(1), tl.IDVector, 2, 5, 6), "result: [5, 6]"},
		{"longs", mtproto.Server, build(uint32(idRPCResult), int64(1), tl.IDVector, 1, int64(7)), "result: [7]"},
		{"objects", mtproto.Server, build(uint32(idRPCResult), int64(1), tl.IDVector, 1, &tg.PeerUser{UserID: 8}), "result: [peerUser{user_id: 8}]"},
		{"error", mtproto.Server, build(uint32(idRPCResult), int64(1), uint32(idRPCError), 420, "FLOOD_WAIT_3"), `result: rpc_error{error_code: 420, error_message: "FLOOD_WAIT_3"}`},
		{"text that is none", mtproto.Client, build(&tg.MessagesSendMessage{Peer: &tg.InputPeerSelf{}, Message: "\xff\x1b[2J"}), "message: ff1b5b324a"},
		{"control characters", mtproto.Client, build(&tg.MessagesSendMessage{Peer: &tg.InputPeerSelf{}, Message: "\x1b[2J"}), `message: "\x1b[2J"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			text, _ := spoken(t, o, abridged(test.from, sealed(t, &key, test.from, 4, test.body)))
			want(t, text, test.want)
		})
	}
}

// What the transport says itself, and what is no MTProto at all.
func TestTransportMatters(t *testing.T) {
	key := countingKey()
	ping := sealed(t, &key, mtproto.Client, 4, build(uint32(idPing), int64(3)))
	asks := abridged(mtproto.Client, ping)
	asks.data[0] |= 0x80
	text, _ := spoken(t, Options{Keys: []mtproto.AuthKey{key}}, asks,
		chunk{mtproto.Server, []byte{0x81, 2, 3, 4, 1, 0x6c, 0xfe, 0xff, 0xff}}, abridged(mtproto.Client, make([]byte, 4)))
	want(t, text, "ping{ping_id: 3} (asks for a quick ack)", "← quick ack 81020304", "← transport error -404", "→ [packet of 4 bytes]")

	for first, told := range map[string]string{
		"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03": "unknown beginning",
		"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n":   "unknown beginning",
		"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n":  "HTTP without MTProto",
	} {
		records, summary := inspect(t, pcap(t, cabling{}.frames(t, []chunk{{mtproto.Client, []byte(first)}, {mtproto.Server, []byte("whatever")}}), ethernet, 1<<16), Options{})
		want(t, lines(records), told)
		if len(records) != 1 || summary.Others != 1 || summary.Connections != 0 {
			t.Errorf("%+v", summary)
		}
	}
}

// R-OB-05: behind a proxy the secret tells.
func TestProxySecret(t *testing.T) {
	secret := transport.Secret{1, 2, 3}
	var wire bytes.Buffer
	c, err := transport.NewClient(pipe{out: &wire}, transport.Options{Framing: transport.PaddedIntermediate, Obfuscated: true, Secret: &secret})
	check(t, err)
	key := countingKey()
	check(t, c.WritePacket(sealed(t, &key, mtproto.Client, 4, build(uint32(idPing), int64(3)))))
	file := pcap(t, cabling{}.frames(t, []chunk{{mtproto.Client, wire.Bytes()}}), ethernet, 1<<16)
	records, _ := inspect(t, file, Options{Keys: []mtproto.AuthKey{key}, Secrets: []transport.Secret{{9}, secret}})
	want(t, lines(records), "padded intermediate, obfuscated", "ping{ping_id: 3}")
	records, _ = inspect(t, file, Options{Keys: []mtproto.AuthKey{key}})
	want(t, lines(records), "unknown beginning")
}

// Ports are used again, also while the old connection has not been closed.
func TestPortsUsedAgain(t *testing.T) {
	key := countingKey()
	one := []chunk{marker, abridged(mtproto.Client, sealed(t, &key, mtproto.Client, 4, build(uint32(idPing), int64(3))))}
	frames := slices.Concat(cabling{noFinish: true}.frames(t, one),
		cabling{seqs: [2]uint32{77, 78}, delay: 1e9}.frames(t, one), cabling{seqs: [2]uint32{99, 98}, delay: 2e9}.frames(t, one))
	_, summary := inspect(t, pcap(t, frames, ethernet, 1<<16), Options{Keys: []mtproto.AuthKey{key}})
	if summary.Connections != 3 || summary.Messages != 3 {
		t.Errorf("%+v", summary)
	}
}

// What other programs have captured.
func TestRealCaptures(t *testing.T) {
	content, err := os.ReadFile("testdata/loopback.keys")
	check(t, err)
	keys, err := ParseKeys(content)
	check(t, err)
	for name, text := range map[string]string{"loopback.pcap": "hello capture", "loopback.pcapng": "hello pcapng"} {
		file, err := os.ReadFile("testdata/" + name)
		check(t, err)
		records, summary := inspect(t, file, Options{Keys: keys})
		want(t, lines(records), "padded intermediate, obfuscated", `auth.signIn{phone_number: "9996610001"`, `message: "`+text+`"`, "answers messages.sendMessage")
		if summary.Connections != 2 || len(summary.Missing)+len(summary.Refused)+summary.Others != 0 {
			t.Errorf("%+v", summary)
		}
	}
}

// JSON has everything, in the order of the schema, and 64 bits as strings.
func TestJSON(t *testing.T) {
	key := countingKey()
	body := build(&tg.MessagesSendMessage{Peer: &tg.InputPeerUser{UserID: 1 << 60, AccessHash: -1}, Message: "<&>" + strings.Repeat("x", 400), RandomID: 5, Silent: true})
	records, _ := inspect(t, pcap(t, cabling{}.frames(t, []chunk{marker, abridged(mtproto.Client, sealed(t, &key, mtproto.Client, 1<<62, body))}), ethernet, 1<<16),
		Options{Keys: []mtproto.AuthKey{key}})
	got, err := records[len(records)-1].JSON()
	check(t, err)
	text := `{"time":"2016-03-01T12:00:00.005Z","kind":"message","connection":1,"from":"client","key_id":"c8df57a46e58d132","mtproto":2,` +
		`"session_id":"0000000000000006","msg_id":"4611686018427387904","seqno":1,"salt":"0000000000000005","new_salt":true,` +
		`"object":{"_":"messages.sendMessage","silent":true,"peer":{"_":"inputPeerUser","user_id":"1152921504606846976","access_hash":"-1"},` +
		`"message":"<&>` + strings.Repeat("x", 400) + `","random_id":"5"}}`
	if string(got) != text {
		t.Errorf("got  %s\nwant %s", got, text)
	}
	for _, r := range records {
		line, err := r.JSON()
		if err != nil || !json.Valid(line) {
			t.Errorf("%s: %v", line, err)
		}
	}
}

func TestParseKeys(t *testing.T) {
	key := countingKey()
	digits := fmt.Sprintf("%x", key.Bytes())
	for _, test := range []struct {
		content string
		keys    int
		wrong   string
	}{
		{digits, 1, ""},
		{"# two\n" + digits + "\r\n\n" + strings.ToUpper(digits) + "\n", 2, ""},
		{string(key.Bytes()), 1, ""},
		{"", 0, "no key"},
		{"# only this", 0, "no key"},
		{digits[1:], 0, "line 1: an auth key has 256 bytes, which are 512 hexadecimal digits, and this has 511 characters"},
		{"\n" + "z" + digits[1:], 0, "line 2: an auth key is written in hexadecimal digits"},
	} {
		keys, err := ParseKeys([]byte(test.content))
		if test.wrong == "" && (err != nil || len(keys) != test.keys || keys[0].ID() != key.ID()) {
			t.Errorf("%d keys, %v", len(keys), err)
		}
		if test.wrong != "" && (err == nil || !strings.Contains(err.Error(), test.wrong) || strings.Contains(err.Error(), digits[10:20])) {
			t.Errorf("%v, want %q", err, test.wrong)
		}
	}
}
