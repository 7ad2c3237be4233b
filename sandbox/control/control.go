// Package control lets whoever runs a sandbox have things go wrong in it while it
// runs, over HTTP: rules are added and removed, and what happens once is done.
//
// Start with [Serve], or mount [New]. Requests and answers are JSON:
//
//	GET    /faults                      the rules in force
//	POST   /faults                      adds one, see Fault
//	DELETE /faults                      ends all of them
//	DELETE /faults/{id}                 ends one
//	GET    /incidents                   keys that were used in two places at once
//	GET    /ledger                      the chat messages that were accepted
//	POST   /salts                       refuses all salts that clients know
//	POST   /clock {"ahead": "5m"}       sets the clock ahead, or behind with a minus
//	POST   /drop-connections            closes every connection
//
// And of an account, by its phone number or user id:
//
//	GET    /accounts/{account}/devices
//	POST   /accounts/{account}/ban
//	POST   /accounts/{account}/unban
//	POST   /accounts/{account}/restrict {"for": "1h"}
//	POST   /accounts/{account}/end-sessions {"why": "SESSION_REVOKED", "devices": ["123"]}
//	POST   /accounts/{account}/end-keys {"temporary": true}
//	POST   /accounts/{account}/move {"dc": 2}
//	POST   /accounts/{account}/drop-connections
//
// What cannot be done is answered 400 with {"error": "…"}. There is no
// authentication: whoever reaches the address may do all of it.
package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"godwit/sandbox"
)

// A Fault is a sandbox.Fault as JSON has it: durations are texts such as "30s".
type Fault struct {
	ID      int               `json:"id,omitempty"` // of a rule in force
	Kind    sandbox.FaultKind `json:"kind"`
	Account string            `json:"account,omitempty"`
	Method  string            `json:"method,omitempty"`
	DC      int               `json:"dc,omitempty"`
	Times   int               `json:"times,omitempty"`
	For     Duration          `json:"for,omitzero"`
	Error   string            `json:"error,omitempty"`
	Code    int32             `json:"code,omitempty"`
	Delay   Duration          `json:"delay,omitzero"`
	Calls   int               `json:"calls,omitempty"`
	Per     Duration          `json:"per,omitzero"`
	Hits    int               `json:"hits,omitempty"` // of a rule in force
	Until   time.Time         `json:"until,omitzero"` // of a rule in force
}

// A Duration is one that is a text in JSON.
type Duration time.Duration

// MarshalText writes d as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(p []byte) error {
	v, err := time.ParseDuration(string(p))
	*d = Duration(v)
	return err
}

func (f *Fault) rule() sandbox.Fault {
	return sandbox.Fault{
		Kind: f.Kind, Account: f.Account, Method: f.Method, DC: f.DC, Times: f.Times, For: time.Duration(f.For),
		Error: f.Error, Code: f.Code, Delay: time.Duration(f.Delay), Calls: f.Calls, Per: time.Duration(f.Per),
	}
}

func stateOf(s *sandbox.FaultState) Fault {
	return Fault{
		ID: s.ID, Kind: s.Kind, Account: s.Account, Method: s.Method, DC: s.DC, Times: s.Times, For: Duration(s.For),
		Error: s.Error, Code: s.Code, Delay: Duration(s.Delay), Calls: s.Calls, Per: Duration(s.Per),
		Hits: s.Hits, Until: s.Until,
	}
}

// maxBody is how long a request may be.
const maxBody = 64 << 10

// New returns what serves the control of a sandbox.
func New(sb *sandbox.Sandbox) http.Handler {
	mux := http.NewServeMux()
	handle(mux, "GET /faults", func(*http.Request, *none) (any, error) {
		faults := []Fault{}
		for _, s := range sb.Faults() {
			faults = append(faults, stateOf(&s))
		}
		return faults, nil
	})
	handle(mux, "POST /faults", func(_ *http.Request, f *Fault) (any, error) {
		id, err := sb.AddFault(f.rule())
		return map[string]int{"id": id}, err
	})
	handle(mux, "DELETE /faults", func(*http.Request, *none) (any, error) {
		sb.RemoveFaults()
		return none{}, nil
	})
	handle(mux, "DELETE /faults/{id}", func(r *http.Request, _ *none) (any, error) {
		id, err := strconv.Atoi(r.PathValue("id"))
		if err != nil || !sb.RemoveFault(id) {
			return nil, fmt.Errorf("there is no fault %q", r.PathValue("id"))
		}
		return none{}, nil
	})
	handle(mux, "GET /incidents", func(*http.Request, *none) (any, error) { return sb.Incidents(), nil })
	handle(mux, "GET /ledger", func(*http.Request, *none) (any, error) { return sb.Ledger(), nil })
	handle(mux, "POST /salts", func(*http.Request, *none) (any, error) {
		sb.ChangeSalts()
		return none{}, nil
	})
	handle(mux, "POST /clock", func(_ *http.Request, in *struct {
		Ahead Duration `json:"ahead"`
	}) (any, error) {
		sb.SkewClock(time.Duration(in.Ahead))
		return none{}, nil
	})
	handle(mux, "POST /drop-connections", func(*http.Request, *none) (any, error) {
		sb.DropAllConnections()
		return none{}, nil
	})
	handleAccounts(mux, sb)
	return mux
}

