package store_test

import (
	"database/sql"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"godwit/bridge"
	"godwit/bridge/internal/store"
)

func TestAudit(t *testing.T) {
	onBoth(t, func(b *bench) {
		a := b.add(0)
		var all []bridge.AuditEntry // the newest first
		for i := range 9 {
			e := bridge.AuditEntry{
				ID: newID[bridge.AuditID](b, i), At: epoch.Add(time.Duration(i) * time.Millisecond), Actor: bridge.OperatorActor,
				Action: bridge.AuditKeysShred, Subject: "key_1", RequestID: "r",
			}
			if i%2 == 0 {
				e.Actor, e.Detail = "key_2", json.RawMessage(`{"n": 5}`)
			}
			if i%3 == 0 {
				e.AccountID = a.ID
			}
			b.change(func(t *store.Tx) error { return t.Audit(&e) })
			all = append([]bridge.AuditEntry{e}, all...)
		}
		for name, test := range map[string]struct {
			filter store.AuditFilter
			want   func(e bridge.AuditEntry) bool
		}{
			"all":     {store.AuditFilter{}, func(bridge.AuditEntry) bool { return true }},
			"actor":   {store.AuditFilter{Actor: "key_2"}, func(e bridge.AuditEntry) bool { return e.Actor == "key_2" }},
			"account": {store.AuditFilter{AccountID: a.ID}, func(e bridge.AuditEntry) bool { return e.AccountID == a.ID }},
			"both": {store.AuditFilter{AccountID: a.ID, Actor: "key_2"}, func(e bridge.AuditEntry) bool {
				return e.AccountID == a.ID && e.Actor == "key_2"
			}},
		} {
			var want, got []bridge.AuditEntry
			for _, e := range all {
				if test.want(e) {
					want = append(want, e)
				}
			}
			for {
				page, err := b.Audited(b.ctx(), test.filter, 2)
				b.check(err)
				got = append(got, page...)
				if len(page) < 2 {
					break
				}
				test.filter.Before = page[1].ID
			}
			if !reflect.DeepEqual(got, want) {
				b.Errorf("%s: got  %+v\nwant %+v", name, got, want)
			}
		}
		b.change(func(t *store.Tx) error { return t.DeleteAccount(a.ID) })
		if left, err := b.Audited(b.ctx(), store.AuditFilter{AccountID: a.ID}, 9); err != nil || len(left) != 3 {
			b.Errorf("%d entries are left of an account that is deleted, %v", len(left), err)
		}
		b.refuse(&bridge.Error{Code: bridge.CodeInternal}, func(t *store.Tx) error {
			return t.Audit(&bridge.AuditEntry{ID: "aud_x", Actor: "x", Action: "x", Detail: json.RawMessage(`{"token": "x"}`)})
		})
	})
}

// TestAuditIsAppendOnly has the database itself refuse changes.
func TestAuditIsAppendOnly(t *testing.T) {
	onBoth(t, func(b *bench) {
		e := &bridge.AuditEntry{ID: newID[bridge.AuditID](b, 0), At: epoch, Actor: bridge.DaemonActor, Action: "x"}
		b.change(func(t *store.Tx) error { return t.Audit(e) })
		driver, source := "pgx", b.url
		statements := []string{`UPDATE audit_log SET actor = 'somebody'`, `DELETE FROM audit_log`, `TRUNCATE audit_log`}
		if path, isFile := strings.CutPrefix(b.url, "sqlite:"); isFile {
			driver, source = "sqlite", "file:"+strings.NewReplacer("%", "%25", "?", "%3f", "#", "%23").Replace(path)
			statements = statements[:2]
		}
		db, err := sql.Open(driver, source)
		b.check(err)
		defer db.Close()
		for _, statement := range statements {
			if _, err := db.Exec(statement); err == nil || !strings.Contains(err.Error(), "only added to") {
				b.Errorf("%s: %v", statement, err)
			}
		}
		if got, err := b.Audited(b.ctx(), store.AuditFilter{}, 9); err != nil || len(got) != 1 || !reflect.DeepEqual(&got[0], e) {
			b.Errorf("%+v, %v", got, err)
		}
	})
}
