package tg_test

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"

	"godwit/mtproto"
	data "godwit/schema"
	"godwit/tg"
)

// rows returns the rows of a table without its head.
func rows(t *testing.T, table string) [][2]string {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(table), "\n")[1:]
	list := make([][2]string, len(lines))
	for i, line := range lines {
		first, second, ok := strings.Cut(line, "\t")
		if !ok {
			t.Fatalf("line %d: no tab in %q", i+2, line)
		}
		list[i] = [2]string{first, second}
	}
	return list
}

// Every row of schema/method_access.tsv holds, and no other method is closed
// to anyone.
func TestAccess(t *testing.T) {
	a := theAPI(t)
	words := map[string]tg.Access{"user": tg.UserOnly, "bot": tg.BotOnly}
	want := map[string]tg.Access{}
	for _, row := range rows(t, data.MethodAccess) {
		if a.Method(row[0]) == nil {
			t.Errorf("%s is no method", row[0])
		}
		access, ok := words[row[1]]
		if !ok {
			t.Errorf("%s: access %q", row[0], row[1])
		}
		want[row[0]] = access
	}
	counts := map[tg.Access]int{}
	for _, e := range a.methods {
		got := tg.AccessOf(e.ID)
		if got != want[e.Name] {
			t.Errorf("%s is for %v, want %v", e, got, want[e.Name])
		}
		counts[got]++
	}
	if counts[tg.UserOnly] < 600 || counts[tg.BotOnly] < 30 || counts[tg.AnyIdentity] < 100 {
		t.Errorf("%v", counts)
	}
	if got := tg.AccessOf(0xdeadbeef); got != tg.AnyIdentity {
		t.Errorf("unknown method is for %v", got)
	}
	for access, text := range map[tg.Access]string{tg.AnyIdentity: "anyone", tg.UserOnly: "users only", tg.BotOnly: "bots only"} {
		if access.String() != text {
			t.Errorf("%d prints as %v", access, access)
		}
	}
}

// sentinels returns the error types that the package's variables named Err…
// stand for, read from its source: Go has no list of variables at run time.
func sentinels(t *testing.T) map[string]string {
	t.Helper()
	files, err := fs.Glob(os.DirFS("."), "*.go")
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]string{}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		src, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(src), "mtproto.RPCError{") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, src, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.ValueSpec)
			if !ok || len(spec.Names) != 1 || len(spec.Values) != 1 || !strings.HasPrefix(spec.Names[0].Name, "Err") {
				return true
			}
			ast.Inspect(spec.Values[0], func(n ast.Node) bool {
				if literal, ok := n.(*ast.BasicLit); ok && literal.Kind == token.STRING {
					text, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Error(err)
					}
					types[text] = spec.Names[0].Name
				}
				return true
			})
			return false
		})
	}
	return types
}

// Every row of schema/errors.tsv has a sentinel that matches what a message of
// its kind becomes, whatever its number.
func TestErrorSentinels(t *testing.T) {
	types := sentinels(t)
	if len(types) < 800 {
		t.Fatalf("%d sentinels", len(types))
	}
	for _, row := range rows(t, data.Errors) {
		code, err := strconv.Atoi(row[0])
		if err != nil {
			t.Errorf("%s: code %q", row[1], row[0])
		}
		for _, number := range []string{"0", "1", "37", "86400"} {
			message := strings.ReplaceAll(row[1], "%d", number)
			got := mtproto.NewRPCError(code, message)
			name, ok := types[got.Type]
			if !ok {
				t.Errorf("%s becomes type %s, which has no sentinel", message, got.Type)
				continue
			}
			if !errors.Is(got, &mtproto.RPCError{Type: got.Type}) || !strings.HasPrefix(name, "Err") {
				t.Errorf("%s is not %s", message, name)
			}
			if strings.Contains(row[1], "%d") && strconv.Itoa(got.Argument) != number {
				t.Errorf("%s has argument %d", message, got.Argument)
			}
		}
	}
	for message, sentinel := range map[string]error{
		"FLOOD_WAIT_30":                          tg.ErrFloodWait,
		"FILE_PART_3_MISSING":                    tg.ErrFilePartXMissing,
		"AUTH_KEY_UNREGISTERED":                  tg.ErrAuthKeyUnregistered,
		"PHONE_MIGRATE_2":                        tg.ErrPhoneMigrate,
		"SESSION_PASSWORD_NEEDED":                tg.ErrSessionPasswordNeeded,
		"2FA_CONFIRM_WAIT_5":                     tg.Err2FAConfirmWait,
		"PREVIOUS_CHAT_IMPORT_ACTIVE_WAIT_37MIN": tg.ErrPreviousChatImportActiveWaitXMin,
		"Timeout":                                tg.ErrTimeout,
	} {
		if err := mtproto.NewRPCError(400, message); !errors.Is(err, sentinel) {
			t.Errorf("%v is not %v", err, sentinel)
		}
		if err := mtproto.NewRPCError(400, "PEER_ID_INVALID"); errors.Is(err, sentinel) {
			t.Errorf("%v is %v", err, sentinel)
		}
	}
}
