package sessions

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"godwit/mtproto"
	"godwit/telegram"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// made returns the strings that other programs have made.
func made(t testing.TB) map[string]string {
	t.Helper()
	content, err := os.ReadFile("testdata/strings.json")
	check(t, err)
	var all map[string]string
	check(t, json.Unmarshal(content, &all))
	return all
}

func countingKey() mtproto.AuthKey {
	var value [mtproto.AuthKeySize]byte
	for i := range value {
		value[i] = byte(i)
	}
	return mtproto.NewAuthKey(value)
}

// What each string of another program says.
var others = []struct {
	name    string
	format  Format
	dc      int
	address string
	user    int64
	bot     bool
	test    bool
	apiID   int
}{
	{"telethon_ipv4", Telethon, 2, "149.154.167.51:443", telegram.UnknownUser, false, false, 0},
	{"telethon_ipv6", Telethon, 5, "2001:b28:f23f:f005::a:443", telegram.UnknownUser, false, false, 0},
	{"telethon_ipv4", GramJS, 2, "149.154.167.51:443", telegram.UnknownUser, false, false, 0},
	{"telethon_ipv6", GramJS, 5, "2001:b28:f23f:f005::a:443", telegram.UnknownUser, false, false, 0},
	{"gramjs_ipv4", GramJS, 2, "149.154.167.51:443", telegram.UnknownUser, false, false, 0},
	{"gramjs_ipv6", GramJS, 2, "2001:67c:4e8:f002::a:443", telegram.UnknownUser, false, false, 0},
	{"gramjs_name", GramJS, 4, "vesta.web.telegram.org:443", telegram.UnknownUser, false, false, 0},
	{"pyrogram_271", Pyrogram, 4, "", 7000000001, false, false, 12345},
	{"pyrogram_271_bot_test", Pyrogram, 2, "", 7000000002, true, true, 12345},
	{"pyrogram_267", Pyrogram, 1, "", 7000000003, false, false, 0},
	{"pyrogram_263", Pyrogram, 3, "", 1234567, true, false, 0},
	{"mtcute_user", MTCute, 2, "149.154.167.50:443", 777000777, false, false, 0},
	{"mtcute_bot_test", MTCute, 1, "149.154.175.10:80", 7770007770001, true, true, 0},
	{"mtcute_no_self", MTCute, 5, "91.108.56.151:443", telegram.UnknownUser, false, false, 0},
}

func addressOf(c *telegram.Credentials) string {
	if len(c.Addresses) == 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d", c.Addresses[0].Host, c.Addresses[0].Port)
}

// Strings that the programs themselves have made are read, and written again
// they say the same.
func TestStringsOfOthers(t *testing.T) {
	all := made(t)
	for _, test := range others {
		t.Run(test.name+" as "+string(test.format), func(t *testing.T) {
			text := all[test.name]
			s, err := Import(test.format, "\n "+text+" \n")
			check(t, err)
			c := &s.Credentials
			key, want := c.Keys[test.dc].Key, countingKey()
			if c.DC != test.dc || !key.Equal(&want) || addressOf(c) != test.address || c.UserID != test.user ||
				c.Bot != test.bot || s.Test != test.test || s.APIID != test.apiID {
				t.Errorf("DC %d, %s, user %d, bot %v, test %v, api id %d", c.DC, addressOf(c), c.UserID, c.Bot, s.Test, s.APIID)
			}
			out, err := Export(test.format, s, telegram.Network{})
			check(t, err)
			// Byte for byte, where the format has one way to say it and that is
			// the newest: not the media DC of mtcute, nor older strings.
			newest := test.format == Telethon || test.format == GramJS && strings.HasPrefix(test.name, "gramjs") || strings.HasPrefix(test.name, "pyrogram_271")
			if newest && out != text {
				t.Errorf("written again: %s\nwas %s", out, text)
			}
			again, err := Import(test.format, out)
			if err != nil || again.Credentials.UserID != c.UserID || addressOf(&again.Credentials) != addressOf(c) || again.Test != s.Test {
				t.Errorf("read again: %v", err)
			}
		})
	}
}

