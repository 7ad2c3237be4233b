package inspect

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket/layers"

	"godwit/mtproto"
	"godwit/mtproto/transport"
)

// told returns what records say, without times, sorted by side: how segments
// of the two sides mingle is the network's affair.
func told(records []*Record) string {
	var sides [2][]string
	for _, r := range records {
		line := r.Text()[len("2006-01-02 15:04:05.000000 "):]
		sides[r.From] = append(sides[r.From], line)
	}
	return strings.Join(slices.Concat(sides[0], sides[1]), "\n")
}

// Whatever the file format, the network below and the numbers of TCP, it is the
// same exchange.
func TestFormats(t *testing.T) {
	e := recorded(t, transport.PaddedIntermediate, true)
	o := Options{Keys: []mtproto.AuthKey{e.key}}
	plain := cabling{}.frames(t, e.chunks)
	whole, _ := inspect(t, pcap(t, plain, ethernet, 1<<16), o)
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	z.Write(pcap(t, plain, ethernet, 1<<16))
	check(t, z.Close())
	wrapping := cabling{seqs: [2]uint32{1<<32 - 700, 1<<32 - 3}}
	ipv6, raw := cabling{ipv6: true}, cabling{link: layers.LinkTypeRaw}
	for _, test := range []struct {
		name string
		file []byte
	}{
		{"pcapng", pcapng(t, plain, ethernet)},
		{"gzip", zipped.Bytes()},
		{"small segments", pcap(t, cabling{mss: 7}.frames(t, e.chunks), ethernet, 1<<16)},
		{"numbers that wrap around", pcap(t, wrapping.frames(t, e.chunks), ethernet, 1<<16)},
		{"IPv6", pcapng(t, ipv6.frames(t, e.chunks), ethernet)},
		{"without Ethernet", pcap(t, raw.frames(t, e.chunks), layers.LinkTypeRaw, 1<<16)},
		{"connection that goes on", pcap(t, cabling{noFinish: true}.frames(t, e.chunks), ethernet, 1<<16)},
	} {
		t.Run(test.name, func(t *testing.T) {
			records, summary := inspect(t, test.file, o)
			got, want := told(records), told(whole)
			if strings.HasPrefix(test.name, "IPv6") {
				want = strings.Replace(want, "10.0.0.1:40000 → 149.154.167.51:443", "[2001:db8::1]:40000 → [2001:67c:4e8::1]:443", 1)
			}
			if got != want || summary.Connections != 1 {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// Segments that come late, twice or overlapping change nothing.
func TestDisorder(t *testing.T) {
	e := recorded(t, transport.Abridged, true)
	o := Options{Keys: []mtproto.AuthKey{e.key}}
	frames := cabling{mss: 100}.frames(t, e.chunks)
	whole, _ := inspect(t, pcap(t, frames, ethernet, 1<<16), o)
	mixed := slices.Clone(frames)
	for i := 8; i+9 < len(mixed); i += 11 {
		mixed[i], mixed[i+6] = mixed[i+6], mixed[i] // late
	}
	for i := 9; i < len(mixed); i += 5 {
		if mixed[i].payload == 0 && mixed[i-3].payload > 0 {
			mixed[i] = mixed[i-3] // twice, in the place of an ack
		}
	}
	records, summary := inspect(t, pcap(t, atTimes(mixed, frames), ethernet, 1<<16), o)
	// An answer that is read before its query does not name it.
	nameless := func(s string) string { return regexp.MustCompile(`answers \S+ `).ReplaceAllString(s, "") }
	if got, want := nameless(told(records)), nameless(told(whole)); got != want || summary.Messages == 0 {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// atTimes gives frames the times of others.
func atTimes(frames, times []frame) []frame {
	frames = slices.Clone(frames)
	for i := range frames {
		frames[i].at = times[i].at
	}
	return frames
}

// What the capture has lost costs the messages that it was of: the rest is
// read, and told apart from a connection that merely ends.
func TestLoss(t *testing.T) {
	for _, framing := range framings {
		for _, obfuscated := range []bool{false, true} {
			t.Run(fmt.Sprintf("%v obfuscated=%v", framing, obfuscated), func(t *testing.T) {
				e := recorded(t, framing, obfuscated)
				o := Options{Keys: []mtproto.AuthKey{e.key}}
				frames := cabling{mss: 200}.frames(t, e.chunks)
				_, whole := inspect(t, pcap(t, frames, ethernet, 1<<16), o)
				for _, from := range []mtproto.Side{mtproto.Client, mtproto.Server} {
					lossy := slices.DeleteFunc(slices.Clone(frames), lostOnes(from))
					records, summary := inspect(t, pcap(t, lossy, ethernet, 1<<16), o)
					want(t, lines(records), "[the capture lacks ", `"and 0 more to come"`)
					if summary.Messages >= whole.Messages || summary.Messages < whole.Messages/2 {
						t.Errorf("%v: %d of %d messages", from, summary.Messages, whole.Messages)
					}
					if strings.Contains(lines(records), "[nothing after that could be read]") {
						t.Errorf("%v: gave up:\n%s", from, lines(records))
					}
				}
			})
		}
	}
}

// lostOnes picks one segment that a side has sent, well after the making of
// the key.
func lostOnes(from mtproto.Side) func(frame) bool {
	seen := 0
	return func(f frame) bool {
		if f.from != from || f.payload < 100 {
			return false
		}
		seen++
		return seen == 12
	}
}

// Where nobody acknowledges, because the capture has one direction only, the
// gap is passed over in time.
func TestOneDirection(t *testing.T) {
	e := recorded(t, transport.Intermediate, false)
	o := Options{Keys: []mtproto.AuthKey{e.key}}
	for _, from := range []mtproto.Side{mtproto.Client, mtproto.Server} {
		frames := cabling{mss: 200}.frames(t, e.chunks)
		frames = slices.DeleteFunc(frames, func(f frame) bool { return f.from != from })
		frames = slices.DeleteFunc(frames, lostOnes(from))
		for i := range frames {
			frames[i].at = frames[i].at.Add(time.Duration(i) * time.Second)
		}
		records, summary := inspect(t, pcap(t, frames, ethernet, 1<<16), o)
		if summary.Connections != 1 || summary.Messages < 5 {
			t.Errorf("%v: %+v\n%s", from, summary, lines(records))
		}
		for _, r := range records {
			if r.Kind == Message && r.From != from {
				t.Errorf("%v has sent %s", r.From, r.Text())
			}
		}
	}
}

// A capture that has less than whole packets says so and gives the rest.
func TestSnaplen(t *testing.T) {
	e := recorded(t, transport.Full, false)
	frames := cabling{mss: 600}.frames(t, e.chunks)
	records, summary := inspect(t, pcap(t, frames, ethernet, 500), Options{Keys: []mtproto.AuthKey{e.key}})
	want(t, lines(records), "the capture lacks", `"and 0 more to come"`)
	if summary.Cut == 0 || summary.Messages < 5 {
		t.Errorf("%+v\n%s", summary, lines(records))
	}
}

// A capture that begins in the middle: without obfuscation the keys tell where
// packets are, and which side is which; with it, that is all there is to say.
func TestBeginsInTheMiddle(t *testing.T) {
	for _, framing := range framings {
		for _, server := range []layers.TCPPort{443, 50000} { // above the client's the guess is wrong
			e := recorded(t, framing, false)
			frames := cabling{server: server, mss: 100}.frames(t, e.chunks)[61:]
			records, summary := inspect(t, pcap(t, frames, ethernet, 1<<16), Options{Keys: []mtproto.AuthKey{e.key}})
			text := lines(records)
			want(t, text, ", from the middle on", "→ ", "messages.sendMessage{", "answers messages.sendMessage")
			if summary.Connections != 1 || summary.Messages < 5 || regexp.MustCompile(`← [0-9/in ]+messages\.`).MatchString(text) {
				t.Errorf("%v: %+v\n%s", framing, summary, text)
			}
		}
	}
	e := recorded(t, transport.Abridged, true)
	frames := cabling{mss: 100}.frames(t, e.chunks)[61:]
	records, summary := inspect(t, pcap(t, frames, ethernet, 1<<16), Options{Keys: []mtproto.AuthKey{e.key}})
	want(t, lines(records), "unknown: the capture lacks its beginning")
	if summary.Connections != 0 || summary.Others != 1 || len(records) != 1 {
		t.Errorf("%+v\n%s", summary, lines(records))
	}
}

// Where only the packets that open the connection are missing, nothing is lost.
func TestHandshakeOfTCPMissing(t *testing.T) {
	for _, framing := range framings {
		e := recorded(t, framing, true)
		o := Options{Keys: []mtproto.AuthKey{e.key}}
		whole, _ := inspect(t, pcap(t, cabling{}.frames(t, e.chunks), ethernet, 1<<16), o)
		for n := 1; n <= 3; n++ {
			records, _ := inspect(t, pcap(t, cabling{}.frames(t, e.chunks)[n:], ethernet, 1<<16), o)
			if told(records) != told(whole) {
				t.Errorf("%v without %d packets:\n%s", framing, n, lines(records))
			}
		}
	}
}

// A capture file that ends in the middle is read to there.
func TestTruncatedFile(t *testing.T) {
	e := recorded(t, transport.Abridged, false)
	frames := cabling{}.frames(t, e.chunks)
	for name, file := range map[string][]byte{
		"pcap": pcap(t, frames, ethernet, 1<<16), "pcapng": pcapng(t, frames, ethernet),
	} {
		records, summary := inspect(t, file[:len(file)*3/4+1], Options{Keys: []mtproto.AuthKey{e.key}})
		want(t, lines(records), "[the capture file ends in the middle of a packet]", "auth.signIn{")
		if !summary.Truncated {
			t.Errorf("%s: %+v", name, summary)
		}
	}
}

// What is no capture is refused by what it is.
func TestNoCapture(t *testing.T) {
	whole := pcap(t, nil, ethernet, 1<<16)
	for _, test := range []struct {
		name string
		file []byte
		want error
		text string
	}{
		{"empty", nil, ErrEmpty, "empty"},
		{"short", []byte("abc"), ErrNotCapture, "it has 3 bytes"},
		{"text", []byte("not a capture at all"), ErrNotCapture, `it begins with "not "`},
		{"half a header", whole[:10], ErrNotCapture, "EOF"},
		{"pcapng of one word", []byte{0x0a, 0x0d, 0x0d, 0x0a}, ErrNotCapture, "EOF"},
		{"gzip of nothing", []byte{0x1f, 0x8b, 8}, ErrNotCapture, "EOF"},
	} {
		_, err := Run(bytes.NewReader(test.file), Options{}, func(*Record) error { return nil })
		if !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.text) {
			t.Errorf("%s: %v", test.name, err)
		}
	}
	damaged := pcap(t, cabling{}.frames(t, []chunk{{mtproto.Client, []byte("x")}}), ethernet, 1<<16)
	copy(damaged[24+16+60+8:], bytes.Repeat([]byte{0xff}, 8)) // lengths in the second head
	_, err := Run(bytes.NewReader(damaged), Options{}, func(*Record) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "damaged after 1 packets") {
		t.Errorf("damaged: %v", err)
	}
	failed := errors.New("no room")
	e := recorded(t, transport.Abridged, false)
	if _, err := Run(bytes.NewReader(pcap(t, cabling{}.frames(t, e.chunks), ethernet, 1<<16)), Options{},
		func(*Record) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("handle's error: %v", err)
	}
}
