package inspect

import (
	"bytes"
	"net"
	"os"
	"slices"
	"testing"

	"godwit/mtproto"
	"godwit/mtproto/transport"
	"godwit/tg"
)

const idPing = 0x7abe77ec

// A pipe is a connection of which only what is written counts.
type pipe struct {
	net.Conn
	out *bytes.Buffer
}

func (p pipe) Write(b []byte) (int, error) { return p.out.Write(b) }

// FuzzRun: no file makes Run panic, hang or go back in time.
func FuzzRun(f *testing.F) {
	for _, name := range []string{"loopback.pcap", "loopback.pcapng"} {
		file, err := os.ReadFile("testdata/" + name)
		check(f, err)
		f.Add(file)
	}
	key := countingKey()
	small := []chunk{marker, abridged(mtproto.Client, sealed(f, &key, mtproto.Client, 4, build(&tg.HelpGetConfig{})))}
	f.Add(pcap(f, cabling{mss: 20}.frames(f, small), ethernet, 1<<16))
	f.Add(pcapng(f, cabling{ipv6: true}.frames(f, small)[4:], ethernet))
	f.Fuzz(func(t *testing.T, file []byte) {
		_, err := Run(bytes.NewReader(file), Options{Keys: []mtproto.AuthKey{key}, Secrets: []transport.Secret{{1}}}, func(r *Record) error {
			_, err := r.JSON()
			_ = r.Text()
			return err
		})
		_ = err
	})
}

// FuzzStream: whatever the two sides say, in whatever pieces.
func FuzzStream(f *testing.F) {
	key := countingKey()
	ping := abridged(mtproto.Client, sealed(f, &key, mtproto.Client, 4, build(uint32(idPing), int64(3)))).data
	f.Add(slices.Concat([]byte{0xef}, ping, ping), abridged(mtproto.Server, sealed(f, &key, mtproto.Server, 5, nil)).data, uint16(50), uint16(3))
	f.Add([]byte{0xee, 0xee, 0xee, 0xee, 4, 0, 0, 0, 1, 2, 3, 4}, []byte{4, 0, 0, 0, 0x6c, 0xfe, 0xff, 0xff}, uint16(1), uint16(0))
	f.Fuzz(func(t *testing.T, client, server []byte, mss, without uint16) {
		frames := cabling{mss: int(mss)%200 + 1}.frames(t, []chunk{{mtproto.Client, client}, {mtproto.Server, server}})
		if n := int(without); n > 0 && n < len(frames) {
			frames = slices.Delete(frames, n-1, n)
		}
		records, _ := inspect(t, pcap(t, frames, ethernet, 1<<16), Options{Keys: []mtproto.AuthKey{key}})
		for _, r := range records {
			_ = r.Text()
		}
	})
}

// FuzzObject: whatever a message holds is read once, and to its end if there is
// no error.
func FuzzObject(f *testing.F) {
	f.Add(build(&tg.MessagesSendMessage{Peer: &tg.InputPeerSelf{}, Message: "text"}), 0)
	f.Add(build(uint32(idRPCResult), int64(1), packed(build(&tg.PeerUser{UserID: 1}))), 158)
	r := newReader(new(Options), newTracker(new(Options), nil))
	f.Fuzz(func(t *testing.T, body []byte, layer int) {
		d := r.decoder(body, layer)
		o := d.boxed()
		if d.r.Finish() == nil && o == nil {
			t.Fatalf("nothing was read of %x", body)
		}
		if o != nil {
			if _, err := o.MarshalJSON(); err != nil {
				t.Fatal(err)
			}
		}
	})
}