// Between every two formats the key, the DC and its address survive.
func TestBetweenFormats(t *testing.T) {
	s, err := Import(MTCute, made(t)["mtcute_user"])
	check(t, err)
	for _, f := range Formats() {
		text, err := Export(f, s, telegram.Production())
		check(t, err)
		got, err := Import(f, text)
		check(t, err)
		a, b := s.Credentials.Keys[2].Key, got.Credentials.Keys[2].Key
		if !a.Equal(&b) || got.Credentials.DC != 2 || f != Pyrogram && addressOf(&got.Credentials) != "149.154.167.50:443" {
			t.Errorf("%s: DC %d at %s", f, got.Credentials.DC, addressOf(&got.Credentials))
		}
	}
}

func TestWrongStrings(t *testing.T) {
	all := made(t)
	empty := "1" + base64.URLEncoding.EncodeToString(append([]byte{2, 1, 2, 3, 4, 1, 187}, make([]byte, 256)...))
	noDC := "1" + base64.URLEncoding.EncodeToString(append([]byte{0, 1, 2, 3, 4, 1, 187}, slices.Repeat([]byte{7}, 256)...))
	for _, test := range []struct {
		name   string
		format Format
		text   string
		want   string
	}{
		{"nothing", Telethon, " \n", "it is empty; give the whole string"},
		{"unknown format", "tdlib", "x", "this format is not known; there are [telethon pyrogram gramjs mtcute gotd]"},
		{"another version", Telethon, "2" + all["telethon_ipv4"][1:], `it begins with '2' instead of the version, 1`},
		{"Pyrogram's as Telethon's", Telethon, all["pyrogram_271"], `it begins with 'B' instead of the version`},
		{"cut", Telethon, all["telethon_ipv4"][:201], "it holds 150 bytes instead of 263 or 275; the string is cut"},
		{"no base64", Pyrogram, "BAAA MDkA", "it is not base64; copy the whole string"},
		{"cut", Pyrogram, all["pyrogram_271"][:300], "it holds 225 bytes instead of 263, 267 or 271"},
		{"Telethon's as mtcute's", MTCute, all["telethon_ipv4"], "it is not of version 3"},
		{"cut", MTCute, all["mtcute_user"][:400], "the string is cut or damaged"},
		{"cut", GramJS, all["gramjs_name"][:201], "it holds 150 bytes"},
		{"a byte too many", GramJS, all["gramjs_ipv6"][:373] + "AAAA", "it holds 282 bytes instead of 281"},
		{"no key in it", Telethon, empty, "it holds no key; sign in with that program first"},
		{"no DC", Telethon, noDC, "it names a DC 0"},
		{"no JSON", GoTD, "session", "it is not JSON of gotd"},
		{"another version", GoTD, `{"Version":2}`, "it is of version 2 instead of 1"},
		{"another key's id", GoTD, `{"Version":1,"Data":{"DC":2,"AuthKey":"` + base64.StdEncoding.EncodeToString(slices.Repeat([]byte{7}, 256)) + `","AuthKeyID":"AAAAAAAAAAA="}}`, "the id in it is of another key"},
		{"short key", GoTD, `{"Version":1,"Data":{"DC":2,"AuthKey":"AAAA"}}`, "its key has 3 bytes instead of 256"},
	} {
		t.Run(string(test.format)+" "+test.name, func(t *testing.T) {
			_, err := Import(test.format, test.text)
			var typed *Error
			if !errors.As(err, &typed) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v does not say %q", err, test.want)
			}
			if n := len(test.text); n > 40 && strings.Contains(fmt.Sprint(err), test.text[20:40]) {
				t.Errorf("the session prints: %v", err)
			}
		})
	}
}

