package httpapi

import (
	"bytes"
	"encoding/json"
	"flag"
	"log/slog"
	"os"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write bridge/client/openapi.json anew")

// Embedded as they are called, the interfaces would hide methods of that name.
type (
	accountsService       = Accounts
	administrationService = Administration
	budgetsService        = Budgets
	eventsService         = Events
	exportsService        = Exports
	loginsService         = Logins
	mediaService          = Media
	messagesService       = Messages
	ownersService         = Owners
	peopleService         = People
	poolsService          = Pools
	rampsService          = Ramps
	uploadsService        = Uploads
	webhooksService       = Webhooks
)

// described returns a server that offers everything, and can do nothing of it.
func described() *Server {
	return New(Options{
		Accounts: struct{ accountsService }{}, Messages: struct{ messagesService }{}, Owners: struct{ ownersService }{}, Logins: struct{ loginsService }{},
		Budgets: struct{ budgetsService }{}, Pools: struct{ poolsService }{}, Ramps: struct{ rampsService }{}, Uploads: struct{ uploadsService }{},
		Media: struct{ mediaService }{}, Exports: struct{ exportsService }{}, People: struct{ peopleService }{},
		Events: struct{ eventsService }{}, Webhooks: struct{ webhooksService }{}, Administration: struct{ administrationService }{},
		Logger: slog.New(slog.DiscardHandler), Now: time.Now, Version: "1",
	})
}

// TestDescription has bridge/client/openapi.json, which the client is made from,
// be the description that the API gives of itself.
func TestDescription(t *testing.T) {
	const path = "../../client/openapi.json"
	content, err := json.Marshal(described().OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	var want bytes.Buffer
	if err := json.Indent(&want, content, "", "  "); err != nil {
		t.Fatal(err)
	}
	want.WriteByte('\n')
	if *update {
		if err := os.WriteFile(path, want.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Error("bridge/client/openapi.json is not what the API says of itself: run go generate ./bridge/client")
	}
}
