package console

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// policyTrial is what a shadow, or a policy with shadow bindings, would have changed. It is what this gateway has seen.
type policyTrial struct {
	ID         string        `json:"policyUuid"`
	Since      string        `json:"since"`
	WouldAllow int           `json:"wouldAllow"` // requests that were refused and would have passed
	WouldDeny  int           `json:"wouldDeny"`  // requests that passed and would have been refused
	Unresolved []string      `json:"unresolvedBindings"`
	Samples    []trialSample `json:"samples"`

	Refusal *Refusal `json:"-"` // instead of all that
	Unseen  bool     `json:"-"` // the gateway has nothing to say of it, or not yet
}

// trialSample is a decision that would have been another.
type trialSample struct {
	Time       string              `json:"time"`
	Decision   string              `json:"decisionId"`
	User       string              `json:"user"`
	Method     string              `json:"method"`
	Endpoint   string              `json:"endpoint"`
	Permission string              `json:"permission"`
	Attributes map[string][]string `json:"attributes"`
	Live       string              `json:"live"`
	Trial      string              `json:"shadow"`
	Statements []struct {
		Name   string `json:"policyName"`
		Effect string `json:"effect"`
		Line   int    `json:"line"`
	} `json:"statements"`
}

// Asked are the facts of the request by which it was decided.
func (s trialSample) Asked() string {
	var facts []string
	for name, values := range s.Attributes {
		facts = append(facts, name+" = "+strings.Join(values, ", "))
	}
	slices.Sort(facts)
	return strings.Join(facts, "; ")
}

// trialOf is nil only with an error. A refusal is part of it: the rest of the page stands.
func (v *visit) trialOf(id string) (*policyTrial, error) {
	var report struct {
		Policies []policyTrial `json:"policies"`
	}
	err := v.api.Get("/api/doorward/v1/shadow", url.Values{"policyUuid": {id}}, &report)
	switch r := refused(err); {
	case r != nil && r.Status != http.StatusUnauthorized:
		return &policyTrial{Refusal: r}, nil
	case err != nil:
		return nil, err
	}
	for _, trial := range report.Policies {
		if trial.ID == id {
			return &trial, nil
		}
	}
	return &policyTrial{Unseen: true}, nil
}