func TestExportFails(t *testing.T) {
	key := countingKey()
	signedIn := Session{Credentials: telegram.Credentials{DC: 2, UserID: telegram.UnknownUser, Keys: map[int]telegram.DCKey{2: {Key: key}}}}
	at := func(host string, port int) telegram.Network {
		return telegram.Network{DCs: []telegram.DC{{ID: 2, Host: host, Port: port}}}
	}
	for _, test := range []struct {
		name    string
		format  Format
		s       Session
		network telegram.Network
		want    string
	}{
		{"nobody", Telethon, Session{}, telegram.Production(), "the credentials are not signed in; sign in first"},
		{"unknown format", "x", signedIn, telegram.Production(), "not known"},
		{"no address", GramJS, signedIn, telegram.Network{}, "no address of DC 2 is known"},
		{"a name", Telethon, signedIn, at("localhost", 443), `the address "localhost" is no IP address`},
		{"a high port", GramJS, signedIn, at("127.0.0.1", 40000), "GramJS cannot read the address 127.0.0.1, port 40000"},
		{"unknown user", Pyrogram, signedIn, telegram.Production(), "connect once, and then export"},
	} {
		if _, err := Export(test.format, &test.s, test.network); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v does not say %q", test.name, err, test.want)
		}
	}
	for _, text := range []string{fmt.Sprintf("%v %+v %#v %s", signedIn, signedIn, signedIn, signedIn), signedIn.LogValue().String()} {
		if strings.Contains(text, "2") {
			t.Errorf("a session prints: %s", text)
		}
	}
}

// tdata that mtcute's converter has made, and a folder of the program itself.
func TestTData(t *testing.T) {
	for _, test := range []struct {
		folder, passcode string
		users            []int64
		dcs              []int
	}{
		{"tdata-plain", "", []int64{777000777}, []int{2}},
		{"tdata-passcode", "пароль 1", []int64{5000000000}, []int{4}},
		{"tdata-two", "", []int64{111, 222}, []int{1, 5}},
	} {
		got, err := ImportTDesktop(os.DirFS("testdata/"+test.folder), test.passcode)
		check(t, err)
		for i, s := range got {
			value := countingKey()
			want := [mtproto.AuthKeySize]byte(value.Bytes())
			for j := range want {
				want[j] ^= byte(i * 0x55)
			}
			key := s.Credentials.Keys[test.dcs[i]].Key
			if s.Credentials.UserID != test.users[i] || s.Credentials.DC != test.dcs[i] || len(s.Credentials.Keys) != 2 ||
				string(key.Bytes()) != string(want[:]) || !s.Credentials.Keys[3].Imported {
				t.Errorf("%s: account %d: user %d on DC %d with %d keys", test.folder, i, s.Credentials.UserID, s.Credentials.DC, len(s.Credentials.Keys))
			}
		}
		if len(got) != len(test.users) {
			t.Errorf("%s: %d accounts", test.folder, len(got))
		}
	}
	_, err := ImportTDesktop(os.DirFS("testdata/tdata-desktop"), "")
	if err == nil || !strings.Contains(err.Error(), "account 1 is not signed in; sign in with Telegram Desktop first") {
		t.Errorf("of Telegram Desktop itself: %v", err)
	}
}

// What Telegram Desktop has stored when it had signed in: the key is the one of
// which it wrote the id to its own log.
func TestTDataOfDesktop(t *testing.T) {
	got, err := ImportTDesktop(os.DirFS("testdata/tdata-desktop-signed"), "")
	check(t, err)
	if len(got) != 1 {
		t.Fatalf("%d accounts", len(got))
	}
	c := got[0].Credentials
	key := c.Keys[2].Key
	if c.UserID != 10000001 || c.DC != 2 || key.ID() != 11562190691126908819 {
		t.Errorf("user %d on DC %d with key %d", c.UserID, c.DC, key.ID())
	}
}

