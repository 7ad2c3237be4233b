package inspect

import (
	"bytes"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"godwit/mtproto"
)

// A chunk is what one side has sent in one piece.
type chunk struct {
	from mtproto.Side
	data []byte
}

// A recording keeps what goes over a connection, in the order in which the
// client sees it.
type recording struct {
	net.Conn
	mu     sync.Mutex
	chunks []chunk
}

func (r *recording) note(from mtproto.Side, p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(p) > 0 {
		r.chunks = append(r.chunks, chunk{from, slices.Clone(p)})
	}
}

func (r *recording) Read(p []byte) (int, error) {
	n, err := r.Conn.Read(p)
	r.note(mtproto.Server, p[:n])
	return n, err
}

// Write notes before it writes, so that no answer is noted before its query.
func (r *recording) Write(p []byte) (int, error) {
	r.note(mtproto.Client, p)
	return r.Conn.Write(p)
}

// captureBegins is the time of the first packet of every capture made here.
var captureBegins = time.Date(2016, 3, 1, 12, 0, 0, 0, time.UTC)

// A frame is a packet of the network.
type frame struct {
	at      time.Time
	data    []byte
	from    mtproto.Side
	payload int // bytes of TCP payload
}

// A cabling says how the packets of a connection look.
type cabling struct {
	mss      int // 1,400
	ipv6     bool
	link     layers.LinkType // Ethernet unless set
	noFinish bool            // the connection goes on
	seqs     [2]uint32       // first sequence numbers
	port     layers.TCPPort  // of the client: 40,000
	server   layers.TCPPort  // 443
	delay    time.Duration   // before the first packet
}

// frames makes the packets of a whole connection, 1 ms apart: SYN to FIN, with
// an acknowledgement after each segment.
func (o cabling) frames(t testing.TB, chunks []chunk) []frame {
	t.Helper()
	if o.mss == 0 {
		o.mss = 1400
	}
	if o.port == 0 {
		o.port = 40000
	}
	if o.server == 0 {
		o.server = 443
	}
	if o.link == 0 {
		o.link = layers.LinkTypeEthernet
	}
	w := &wiring{T: t, o: o, next: o.seqs, at: captureBegins.Add(o.delay)}
	w.send(mtproto.Client, layers.TCP{SYN: true}, nil)
	w.send(mtproto.Server, layers.TCP{SYN: true, ACK: true}, nil)
	w.send(mtproto.Client, layers.TCP{ACK: true}, nil)
	for _, c := range chunks {
		for p := range slices.Chunk(c.data, o.mss) {
			w.send(c.from, layers.TCP{ACK: true, PSH: true}, p)
			w.send(c.from.Remote(), layers.TCP{ACK: true}, nil)
		}
	}
	if !o.noFinish {
		w.send(mtproto.Client, layers.TCP{FIN: true, ACK: true}, nil)
		w.send(mtproto.Server, layers.TCP{FIN: true, ACK: true}, nil)
		w.send(mtproto.Client, layers.TCP{ACK: true}, nil)
	}
	return w.out
}

type wiring struct {
	testing.TB
	T    testing.TB
	o    cabling
	next [2]uint32
	at   time.Time
	out  []frame
}

func (w *wiring) send(from mtproto.Side, tcp layers.TCP, payload []byte) {
	w.T.Helper()
	ports := [2]layers.TCPPort{w.o.port, w.o.server}
	hosts := [2]net.IP{{10, 0, 0, 1}, {149, 154, 167, 51}}
	if w.o.ipv6 {
		hosts = [2]net.IP{net.ParseIP("2001:db8::1"), net.ParseIP("2001:67c:4e8::1")}
	}
	to := from.Remote()
	tcp.SrcPort, tcp.DstPort, tcp.Seq, tcp.Window = ports[from], ports[to], w.next[from], 65535
	if tcp.ACK {
		tcp.Ack = w.next[to]
	}
	var link, network gopacket.SerializableLayer
	ethernet := &layers.Ethernet{SrcMAC: make(net.HardwareAddr, 6), DstMAC: make(net.HardwareAddr, 6), EthernetType: layers.EthernetTypeIPv4}
	var err error
	if w.o.ipv6 {
		ethernet.EthernetType = layers.EthernetTypeIPv6
		ip := &layers.IPv6{Version: 6, NextHeader: layers.IPProtocolTCP, HopLimit: 64, SrcIP: hosts[from], DstIP: hosts[to]}
		err, network = tcp.SetNetworkLayerForChecksum(ip), ip
	} else {
		ip := &layers.IPv4{Version: 4, Protocol: layers.IPProtocolTCP, TTL: 64, SrcIP: hosts[from], DstIP: hosts[to]}
		err, network = tcp.SetNetworkLayerForChecksum(ip), ip
	}
	if err != nil {
		w.T.Fatal(err)
	}
	parts := []gopacket.SerializableLayer{network, &tcp, gopacket.Payload(payload)}
	if w.o.link == layers.LinkTypeEthernet {
		link = ethernet
		parts = append([]gopacket.SerializableLayer{link}, parts...)
	}
	buffer := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buffer, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, parts...); err != nil {
		w.T.Fatal(err)
	}
	w.out = append(w.out, frame{w.at, slices.Clone(buffer.Bytes()), from, len(payload)})
	w.at = w.at.Add(time.Millisecond)
	w.next[from] += uint32(len(payload))
	if tcp.SYN || tcp.FIN {
		w.next[from]++
	}
}

// pcap writes a capture file in which no packet has more than snaplen bytes.
func pcap(t testing.TB, frames []frame, link layers.LinkType, snaplen int) []byte {
	t.Helper()
	var file bytes.Buffer
	w := pcapgo.NewWriterNanos(&file)
	if err := w.WriteFileHeader(uint32(snaplen), link); err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		n := min(len(f.data), snaplen)
		if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: f.at, CaptureLength: n, Length: len(f.data)}, f.data[:n]); err != nil {
			t.Fatal(err)
		}
	}
	return file.Bytes()
}

// pcapng writes the same as pcapng.
func pcapng(t testing.TB, frames []frame, link layers.LinkType) []byte {
	t.Helper()
	var file bytes.Buffer
	w, err := pcapgo.NewNgWriter(&file, link)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range frames {
		ci := gopacket.CaptureInfo{Timestamp: f.at, CaptureLength: len(f.data), Length: len(f.data)}
		if err := w.WritePacket(ci, f.data); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	return file.Bytes()
}

const ethernet = layers.LinkTypeEthernet

// inspect runs on a capture and returns all records.
func inspect(t testing.TB, file []byte, o Options) ([]*Record, *Summary) {
	t.Helper()
	var records []*Record
	summary, err := Run(bytes.NewReader(file), o, func(r *Record) error {
		records = append(records, r)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range records {
		if i > 0 && r.Time.Before(records[i-1].Time) {
			t.Errorf("record %d is earlier than the one before", i)
		}
		if _, err := r.JSON(); err != nil {
			t.Errorf("record %d: %v", i, err)
		}
	}
	return records, summary
}

// lines are the records as text.
func lines(records []*Record) string {
	var b bytes.Buffer
	for _, r := range records {
		b.WriteString(r.Text())
		b.WriteByte('\n')
	}
	return b.String()
}
