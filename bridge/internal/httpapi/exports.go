package httpapi

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"godwit/bridge"
)

// Exports is lists of the members of groups, which are fetched in the background.
// Errors are *bridge.Error.
type Exports interface {
	CreateExport(ctx context.Context, r ExportRequest) (*bridge.Export, error)
	Export(ctx context.Context, account bridge.AccountID, id bridge.ExportID) (*bridge.Export, error)
	// Exports returns up to limit exports before another one, the latest first.
	Exports(ctx context.Context, account bridge.AccountID, before bridge.ExportID, limit int) ([]*bridge.Export, error)
	CancelExport(ctx context.Context, account bridge.AccountID, id bridge.ExportID) (*bridge.Export, error)
	DeleteExport(ctx context.Context, account bridge.AccountID, id bridge.ExportID) error
	// ExportMembers returns up to limit of those that an export holds, after so
	// many of them.
	ExportMembers(ctx context.Context, id bridge.ExportID, after, limit int) ([]bridge.Member, error)
}

// An ExportRequest is an export that is to be made.
type ExportRequest struct {
	Account     bridge.AccountID
	Group       bridge.Peer
	List        bridge.MemberList
	Query       string
	By          bridge.KeyID
	Idempotency string
}

// ExportPath names an export.
type ExportPath struct {
	AccountPath
	Export bridge.ExportID `path:"export" doc:"The export's id." pattern:"^exp_[0-9A-HJKMNP-TV-Z]{26}$"`
}

// ExportView is an export as the API shows it.
type ExportView struct {
	ID        bridge.ExportID    `json:"id"`
	AccountID bridge.AccountID   `json:"account_id"`
	Group     bridge.Peer        `json:"group" doc:"Whose members are wanted."`
	Title     string             `json:"title,omitempty" doc:"Of the group."`
	List      bridge.MemberList  `json:"list"`
	Query     string             `json:"query,omitempty"`
	State     bridge.ExportState `json:"state" enum:"queued,running,done,failed,canceled"`
	Seen      int                `json:"seen" doc:"How many it holds."`
	Total     int                `json:"total,omitempty" doc:"How many there are, as Telegram says, which is not always exact."`
	Limit     int                `json:"limit,omitempty" doc:"How many Telegram shows at most of such a group; all if it is missing."`
	Complete  bool               `json:"complete" doc:"It holds everybody, as far as Telegram tells."`
	Gap       bridge.ExportGap   `json:"gap,omitempty" enum:"unfinished,limit,shifted" doc:"Why it does not: it has not come to its end; there are more than Telegram shows; or people came and went meanwhile, or Telegram's count is not exact."`
	Code      bridge.Code        `json:"code,omitempty" doc:"Why it has failed or, while it goes on, what it waits for: a code as problems have."`
	Error     string             `json:"error,omitempty" doc:"The same for people."`
	RetryAt   time.Time          `json:"retry_at,omitzero" doc:"When it is gone on with."`
	CreatedAt time.Time          `json:"created_at"`
	StartedAt time.Time          `json:"started_at,omitzero"`
	Finished  time.Time          `json:"finished_at,omitzero"`
	ExpiresAt time.Time          `json:"expires_at,omitzero" doc:"When it is deleted, with all that it holds."`
}

func exportView(e *bridge.Export) *ExportView {
	return &ExportView{
		ID: e.ID, AccountID: e.AccountID, Group: e.Group, Title: e.Title, List: e.List, Query: e.Query, State: e.State,
		Seen: e.Seen, Total: e.Total, Limit: e.Limit, Complete: e.Gap == bridge.NoGap, Gap: e.Gap, Code: e.Code, Error: e.Error,
		RetryAt: e.RetryAt, CreatedAt: e.CreatedAt, StartedAt: e.StartedAt, Finished: e.FinishedAt, ExpiresAt: e.ExpiresAt,
	}
}

type exportList struct {
	Exports []*ExportView `json:"exports"`
	Next    string        `json:"next,omitempty" doc:"What after has to be for the next page; empty at the end."`
}

const (
	groupsTag   = "Groups"
	exportsPart = accountPart + "/exports"
	exportPart  = exportsPart + "/{export}"
)

