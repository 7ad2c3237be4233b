package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"godwit/bridge/client"
	"godwit/telegram/groups"
)

// TestDeskExport has the members of a group listed by commands, and what cannot
// be said so.
func TestDeskExport(t *testing.T) {
	d := newDesk(t, "sqlite:"+filepath.Join(t.TempDir(), "godwit.db"))
	tw := &town{T: t, connection: d.connection, dir: d.dir}
	c := tw.client(ann, "11111")
	made, err := groups.Create(t.Context(), c, groups.New{Title: "Waders", Kind: groups.Supergroup})
	if err == nil {
		err = groups.SetUsername(t.Context(), c, made.Peer, "waders")
	}
	if err != nil {
		t.Fatal(err)
	}
	d.do(0, "", "account", "create", "Support")
	d.do(0, "9996620003\n22222\nSue Port\n", "account", "sign-in", "Support")
	d.do(0, "", "inbox", "follow", "--after", "0", "--type", "account.online", "--events", "1")

	create := []string{"export", "create", "Support", "@waders", "--idempotency-key", "1"}
	id := strings.TrimSpace(d.do(0, "", create...))
	if again := strings.TrimSpace(d.do(0, "", create...)); again != id {
		t.Errorf("begun twice: %s and %s", id, again)
	}
	d.do(0, "", "inbox", "follow", "--after", "0", "--type", "export.done", "--events", "1")
	d.want(d.do(0, "", "export", "list", "Support"), id, "Waders (channel:", "members", "done", "1 of 1")
	d.want(d.do(0, "", "export", "show", "Support", id), "state    done", "all      yes, as far as Telegram tells")
	if e := ask[client.Export](d, "", "export", "show", "Support", id); !e.Complete || e.Seen != 1 {
		t.Errorf("%+v", e)
	}
	csv := d.do(0, "", "export", "members", "Support", id)
	d.want(csv, "Ann")
	if lines := strings.Count(csv, "\n"); lines != 2 {
		t.Errorf("%d lines, want a head and a member:\n%s", lines, csv)
	}
	d.want(d.do(0, "", "export", "members", "Support", id, "--format", "jsonl"), `"first_name":"Ann"`)
	path := filepath.Join(t.TempDir(), "members.csv")
	d.do(0, "", "export", "members", "Support", id, "--out", path)
	if written, err := os.ReadFile(path); err != nil || string(written) != csv {
		t.Errorf("%q, %v", written, err)
	}
	d.want(d.do(1, "", "export", "members", "Support", id, "--out", path), "exists")
	d.want(d.do(0, "", "export", "delete", "Support", id), id+" is deleted.")
	d.do(exitNotFound, "", "export", "show", "Support", id)
}