// folder copies a folder of testdata into memory.
func folder(t testing.TB, name string) fstest.MapFS {
	t.Helper()
	files := fstest.MapFS{}
	root := os.DirFS("testdata/" + name)
	check(t, fs.WalkDir(root, ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, path)
		files[path] = &fstest.MapFile{Data: content}
		return err
	}))
	return files
}

func TestWrongTData(t *testing.T) {
	const account = "D877F783D5D3EF8Cs"
	damaged := folder(t, "tdata-plain")
	damaged[account].Data[50] ^= 1
	cut := folder(t, "tdata-plain")
	cut["key_datas"].Data = cut["key_datas"].Data[:100]
	without := folder(t, "tdata-plain")
	delete(without, account)
	other := folder(t, "tdata-plain")
	other["key_datas"] = folder(t, "tdata-two")["key_datas"]
	old := folder(t, "tdata-plain")
	old[account[:16]+"0"] = old[account]
	delete(old, account)
	if _, err := ImportTDesktop(old, ""); err != nil {
		t.Errorf("files by their older names: %v", err)
	}
	for _, test := range []struct {
		name     string
		fsys     fs.FS
		passcode string
		is       error
		want     string
	}{
		{"another folder", os.DirFS("testdata"), "", fs.ErrNotExist, "give the folder named tdata itself"},
		{"no passcode", os.DirFS("testdata/tdata-passcode"), "", ErrPasscode, "the passcode is wrong; give the passcode that Telegram Desktop asks for"},
		{"wrong passcode", os.DirFS("testdata/tdata-passcode"), "пароль 2", ErrPasscode, "the passcode is wrong"},
		{"passcode too much", os.DirFS("testdata/tdata-plain"), "x", ErrPasscode, "the passcode is wrong"},
		{"damaged", damaged, "", nil, account + ": the file is damaged: its checksum is wrong"},
		{"cut", cut, "", nil, "key_datas: the file is damaged"},
		{"account missing", without, "", nil, "account 1 is not signed in"},
		{"key of another", other, "", errTDataShape, "account 1"},
	} {
		_, err := ImportTDesktop(test.fsys, test.passcode)
		var typed *Error
		if !errors.As(err, &typed) || !strings.Contains(err.Error(), test.want) || test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s: %v does not say %q", test.name, err, test.want)
		}
	}
}

// Whatever is given is refused or read, and what is read can be written.
func FuzzImport(f *testing.F) {
	for name, text := range made(f) {
		for i, format := range Formats() {
			if strings.HasPrefix(name, string(format)) {
				f.Add(uint8(i), text)
			}
		}
	}
	f.Fuzz(func(t *testing.T, which uint8, text string) {
		format := Formats()[int(which)%len(Formats())]
		s, err := Import(format, text)
		if err != nil {
			return
		}
		out, err := Export(format, s, telegram.Production())
		if err != nil {
			return
		}
		again, err := Import(format, out)
		if err != nil {
			t.Fatalf("%s: written again it cannot be read: %v", format, err)
		}
		a, b := s.Credentials.Keys[s.Credentials.DC].Key, again.Credentials.Keys[s.Credentials.DC].Key
		if !a.Equal(&b) || again.Credentials.UserID != s.Credentials.UserID || again.Test != s.Test {
			t.Fatalf("%s: written again it is another", format)
		}
	})
}

func FuzzTData(f *testing.F) {
	files := folder(f, "tdata-plain")
	f.Add(files["key_datas"].Data, files["D877F783D5D3EF8Cs"].Data)
	f.Fuzz(func(t *testing.T, key, account []byte) {
		sessions, err := ImportTDesktop(fstest.MapFS{"key_datas": {Data: key}, "D877F783D5D3EF8Cs": {Data: account}}, "")
		if err == nil && len(sessions) == 0 {
			t.Fatal("no accounts and no error")
		}
	})
}
