package service_test

import (
	"fmt"
	"net/url"
	"path/filepath"
	"testing"

	"godwit/bridge"
	"godwit/bridge/internal/store"
	"godwit/bridge/internal/trial"
	"godwit/sandbox"
	"godwit/telegram"
	"godwit/telegram/groups"
	"godwit/tg"
)

const carlPhone = "9996610003"

// plan lets the account look up so many people a day, one right after the other.
func (d *desk) plan(lookups int) {
	d.Helper()
	d.Check(d.Store.Change(d.Context(), func(t *store.Tx) error {
		return t.SetBudgetPlan(d.id, "UTC", bridge.BudgetPlan{
			bridge.BudgetLookups: {Limits: map[bridge.Window]int{bridge.PerDay: lookups}}, bridge.BudgetParticipants: {},
		})
	}))
}

// people returns the peers in a list of an answer, by their titles.
func people(v map[string]any) map[string]string {
	list, _ := v["people"].([]any)
	found := make(map[string]string)
	for _, p := range list {
		p := p.(map[string]any)
		found[p["title"].(string)] = p["peer"].(string)
	}
	return found
}

// TestContacts has contacts listed, added in each way, and deleted, and people
// looked up within the budget.
func TestContacts(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		d := newDesk(p)
		d.plan(6)
		carlID, err := p.Sandbox.AddUser(carlPhone, "Carl", "Crane")
		p.Check(err)
		p.Check(p.Sandbox.SetUsername(carlPhone, "carl_crane"))
		carl := fmt.Sprint("user:", carlID)
		at := "/v1/accounts/" + string(d.id)

		if got := d.ask("GET", at+"/contacts", "", 200); len(got["people"].([]any)) != 0 {
			p.Errorf("contacts at first: %v", got)
		}
		added := d.ask("POST", at+"/contacts", `{"who": "+`+bobPhone+`", "first_name": "Bobby"}`, 201)
		if added["title"] != "Bobby" || added["contact"] != true || added["phone"] != bobPhone {
			p.Errorf("by phone: %v", added)
		}
		if added = d.ask("POST", at+"/contacts", `{"who": "@carl_crane", "first_name": "Carlo", "last_name": "C."}`, 201); added["peer"] != carl {
			p.Errorf("by username: %v", added)
		}
		if got := people(d.ask("GET", at+"/contacts", "", 200)); len(got) != 2 || got["Carlo C."] != carl || got["Bobby"] == "" {
			p.Errorf("contacts: %v", got)
		}
		d.ask("DELETE", at+"/contacts/"+carl, "", 204)
		if got := people(d.ask("GET", at+"/contacts", "", 200)); len(got) != 1 || got["Bobby"] == "" {
			p.Errorf("contacts: %v", got)
		}
		if added = d.ask("POST", at+"/contacts", `{"who": "`+carl+`", "first_name": "Carl"}`, 201); added["peer"] != carl || added["title"] == "" {
			p.Errorf("by id: %v", added)
		}
		d.ask("POST", at+"/contacts", `{"who": "+9996610099", "first_name": "Nobody"}`, 404)

		found := d.ask("POST", at+"/look-ups", `{"who": "@carl_crane"}`, 200)
		if found["peer"] != carl || found["username"] != "carl_crane" || found["contact"] != true {
			p.Errorf("looked up: %v", found)
		}
		d.ask("POST", at+"/look-ups", `{"who": "@nobody_there"}`, 404)
		d.ask("POST", at+"/look-ups", `{"who": "user:5"}`, 422)
		if got := people(d.ask("GET", at+"/people?query="+url.QueryEscape("@carl"), "", 200)); got["Carl"] != carl {
			p.Errorf("found: %v", got)
		}
		for _, again := range []map[string]any{ // six were
			d.ask("POST", at+"/look-ups", `{"who": "@carl_crane"}`, 429), d.ask("GET", at+"/people?query=carl", "", 429),
			d.ask("POST", at+"/contacts", `{"who": "+9996610099", "first_name": "Nobody"}`, 429),
		} {
			if again["code"] != "budget_exhausted" || again["retry_at"] == nil {
				p.Errorf("beyond the budget: %v", again)
			}
		}
		entries := d.ask("GET", "/v1/audit", "", 200)["entries"].([]any)
		first := entries[0].(map[string]any)
		if first["action"] != "add-contact" && first["action"] != "look-up" || first["account_id"] != string(d.id) {
			p.Errorf("noted last: %v", first)
		}
	})
}

// TestLookUpWaits has a flood wait told of, and lower the budget.
func TestLookUpWaits(t *testing.T) {
	p := trial.New(t, "sqlite:"+filepath.Join(t.TempDir(), "bridge.db"))
	d := newDesk(p)
	d.plan(100)
	_, err := p.Sandbox.AddFault(sandbox.Fault{Kind: sandbox.FaultError, Method: "contacts.resolveUsername", Error: "FLOOD_WAIT_600"})
	p.Check(err)
	at := "/v1/accounts/" + string(d.id) + "/look-ups"
	if e := d.ask("POST", at, `{"who": "@carl_crane"}`, 429); e["code"] != "flood_wait" || e["retry_at"] == nil {
		t.Errorf("%v", e)
	}
	if e := d.ask("POST", at, `{"who": "@carl_crane"}`, 429); e["code"] != "budget_exhausted" || e["retry_at"] == nil {
		t.Errorf("then: %v", e)
	}
}