func (s *Server) registerExports() {
	register(s, operation{
		method: http.MethodPost, path: exportsPart, id: "create-export", owner: true, tag: groupsTag, scope: ScopeExports,
		status: http.StatusAccepted, summary: "Export the members of a group or channel",
		detail: "They are fetched in the background, a hundred at a time, within the account's budget for participants, and gone on " +
			"with after a restart. Events (export.progress, export.done, export.failed) tell how far it is. Telegram shows at most " +
			"10,000 members of a supergroup and 200 of a channel, and none where administrators have hidden them: complete and gap " +
			"say how much of the truth the list is. It is deleted a week after its end. Bots cannot.",
	}, s.createExport)
	register(s, operation{
		method: http.MethodGet, path: exportsPart, id: "list-exports", tag: groupsTag, scope: ScopeExports,
		summary: "List the exports of an account", detail: "The latest first.",
	}, s.listExports)
	register(s, operation{
		method: http.MethodGet, path: exportPart, id: "get-export", tag: groupsTag, scope: ScopeExports, summary: "Show an export",
	}, s.export(func(ctx context.Context, in *ExportPath) (*bridge.Export, error) {
		return s.o.Exports.Export(ctx, in.Account, in.Export)
	}))
	register(s, operation{
		method: http.MethodPost, path: exportPart + "/cancel", id: "cancel-export", tag: groupsTag, scope: ScopeExports,
		summary: "End an export", detail: "What it holds by then stays for a week.",
	}, s.export(func(ctx context.Context, in *ExportPath) (*bridge.Export, error) {
		return s.o.Exports.CancelExport(ctx, in.Account, in.Export)
	}))
	register(s, operation{
		method: http.MethodDelete, path: exportPart, id: "delete-export", tag: groupsTag, scope: ScopeExports,
		status: http.StatusNoContent, summary: "Delete an export with all that it holds",
	}, func(ctx context.Context, in *ExportPath) (*nothing, error) {
		return nil, s.o.Exports.DeleteExport(ctx, in.Account, in.Export)
	})
	s.registerExportMembers()
}

func (s *Server) createExport(ctx context.Context, in *struct {
	AccountPath
	Idempotency
	Body struct {
		Group string            `json:"group" doc:"@username, or group:ID or channel:ID that the account has come across." example:"channel:1234567890" minLength:"2" maxLength:"64"`
		List  bridge.MemberList `json:"list,omitempty" enum:"members,admins,bots,contacts,banned,kicked,search" default:"members" doc:"Which of them. Banned and kicked are for administrators."`
		Query string            `json:"query,omitempty" maxLength:"100" doc:"What a name or username begins with, for search, contacts, banned and kicked."`
	}
}) (*body[*ExportView], error) {
	group, err := groupNamed(in.Body.Group)
	if err != nil {
		return nil, err
	}
	e, err := s.o.Exports.CreateExport(ctx, ExportRequest{
		Account: in.Account, Group: group, List: in.Body.List, Query: in.Body.Query, By: callerOf(ctx).KeyID(), Idempotency: in.Key,
	})
	if err != nil {
		return nil, err
	}
	return &body[*ExportView]{exportView(e)}, nil
}

// groupNamed reads which group is meant.
func groupNamed(s string) (bridge.Peer, error) {
	p, err := recipient(s)
	if err != nil || p.Kind == bridge.UserPeer || p.Kind == bridge.PhonePeer {
		return p, bridge.Errorf(bridge.CodeInvalidRequest, "%q is no group: give @username, group:ID or channel:ID.", s)
	}
	return p, nil
}

// export is the handler of what is done with one export and shows it.
func (s *Server) export(
	do func(context.Context, *ExportPath) (*bridge.Export, error),
) func(context.Context, *ExportPath) (*body[*ExportView], error) {
	return func(ctx context.Context, in *ExportPath) (*body[*ExportView], error) {
		e, err := do(ctx, in)
		if err != nil {
			return nil, err
		}
		return &body[*ExportView]{exportView(e)}, nil
	}
}

func (s *Server) listExports(ctx context.Context, in *struct {
	AccountPath
	Page
}) (*body[exportList], error) {
	list, err := s.o.Exports.Exports(ctx, in.Account, bridge.ExportID(in.After), in.Limit)
	if err != nil {
		return nil, err
	}
	next := nextOf(list, in.Limit, func(e *bridge.Export) bridge.ExportID { return e.ID })
	return &body[exportList]{exportList{viewsOf(list, exportView), next}}, nil
}

// formats are how members are written, by the names that the API has for them.
var formats = map[string]struct {
	kind, extension string
	writer          func(io.Writer) memberWriter
}{
	"csv":   {"text/csv; charset=utf-8", "csv", newMemberCSV},
	"jsonl": {"application/jsonl", "jsonl", func(w io.Writer) memberWriter { return memberJSON{json.NewEncoder(w)} }},
}

