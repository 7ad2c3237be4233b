package httpapi

import (
	"context"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"net/http"
	"slices"

	"godwit/bridge"
)

//go:embed pages
var pages embed.FS

var loginPage = template.Must(template.ParseFS(pages, "pages/login.html"))

// Logins knows the login links.
type Logins interface {
	// LinkedAccount returns the account that a token is for. The error is a
	// *bridge.Error of CodeLoginExpired where it is good no more.
	LinkedAccount(ctx context.Context, token string) (bridge.AccountID, error)
}

// loginView is what the page of a login link shows.
type loginView struct {
	Step    string
	Problem string
	Where   string       // the code was sent
	Hint    string       // of the password
	Terms   string       // that a new user agrees to
	Label   string       // of what is asked for at other steps
	Image   template.URL // of the QR code
	Others  []loginAction
}

type loginAction struct{ Action, Label string }

// otherActions are the buttons beside the answer itself.
var otherActions = []loginAction{
	{"resend", "Send the code another way"}, {"recover", "I have lost the password"}, {"cancel", "Start over"},
}

// botToken is what the sign-in of a bot takes, and of nobody else.
const botToken = "bot_token"

// labels are of what is asked for at the rarer steps.
var labels = map[string]string{
	"email": "An e-mail address, which Telegram asks for", "email_code": "The code that was sent to that address",
	"recovery": "The code that was sent to the recovery address", "new_password": "A new two-step verification password",
}

// places say where a code has been sent.
var places = map[string]string{
	"app": "Telegram has sent a code to your other devices.", "sms": "Telegram has sent a code by SMS.",
	"call":        "Telegram calls and reads out a code.",
	"flash_call":  "Telegram calls; the code is the number that calls.",
	"missed_call": "Telegram calls; the code is the end of the number that calls.",
	"email":       "Telegram has sent a code by e-mail.", "fragment": "The code is at fragment.com, with your anonymous number.",
}

// login serves the page by which a person signs an account in, without an API
// key: whoever has the link may do that once, and nothing else.
func (s *Server) login(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	account, err := s.o.Logins.LinkedAccount(r.Context(), r.PathValue("token"))
	if err != nil {
		s.showLogin(w, r, nil, err)
		return
	}
	address, err := s.owner(r, account)
	switch {
	case err != nil:
		s.showLogin(w, r, nil, bridge.Errorf(bridge.CodeUnavailable, "The account is moving. Reload this page in a moment."))
	case address != "":
		s.sendOn(w, r, address, func(err error) { s.showLogin(w, r, nil, err) })
	case r.Method == http.MethodPost:
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		step, err := s.o.Accounts.AnswerSignIn(r.Context(), account, bridge.Answer{
			Action: r.PostFormValue("action"), Text: r.PostFormValue("text"),
			First: r.PostFormValue("first"), Last: r.PostFormValue("last"),
		})
		s.showLogin(w, r, step, err)
	default:
		step, err := s.o.Accounts.SignIn(r.Context(), account)
		if bridge.CodeOf(err) == bridge.CodeNotFound {
			step, err = s.o.Accounts.BeginSignIn(r.Context(), account)
		}
		s.showLogin(w, r, step, err)
	}
}

// showLogin shows a step, or what went wrong.
func (s *Server) showLogin(w http.ResponseWriter, r *http.Request, step *bridge.SignIn, err error) {
	view, status := loginView{Step: "gone"}, http.StatusOK
	if err == nil {
		view, err = viewOfStep(step)
	}
	if err != nil {
		p := s.problem(err)
		view.Problem, status = p.Detail, p.Status
		var known *bridge.Error
		if !errors.As(err, &known) {
			s.o.Logger.Error("login page failed", "request", RequestID(r.Context()), "error", err)
		}
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	if err := loginPage.Execute(w, view); err != nil {
		s.o.Logger.Debug("response not written", "error", err)
	}
}

func viewOfStep(step *bridge.SignIn) (loginView, error) {
	view := loginView{Step: step.Step, Label: labels[step.Step], Terms: step.Terms}
	if slices.Contains(step.Actions, botToken) {
		view.Step = "bot"
	}
	if step.Problem != nil {
		view.Problem = step.Problem.Detail
	}
	if step.Code != nil {
		view.Where = places[step.Code.Via]
	}
	if step.Password != nil {
		view.Hint = step.Password.Hint
	}
	for _, a := range otherActions {
		if slices.Contains(step.Actions, a.Action) {
			view.Others = append(view.Others, a)
		}
	}
	if step.QR != nil {
		png, err := qrPNG(step.QR.URL)
		if err != nil {
			return view, err
		}
		view.Image = template.URL("data:image/png;base64," + base64.StdEncoding.EncodeToString(png))
	}
	return view, nil
}
