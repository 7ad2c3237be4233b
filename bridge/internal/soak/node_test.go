package soak

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime/pprof"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"godwit/bridge/daemon"
	"godwit/bridge/internal/webhook"
	"godwit/internal/pgtest"
	"godwit/internal/proxytest"
	"godwit/sandbox"
	"godwit/telegram/connectionfile"
)

// nodeVariable has the test binary be a node of the bridge: it holds the options.
const nodeVariable = "GODWIT_SOAK_NODE"

// nodeOptions are those of a node that runs as a process.
type nodeOptions struct {
	Listen, Data, Database, KEK, Connection string
	Log                                     bool
	Profile                                 string // where a profile of the CPU goes, until SIGUSR1; empty: nowhere
	ProfileLater                            bool   // it begins with a SIGUSR1, and ends with the next
}

func TestMain(m *testing.M) {
	if options := os.Getenv(nodeVariable); options != "" {
		os.Exit(runNode(options))
	}
	os.Exit(pgtest.Run(m))
}

func runNode(text string) int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	var n nodeOptions
	if err := json.Unmarshal([]byte(text), &n); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	if err := profile(n.Profile, n.ProfileLater); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	network, file, err := connectionfile.Load(n.Connection)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	level := slog.LevelError + 4
	if n.Log {
		level = slog.LevelInfo
	}
	err = daemon.Run(ctx, daemon.Options{
		Listen: n.Listen, Data: n.Data, Database: n.Database, KEKs: []string{n.KEK}, Network: network, APIID: file.APIID, APIHash: file.APIHash,
		Webhooks: webhook.Guard{Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, PlainHTTP: true},
		Logger:   slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})),
		Ready: func(_, key string) {
			if key != "" {
				fmt.Println(key)
			}
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// profile writes a profile of the CPU until SIGUSR1 comes; if it is to begin later,
// from the first to the second.
func profile(path string, later bool) error {
	if path == "" {
		return nil
	}
	file, err := os.Create(path + ".part")
	if err != nil {
		return err
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGUSR1)
	if !later {
		if err := pprof.StartCPUProfile(file); err != nil {
			return errors.Join(err, file.Close())
		}
	}
	go func() {
		if later {
			<-signals
			if err := pprof.StartCPUProfile(file); err != nil {
				fmt.Fprintln(os.Stderr, err)
			}
		}
		<-signals
		pprof.StopCPUProfile()
		if err := errors.Join(file.Close(), os.Rename(file.Name(), path)); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}()
	return nil
}

// profiled ends a node's profile, if there is one, and waits until it is there.
func (n *process) profiled() {
	n.w.Helper()
	if n.options.Profile == "" {
		return
	}
	n.signal(syscall.SIGUSR1)
	for deadline := time.Now().Add(patience); ; {
		if _, err := os.Stat(n.options.Profile); err == nil {
			return
		}
		if time.Now().After(deadline) {
			n.w.Fatal("there is no profile")
		}
		<-time.After(10 * time.Millisecond)
	}
}

// A world is a sandbox, a PostgreSQL and nodes of the bridge, with a network
// between them that can be cut.
type world struct {
	testing.TB
	sandbox  *sandbox.Sandbox
	postgres *pgtest.Server
	database string
	dir      string
	key      string // the API key
	nodes    []*process
}

// A process is a node.
type process struct {
	w       *world
	options nodeOptions
	proxies []*proxytest.Server // between it and Telegram
	command *exec.Cmd
	out     *firstLine
}

func newWorld(t testing.TB, nodes int) *world { return startWorld(t, nodes, false) }

// startWorld starts a world, with direct connections if its network is not to be
// cut.
func startWorld(t testing.TB, nodes int, direct bool) *world {
	w := &world{TB: t, dir: t.TempDir()}
	var err error
	w.sandbox, err = sandbox.New(sandbox.Options{Duplicates: sandbox.DuplicatesByConnection})
	w.check(err)
	w.check(w.sandbox.Start())
	t.Cleanup(func() { w.check(w.sandbox.Close()) })
	w.postgres, err = pgtest.Start()
	w.check(err)
	t.Cleanup(func() { w.check(w.postgres.Close()) })
	w.database = w.postgres.URL("postgres")
	for i := range nodes {
		name := filepath.Join(w.dir, fmt.Sprint("node", i))
		n := &process{w: w, options: nodeOptions{
			Listen: w.freeAddress(), Data: name, Database: w.database,
			KEK: "file:" + filepath.Join(w.dir, "kek"), Connection: name + ".json", Log: testing.Verbose(),
		}}
		n.connect(direct)
		w.nodes = append(w.nodes, n)
		n.start()
		t.Cleanup(n.kill)
		if i == 0 {
			w.key = n.out.wait(t)
		}
	}
	return w
}

func (w *world) check(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// connect writes a connection file that leads to the sandbox, by proxies where the
// network is to be cut. Those take five file descriptors of each connection.
func (n *process) connect(direct bool) {
	w := n.w
	if direct {
		w.check(w.sandbox.WriteInfo(n.options.Connection))
		return
	}
	file := filepath.Join(w.dir, "direct.json")
	w.check(w.sandbox.WriteInfo(file))
	data, err := os.ReadFile(file)
	w.check(err)
	var info map[string]any
	w.check(json.Unmarshal(data, &info))
	for _, each := range info["dcs"].([]any) {
		dc := each.(map[string]any)
		to := net.JoinHostPort(dc["host"].(string), fmt.Sprint(dc["port"]))
		proxy := proxytest.Start(w, func(net.Conn) (string, error) { return to, nil })
		n.proxies = append(n.proxies, proxy)
		host, port, err := net.SplitHostPort(proxy.Address)
		w.check(err)
		dc["host"], dc["port"] = host, json.Number(port)
	}
	data, err = json.Marshal(info)
	w.check(err)
	w.check(os.WriteFile(n.options.Connection, data, 0o600))
}

// freeAddress returns an address that a process can listen at.
func (w *world) freeAddress() string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	w.check(err)
	defer l.Close()
	return l.Addr().String()
}

func (n *process) start() {
	options, err := json.Marshal(n.options)
	n.w.check(err)
	n.out = newFirstLine()
	n.command = exec.Command(os.Args[0])
	n.command.Env = append(os.Environ(), nodeVariable+"="+string(options))
	n.command.Stdout, n.command.Stderr = n.out, n.w.Output()
	n.w.check(n.command.Start())
}

// kill ends the process as a crash would.
func (n *process) kill() {
	_ = n.command.Process.Kill() // it may have ended
	_ = n.command.Wait()
}

// A firstLine keeps the first line that is written.
type firstLine struct {
	mu   sync.Mutex
	text []byte
	full chan struct{}
}

func newFirstLine() *firstLine { return &firstLine{full: make(chan struct{})} }

// Write implements io.Writer.
func (f *firstLine) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	before := bytes.Contains(f.text, []byte("\n"))
	f.text = append(f.text, p...)
	if !before && bytes.Contains(f.text, []byte("\n")) {
		close(f.full)
	}
	return len(p), nil
}

