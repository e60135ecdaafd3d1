package console

import (
	"net/http"
	"strings"
)

// clientDetail is what the template of one client gets.
type clientDetail struct {
	Client oauthClient
	Two    bool // the secret before is good as well
	Here   string
	Try    string // a command that asks for an access token, with a place for the secret
}

// client reads the client that the address names.
func (v *visit) client() (*oauthClient, error) {
	path, err := v.clientsPath()
	if err != nil {
		return nil, err
	}
	c := new(oauthClient)
	return c, v.api.Get(to(path, v.r.PathValue("id")), nil, c)
}

// changeClient sends a change, of which the API keeps what is left out.
func (v *visit) changeClient(id string, change any) error {
	path, err := v.clientsPath()
	if err != nil {
		return err
	}
	return v.api.Call(http.MethodPut, to(path, id), change, nil)
}

func (p clientPages) show(v *visit) error {
	c, err := v.client()
	if err != nil {
		return err
	}
	here := to(clientsPage, c.ID)
	content := clientDetail{Client: *c, Here: here, Two: p.twoSecrets(v, c), Try: v.tokenRequest(c.ID, "SECRET")}
	return v.show(http.StatusOK, "oauth_client", Page{Title: c.Name, Section: "clients", Content: content, Outcomes: clientOutcomes(here)})
}

// twoSecrets reports whether a secret that was replaced is still good.
func (p clientPages) twoSecrets(v *visit, c *oauthClient) bool {
	until := when(c.OldUntil)
	return until != nil && until.Machine > when(v.console.config.Now()).Machine
}

// toggle switches a client on or off.
func (p clientPages) toggle(enabled bool, outcome string) serve {
	return func(v *visit) error {
		id := v.r.PathValue("id")
		if err := v.changeClient(id, map[string]bool{"enabled": enabled}); err != nil {
			return err
		}
		return v.done(to(clientsPage, id), outcome)
	}
}

// overlaps are for how long a secret that is replaced can stay good, in the API's seconds.
var overlaps = []Choice{
	{"3600", "1 hour"}, {"86400", "1 day"}, {"604800", "7 days"}, {"2592000", "30 days"}, {"0", "Not at all: it has leaked"},
}

const usualOverlap = "86400"

// clientRotation is what the template of another secret gets.
type clientRotation struct {
	Form     *form
	Client   oauthClient
	Two      bool
	Overlap  Field
	Overlaps []Choice
	Here     string
}

func (p clientPages) askRotate(v *visit) error {
	f := &form{}
	f.set("overlapSeconds", usualOverlap)
	return p.showRotate(v, http.StatusOK, f)
}

func (p clientPages) showRotate(v *visit, status int, f *form) error {
	c, err := v.client()
	if err != nil {
		return err
	}
	content := clientRotation{
		Form: f, Client: *c, Two: p.twoSecrets(v, c), Overlaps: overlaps, Here: to(clientsPage, c.ID),
		Overlap: f.Field("overlapSeconds", "The secret that the client has now stays good for", "So that the program can be given the new one in its own time."),
	}
	return v.show(status, "oauth_client_rotate", Page{Title: "Another secret for " + c.Name, Section: "clients", Content: content})
}

func (p clientPages) rotate(v *visit) error {
	f := v.readForm()
	path, err := v.clientsPath()
	if err != nil {
		return err
	}
	body := map[string]any{"overlapSeconds": wholeNumber(f.text("overlapSeconds")), "revokeTokens": f.has("revokeTokens")}
	var made clientWithSecret
	switch err := v.api.Call(http.MethodPost, to(path, v.r.PathValue("id"), "rotate"), body, &made); {
	case f.refuse(err):
		return p.showRotate(v, f.Refusal.Status, f)
	case err != nil:
		return err
	}
	return p.reveal(v, "The client has another secret", made)
}

// clientWithSecret is a client whose secret is new.
type clientWithSecret struct {
	oauthClient
	Secret string `json:"clientSecret"`
}

// reveal shows a client's new secret, this once, and how to get an access token by it.
func (p clientPages) reveal(v *visit, title string, made clientWithSecret) error {
	s := shownOnce{
		Title: title, Thing: made.Name, Next: to(clientsPage, made.ID), NextLabel: "To the client",
		Texts:   []shownText{{"id", "Client identifier", made.ID}, {"secret", "Client secret", made.Secret}},
		Command: v.tokenRequest(made.ID, made.Secret), CommandLabel: "Get an access token",
		After: "It is good for five minutes. Send it as Authorization: Bearer, and ask for another one in time.",
	}
	if until := when(made.OldUntil); until != nil {
		s.Ends = until
	}
	return v.revealOnce("clients", s)
}

// tokenRequest is a line that gets an access token, for a POSIX shell.
func (v *visit) tokenRequest(id, secret string) string {
	return "curl -d grant_type=client_credentials -d " + shellQuote("client_id="+id) + " -d " + shellQuote("client_secret="+secret) +
		" " + shellQuote(v.gateway()+"/sso/oauth2/token")
}

// gateway is the URL at which clients reach what the gate guards, or one that says what has to be there.
func (v *visit) gateway() string {
	if gateway := strings.TrimSuffix(v.console.config.Gateway, "/"); gateway != "" {
		return gateway
	}
	return "https://gateway.example.com"
}

func (p clientPages) askDelete(v *visit) error {
	c, err := v.client()
	if err != nil {
		return err
	}
	here := to(clientsPage, c.ID)
	question := confirmation{
		Title: "Delete the OAuth client?", Question: "It will get no more access tokens, and those that it has will be refused from the moment on:", Thing: c.Name,
		Consequences: []string{
			"This cannot be undone. A client that is only disabled can be enabled again.",
			"The audit log keeps what was done with it.",
		},
		Action: here + "/delete", Cancel: here, Button: "Delete the client",
	}
	if last := when(c.LastUsed); last != nil {
		question.Consequences = append([]string{"It last got an access token at " + last.Shown + "."}, question.Consequences...)
	}
	return v.confirm("clients", question)
}

func (p clientPages) delete(v *visit) error {
	path, err := v.clientsPath()
	if err != nil {
		return err
	}
	if err := v.api.Call(http.MethodDelete, to(path, v.r.PathValue("id")), nil, nil); err != nil {
		return err
	}
	return v.done(clientsPage, "deleted")
}
