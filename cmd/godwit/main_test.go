package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"godwit/internal/pgtest"
	"godwit/sandbox"
)

// TestMain makes the test binary the program itself where a test asks for that,
// for what only another process can try.
func TestMain(m *testing.M) {
	if os.Getenv("GODWIT_TEST_RUN") != "" {
		main()
	}
	os.Exit(pgtest.Run(m))
}

// A screen is what a command prints, readable while it runs.
type screen struct {
	mu     sync.Mutex
	text   bytes.Buffer
	wanted string
	seen   chan struct{} // closed when wanted has been printed
}

func newScreen(wanted string) *screen { return &screen{wanted: wanted, seen: make(chan struct{})} }

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := strings.Contains(s.text.String(), s.wanted)
	s.text.Write(p)
	if !before && strings.Contains(s.text.String(), s.wanted) {
		close(s.seen)
	}
	return len(p), nil
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

func TestSandbox(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	file := filepath.Join(t.TempDir(), "telegram.json")
	out, errs := newScreen("Ctrl-C ends it."), newScreen("")
	code := make(chan int)
	go func() {
		code <- run(ctx, []string{"sandbox", "--info", file, "--user", "9996610001=Ann"}, nil, out, errs)
	}()
	select {
	case <-out.seen:
	case got := <-code:
		t.Fatalf("ended with %d\n%s\n%s", got, out, errs)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var info sandbox.Info
	if err := json.Unmarshal(text, &info); err != nil || len(info.DCs) != 2 || info.APIHash == "" || len(info.Bots) != 1 {
		t.Fatalf("connection file %s, %v", text, err)
	}
	web := &http.Transport{}
	defer web.CloseIdleConnections()
	answer, err := (&http.Client{Transport: web}).Get(info.BotAPIURL + "/bot" + info.Bots[0].Token + "/getMe")
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if body, err := io.ReadAll(answer.Body); err != nil || !strings.Contains(string(body), `"username":"sandbox_bot"`) {
		t.Errorf("Bot API: %s, %v", body, err)
	}
	interrupt()
	if got := <-code; got != 0 {
		t.Errorf("exit %d\n%s", got, errs)
	}
}

func TestBadCommandLines(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	tests := []struct {
		name string
		args []string
		code int
		want string // in what is printed on standard error
	}{
		{"no command", nil, 2, "expected one of"},
		{"unknown command", []string{"dance"}, 2, "dance"},
		{"unknown flag", []string{"demo", "--quickly"}, 2, "--quickly"},
		{"address in use", []string{"sandbox", "--listen", taken.Addr().String()}, 1, taken.Addr().String()},
		{"address without a port", []string{"sandbox", "--listen", "127.0.0.1"}, 1, `"127.0.0.1"`},
		{"too many data centres", []string{"sandbox", "--dcs", "10"}, 1, "10 DCs"},
		{"user without a name", []string{"sandbox", "--user", "9996610001"}, 2, "--user: want a phone number, =, and"},
		{"bot without a name", []string{"sandbox", "--bot", "1:x"}, 2, "--bot: want a token, =, and"},
		{"bot with a bad token", []string{"sandbox", "--bot", "x=helper_bot"}, 1, "NUMBER:SECRET"},
		{"Bot API where there is no port", []string{"sandbox", "--bot-api", "127.0.0.1"}, 1, "botapi"},
		{"password without a phone number", []string{"sandbox", "--password", "secret"}, 2, "--password: want a phone number, =, and"},
		{"premium for nobody", []string{"sandbox", "--premium", "9996610001"}, 1, "nobody has the phone number 9996610001"},
		{"phone of another convention", []string{"sandbox", "--user", "+4930=Ann"}, 1, "4930"},
		{"info in a folder that is not there", []string{"sandbox", "--info", "/nowhere/at/all"}, 1, "/nowhere/at"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out, errs bytes.Buffer
			if code := run(t.Context(), test.args, nil, &out, &errs); code != test.code {
				t.Errorf("exit %d, want %d", code, test.code)
			}
			if !strings.Contains(errs.String(), test.want) {
				t.Errorf("standard error %q does not name %q", errs.String(), test.want)
			}
		})
	}
}

func TestHelp(t *testing.T) {
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"--help"}, nil, &out, &errs); code != 0 {
		t.Fatalf("exit %d", code)
	}
	for _, command := range []string{"demo", "sandbox"} {
		if !strings.Contains(out.String(), command) {
			t.Errorf("help does not name %s", command)
		}
	}
}