func handleAccounts(mux *http.ServeMux, sb *sandbox.Sandbox) {
	handle(mux, "GET /accounts/{account}/devices", func(r *http.Request, _ *none) (any, error) {
		return sb.Authorizations(r.PathValue("account"))
	})
	handle(mux, "POST /accounts/{account}/ban", func(r *http.Request, _ *none) (any, error) {
		return none{}, sb.Ban(r.PathValue("account"))
	})
	handle(mux, "POST /accounts/{account}/unban", func(r *http.Request, _ *none) (any, error) {
		return none{}, sb.Unban(r.PathValue("account"))
	})
	handle(mux, "POST /accounts/{account}/restrict", func(r *http.Request, in *struct {
		For Duration `json:"for"`
	}) (any, error) {
		return none{}, sb.Restrict(r.PathValue("account"), time.Duration(in.For))
	})
	handle(mux, "POST /accounts/{account}/end-sessions", func(r *http.Request, in *struct {
		Why     sandbox.SessionEnd `json:"why"`
		Devices []string           `json:"devices"`
	}) (any, error) {
		var hashes []int64
		for _, text := range in.Devices {
			hash, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, fmt.Errorf("device %q is no number", text)
			}
			hashes = append(hashes, hash)
		}
		return none{}, sb.EndSessions(r.PathValue("account"), in.Why, hashes...)
	})
	handle(mux, "POST /accounts/{account}/end-keys", func(r *http.Request, in *struct {
		Temporary bool `json:"temporary"`
	}) (any, error) {
		return none{}, sb.EndKeys(r.PathValue("account"), in.Temporary)
	})
	handle(mux, "POST /accounts/{account}/move", func(r *http.Request, in *struct {
		DC int `json:"dc"`
	}) (any, error) {
		return none{}, sb.MoveAccount(r.PathValue("account"), in.DC)
	})
	handle(mux, "POST /accounts/{account}/drop-connections", func(r *http.Request, _ *none) (any, error) {
		return none{}, sb.DropConnections(r.PathValue("account"))
	})
}

// none is an empty object.
type none struct{}

// handle serves what takes a T and answers with what do returns.
func handle[T any](mux *http.ServeMux, pattern string, do func(r *http.Request, in *T) (any, error)) {
	mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		in := new(T)
		out, err := any(nil), decode(w, r, in)
		if err == nil {
			out, err = do(r, in)
		}
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			out = map[string]string{"error": err.Error()}
		}
		_ = json.NewEncoder(w).Encode(out) // the client may have gone
	})
}

// decode reads the body of a request, which may be empty.
func decode(w http.ResponseWriter, r *http.Request, in any) error {
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody))
	d.DisallowUnknownFields()
	if err := d.Decode(in); err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("body: %w", err)
	}
	return nil
}

// A Server serves the control of a sandbox until it is closed.
type Server struct {
	http    *http.Server
	url     string
	serving sync.WaitGroup
}

// Serve serves the control of sb at address, such as 127.0.0.1:0, and has the
// connection file tell where. Pages that a browser shows cannot use it.
func Serve(sb *sandbox.Sandbox, address string) (*Server, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("control: %w", err)
	}
	s := &Server{
		url: "http://" + l.Addr().String(),
		http: &http.Server{
			Handler: http.NewCrossOriginProtection().Handler(New(sb)), ReadTimeout: 10 * time.Second,
		},
	}
	sb.SetControl(s.url)
	s.serving.Go(func() { _ = s.http.Serve(l) }) // which ends by Close
	return s, nil
}

// URL returns where the control is, such as http://127.0.0.1:8080.
func (s *Server) URL() string { return s.url }

// Close ends all connections and waits until everything has stopped.
func (s *Server) Close() error {
	err := s.http.Close()
	s.serving.Wait()
	return err
}
