package main

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"os/signal"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"unicode/utf8"
)

// demoEnvironment has the demo run this test binary as the daemon, and returns
// the directory that everything of it is in.
func demoEnvironment(t *testing.T) string {
	dir := t.TempDir()
	t.Setenv("GODWIT_TEST_RUN", "1")
	t.Setenv("TMPDIR", dir)
	// What the environment says of other daemons is not for this one.
	t.Setenv("GODWIT_DB", "postgres://nowhere.invalid/none")
	t.Setenv("GODWIT_KEK", "file:/nowhere/at/all")
	return dir
}

func emptyAfter(t *testing.T, dir string) {
	t.Helper()
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v are left, %v", left, err)
	}
}

func TestDemoCheck(t *testing.T) {
	dir := demoEnvironment(t)
	var out, errs bytes.Buffer
	if code := run(t.Context(), []string{"demo", "--check"}, nil, &out, &errs); code != 0 {
		t.Fatalf("exit %d\n%s\n%s", code, out.String(), errs.String())
	}
	for _, want := range []string{
		"PHONE_MIGRATE_2", "by SRP", "bot is online", "Thank you!", "[photo]", "(edited)", "(deletes", "(reacts)", "Gus → Ann    stop",
		"403 suppressed", "is killed", "No code was asked for", "each once and in order", "Everything was as it should be",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the story does not tell of %q:\n%s", want, out.String())
		}
	}
	checkWidth(t, out.String())
	if errs.Len() != 0 {
		t.Errorf("standard error: %s", errs.String())
	}
	emptyAfter(t, dir)
}

// checkWidth checks that a text fits on a terminal of 80 columns.
func checkWidth(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// TestDemoStaysUp has what the demo offers to try work as it is pasted.
func TestDemoStaysUp(t *testing.T) {
	dir := demoEnvironment(t)
	ctx, interrupt := context.WithCancel(t.Context())
	out, errs := newScreen("Ada → Ann    Good!"), newScreen("")
	invited := newScreen("Ctrl-C ends it.")
	code := make(chan int, 1)
	go func() { code <- run(ctx, []string{"demo"}, nil, both{out, invited}, errs) }()
	await := func(s *screen) {
		t.Helper()
		select {
		case <-s.seen:
		case got := <-code:
			t.Fatalf("ended with %d\n%s\n%s", got, out, errs)
		}
	}
	await(invited)
	lines := regexp.MustCompile(`(?m)^curl (?:.*\\\n)*.*\n`).FindAllString(out.String(), -1)
	if len(lines) != 3 {
		t.Fatalf("%d lines to try in\n%s", len(lines), out)
	}
	accounts, err := exec.CommandContext(ctx, "bash", "-c", lines[0]).CombinedOutput()
	if err != nil || !strings.Contains(string(accounts), `"name":"Boris"`) {
		t.Errorf("%s: %s, %v", lines[0], accounts, err)
	}
	stream := exec.CommandContext(ctx, "bash", "-c", "exec "+lines[2])
	events, err := stream.StdoutPipe()
	if err == nil {
		err = stream.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(events)
	if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, ":") {
		t.Fatalf("the stream begins with %q, %v", line, err)
	}
	accepted, err := exec.CommandContext(ctx, "bash", "-c", lines[1]).CombinedOutput()
	if err != nil || !strings.Contains(string(accepted), `"state":"queued"`) {
		t.Errorf("%s: %s, %v", lines[1], accepted, err)
	}
	for line := ""; !strings.Contains(line, "Good!"); {
		if line, err = in.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	await(out)
	checkWidth(t, strings.ReplaceAll(out.String(), dir, "/tmp"))
	_ = stream.Process.Kill()
	_ = stream.Wait()
	interrupt()
	if got := <-code; got != 0 || errs.String() != "" {
		t.Errorf("exit %d after the interrupt\n%s", got, errs)
	}
	emptyAfter(t, dir)
}

// both writes to two screens.
type both [2]*screen

func (b both) Write(p []byte) (int, error) {
	_, _ = b[1].Write(p)
	return b[0].Write(p)
}

// The demo leaves nothing behind, however its terminal goes.
func TestDemoEnds(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Under nohup the demo would rightly stay: what is handled here, a process that
	// is started from here does not ignore.
	hangUps := make(chan os.Signal, 1)
	signal.Notify(hangUps, syscall.SIGHUP)
	defer signal.Stop(hangUps)
	hangUp := func(demo *os.Process, _ func()) { _ = demo.Signal(syscall.SIGHUP) }
	for name, test := range map[string]struct {
		when string
		end  func(demo *os.Process, hangUp func())
	}{
		"hung up at first": {"DC 1 listens", hangUp},
		"hung up later":    {"Boris signs up", hangUp},
		"nobody reads":     {"Boris signs up", func(_ *os.Process, hangUp func()) { hangUp() }},
	} {
		t.Run(name, func(t *testing.T) {
			dir := demoEnvironment(t)
			demo := exec.Command(self, "demo")
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			demo.Stdout = write
			if err := demo.Start(); err != nil {
				t.Fatal(err)
			}
			write.Close()
			in := bufio.NewReader(read)
			for line := ""; !strings.Contains(line, test.when); {
				if line, err = in.ReadString('\n'); err != nil {
					t.Fatal(err)
				}
			}
			test.end(demo.Process, func() { read.Close() })
			_ = demo.Wait()
			read.Close()
			emptyAfter(t, dir)
		})
	}
}

// The daemon does not outlive a demo that was killed.
func TestDemoKilled(t *testing.T) {
	demoEnvironment(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	demo := exec.Command(self, "demo")
	out, err := demo.StdoutPipe()
	if err == nil {
		err = demo.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(out)
	running := regexp.MustCompile(`Process (\d+) has its HTTP API`)
	var pid string
	for pid == "" {
		line, err := in.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if m := running.FindStringSubmatch(line); m != nil {
			pid = m[1]
		}
	}
	_ = demo.Process.Kill()
	_ = demo.Wait()
	for !gone(t, pid) { // which its end may take a moment
	}
}

// gone reports whether a process has ended.
func gone(t *testing.T, pid string) bool {
	t.Helper()
	text, err := os.ReadFile("/proc/" + pid + "/stat")
	return err != nil || strings.Contains(string(text), ") Z ")
}
