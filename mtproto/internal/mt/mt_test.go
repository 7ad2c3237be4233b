package mt_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand"
	"reflect"
	"runtime"
	"testing"
	"testing/quick"

	"godwit/internal/vectors"
	"godwit/mtproto/internal/mt"
	data "godwit/schema"
	"godwit/tl"
	"godwit/tl/schema"
)

// all holds one value of each type.
var all = []tl.Object{
	&mt.ResPQ{}, &mt.PQInnerData{}, &mt.PQInnerDataDC{}, &mt.PQInnerDataTemp{}, &mt.PQInnerDataTempDC{},
	&mt.ServerDHParamsFail{}, &mt.ServerDHParamsOK{}, &mt.ServerDHInnerData{}, &mt.ClientDHInnerData{},
	&mt.DHGenOK{}, &mt.DHGenRetry{}, &mt.DHGenFail{}, &mt.BindAuthKeyInner{},
	&mt.DestroyAuthKeyOK{}, &mt.DestroyAuthKeyNone{}, &mt.DestroyAuthKeyFail{},
	&mt.RPCResult{}, &mt.RPCError{}, &mt.RPCAnswerUnknown{}, &mt.RPCAnswerDroppedRunning{}, &mt.RPCAnswerDropped{},
	&mt.FutureSalt{}, &mt.FutureSalts{}, &mt.Pong{}, &mt.DestroySessionOK{}, &mt.DestroySessionNone{}, &mt.NewSessionCreated{},
	&mt.GzipPacked{}, &mt.MsgsAck{}, &mt.BadMsgNotification{}, &mt.BadServerSalt{}, &mt.MsgResendReq{}, &mt.MsgsStateReq{},
	&mt.MsgsStateInfo{}, &mt.MsgsAllInfo{}, &mt.MsgDetailedInfo{}, &mt.MsgNewDetailedInfo{},
	&mt.ReqPQ{}, &mt.ReqPQMulti{}, &mt.ReqDHParams{}, &mt.SetClientDHParams{}, &mt.RPCDropAnswer{}, &mt.GetFutureSalts{},
	&mt.Ping{}, &mt.PingDelayDisconnect{}, &mt.DestroySession{}, &mt.HTTPWait{}, &mt.DestroyAuthKey{}, &mt.AuthBindTempAuthKey{},
}

// decode reads a value of any type.
func decode(p []byte) (tl.Object, error) {
	r := tl.NewReader(p)
	id := r.PeekID()
	for _, like := range all {
		if tl.TypeID(like) == id {
			v := fresh(like)
			r.Object(v)
			return v, r.Finish()
		}
	}
	r.Unexpected(r.ID(), "any service message")
	return nil, r.Err()
}

func fresh(like tl.Object) tl.Object {
	return reflect.New(reflect.TypeOf(like).Elem()).Interface()
}

func encode(t testing.TB, v tl.Object) []byte {
	t.Helper()
	p, err := tl.Marshal(v)
	if err != nil {
		t.Fatalf("%T: %v", v, err)
	}
	return p
}

// fill returns a random value of the type of like.
func fill(t testing.TB, like tl.Object, rnd *rand.Rand) tl.Object {
	t.Helper()
	v, ok := quick.Value(reflect.TypeOf(like).Elem(), rnd)
	if !ok {
		t.Fatalf("%T cannot be filled", like)
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p.Interface()
}

// Every declaration of mtproto.tl has its struct, but for containers and what
// they hold, which package session writes by hand (R-TL-07).
func TestComplete(t *testing.T) {
	s, err := schema.Parse("mtproto.tl", data.MTProto)
	if err != nil {
		t.Fatal(err)
	}
	byID := map[uint32]tl.Object{}
	for _, v := range all {
		byID[tl.TypeID(v)] = v
		if s.ByID(tl.TypeID(v)) == nil {
			t.Errorf("%T has id %08x, which the schema does not know", v, tl.TypeID(v))
		}
	}
	byHand := map[string]bool{"msg_container": true, "message": true, "msg_copy": true}
	for _, list := range [][]*schema.Combinator{s.Constructors, s.Methods} {
		for _, c := range list {
			v := byID[c.ID]
			if (v == nil) != byHand[c.Name] {
				t.Errorf("%s: %T", c.Name, v)
			}
			if v != nil && reflect.TypeOf(v).Elem().NumField() != len(c.Params) {
				t.Errorf("%T has %d fields, want %d", v, reflect.TypeOf(v).Elem().NumField(), len(c.Params))
			}
		}
	}
}

func TestRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewSource(1))
	for _, like := range all {
		for range 20 {
			v := fill(t, like, rnd)
			p := encode(t, v)
			back, err := decode(p)
			if err != nil || !reflect.DeepEqual(back, v) {
				t.Errorf("%+v became %+v, %v", v, back, err)
				continue
			}
			if again := encode(t, back); !bytes.Equal(again, p) {
				t.Errorf("%T: %x, then %x", v, p, again)
			}
			other := fresh(like)
			p[0]++
			var id *tl.UnexpectedIDError
			if err := tl.Unmarshal(p, other); !errors.As(err, &id) { // R-TL-05
				t.Errorf("%T of another id: %v", v, err)
			}
		}
	}
}

