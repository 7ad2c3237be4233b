package botapi

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"godwit/tg"
)

// Arguments come in any of four ways.
func TestRequests(t *testing.T) {
	s := newStage(t, Options{})
	s.ann.say(s.ann.robot(), "hi")
	s.updates()
	ann := fmt.Sprint(s.ann.id)
	path := "/bot" + token + "/sendMessage"
	query := "?chat_id=" + ann + "&text=h%C3%A9"
	for name, r := range map[string]*http.Request{
		"query":      httptest.NewRequest(http.MethodGet, path+query, nil),
		"post query": httptest.NewRequest(http.MethodPost, path+query, nil),
		"case":       httptest.NewRequest(http.MethodGet, "/bot"+token+"/SENDMESSAGE"+query, nil),
		"method":     httptest.NewRequest(http.MethodGet, "/bot"+token+"/"+query+"&method=sendMessage", nil),
		"test":       httptest.NewRequest(http.MethodGet, "/bot"+token+"/test/sendMessage"+query, nil),
	} {
		if a := s.serve(r); !strings.Contains(a.raw, `"text":"hé"`) {
			t.Errorf("%s: %s", name, a.raw)
		}
	}
	s.post("sendMessage", "application/json; charset=utf-8", fmt.Appendf(nil,
		`{"chat_id":%s,"text":"<json> & so","disable_notification":true,"reply_markup":{"force_reply":true},"entities":null}`, ann)).
		has(`"text":"<json> & so"`)
	s.post("sendMessage", "application/json", []byte(`{"chat_id":`)).fails(400, "Bad Request: failed to parse the request: unexpected end of JSON input")
	s.post("sendMessage", "application/x-www-form-urlencoded", []byte("chat_id="+ann+"&text=%FF")).fails(400, "Bad Request: strings must be encoded in UTF-8")
	s.post("getMe", "multipart/form-data; boundary=x", []byte("--x--\r\n")).ok()
	s.post("getMe", "multipart/form-data; boundary=x", []byte("--x\r\nContent-Disp")).fails(400, `Bad Request: failed to parse the request: malformed MIME header: missing colon: "Content-Disp"`)
	for path, want := range map[string]answer{
		"/":                        {Code: 404, Description: "Not Found"},
		"/bot" + token:             {Code: 404, Description: "Not Found"},
		"/other":                   {Code: 404, Description: "Not Found"},
		"/bot0:x/getMe":            {Code: 401, Description: "Unauthorized: invalid token specified"},
		"/bot777:x/getMe":          {Code: 401, Description: "Unauthorized"},
		"/file/bot" + token + "/x": {Code: 404, Description: "Not Found"},
		"/file/bot777:x/x":         {Code: 401, Description: "Unauthorized"},
	} {
		s.serve(httptest.NewRequest(http.MethodGet, path, nil)).fails(want.Code, want.Description)
	}
}

