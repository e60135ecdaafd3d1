package module

import (
	"strings"
	"time"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/tokens"
)

// shadowSample is one decision that would have been another. It is never changed.
type shadowSample struct {
	Time        time.Time           `json:"time"`
	Decision    string              `json:"decisionId"`
	User        string              `json:"user"`
	Environment string              `json:"environment"`
	Method      string              `json:"method"`
	Endpoint    string              `json:"endpoint"`
	Permission  string              `json:"permission"`
	Attributes  map[string][]string `json:"attributes"`
	Live        string              `json:"live"`
	Shadow      string              `json:"shadow"`
	Statements  []sampleStatement   `json:"statements"`
}

// sampleStatement is a shadow statement that made the difference.
type sampleStatement struct {
	Policy    string `json:"policyUuid"`
	Name      string `json:"policyName"`
	Effect    string `json:"effect"`
	Statement int    `json:"statement"`
	Line      int    `json:"line"`
	Column    int    `json:"column"`
	Boundary  string `json:"boundary,omitempty"`
}

// Bounds of a sample.
const (
	sampleAttributeBytes = 1 << 10 // of all attributes, in the order in which the endpoint reads them
	sampleValueBytes     = 200     // of one value
	sampleUserBytes      = 250
)

// note has a verdict of the second engine in the book. It is about one request, and the reasons say who made it so. Nothing
// is noted of policies that have been replaced: their samples would come to stand under the new ones.
func (s *shadows) note(q *tried, r *policyengine.Request, verdict policyengine.Verdict) {
	sample := &shadowSample{
		Time: r.Now.UTC(), Decision: q.decision.String(), User: sampled(r.Subject.User, sampleUserBytes), Environment: r.Environment,
		Method: q.method, Endpoint: q.endpoint, Permission: r.Permission, Attributes: sampledAttributes(r.Attributes),
		Live: verdictWord(q.live), Shadow: verdictWord(verdict),
	}
	var policies, bindings []string
	for i := range verdict.Reasons {
		reason := &verdict.Reasons[i]
		terms, holders := q.trial.blame(reason, r)
		if terms == nil {
			continue
		}
		policies = append(policies, terms.policy)
		for _, g := range holders {
			bindings = append(bindings, g.Binding)
		}
		sample.Statements = append(sample.Statements, sampleStatement{
			Policy: terms.policy, Name: tokens.Mask(reason.PolicyName), Effect: reason.Effect.String(), Statement: reason.Statement,
			Line: reason.Line, Column: reason.Column, Boundary: tokens.Mask(reason.Boundary),
		})
	}
	s.book.mu.Lock()
	defer s.book.mu.Unlock()
	if s.current.Load() == q.trial {
		s.book.note(r.Account, distinct(policies), distinct(bindings), sample)
	}
}

func verdictWord(v policyengine.Verdict) string {
	if v.Allow {
		return verdictAllow
	}
	return verdictDeny
}

// sampledAttributes are what was known of the thing, as far as there is room for it.
func sampledAttributes(attributes []policyengine.Attribute) map[string][]string {
	sample := map[string][]string{}
	room := sampleAttributeBytes
	for i := range attributes {
		a := &attributes[i]
		if room -= len(a.Name); !a.Known || room <= 0 {
			continue
		}
		sample[a.Name] = []string{}
		for _, value := range a.Values[:min(len(a.Values), maxLogged)] {
			value = sampled(value, min(sampleValueBytes, room))
			if room -= len(value); room <= 0 {
				break
			}
			sample[a.Name] = append(sample[a.Name], value)
		}
	}
	return sample
}

// sampled is a text of a client without secrets, and not longer than it may be. It is copied, so that it does not keep a
// whole request in memory. What is masked is the text as it was: a half of a secret would not be known for one.
func sampled(text string, most int) string {
	text = tokens.Mask(text)
	return strings.Clone(strings.ToValidUTF8(text[:min(len(text), most)], ""))
}