// Anything cut off is refused. The content of an rpc_result is what is left,
// so that is refused only before its content begins.
func TestTruncation(t *testing.T) {
	rnd := rand.New(rand.NewSource(2))
	for _, like := range all {
		p := encode(t, fill(t, like, rnd))
		end := len(p)
		if tl.TypeID(like) == mt.IDRPCResult {
			end = 12
		}
		for n := range end {
			if err := tl.Unmarshal(p[:n], fresh(like)); !errors.Is(err, tl.ErrUnexpectedEnd) && n >= 4 || err == nil {
				t.Errorf("%T: %d of %d bytes: %v", like, n, len(p), err)
			}
		}
		if err := tl.Unmarshal(append(p, 0, 0, 0, 0), fresh(like)); tl.TypeID(like) != mt.IDRPCResult && !errors.Is(err, tl.ErrTrailing) {
			t.Errorf("%T and four bytes more: %v", like, err) // R-TL-28
		}
	}
}

// The official and synthetic samples, and what they decode to.
func TestVectors(t *testing.T) {
	const msgID, serverMsgID = 7301444403200000004, 7301444403736870913
	le := func(path string) int64 { return int64(binary.LittleEndian.Uint64(vectors.Hex(t, path))) }
	const cases = "service_messages.cases."
	tests := map[string]tl.Object{
		"0":  &mt.BadServerSalt{BadMsgID: msgID, BadMsgSeqno: 1, ErrorCode: 48, NewServerSalt: le(cases + "0.fields.new_server_salt_hex_le")},
		"1":  &mt.BadMsgNotification{BadMsgID: msgID, BadMsgSeqno: 1, ErrorCode: 16},
		"2":  &mt.NewSessionCreated{FirstMsgID: msgID, UniqueID: le(cases + "2.fields.unique_id_le"), ServerSalt: le(cases + "2.fields.server_salt_le")},
		"3":  &mt.RPCResult{ReqMsgID: msgID, Result: encode(t, &mt.RPCError{ErrorCode: 420, ErrorMessage: "FLOOD_WAIT_30"})},
		"4":  &mt.RPCResult{ReqMsgID: msgID, Result: []byte{0xb5, 0x75, 0x72, 0x99}},
		"6":  &mt.MsgsStateInfo{ReqMsgID: msgID, Info: []byte{1, 4}},
		"7":  &mt.MsgDetailedInfo{MsgID: msgID, AnswerMsgID: serverMsgID, Bytes: 100},
		"8":  &mt.PingDelayDisconnect{PingID: 7, DisconnectDelay: 75},
		"9":  &mt.HTTPWait{MaxWait: 25000},
		"10": &mt.RPCDropAnswer{ReqMsgID: msgID},
		"11": &mt.RPCAnswerDropped{MsgID: serverMsgID, SeqNo: 3, Bytes: 100},
	}
	for i, want := range tests {
		wire := vectors.Hex(t, cases+i+".hex")
		got, err := decode(wire)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("case %s: %+v, %v; want %+v", i, got, err, want)
		}
		if p := encode(t, want); !bytes.Equal(p, wire) {
			t.Errorf("case %s: %x, want %x", i, p, wire)
		}
	}
	for path, want := range map[string]tl.Object{
		"c2_req_DH_params_object":        &mt.ReqDHParams{},
		"s2_server_DH_params_ok_object":  &mt.ServerDHParamsOK{},
		"c3_set_client_DH_params_object": &mt.SetClientDHParams{},
		"s3_dh_gen_ok_object":            &mt.DHGenOK{},
	} {
		wire := vectors.Hex(t, "auth_key_official_sample.packets."+path)
		got, err := decode(wire)
		if err != nil || reflect.TypeOf(got) != reflect.TypeOf(want) {
			t.Errorf("%s: %T, %v", path, got, err)
		} else if p := encode(t, got); !bytes.Equal(p, wire) {
			t.Errorf("%s: %x, want %x", path, p, wire)
		}
	}
}

// R-TL-03, R-TL-27: the vector of future_salts is bare, and so are the salts
// in it: neither has an id.
func TestBareVector(t *testing.T) {
	wire := vectors.Hex(t, "service_messages.cases.5.hex")
	got, err := decode(wire)
	if err != nil {
		t.Fatal(err)
	}
	salts := got.(*mt.FutureSalts)
	if salts.Now != 1700000000 || len(salts.Salts) != 2 || salts.Salts[0].ValidSince != salts.Now || salts.Salts[1].Salt == 0 {
		t.Errorf("%+v", salts)
	}
	if p := encode(t, salts); !bytes.Equal(p, wire) {
		t.Errorf("%x, want %x", p, wire)
	}
	// On its own a salt is boxed.
	if p := encode(t, &salts.Salts[0]); len(p) != 20 || binary.LittleEndian.Uint32(p) != mt.IDFutureSalt {
		t.Errorf("%x", p)
	}
}

