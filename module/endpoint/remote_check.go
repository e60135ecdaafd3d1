package endpoint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/doorward/doorward/module/attribute"
	"github.com/doorward/doorward/remote"
)

// checkRemote makes sure that exactly one rule decides whatever the request is about, and that each condition can be judged
// from what the row asks of a request.
func (e *Endpoint) checkRemote(Pattern) error {
	if len(e.Remote) > maxRemoteRules {
		return fmt.Errorf("remote: %d rules, at most %d are allowed", len(e.Remote), maxRemoteRules)
	}
	for i, rule := range e.Remote {
		last := i == len(e.Remote)-1
		if err := rule.check(e.Ask); err != nil {
			return fmt.Errorf("remote: %w", err)
		}
		switch unconditional := len(rule.When) == 0; {
		case unconditional && !last:
			return errors.New("remote: what follows a rule without conditions is never read")
		case !unconditional && last:
			return errors.New("remote: every rule has conditions; the last one must hold without any")
		}
	}
	return checkMasked(e.Remote, e.Masked)
}

// check looks at one rule.
func (r *RemoteRule) check(ask *attribute.Rule) error {
	if err := r.checkAnswer(); err != nil {
		return err
	}
	if len(r.When) > maxConditions {
		return fmt.Errorf("when: %d conditions, at most %d are allowed", len(r.When), maxConditions)
	}
	for _, c := range r.When {
		if len(c.Values) == 0 || len(c.Values) > maxAlternatives {
			return fmt.Errorf("when: %.140q: expected 1 to %d values", c.Attribute, maxAlternatives)
		}
		bound := func(b attribute.Binding) bool { return b.Name == c.Attribute }
		if ask == nil || !slices.ContainsFunc(ask.Attributes, bound) {
			// Never known, it would close to everybody what it should only guard.
			return fmt.Errorf("when: %.140q is none of the row's attributes", c.Attribute)
		}
	}
	return nil
}

// checkAnswer looks at what a rule asks for, whatever its conditions.
func (r *RemoteRule) checkAnswer() error {
	switch {
	case r.Class == remote.Ordinary && r.Needs == 0:
		return errors.New("expected permissions, or a class that needs none")
	case r.Class != remote.Ordinary && r.Needs != 0:
		return fmt.Errorf("%s is a class, which no permission opens; expected it alone", r.Class)
	}
	if _, known := remote.ParseClass(r.Class.String()); !known {
		return fmt.Errorf("there is no class %s", r.Class)
	}
	return nil
}

// checkMasked admits pointers only where something is masked at all. A pointer that is not one would show nothing, and
// the operator would take it for a mistake of the gate.
func checkMasked(rules []RemoteRule, pointers []string) error {
	if pointers == nil {
		return nil
	}
	if len(pointers) == 0 || len(pointers) > maxAlternatives {
		return fmt.Errorf("masked: expected 1 to %d JSON pointers", maxAlternatives)
	}
	if !slices.ContainsFunc(rules, func(r RemoteRule) bool { return r.Needs&remote.SensitiveRead != 0 }) {
		return fmt.Errorf("masked: nothing is masked where %s is not needed", remote.SensitiveRead)
	}
	for i, pointer := range pointers {
		if !isPointer(pointer) {
			return fmt.Errorf("masked: %.140q is no JSON pointer; expected one such as /items/*/id", pointer)
		}
		if slices.Contains(pointers[:i], pointer) {
			return fmt.Errorf("masked: %q occurs twice", pointer)
		}
	}
	return nil
}

// isPointer reports a JSON pointer (RFC 6901) to a member, with "*" for every element or member, and at the end "**" for
// all below.
func isPointer(text string) bool {
	if !strings.HasPrefix(text, "/") {
		return false
	}
	steps := strings.Split(text[1:], "/")
	if len(steps) > maxSegments || slices.Contains(steps[:len(steps)-1], "**") {
		return false
	}
	for _, step := range steps {
		for i := range len(step) {
			if step[i] == '~' && (i+1 == len(step) || step[i+1] != '0' && step[i+1] != '1') {
				return false
			}
		}
	}
	return true
}
