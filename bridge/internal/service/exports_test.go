package service_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/trial"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/groups"
	"godwit/tg"
)

// ask makes a request with JSON, checks its status, and reads the answer.
func (d *desk) ask(method, path, body string, status int) map[string]any {
	d.Helper()
	r, err := http.NewRequestWithContext(d.Context(), method, d.url+path, strings.NewReader(body))
	d.Check(err)
	r.Header.Set("Authorization", "Bearer any")
	r.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(r)
	d.Check(err)
	defer res.Body.Close()
	var v map[string]any
	if res.StatusCode != http.StatusNoContent {
		d.Check(json.NewDecoder(res.Body).Decode(&v))
	}
	if res.StatusCode != status {
		d.Fatalf("%s %s %s: %d %v, want %d", method, path, body, res.StatusCode, v, status)
	}
	return v
}

// export asks for an export and returns its path.
func (d *desk) export(body string) string {
	d.Helper()
	list := "/v1/accounts/" + string(d.id) + "/exports"
	return list + "/" + d.ask("POST", list, body, 202)["id"].(string)
}

// awaitExport waits until an export is in a state.
func (d *desk) awaitExport(path string, holds func(e map[string]any) bool) (e map[string]any) {
	d.Helper()
	d.Await("the export", func() bool {
		e = d.ask("GET", path, "", 200)
		return holds(e)
	})
	return e
}

func inState(s bridge.ExportState) func(map[string]any) bool {
	return func(e map[string]any) bool { return e["state"] == string(s) }
}

// crowd puts a group of Bob's there, of which Ann is a member.
func (d *desk) crowd(username string, members int) (id int64) {
	d.Helper()
	id, err := d.Sandbox.AddCrowd(sandbox.Crowd{Title: "Nest", Username: username, Creator: bobPhone, Members: members, Phones: []string{annPhone}})
	d.Check(err)
	return id
}

// members fetches what an export holds as JSON lines.
func (d *desk) members(path string) []bridge.Member {
	d.Helper()
	res, data := d.whole("GET", path+"/members?format=jsonl", nil)
	if res.StatusCode != 200 || res.Header.Get("Content-Type") != "application/jsonl" {
		d.Fatalf("%d %s", res.StatusCode, data)
	}
	var list []bridge.Member
	for line := range bytes.Lines(data) {
		var m bridge.Member
		d.Check(json.Unmarshal(line, &m))
		list = append(list, m)
	}
	return list
}