// R-TL-26: no count takes memory that the input does not back.
func TestVectorBombs(t *testing.T) {
	const size = 1 << 16
	for _, like := range []tl.Object{&mt.FutureSalts{}, &mt.MsgsAck{}, &mt.ResPQ{}} {
		p := encode(t, like)
		for _, count := range []uint32{size/8 + 1, 1 << 24, 1<<31 - 1, 1 << 31, 1<<32 - 1} {
			bomb := bytes.Clone(p)
			binary.LittleEndian.PutUint32(bomb[len(bomb)-4:], count)
			bomb = append(bomb, make([]byte, size)...)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			err := tl.Unmarshal(bomb, fresh(like))
			runtime.ReadMemStats(&after)
			if got := after.TotalAlloc - before.TotalAlloc; err == nil || got > 8192 {
				t.Errorf("%T, count %d: %d bytes allocated, %v", like, count, got, err)
			}
		}
	}
}

// Classes are told apart by id, and nothing else passes.
func TestClasses(t *testing.T) {
	tests := []struct {
		name   string
		decode func(*tl.Reader) tl.Object
		of     []tl.Object
	}{
		{"P_Q_inner_data", func(r *tl.Reader) tl.Object { return mt.DecodePQInnerData(r) },
			[]tl.Object{&mt.PQInnerData{}, &mt.PQInnerDataDC{}, &mt.PQInnerDataTemp{}, &mt.PQInnerDataTempDC{}}},
		{"Server_DH_Params", func(r *tl.Reader) tl.Object { return mt.DecodeServerDHParams(r) },
			[]tl.Object{&mt.ServerDHParamsOK{}, &mt.ServerDHParamsFail{}}},
		{"Set_client_DH_params_answer", func(r *tl.Reader) tl.Object { return mt.DecodeSetClientDHParamsAnswer(r) },
			[]tl.Object{&mt.DHGenOK{}, &mt.DHGenRetry{}, &mt.DHGenFail{}}},
		{"DestroyAuthKeyRes", func(r *tl.Reader) tl.Object { return mt.DecodeDestroyAuthKeyRes(r) },
			[]tl.Object{&mt.DestroyAuthKeyOK{}, &mt.DestroyAuthKeyNone{}, &mt.DestroyAuthKeyFail{}}},
		{"RpcDropAnswer", func(r *tl.Reader) tl.Object { return mt.DecodeRPCDropAnswer(r) },
			[]tl.Object{&mt.RPCAnswerUnknown{}, &mt.RPCAnswerDroppedRunning{}, &mt.RPCAnswerDropped{}}},
		{"DestroySessionRes", func(r *tl.Reader) tl.Object { return mt.DecodeDestroySessionRes(r) },
			[]tl.Object{&mt.DestroySessionOK{}, &mt.DestroySessionNone{}}},
		{"BadMsgNotification", func(r *tl.Reader) tl.Object { return mt.DecodeBadMsgNotification(r) },
			[]tl.Object{&mt.BadMsgNotification{}, &mt.BadServerSalt{}}},
		{"MsgDetailedInfo", func(r *tl.Reader) tl.Object { return mt.DecodeMsgDetailedInfo(r) },
			[]tl.Object{&mt.MsgDetailedInfo{}, &mt.MsgNewDetailedInfo{}}},
	}
	rnd := rand.New(rand.NewSource(3))
	for _, test := range tests {
		for _, like := range test.of {
			want := fill(t, like, rnd)
			r := tl.NewReader(encode(t, want))
			if got := test.decode(r); !reflect.DeepEqual(got, want) || r.Finish() != nil {
				t.Errorf("%s: %+v, %v; want %+v", test.name, got, r.Err(), want)
			}
		}
		r := tl.NewReader(encode(t, &mt.Ping{}))
		test.decode(r)
		var id *tl.UnexpectedIDError
		if !errors.As(r.Err(), &id) || id.ID != mt.IDPing || id.Want != test.name {
			t.Errorf("%s: %v", test.name, r.Err())
		}
	}
}

// FuzzDecode: what decodes encodes, and decodes to the same again.
func FuzzDecode(f *testing.F) {
	rnd := rand.New(rand.NewSource(4))
	for _, like := range all {
		f.Add(encode(f, fill(f, like, rnd)))
	}
	f.Fuzz(func(t *testing.T, input []byte) {
		v, err := decode(input)
		if err != nil {
			return
		}
		once := encode(t, v)
		back, err := decode(once)
		if err != nil || !reflect.DeepEqual(back, v) || !bytes.Equal(encode(t, back), once) {
			t.Fatalf("%x decodes to\n%+v, then to\n%+v, %v", input, v, back, err)
		}
	})
}
