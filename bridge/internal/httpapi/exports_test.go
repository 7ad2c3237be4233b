package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
)

type lists = Exports // else the field would hide the method

// A shelfOfLists has one export, of so many members.
type shelfOfLists struct {
	lists
	members []bridge.Member
	asked   []ExportRequest
}

func (s *shelfOfLists) CreateExport(_ context.Context, r ExportRequest) (*bridge.Export, error) {
	s.asked = append(s.asked, r)
	return &bridge.Export{ID: testExport, AccountID: r.Account, Group: r.Group, List: r.List, Gap: bridge.GapUnfinished}, nil
}

func (s *shelfOfLists) Export(_ context.Context, account bridge.AccountID, id bridge.ExportID) (*bridge.Export, error) {
	return &bridge.Export{ID: id, AccountID: account, State: bridge.ExportDone}, nil
}

func (s *shelfOfLists) ExportMembers(_ context.Context, _ bridge.ExportID, after, limit int) ([]bridge.Member, error) {
	return s.members[min(after, len(s.members)):min(after+limit, len(s.members))], nil
}

const testExport = "exp_01KB0000000000000000000000"

func exportServer(e Exports) *Server {
	return New(Options{
		Owners: owners(""), Accounts: new(accounts), Exports: e,
		Authenticator: keys{"exports": {scopes: []Scope{ScopeExports}}, "contacts": {scopes: []Scope{ScopeContactsRead}}},
		Logger:        slog.New(slog.DiscardHandler), Now: func() time.Time { return testNow }, Version: "test",
	})
}

// TestExportFormats has nothing of what people call themselves be carried out by
// a spreadsheet, and pages joined.
func TestExportFormats(t *testing.T) {
	const path = "/v1/accounts/" + testAccount + "/exports/" + testExport + "/members"
	s := &shelfOfLists{members: []bridge.Member{
		{Peer: bridge.Peer{Kind: bridge.UserPeer, ID: 1}, FirstName: `=HYPERLINK("https://x.test")`, LastName: "O'Hara, \"Sue\"", Role: "admin", Title: "-1",
			JoinedAt: testNow, By: 7, Premium: true},
		{Peer: bridge.Peer{Kind: bridge.UserPeer, ID: 2}, FirstName: "@ann", LastName: "+1", Username: "ann", Phone: "49170", Role: "member", Bot: true},
	}}
	res, data, _ := ask(t, exportServer(s), "exports", "GET", path, "")
	want := "peer,username,first_name,last_name,phone,role,title,joined_at,by,bot,deleted,premium,contact\n" +
		`user:1,,"'=HYPERLINK(""https://x.test"")","O'Hara, ""Sue""",,admin,'-1,2026-11-26T12:00:00Z,7,false,false,true,false` + "\n" +
		"user:2,ann,'@ann,'+1,49170,member,,,,true,false,false,false\n"
	if res.StatusCode != 200 || string(data) != want {
		t.Errorf("%d\n%s", res.StatusCode, data)
	}
	if got := res.Header.Get("Content-Disposition"); got != "attachment; filename="+testExport+".csv" {
		t.Errorf("it is to be kept as %s", got)
	}
	r := httptest.NewRequest("GET", path+"?format=jsonl", http.NoBody)
	r.Header.Set("Authorization", "Bearer exports")
	w := httptest.NewRecorder()
	exportServer(s).ServeHTTP(w, r)
	if lines := strings.Split(w.Body.String(), "\n"); len(lines) != 3 || lines[1] !=
		`{"peer":"user:2","username":"ann","first_name":"@ann","last_name":"+1","phone":"49170","role":"member","bot":true}` {
		t.Errorf("%s", w.Body)
	}
	for _, n := range []int{0, 1, memberPage - 1, memberPage, memberPage + 1, 2*memberPage + 1} {
		s.members = make([]bridge.Member, n)
		for i := range s.members {
			s.members[i].Peer = bridge.Peer{Kind: bridge.UserPeer, ID: int64(i + 1)}
		}
		_, data, _ = ask(t, exportServer(s), "exports", "GET", path, "")
		if got := strings.Count(string(data), "\n"); got != n+1 || n > 0 && !strings.Contains(string(data), fmt.Sprintf("\nuser:%d,", n)) {
			t.Errorf("%d lines of %d members", got, n)
		}
	}
}

// TestExportRequests has groups named in each way, by keys that may export.
func TestExportRequests(t *testing.T) {
	s := new(shelfOfLists)
	const path = "/v1/accounts/" + testAccount + "/exports"
	for group, want := range map[string]string{"@The_Nest": "username:the_nest", "channel:5": "channel:5", "group:7": "group:7"} {
		res, data, v := ask(t, exportServer(s), "exports", "POST", path, `{"group": "`+group+`"}`)
		last := s.asked[len(s.asked)-1]
		if res.StatusCode != 202 || v["complete"] != false || last.Group.String() != want || last.List != bridge.AllMembers || last.By != "key_test" {
			t.Errorf("%s: %d %s, %+v", group, res.StatusCode, data, last)
		}
	}
	for key, status := range map[string]int{"contacts": 403, "": 401} {
		if res, data, _ := ask(t, exportServer(s), key, "POST", path, `{"group": "channel:5"}`); res.StatusCode != status {
			t.Errorf("%q: %d %s", key, res.StatusCode, data)
		}
	}
	for _, group := range []string{"user:5", "+49170123456", "the_nest"} {
		if res, data, _ := ask(t, exportServer(s), "exports", "POST", path, `{"group": "`+group+`"}`); res.StatusCode != 422 || !strings.Contains(string(data), "@username") {
			t.Errorf("%s: %d %s", group, res.StatusCode, data)
		}
	}
}
