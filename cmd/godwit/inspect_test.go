package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const captures = "../../internal/inspect/testdata/"

// command runs a command line and returns its exit code and output.
func command(t *testing.T, stdin []byte, args ...string) (code int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	code = run(t.Context(), args, bytes.NewReader(stdin), &o, &e)
	return code, o.String(), e.String()
}

func TestInspect(t *testing.T) {
	code, out, errs := command(t, nil, "inspect", captures+"loopback.pcap", "--auth-key-file", captures+"loopback.keys")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, part := range []string{`message: "hello capture"`, "answers messages.sendMessage rpc_result{", "44 network packets, 2 MTProto connections, 0 others, 31 messages decrypted.\n"} {
		if !strings.Contains(out, part) {
			t.Errorf("%q is not in:\n%s", part, out)
		}
	}
	file, err := os.ReadFile(captures + "loopback.pcap")
	if err != nil {
		t.Fatal(err)
	}
	if _, piped, _ := command(t, file, "inspect", "-", "--auth-key-file", captures+"loopback.keys"); piped != out {
		t.Errorf("from a pipe:\n%s", piped)
	}
	keys, err := os.ReadFile(captures + "loopback.keys")
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Fields(string(keys))
	args := []string{"inspect", captures + "loopback.pcap"}
	for _, word := range lines[len(lines)-2:] {
		args = append(args, "--auth-key", word)
	}
	if _, given, _ := command(t, nil, args...); given != out {
		t.Errorf("with keys on the command line:\n%s", given)
	}
}

func TestInspectJSON(t *testing.T) {
	code, out, errs := command(t, nil, "inspect", captures+"loopback.pcapng", "--json")
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errs)
	}
	var last map[string]any
	kinds := map[string]int{}
	for line := range strings.Lines(out) {
		last = nil
		if err := json.Unmarshal([]byte(line), &last); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		kinds[last["kind"].(string)]++
	}
	missing, _ := last["missing_keys"].(map[string]any)
	if kinds["connection"] != 2 || kinds["plaintext"] != 6 || kinds["encrypted"] == 0 || kinds["summary"] != 1 || len(missing) != 1 {
		t.Errorf("%v, %v", kinds, last)
	}
}

// An account's own file gives its keys.
func TestInspectCredentials(t *testing.T) {
	tw := newTown(t)
	tw.must("ann", "11111\n", "login", "--phone", "9996610001")
	code, out, errs := command(t, nil, "inspect", captures+"loopback.pcap", "--credentials", tw.file("ann"))
	if code != 0 || !strings.Contains(out, "which was not given") {
		t.Errorf("exit %d: %s\n%s", code, errs, out)
	}
	code, _, errs = command(t, nil, "inspect", captures+"loopback.pcap", "--credentials", tw.file("nobody"))
	if code != 1 || !strings.Contains(errs, tw.file("nobody")) {
		t.Errorf("exit %d: %s", code, errs)
	}
}

func TestInspectBadInput(t *testing.T) {
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	whole, err := os.ReadFile(captures + "loopback.pcap")
	if err != nil {
		t.Fatal(err)
	}
	good := captures + "loopback.pcap"
	digits := strings.Repeat("0123456789abcdef", 32)
	for _, test := range []struct {
		name string
		code int
		args []string
		want string
	}{
		{"no file", 2, nil, "expected \"<file>\""},
		{"file that is not there", 1, []string{file("a", "")[:3] + "/none.pcap"}, "none.pcap"},
		{"directory", 1, []string{dir}, dir},
		{"empty file", 1, []string{file("empty.pcap", "")}, "empty.pcap: capture: it is empty"},
		{"text", 1, []string{file("text.pcap", "This is a letter.")}, "it is no capture: neither pcap nor pcapng: it begins with \"This\""},
		{"header cut short", 1, []string{file("short.pcap", string(whole[:11]))}, "it is no capture"},
		{"short key", 1, []string{good, "--auth-key", digits[2:]}, "--auth-key, number 1: an auth key has 256 bytes, which are 512 hexadecimal digits, and this has 510"},
		{"key that is no number", 1, []string{good, "--auth-key", digits, "--auth-key", "x" + digits[1:]}, "--auth-key, number 2: an auth key is written in hexadecimal"},
		{"file of keys with a wrong line", 1, []string{good, "--auth-key-file", file("keys", digits+"\nabc\n")}, "keys: line 2: an auth key has 256 bytes"},
		{"file of no keys", 1, []string{good, "--auth-key-file", file("none", "\n")}, "none: there is no key in it"},
		{"proxy secret", 1, []string{good, "--proxy-secret", "dd00"}, "--proxy-secret, number 1: it has to be 32 hexadecimal digits"},
		{"schema that is none", 1, []string{good, "--schema", file("bad.tl", "what is this")}, "bad.tl"},
	} {
		t.Run(test.name, func(t *testing.T) {
			code, _, errs := command(t, nil, append([]string{"inspect"}, test.args...)...)
			if code != test.code || !strings.Contains(errs, test.want) {
				t.Errorf("exit %d, want %d: %q does not name %q", code, test.code, errs, test.want)
			}
			if strings.Contains(errs, digits[:20]) {
				t.Errorf("the key prints: %s", errs)
			}
		})
	}
	code, out, errs := command(t, nil, "inspect", file("cut.pcap", string(whole[:len(whole)-100])))
	if code != 0 || !strings.Contains(out, "the capture file ends in the middle of a packet") {
		t.Errorf("cut short: exit %d: %s\n%s", code, errs, out)
	}
}
