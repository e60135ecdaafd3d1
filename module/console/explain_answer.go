package console

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// explanation is how a request would be decided, as the API writes it.
type explanation struct {
	Record  explainedRecord `json:"record"`
	Message string          `json:"message"` // that the client would be given
	Why     []string        `json:"why"`
	Changes []string        `json:"changes"` // of which each would bring it past the stage that refused it
}

// explainedRecord is what the decision log would have.
type explainedRecord struct {
	Time        string              `json:"time"`
	Decision    string              `json:"decision"`
	Reason      string              `json:"reason"`
	Status      int                 `json:"status"`
	Method      string              `json:"method"`
	Host        string              `json:"host"`
	Path        string              `json:"path"`
	ClientIP    string              `json:"client_ip"`
	Environment string              `json:"environment"`
	Endpoint    string              `json:"endpoint"`
	TokenID     string              `json:"token_id"`
	User        string              `json:"user"`
	Kind        string              `json:"kind"`
	Cause       string              `json:"cause"`
	Detail      string              `json:"detail"`
	Fault       string              `json:"fault"`
	Scopes      []string            `json:"scopes"`
	Query       []string            `json:"query"`
	Ran         []ranStage          `json:"stages"`
	Questions   []explainedQuestion `json:"questions"`
	Cut         bool                `json:"cut"`
}

type ranStage struct {
	Name string `json:"stage"`
	NS   int64  `json:"ns"`
}

// explainedQuestion is one permission that the policies were asked for.
type explainedQuestion struct {
	Permission string              `json:"permission"`
	Attributes map[string][]string `json:"attributes"`
	Verdict    string              `json:"verdict"`
	Reasons    []decidedBy         `json:"reasons"`
	Missing    []string            `json:"missing"`
}

// decidedBy is a statement that made a verdict what it is.
type decidedBy struct {
	Policy   string `json:"policy"`
	Name     string `json:"name"`
	Level    string `json:"level"`
	LevelID  string `json:"level_id"`
	Effect   string `json:"effect"`
	Boundary string `json:"boundary"`
	Note     string `json:"note"`
	Line     int    `json:"line"`
	Column   int    `json:"column"`
}

// Path is the page of the policy that has the statement.
func (d decidedBy) Path() string { return leveled{d.Level, d.LevelID}.Level().page(d.Policy) }

// About are the attributes that were asked about, as name = value, by name.
func (q explainedQuestion) About() []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(q.Attributes)) {
		all = append(all, name+" = "+strings.Join(q.Attributes[name], ", "))
	}
	return all
}

// Verdict is the whole decision in a word and a sentence.
func (e *explanation) Verdict() state {
	switch e.Record.Decision {
	case "allow":
		return state{"The request goes on", "good"}
	case "deny":
		return state{"The request is refused", "bad"}
	}
	return state{"The request cannot be decided", "warn"}
}

// stageView is a stage of the gate, for people.
type stageView struct {
	Name, About string
	State       string // "passed", "refused", "failed", "unreached"
	Sign, Word  string // a sign besides the colour, and the word for it
	Took        string // "" where it did not run
	Found       string // what the stage found; "" for nothing worth a line
}

// gateStages are all stages in the order in which they run, and what each asks.
var gateStages = []struct{ key, name, about string }{
	{"target", "Target", "Is the request clear, and for which environment is it?"},
	{"credential", "Credential", "Is there one credential, in a form that is read?"},
	{"principal", "Principal", "Whose is it, and is it good here and now?"},
	{"endpoint", "Endpoint", "Which row of the table covers method and path?"},
	{"scopes", "Scopes", "Has the credential one of the scopes that the row asks for?"},
	{"policies", "Policies", "Do the policies of the user permit it?"},
	{"remote", "Remote access", "May remote support staff do this now?"},
}

var stageSigns = map[string][2]string{
	"passed": {"✓", "Passed"}, "refused": {"✗", "Refused"}, "failed": {"!", "Could not be decided"}, "unreached": {"–", "Not asked"},
}

// Stages are all of them. Those that did not run are there too: a request of a token without policies is not asked about them.
func (e *explanation) Stages() []stageView {
	var all []stageView
	last := len(e.Record.Ran) - 1
	for _, known := range gateStages {
		at := slices.IndexFunc(e.Record.Ran, func(s ranStage) bool { return s.Name == known.key })
		view := stageView{Name: known.name, About: known.about, State: "unreached"}
		if at >= 0 {
			view.State, view.Found = "passed", e.found(known.key)
			view.Took = time.Duration(max(0, e.Record.Ran[at].NS)).Round(100 * time.Nanosecond).String()
		}
		switch {
		case at < 0 || at != last || e.Record.Decision == "allow":
		case e.Record.Decision == "deny":
			view.State = "refused"
		default:
			view.State = "failed"
		}
		view.Sign, view.Word = stageSigns[view.State][0], stageSigns[view.State][1]
		all = append(all, view)
	}
	return all
}

// found is what a stage found out.
func (e *explanation) found(stage string) string {
	r := e.Record
	switch stage {
	case "target":
		return joined(r.Method+" "+r.Path, named("environment", r.Environment), named("parameters", strings.Join(r.Query, ", ")))
	case "credential":
		return joined(named("kind", r.Kind), r.TokenID)
	case "principal":
		return joined(named("user", r.User), strings.ReplaceAll(r.Cause, "_", " "))
	case "endpoint":
		return r.Endpoint
	case "scopes":
		if len(r.Scopes) > shownScopes {
			return plural(len(r.Scopes), "scope", "scopes")
		}
		return strings.Join(r.Scopes, ", ")
	case "policies":
		return e.permissions()
	}
	return ""
}

// shownScopes is how many scopes are named one by one.
const shownScopes = 12

// permissions are those that the policies were asked for, each once.
func (e *explanation) permissions() string {
	var names []string
	for _, q := range e.Record.Questions {
		names = append(names, q.Permission)
	}
	return strings.Join(each(names), ", ")
}

// Reasons is why, with what holds for several permissions said once.
func (e *explanation) Reasons() []string { return each(e.Why) }

// each leaves out what was there before.
func each(texts []string) []string {
	var once []string
	for _, text := range texts {
		if !slices.Contains(once, text) {
			once = append(once, text)
		}
	}
	return once
}

func named(name, value string) string {
	if value == "" {
		return ""
	}
	return name + " " + value
}

func joined(parts ...string) string {
	return strings.Join(slices.DeleteFunc(parts, func(part string) bool { return strings.TrimSpace(part) == "" }), " · ")
}
