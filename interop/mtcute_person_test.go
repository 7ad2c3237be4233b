package interop

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"godwit/internal/proxytest"
)

// farewell is how long a process may take to end after "quit".
const farewell = 20 * time.Second

// A mtcutePerson talks through mtcute, in a Node.js process of its own that
// runs mtcute/run.mjs.
type mtcutePerson struct {
	phone    string
	received chan message
	shown    chan string // links of QR codes

	mu      sync.Mutex
	stdin   io.WriteCloser
	next    int
	waiting map[int]chan mtcuteLine
	ended   chan struct{}
}

// A mtcuteLine is one line that the process prints.
type mtcuteLine struct {
	ID      int             `json:"id"`
	Result  json.RawMessage `json:"result"`
	Error   string          `json:"error"`
	Event   string          `json:"event"`
	Message message         `json:"message"`
	URL     string          `json:"url"`
}

// A mtcuteTransport is one of the ways in which mtcute can put packets on a
// connection, and whether it hides behind temporary keys (R-PF-01).
type mtcuteTransport struct {
	Name string // as run.mjs knows it, unless there is a proxy
	PFS  bool
	// proxy returns the address of a proxy to go through; nil for none.
	proxy func(t *testing.T, conn *connection) string
}

// mtcuteMTProxy is the sandbox as an MTProxy, by the secret of the given place
// in the connection file.
func mtcuteMTProxy(i int) func(*testing.T, *connection) string {
	return func(_ *testing.T, conn *connection) string {
		return strings.Replace(conn.MTProxies[i], "tg://", "https://t.me/", 1)
	}
}

func mtcuteSOCKS5(t *testing.T, _ *connection) string {
	return "socks5://ann:secret@" + proxytest.SOCKS5(t, "ann", "secret").Address
}

func mtcuteConnect(t *testing.T, _ *connection) string {
	return "http://" + proxytest.Connect(t, "", "").Address
}

func (tr mtcuteTransport) String() string {
	if tr.PFS {
		return tr.Name + ", PFS"
	}
	return tr.Name
}

// startMtcute starts a process, lets it connect, and ends it with the test.
func startMtcute(ctx context.Context, t *testing.T, conn *connection, tr mtcuteTransport, phone string) *mtcutePerson {
	t.Helper()
	if _, err := os.Stat("mtcute/node_modules"); err != nil {
		t.Fatalf("%v: run \"npm ci --prefix interop/mtcute\" (make interop does)", err)
	}
	p := startScript(t, phone, "node", "mtcute/run.mjs")
	args := map[string]any{"info": conn.Path, "transport": tr.Name, "pfs": tr.PFS}
	if tr.proxy != nil {
		args["proxy"] = tr.proxy(t, conn)
	}
	if err := p.do(ctx, "connect", args, nil); err != nil {
		t.Fatalf("mtcute did not connect: %v", err)
	}
	return p
}

// startScript starts a program that drives a client of its own language, and
// ends it with the test.
func startScript(t *testing.T, phone, program string, args ...string) *mtcutePerson {
	t.Helper()
	cmd := exec.Command(program, args...)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = t.Output()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	p := &mtcutePerson{
		phone:    phone,
		received: make(chan message, 64),
		shown:    make(chan string, 64),
		stdin:    stdin,
		waiting:  map[int]chan mtcuteLine{},
		ended:    make(chan struct{}),
	}
	go p.read(stdout)
	t.Cleanup(func() {
		kill := time.AfterFunc(farewell, func() { cmd.Process.Kill() })
		defer kill.Stop()
		p.send("quit", nil)
		stdin.Close()
		<-p.ended
		if err := cmd.Wait(); err != nil {
			t.Errorf("%s: %v", program, err)
		}
	})
	return p
}

// read hands every line of the process to whoever waits for it.
func (p *mtcutePerson) read(stdout io.Reader) {
	defer close(p.ended)
	lines := bufio.NewScanner(stdout)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var line mtcuteLine
		if err := json.Unmarshal(lines.Bytes(), &line); err != nil {
			line = mtcuteLine{Event: "message", Message: message{Text: "not JSON: " + lines.Text()}}
		}
		switch line.Event {
		case "message":
			p.received <- line.Message
			continue
		case "qr":
			p.shown <- line.URL
			continue
		}
		p.mu.Lock()
		answer := p.waiting[line.ID]
		delete(p.waiting, line.ID)
		p.mu.Unlock()
		if answer != nil {
			answer <- line
		}
	}
}

// send writes a command and returns where its answer will come.
func (p *mtcutePerson) send(command string, args map[string]any) (<-chan mtcuteLine, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next++
	line := map[string]any{"id": p.next, "do": command}
	for name, value := range args {
		line[name] = value
	}
	answer := make(chan mtcuteLine, 1)
	p.waiting[p.next] = answer
	return answer, json.NewEncoder(p.stdin).Encode(line)
}

// do runs a command and decodes its result, unless result is nil.
func (p *mtcutePerson) do(ctx context.Context, command string, args map[string]any, result any) error {
	answer, err := p.send(command, args)
	if err != nil {
		return err
	}
	select {
	case line := <-answer:
		if line.Error != "" {
			return fmt.Errorf("%s: %s", command, line.Error)
		}
		if result == nil {
			return nil
		}
		return json.Unmarshal(line.Result, result)
	case <-p.ended:
		return errors.New("the program has ended")
	case <-ctx.Done():
		return fmt.Errorf("%s: %w", command, ctx.Err())
	}
}

// SignIn signs in with the code, after a wrong one, and with the password if
// there is one, after a wrong one.
func (p *mtcutePerson) SignIn(ctx context.Context, password string) error {
	args := map[string]any{"phone": p.phone, "code": codeFor(p.phone), "password": password}
	return p.do(ctx, "signIn", args, nil)
}

// Add makes the owner of a phone number a contact.
func (p *mtcutePerson) Add(ctx context.Context, phone string) error {
	return p.do(ctx, "add", map[string]any{"phone": phone}, nil)
}

// Send sends a chat message to a contact.
func (p *mtcutePerson) Send(ctx context.Context, phone, text string) (int, error) {
	var sent message
	err := p.do(ctx, "send", map[string]any{"phone": phone, "text": text}, &sent)
	return sent.ID, err
}

// Receive waits for the next incoming chat message.
func (p *mtcutePerson) Receive(ctx context.Context) (message, error) {
	select {
	case m := <-p.received:
		return m, nil
	case <-p.ended:
		return message{}, errors.New("the program has ended")
	case <-ctx.Done():
		return message{}, ctx.Err()
	}
}

// History reads the whole chat with a contact.
func (p *mtcutePerson) History(ctx context.Context, phone string) ([]message, error) {
	var list []message
	err := p.do(ctx, "history", map[string]any{"phone": phone}, &list)
	return list, err
}