func (s *Server) registerExportMembers() {
	const path = exportPart + "/members"
	register(s, operation{
		method: http.MethodGet, path: path, id: "get-export-members", tag: groupsTag, scope: ScopeExports,
		summary: "Fetch what an export holds",
		detail: "As CSV, with a line of names first, or as JSON lines. In the CSV, what a spreadsheet would take for a formula has an " +
			"apostrophe before it. An export that is not done is refused unless partial is set.",
	}, s.exportMembers)
	s.api.OpenAPI().Paths[path].Get.Responses["200"] = &huma.Response{
		Description: "The members, in the order in which Telegram has told of them.",
		Content: map[string]*huma.MediaType{
			"text/csv":          {Schema: &huma.Schema{Type: huma.TypeString}},
			"application/jsonl": {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}
}

// memberPage is how many members are read at once.
const memberPage = 1000

func (s *Server) exportMembers(ctx context.Context, in *struct {
	ExportPath
	Format  string `query:"format" enum:"csv,jsonl" default:"csv"`
	Partial bool   `query:"partial" doc:"What there is by now of an export that is not done."`
}) (*huma.StreamResponse, error) {
	e, err := s.o.Exports.Export(ctx, in.Account, in.Export)
	if err != nil {
		return nil, err
	}
	if e.State != bridge.ExportDone && !in.Partial {
		return nil, bridge.Errorf(bridge.CodeConflict, "Export %s is %s. To fetch what it holds by now, set partial.", e.ID, e.State)
	}
	first, err := s.o.Exports.ExportMembers(ctx, e.ID, 0, memberPage)
	if err != nil {
		return nil, err
	}
	format := formats[in.Format]
	return &huma.StreamResponse{Body: func(c huma.Context) {
		c.SetHeader("Content-Type", format.kind)
		c.SetHeader("Content-Disposition", fmt.Sprintf("attachment; filename=%s.%s", e.ID, format.extension))
		c.SetHeader("Cache-Control", "no-store")
		if err := s.writeMembers(c.Context(), format.writer(c.BodyWriter()), e.ID, first); err != nil {
			s.o.Logger.Warn("an export was cut off", "request", RequestID(c.Context()), "error", err)
			panic(http.ErrAbortHandler) // what is missing must not be taken for the end
		}
	}}, nil
}

// writeMembers writes those that an export holds, of whom the first have been
// read.
func (s *Server) writeMembers(ctx context.Context, w memberWriter, id bridge.ExportID, page []bridge.Member) error {
	for n := 0; ; {
		for i := range page {
			if err := w.write(&page[i]); err != nil {
				return err
			}
		}
		n += len(page)
		if len(page) < memberPage {
			return w.flush()
		}
		var err error
		if page, err = s.o.Exports.ExportMembers(ctx, id, n, memberPage); err != nil {
			return err
		}
	}
}

// A memberWriter writes members in a format.
type memberWriter interface {
	write(m *bridge.Member) error
	flush() error
}

type memberJSON struct{ *json.Encoder }

func (w memberJSON) write(m *bridge.Member) error { return w.Encode(m) }
func (memberJSON) flush() error                   { return nil }

type memberCSV struct{ *csv.Writer }

func newMemberCSV(w io.Writer) memberWriter {
	c := memberCSV{csv.NewWriter(w)}
	_ = c.Write([]string{ // an error stays, for flush to tell
		"peer", "username", "first_name", "last_name", "phone", "role", "title", "joined_at", "by", "bot", "deleted", "premium", "contact",
	})
	return c
}

func (w memberCSV) write(m *bridge.Member) error {
	joined, by := "", ""
	if !m.JoinedAt.IsZero() {
		joined = m.JoinedAt.Format(time.RFC3339)
	}
	if m.By != 0 {
		by = strconv.FormatInt(m.By, 10)
	}
	return w.Write([]string{
		m.Peer.String(), harmless(m.Username), harmless(m.FirstName), harmless(m.LastName), m.Phone, m.Role, harmless(m.Title),
		joined, by, strconv.FormatBool(m.Bot), strconv.FormatBool(m.Deleted), strconv.FormatBool(m.Premium), strconv.FormatBool(m.Contact),
	})
}

func (w memberCSV) flush() error {
	w.Flush()
	return w.Error()
}

// harmless has spreadsheets take what somebody has called himself for a text,
// and not for a formula to be carried out
// (https://owasp.org/www-community/attacks/CSV_Injection).
func harmless(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r\n", rune(s[0])) {
		return "'" + s
	}
	return s
}
