package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const otherSessions = "../../telegram/sessions/testdata/"

// A device goes through the format of each other program into another file, and
// is signed in there.
func TestSessionsThereAndBack(t *testing.T) {
	tw := newTown(t)
	tw.must("ann", "11111\n", "login", "--phone", "9996610001")
	for _, format := range []string{"telethon", "pyrogram", "gramjs", "mtcute", "gotd"} {
		code, text, errs := tw.run("ann", "", "sessions", "export", format)
		if format == "gramjs" && tw.sandbox.Info().DCs[0].Port > 1<<15-1 {
			// GramJS has no string for the port that the sandbox has got.
			if tw.want(errs, "GramJS cannot read the address"); code != 1 {
				t.Errorf("exit %d", code)
			}
			continue
		}
		code, out, errs := command(t, []byte(text), "sessions", "import", format, "--credentials", tw.file(format))
		if code != 0 {
			t.Fatalf("%s: exit %d: %s", format, code, errs)
		}
		tw.want(out, "on DC 1, is in "+tw.file(format))
		tw.must(format, "", "send", "+9996620002", "by way of "+format)
		// It has found out who it is.
		var exported struct{ Format, Session string }
		if err := json.Unmarshal([]byte(tw.must(format, "", "sessions", "export", "pyrogram", "--json")), &exported); err != nil || exported.Session == "" {
			t.Errorf("%s: %+v, %v", format, exported, err)
		}
	}
	tw.want(tw.must("ann", "", "history", "+9996620002"), "by way of telethon", "by way of mtcute", "by way of gotd")
}

func TestSessionsTData(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	code, out, errs := command(t, []byte("пароль 1\n"), "sessions", "import", "tdata", otherSessions+"tdata-passcode", "--passcode", "--json", "--credentials", file("a"))
	if want := `"dc":4,"user_id":5000000000,"bot":false,"test":false}`; code != 0 || !strings.Contains(out, want) {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
	code, out, errs = command(t, nil, "sessions", "import", "tdata", otherSessions+"tdata-two", "--account", "2", "--credentials", file("b"))
	if code != 0 || !strings.Contains(out, "User 222, on DC 5, is in") {
		t.Errorf("exit %d: %s%s", code, out, errs)
	}
}

func TestSessionsBadInput(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	content, err := os.ReadFile(otherSessions + "strings.json")
	if err != nil {
		t.Fatal(err)
	}
	var all map[string]string
	if err := json.Unmarshal(content, &all); err != nil {
		t.Fatal(err)
	}
	if code, _, errs := command(t, []byte(all["telethon_ipv4"]), "sessions", "import", "telethon", "--credentials", file("taken")); code != 0 {
		t.Fatal(errs)
	}
	damaged := file("tdata")
	if err := os.CopyFS(damaged, os.DirFS(otherSessions+"tdata-plain")); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(damaged, "key_datas"), 60); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		code  int
		stdin string
		args  []string
		want  string
	}{
		{"unknown format", 2, "", []string{"import", "tdlib"}, "must be one of"},
		{"nothing", 1, "", []string{"import", "telethon"}, "sessions: telethon: it is empty; give the whole string"},
		{"another program's", 1, all["pyrogram_271"], []string{"import", "mtcute"}, "sessions: mtcute: it is not of version 3"},
		{"cut", 1, all["pyrogram_271"][:90], []string{"import", "pyrogram"}, "the string is cut"},
		{"file that is not there", 1, "", []string{"import", "gotd", file("none.json")}, "none.json"},
		{"a folder that is none", 1, "", []string{"import", "tdata", file("none")}, "give the folder named tdata itself"},
		{"a damaged folder", 1, "", []string{"import", "tdata", damaged}, "key_datas"},
		{"tdata from standard input", 1, "", []string{"import", "tdata"}, "tdata is a folder: give its path"},
		{"passcode needed", 1, "", []string{"import", "tdata", otherSessions + "tdata-passcode"}, "use --passcode"},
		{"no passcode given", 1, "", []string{"import", "tdata", otherSessions + "tdata-passcode", "--passcode"}, "no passcode on standard input"},
		{"wrong passcode", 1, "x\n", []string{"import", "tdata", otherSessions + "tdata-passcode", "--passcode"}, "the passcode is wrong"},
		{"nobody signed in", 1, "", []string{"import", "tdata", otherSessions + "tdata-desktop"}, "sign in with Telegram Desktop first"},
		{"third of two accounts", 1, "", []string{"import", "tdata", otherSessions + "tdata-two", "--account", "3"}, "--account 3: the folder has 2"},
		{"export of nothing", 1, "", []string{"export", "telethon"}, "no such file"},
		{"export to a folder", 2, "", []string{"export", "tdata"}, "must be one of"},
	} {
		t.Run(test.name, func(t *testing.T) {
			args := append([]string{"sessions"}, test.args...)
			code, out, errs := command(t, []byte(test.stdin), append(args, "--credentials", file("new"))...)
			if code != test.code || !strings.Contains(errs, test.want) || out != "" && test.code == 1 {
				t.Errorf("exit %d, want %d: %q does not say %q", code, test.code, errs, test.want)
			}
			if len(test.stdin) > 60 && strings.Contains(errs, test.stdin[30:50]) {
				t.Errorf("the session prints: %s", errs)
			}
			if _, err := os.Stat(file("new")); !os.IsNotExist(err) {
				t.Errorf("a file is left: %v", err)
			}
		})
	}
	code, _, errs := command(t, []byte(all["pyrogram_271"]), "sessions", "import", "pyrogram", "--credentials", file("taken"))
	if code != 1 || !strings.Contains(errs, "is signed in already") {
		t.Errorf("exit %d: %s", code, errs)
	}
	code, _, errs = command(t, nil, "sessions", "export", "pyrogram", "--credentials", file("taken"))
	if code != 1 || !strings.Contains(errs, "connect once, and then export") {
		t.Errorf("exit %d: %s", code, errs)
	}
}