// TestGroups has groups listed and shown, to people and, as far as they can see
// them, to bots.
func TestGroups(t *testing.T) {
	trial.OnBoth(t, func(p *trial.Place) {
		d := newDesk(p)
		const token = "4242:secret"
		_, err := p.Sandbox.AddBot(token, "Desk", "desk_bot")
		p.Check(err)
		d.plan(0)
		nest := fmt.Sprintf("channel:%d", d.crowd("the_nest", 30))
		bob := p.Client(bobPhone, telegram.Options{})
		peer, err := bob.ResolveUsername(p.Context(), "the_nest")
		p.Check(err)
		_, err = bob.SendText(p.Context(), peer, "Hello") // without which the group is in nobody's list
		p.Check(err)
		bot, err := bob.ResolveUsername(p.Context(), "desk_bot")
		p.Check(err)
		made, err := groups.Create(p.Context(), bob, groups.New{
			Kind: groups.Basic, Title: "Twig", Users: []tg.InputUserClass{annOf(p, bob), telegram.InputUserOf(bot)},
		})
		p.Check(err)
		twig := fmt.Sprintf("group:%d", made.Peer.(*tg.InputPeerChat).ChatID)
		at := "/v1/accounts/" + string(d.id)

		listed := make(map[string]map[string]any)
		for _, g := range d.ask("GET", at+"/groups", "", 200)["groups"].([]any) {
			g := g.(map[string]any)
			listed[g["peer"].(string)] = g
		}
		if g := listed[nest]; len(listed) != 2 || g["kind"] != "supergroup" || g["username"] != "the_nest" || g["role"] != "member" || g["title"] != "Nest" {
			p.Errorf("listed: %v", listed)
		}
		if g := listed[twig]; g["kind"] != "basic" || g["members"] != 3.0 {
			p.Errorf("listed: %v", listed)
		}
		g := d.ask("GET", at+"/groups/"+nest, "", 200)
		if g["can_list_members"] != true || g["members"] != 32.0 || g["members_hidden"] != nil {
			p.Errorf("shown: %v", g)
		}
		d.ask("GET", at+"/groups/user:5", "", 422)
		d.ask("GET", at+"/groups/channel:999", "", 404)

		botAt := "/v1/accounts/" + string(d.AddBot(token))
		if g = d.ask("GET", botAt+"/groups/"+twig, "", 200); g["title"] != "Twig" || g["members"] != 3.0 || g["role"] != "member" || g["kind"] != "basic" {
			p.Errorf("to a bot: %v", g)
		}
		for _, path := range []string{"/groups", "/contacts", "/blocked", "/people?query=x"} {
			if e := d.ask("GET", botAt+path, "", 422); e["code"] != "surface_unable" {
				p.Errorf("%s of a bot: %v", path, e)
			}
		}
		d.ask("POST", botAt+"/look-ups", `{"who": "@carl_crane"}`, 422)
		d.ask("POST", botAt+"/contacts", `{"who": "+9996610099", "first_name": "Nobody"}`, 422)
	})
}

// TestBlocked lists those whom the account has blocked on another device.
func TestBlocked(t *testing.T) {
	p := trial.New(t, "sqlite:"+filepath.Join(t.TempDir(), "bridge.db"))
	d := newDesk(p)
	_, err := p.Sandbox.AddUser(carlPhone, "Carl", "")
	p.Check(err)
	ann := p.Client(annPhone, telegram.Options{Store: new(telegram.MemoryStore)})
	for _, phone := range []string{bobPhone, carlPhone} {
		peer, err := ann.ResolvePhone(t.Context(), phone)
		p.Check(err)
		_, err = tg.Call(t.Context(), ann, &tg.ContactsBlock{ID: peer})
		p.Check(err)
	}
	at := "/v1/accounts/" + string(d.id) + "/blocked"
	first := d.ask("GET", at+"?limit=1", "", 200)
	if first["total"] != 2.0 || first["next"] != "1" || len(people(first)) != 1 {
		t.Errorf("first: %v", first)
	}
	second := d.ask("GET", at+"?limit=1&after=1", "", 200)
	both := people(second)
	for title, peer := range people(first) {
		both[title] = peer
	}
	if len(both) != 2 || both["Bob"] == "" || both["Carl"] == "" || second["next"] != nil {
		t.Errorf("then: %v", second)
	}
	if at := second["people"].([]any)[0].(map[string]any)["blocked_at"]; at == nil {
		t.Errorf("it is not told since when: %v", second)
	}
}
