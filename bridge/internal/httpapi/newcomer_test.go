package httpapi

import (
	"context"
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
)

// TestRecipient has people named in every way in which they are written.
func TestRecipient(t *testing.T) {
	for text, want := range map[string]string{
		"@Durov": "username:durov", "+49 170 123-456": "phone:49170123456", "+1 (555) 123.4567": "phone:15551234567",
		"user:5": "user:5", "username:durov": "username:durov",
		"+123": "", "+1234567890123456": "", "durov": "", "@": "", "+": "", "  ": "", "+49x170123": "",
	} {
		p, err := recipient(text)
		if p.String() != want && err == nil || (err == nil) != (want != "") {
			t.Errorf("%q is %v, %v", text, p, err)
		}
		if err != nil && (bridge.CodeOf(err) != bridge.CodeInvalidRequest || !strings.Contains(err.Error(), "@username, +phone")) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestUnknown has requests for what is not offered fail as all others do.
func TestUnknown(t *testing.T) {
	for _, test := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{"GET", "/v1/nothing", 404, ""},
		{"DELETE", "/v1/accounts", 405, "GET, HEAD, POST"},
		{"PUT", "/docs", 405, "GET, HEAD"},
	} {
		res, data, v := ask(t, newServer(new(accounts)), "all", test.method, test.path, "")
		if res.StatusCode != test.status || res.Header.Get("Allow") != test.allow || v["status"] != float64(test.status) ||
			res.Header.Get("Content-Type") != "application/problem+json" || !strings.Contains(v["detail"].(string), test.path) {
			t.Errorf("%s %s: %d %v %s", test.method, test.path, res.StatusCode, res.Header, data)
		}
	}
}

// TestEventTypes has the types of events described, and no others taken.
func TestEventTypes(t *testing.T) {
	s := eventServer(newEventLog(), keys{"all": {scopes: []Scope{ScopeAdmin}}})
	for _, path := range []string{"/v1/events", "/v1/events/stream"} {
		res, data, _ := ask(t, s, "all", "GET", path+"?type=nope", "")
		if res.StatusCode != 422 || !strings.Contains(string(data), "message.received") {
			t.Errorf("%s: %d %s", path, res.StatusCode, data)
		}
	}
	if res, data, _ := ask(t, s, "all", "GET", "/v1/events?type=message.received,message.sent", ""); res.StatusCode != 200 {
		t.Errorf("%d %s", res.StatusCode, data)
	}
	_, data, _ := ask(t, s, "", "GET", "/openapi.json", "")
	for _, kind := range bridge.EventTypes {
		if !strings.Contains(string(data), `"`+string(kind)+`"`) {
			t.Errorf("%s is not described", kind)
		}
	}
}

type talk = Messages // else the field would hide the method

// A conversing has one conversation, and one message, which was canceled.
type conversing struct {
	talk
	read []int
}

func (c *conversing) Conversation(_ context.Context, id bridge.ConversationID) (*bridge.Conversation, error) {
	return &bridge.Conversation{ID: id, AccountID: testAccount}, nil
}

func (c *conversing) MarkRead(_ context.Context, _ bridge.ConversationID, upTo int) error {
	c.read = append(c.read, upTo)
	return nil
}

func (c *conversing) Message(_ context.Context, id bridge.MessageID) (*bridge.Message, error) {
	return &bridge.Message{ID: id, AccountID: testAccount, State: bridge.Canceled}, nil
}

func (c *conversing) Cancel(context.Context, bridge.MessageID) (*bridge.Message, error) {
	return nil, bridge.Errorf(bridge.CodeConflict, "It is on its way.")
}

// An uploaded is the files that were given.
type uploaded []bridge.Upload

func (u *uploaded) Upload(_ context.Context, name, mimeType string, content io.Reader) (*bridge.Upload, error) {
	n, err := io.Copy(io.Discard, content)
	*u = append(*u, bridge.Upload{Name: name, MIMEType: mimeType, Size: n})
	return &(*u)[len(*u)-1], err
}

func messageServer(m Messages, u Uploads) *Server {
	return New(Options{
		Owners: owners(""), Authenticator: keys{"all": {scopes: []Scope{ScopeAdmin}}}, Accounts: new(accounts), Messages: m, Uploads: u,
		Logger: slog.New(slog.DiscardHandler), Now: func() time.Time { return testNow }, Version: "test",
	})
}

// TestRequestsAgain has nothing said where nothing has to be, and a message
// canceled twice.
func TestRequestsAgain(t *testing.T) {
	c := new(conversing)
	s := messageServer(c, nil)
	const read = "/v1/conversations/conv_01KB0000000000000000000000/read"
	for _, body := range []string{"", "{}", `{"up_to":7}`} {
		if res, data, _ := ask(t, s, "all", "POST", read, body); res.StatusCode != 204 {
			t.Errorf("%q: %d %s", body, res.StatusCode, data)
		}
	}
	if len(c.read) != 3 || c.read[0] != 0 || c.read[2] != 7 {
		t.Errorf("read up to %v", c.read)
	}
	res, data, v := ask(t, s, "all", "POST", "/v1/messages/msg_01KB0000000000000000000000/cancel", "")
	if res.StatusCode != 200 || v["state"] != "canceled" {
		t.Errorf("%d %s", res.StatusCode, data)
	}
	_, _, v = ask(t, s, "all", "POST", "/v1/accounts/"+testAccount+"/messages", `{"text":"a"}`)
	if detail := v["detail"].(string); !strings.Contains(detail, `the field "to" is missing`) {
		t.Error(detail)
	}
}

// TestUpload has the type of a file go by its name rather than by what clients
// say of every body.
func TestUpload(t *testing.T) {
	for _, test := range []struct {
		name, kind, body string
		status           int
		want             string
	}{
		{"a.png", "application/json", "x", 201, ""},
		{"a.json", "application/json", "{}", 201, "application/json"},
		{"a.png", "image/png", "x", 201, "image/png"},
		{"a.png", "image/png", "", 422, ""},
	} {
		u := new(uploaded)
		r := httptest.NewRequest("POST", "/v1/uploads?name="+test.name, strings.NewReader(test.body))
		r.Header.Set("Authorization", "Bearer all")
		r.Header.Set("Content-Type", test.kind)
		w := httptest.NewRecorder()
		messageServer(nil, u).ServeHTTP(w, r)
		if w.Code != test.status || (len(*u) > 0) != (test.status == 201) {
			t.Errorf("%+v: %d %s", test, w.Code, w.Body)
		}
		if len(*u) > 0 && ((*u)[0].MIMEType != test.want || (*u)[0].Size != int64(len(test.body))) {
			t.Errorf("%+v: %+v", test, (*u)[0])
		}
	}
}