// TestExport has the members of a group fetched, page by page within the budget,
// by one node after the other.
func TestExport(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		var pages atomic.Int64
		pages.Store(1) // that may be fetched
		p.Admit = func(_ context.Context, _ bridge.AccountID, kind bridge.BudgetKind) error {
			if kind == bridge.BudgetParticipants && pages.Add(-1) < 0 {
				return &bridge.Error{Code: bridge.CodeBudgetExhausted, Detail: "Used up.", RetryAt: time.Now().Add(time.Hour)}
			}
			return nil
		}
		d := newDesk(p)
		d.crowd("the_nest", 250)
		path := d.export(`{"group": "@the_nest"}`)
		e := d.awaitExport(path, func(e map[string]any) bool { return e["retry_at"] != nil })
		if e["state"] != "running" || e["seen"] != 100.0 || e["total"] != 252.0 || e["complete"] != false || e["gap"] != "unfinished" ||
			e["code"] != "budget_exhausted" || e["title"] != "Nest" || !strings.HasPrefix(e["group"].(string), "channel:") {
			p.Errorf("after a page: %v", e)
		}
		d.ask("GET", path+"/members", "", 409)
		if res, data := d.whole("GET", path+"/members?partial=true", nil); res.StatusCode != 200 || bytes.Count(data, []byte("\n")) != 101 {
			p.Errorf("of the first page: %d, %d lines", res.StatusCode, bytes.Count(data, []byte("\n")))
		}
		d.End()

		pages.Store(100)
		second := serve(p.Start("second"))
		second.id = d.id
		e = second.awaitExport(path, inState(bridge.ExportDone))
		if e["seen"] != 252.0 || e["complete"] != true || e["gap"] != nil || e["limit"] != 10000.0 || e["expires_at"] == nil || e["code"] != nil {
			p.Errorf("in the end: %v", e)
		}
		seen := make(map[bridge.Peer]bool)
		for _, m := range second.members(path) {
			if seen[m.Peer] {
				p.Errorf("%s is there twice", m.Peer)
			}
			seen[m.Peer] = true
			if m.FirstName == "Bob" && m.Role != "creator" || m.FirstName != "Bob" && m.Role != "member" {
				p.Errorf("%+v", m)
			}
		}
		if len(seen) != 252 {
			p.Errorf("it holds %d", len(seen))
		}
		res, data := second.whole("GET", path+"/members", nil)
		rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
		p.Check(err)
		if len(rows) != 253 || rows[0][0] != "peer" || res.Header.Get("Content-Type") != "text/csv; charset=utf-8" {
			p.Errorf("%d rows, %v, %v", len(rows), rows[0], res.Header)
		}
		events, err := second.Store.Events(p.Context(), d.id, 0, 1000)
		p.Check(err)
		var told []string
		for _, event := range events {
			var data bridge.Export
			if strings.HasPrefix(string(event.Type), "export.") {
				p.Check(json.Unmarshal(event.Data, &data))
				told = append(told, fmt.Sprint(event.Type, " ", data.Seen))
			}
		}
		if got := strings.Join(told, ", "); got != "export.progress 100, export.progress 200, export.done 252" {
			p.Errorf("told of %s", got)
		}
		second.ask("POST", path+"/cancel", "", 409)
		second.ask("DELETE", path, "", 204)
		second.ask("GET", path, "", 404)
	})
}