func (f *firstLine) wait(t testing.TB) string {
	t.Helper()
	select {
	case <-f.full:
	case <-time.After(patience):
		t.Fatal("the first node shows no API key")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	line, _, _ := strings.Cut(string(f.text), "\n")
	return line
}

// patience is how long nothing may happen.
const patience = 3 * time.Minute

var client = &http.Client{Timeout: 30 * time.Second}

// try makes a request of a node and decodes the answer. The error is a
// *refusal for an answer that is no success.
func (n *process) try(ctx context.Context, method, path, idempotency string, body, answer any) error {
	var content io.Reader
	if body != nil {
		data, err := json.Marshal(body)
		if err != nil {
			return err
		}
		content = bytes.NewReader(data)
	}
	r, err := http.NewRequestWithContext(ctx, method, "http://"+n.options.Listen+path, content)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+n.w.key)
	r.Header.Set("Content-Type", "application/json")
	if idempotency != "" {
		r.Header.Set("Idempotency-Key", idempotency)
	}
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	switch {
	case err != nil:
		return err
	case res.StatusCode >= 300:
		return &refusal{res.StatusCode, string(data)}
	case answer == nil:
		return nil
	}
	return json.Unmarshal(data, answer)
}

// A refusal is an answer that is no success.
type refusal struct {
	status int
	body   string
}

func (r *refusal) Error() string { return fmt.Sprintf("%d: %s", r.status, r.body) }

// ask makes a request of any node until it succeeds, as programs that use the
// bridge do. What is wrong with the request itself ends the test.
func (w *world) ask(ctx context.Context, first int, method, path, idempotency string, body, answer any) {
	w.Helper()
	deadline := time.Now().Add(patience)
	for i := first; ; i++ {
		err := w.nodes[i%len(w.nodes)].try(ctx, method, path, idempotency, body, answer)
		if err == nil {
			return
		}
		var r *refusal
		if errors.As(err, &r) && r.status < 500 && r.status != http.StatusConflict || time.Now().After(deadline) {
			w.Errorf("%s %s: %v", method, path, err)
			return
		}
		select {
		case <-time.After(50 * time.Millisecond): // the next node, or the same one in a moment
		case <-ctx.Done():
			return
		}
	}
}