func testImage(t testing.TB) []byte {
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewGray(image.Rect(0, 0, 400, 300))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (s *stage) download(path string) (int, []byte) {
	s.t.Helper()
	w := httptest.NewRecorder()
	s.api.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/file/bot"+s.token+"/"+path, nil))
	return w.Code, w.Body.Bytes()
}

// path returns where a file can be downloaded.
func (s *stage) path(id string) string {
	s.t.Helper()
	raw := string(s.ask("getFile", "file_id", id).ok())
	_, rest, _ := strings.Cut(raw, `"file_path":"`)
	path, _, _ := strings.Cut(rest, `"`)
	return path
}

func TestFiles(t *testing.T) {
	s := newStage(t, Options{})
	s.ann.say(s.ann.robot(), "hi")
	s.updates()
	ann := fmt.Sprint(s.ann.id)
	content := make([]byte, 11<<20) // more than a small file has
	chacha := rand.NewChaCha8([32]byte{})
	_, err := chacha.Read(content)
	s.check(err)
	sent := s.upload("sendDocument", "document", "data.bin", content, "chat_id", ann, "caption", "*Here*", "parse_mode", "MarkdownV2").message()
	d := sent.Document
	if d == nil || d.FileName != "data.bin" || d.FileSize != int64(len(content)) || sent.Caption != "Here" || len(sent.CaptionEntities) != 1 {
		t.Fatalf("sent %+v", sent)
	}
	heard := s.ann.read().Media.(*tg.MessageMediaDocument).Document.(*tg.Document)
	if heard.Size != int64(len(content)) {
		t.Errorf("heard of %d bytes", heard.Size)
	}
	path := s.path(d.FileID)
	if !strings.HasPrefix(path, "documents/file_") || !strings.HasSuffix(path, ".bin") || s.path(d.FileID) != path {
		t.Errorf("path %q", path)
	}
	if code, back := s.download(path); code != 200 || !bytes.Equal(back, content) {
		t.Errorf("downloaded %d, %d bytes", code, len(back))
	}
	again := s.ask("sendDocument", "chat_id", ann, "document", d.FileID).message()
	if again.Document.FileUniqueID != d.FileUniqueID || again.Document.FileSize != d.FileSize {
		t.Errorf("again %+v", again.Document)
	}
	s.ask("sendPhoto", "chat_id", ann, "photo", d.FileID).fails(400, "Bad Request: type of file mismatch")
	s.ask("sendDocument", "chat_id", ann, "document", d.FileID[:len(d.FileID)-2]+"AA").fails(400,
		"Bad Request: wrong remote file identifier specified: can't unserialize it. Wrong last symbol")

	photo := s.upload("sendPhoto", "photo", "x.png", testImage(t), "chat_id", ann).message()
	if len(photo.Photo) < 2 || photo.Photo[len(photo.Photo)-1].Width != 400 {
		t.Fatalf("photo %+v", photo.Photo)
	}
	path = s.path(photo.Photo[0].FileID)
	if code, back := s.download(path); code != 200 || !strings.HasSuffix(path, ".jpg") || http.DetectContentType(back) != "image/jpeg" {
		t.Errorf("%q: %d, %s", path, code, http.DetectContentType(back))
	}
	s.ask("sendPhoto", "chat_id", ann, "photo", photo.Photo[0].FileID).ok()
	for method, field := range map[string]string{
		"sendVideo": "video", "sendAudio": "audio", "sendVoice": "voice", "sendAnimation": "animation", "sendVideoNote": "video_note",
	} {
		a := s.upload(method, field, "x.mp4", []byte("some bytes"), "chat_id", ann, "duration", "7", "length", "240").
			has(`"`+field+`":{`, `"duration":7`)
		if field == "animation" {
			a.has(`"document":{`)
		}
	}
	s.upload("sendDocument", "document", "empty", nil, "chat_id", ann).fails(400, "Bad Request: file must be non-empty")

	// What people send can be fetched, and not by another bot.
	s.ann.say(s.ann.robot(), "x")
	s.updates()
	reference := &tg.InputDocument{ID: heard.ID, AccessHash: heard.AccessHash, FileReference: heard.FileReference}
	does(s.ann, &tg.MessagesSendMedia{Peer: s.ann.robot(), Media: &tg.InputMediaDocument{ID: reference}, RandomID: lastRandom.Add(1)})
	got := s.update().Message.Document
	if got.FileUniqueID != d.FileUniqueID || got.FileName != "data.bin" {
		t.Errorf("received %+v", got)
	}
	s.token = tokenTwo
	s.ask("getFile", "file_id", got.FileID).fails(400, "Bad Request: invalid file_id")
}

func TestFileSizes(t *testing.T) {
	s := newStage(t, Options{})
	s.ann.say(s.ann.robot(), "hi")
	ann := fmt.Sprint(s.ann.id)
	large := s.upload("sendDocument", "document", "large", make([]byte, maxDownload+1), "chat_id", ann).message()
	s.ask("getFile", "file_id", large.Document.FileID).fails(400, "Bad Request: file is too big")
	s.upload("sendDocument", "document", "larger", make([]byte, maxUpload+1), "chat_id", ann).fails(413, "Request Entity Too Large")
	s.upload("sendDocument", "document", "largest", make([]byte, maxBody+1), "chat_id", ann).fails(413, "Request Entity Too Large")
}

func TestMediaGroup(t *testing.T) {
	s := newStage(t, Options{})
	s.ann.say(s.ann.robot(), "hi")
	s.updates()
	ann := fmt.Sprint(s.ann.id)
	photo := s.upload("sendPhoto", "photo", "x.png", testImage(t), "chat_id", ann).message().Photo[0].FileID
	a := s.upload("sendMediaGroup", "one", "y.png", testImage(t), "chat_id", ann, "media",
		`[{"type":"photo","media":"attach://one","caption":"first"},{"type":"photo","media":"`+photo+`"}]`)
	a.has(`"media_group_id":"`, `"caption":"first"`)
	if strings.Count(a.raw, `"media_group_id"`) != 2 {
		t.Errorf("album %s", a.raw)
	}
	s.upload("editMessageMedia", "one", "z.bin", []byte("bytes"), "chat_id", ann,
		"message_id", fmt.Sprint(s.ask("sendPhoto", "chat_id", ann, "photo", photo).message().ID),
		"media", `{"type":"document","media":"attach://one"}`).has(`"file_name":"z.bin"`, `"edit_date"`)
	s.ask("sendLocation", "chat_id", ann, "latitude", "52.5", "longitude", "13.4").has(`"location":{"latitude":52.5,"longitude":13.4}`)
	s.ask("sendContact", "chat_id", ann, "phone_number", "+49", "first_name", "C").has(`"contact":{"phone_number":"+49","first_name":"C"}`)
}

// The server listens, serves and stops.
func TestStart(t *testing.T) {
	s := newStage(t, Options{})
	url, err := s.api.Start("127.0.0.1:0")
	s.check(err)
	if _, err := s.api.Start("127.0.0.1:0"); err == nil {
		t.Error("started twice")
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	answer, err := (&http.Client{Transport: transport}).Get(url + "/bot" + token + "/getMe")
	s.check(err)
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	s.check(err)
	if !strings.HasPrefix(string(body), `{"ok":true,"result":{"id":777,`) || answer.Header.Get("Content-Type") != "application/json" {
		t.Errorf("answer %s", body)
	}
}