// TestExportEnds has exports that cannot be made fail alone, and others canceled.
func TestExportEnds(t *testing.T) {
	p := trial.New(t, "sqlite:"+filepath.Join(t.TempDir(), "bridge.db"))
	var held, failing atomic.Bool
	p.Admit = func(_ context.Context, _ bridge.AccountID, kind bridge.BudgetKind) error {
		if kind == bridge.BudgetLookups && failing.Load() {
			return errors.New("nobody is looked up for now")
		}
		if kind == bridge.BudgetParticipants && held.Load() {
			return &bridge.Error{Code: bridge.CodeBudgetExhausted, Detail: "Used up.", RetryAt: time.Now().Add(time.Hour)}
		}
		return nil
	}
	d := newDesk(p)
	id := d.crowd("the_nest", 10)
	bob := p.Client(bobPhone, telegram.Options{})
	peer, err := bob.ResolveUsername(t.Context(), "the_nest")
	p.Check(err)
	p.Check(groups.SetMembersHidden(t.Context(), bob, peer, true))
	channel := fmt.Sprintf("channel:%d", id)
	e := d.awaitExport(d.export(`{"group": "@the_nest"}`), inState(bridge.ExportFailed))
	if e["code"] != "telegram_refused" || !strings.Contains(e["error"].(string), "hidden") || e["gap"] != "unfinished" || e["group"] != channel {
		t.Errorf("hidden: %v", e)
	}
	if e = d.awaitExport(d.export(`{"group": "`+channel+`", "list": "admins"}`), inState(bridge.ExportDone)); e["seen"] != 1.0 {
		t.Errorf("administrators: %v", e)
	}
	p.Check(groups.SetMembersHidden(t.Context(), bob, peer, false))
	if e = d.awaitExport(d.export(`{"group": "`+channel+`", "list": "search", "query": "member 1"}`), inState(bridge.ExportDone)); e["seen"] != 2.0 {
		t.Errorf("found: %v", e)
	}
	e = d.awaitExport(d.export(`{"group": "@nobody_there"}`), inState(bridge.ExportFailed))
	if e["code"] != "not_found" {
		t.Errorf("nobody: %v", e)
	}
	p.Check(p.Sandbox.SetUsername(bobPhone, "bob_himself"))
	if e = d.awaitExport(d.export(`{"group": "@bob_himself"}`), inState(bridge.ExportFailed)); e["code"] != "invalid_request" {
		t.Errorf("a person: %v", e)
	}
	made, err := groups.Create(t.Context(), bob, groups.New{Kind: groups.Basic, Title: "Twig", Users: []tg.InputUserClass{annOf(p, bob)}})
	p.Check(err)
	basic := fmt.Sprintf("group:%d", made.Peer.(*tg.InputPeerChat).ChatID)
	if e = d.awaitExport(d.export(`{"group": "`+basic+`"}`), inState(bridge.ExportDone)); e["seen"] != 2.0 || e["complete"] != true || e["title"] != "Twig" {
		t.Errorf("a basic group: %v", e)
	}
	if e = d.awaitExport(d.export(`{"group": "`+basic+`", "list": "kicked"}`), inState(bridge.ExportFailed)); e["code"] != "invalid_request" {
		t.Errorf("who is kicked from a basic group: %v", e)
	}

	list := "/v1/accounts/" + string(d.id) + "/exports"
	for body, status := range map[string]int{
		`{"group": "user:5"}`: 422, `{"group": "+49170123456"}`: 422, `{"group": "channel:999"}`: 404,
		`{"group": "@the_nest", "list": "search"}`: 422, `{"group": "@the_nest", "query": "x"}`: 422, `{"group": "@the_nest", "list": "all"}`: 422,
	} {
		d.ask("POST", list, body, status)
	}
	held.Store(true)
	path := d.export(`{"group": "` + channel + `"}`)
	d.awaitExport(path, func(e map[string]any) bool { return e["retry_at"] != nil })
	for range 2 {
		if e = d.ask("POST", path+"/cancel", "", 200); e["state"] != "canceled" || e["gap"] != "unfinished" || e["code"] != nil {
			t.Errorf("canceled: %v", e)
		}
	}
	held.Store(false)
	d.awaitExport(d.export(`{"group": "`+channel+`"}`), inState(bridge.ExportDone)) // though what was canceled has to wait
	if e = d.ask("GET", path, "", 200); e["state"] != "canceled" {
		t.Errorf("after others were made: %v", e)
	}
	failing.Store(true)
	path = d.export(`{"group": "@the_nest"}`)
	d.awaitExport(path, func(e map[string]any) bool { return e["code"] == "unavailable" })
	d.awaitExport(d.export(`{"group": "`+channel+`"}`), inState(bridge.ExportDone)) // though the one before keeps failing
	if e = d.ask("GET", path, "", 200); e["state"] != "queued" {
		t.Errorf("while it fails: %v", e)
	}
	failing.Store(false)
	d.awaitExport(path, inState(bridge.ExportDone))
	if all := d.ask("GET", list+"?limit=2", "", 200); len(all["exports"].([]any)) != 2 || all["next"] == nil {
		t.Errorf("listed: %v", all)
	}
}

// annOf returns Ann as somebody else knows her.
func annOf(p *trial.Place, c *telegram.Client) tg.InputUserClass {
	peer, err := c.ResolvePhone(p.Context(), annPhone)
	p.Check(err)
	return telegram.InputUserOf(peer)
}

// TestExportOfBots is refused before anything is tried.
func TestExportOfBots(t *testing.T) {
	p := trial.New(t, "sqlite:"+filepath.Join(t.TempDir(), "bridge.db"))
	const token = "4242:secret"
	_, err := p.Sandbox.AddBot(token, "Desk", "desk_bot")
	p.Check(err)
	d := serve(p.Start("node"))
	d.id = d.AddBot(token)
	if e := d.ask("POST", "/v1/accounts/"+string(d.id)+"/exports", `{"group": "channel:5"}`, 422); e["code"] != "surface_unable" ||
		!strings.Contains(e["detail"].(string), "kind user") {
		t.Errorf("%v", e)
	}
}
