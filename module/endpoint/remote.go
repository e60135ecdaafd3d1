package endpoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/doorward/doorward/remote"
)

// Bounds of what one row says about remote staff; the embedded rows have at most 4 rules of one condition.
const (
	maxRemoteRules = 32
	maxConditions  = 8
)

// RemoteRule is what remote staff need for the requests of a row that its conditions fit. Its class and its permissions are
// those of package remote; permissions go with remote.Ordinary alone, and Ordinary has at least one.
type RemoteRule struct {
	// When are the conditions, all of which must hold. Only the last rule of a row has none.
	When  []RemoteCondition
	Class remote.Class
	Needs remote.Permissions
}

// RemoteCondition holds where every value of an attribute is one of these. Several values of one request come from one
// thing that has them all.
type RemoteCondition struct {
	Attribute string // one of Ask, "settings:schemaId"
	Values    []string
}

// unmapped is the answer of a row that says nothing. It is a rule and not an empty list, so that whoever asks for every
// candidate to be allowed is refused.
var unmapped = []RemoteRule{{}}

// RemoteCandidates are the rules of which any may be the first to hold, given what the request is known to be about. The
// caller asks for each of them to be allowed. What is not known may fit a condition or not: then what it guards is a
// candidate, and so is what follows.
//
// There is always at least one; a row without rules answers with one of the class remote.Unmapped. value gives the values
// of an attribute, and false where they are not known. The slice is shared and must not be changed. A row with one rule
// allocates nothing.
func (e *Endpoint) RemoteCandidates(value func(attribute string) (values []string, known bool)) []RemoteRule {
	switch {
	case len(e.Remote) == 0:
		return unmapped
	case len(e.Remote[0].When) == 0:
		return e.Remote[:1:1]
	}
	var candidates []RemoteRule
	for _, rule := range e.Remote {
		switch rule.fits(value) {
		case holds:
			return append(candidates, rule)
		case mayHold:
			candidates = append(candidates, rule)
		}
	}
	// Build admits no row whose last rule has conditions; one that was put together otherwise stays closed.
	return append(candidates, unmapped...)
}

// truth is three-valued.
type truth uint8

const (
	fails truth = iota
	mayHold
	holds
)

// fits is the weakest of the conditions.
func (r *RemoteRule) fits(value func(string) ([]string, bool)) truth {
	weakest := holds
	for _, c := range r.When {
		values, known := value(c.Attribute)
		weakest = min(weakest, c.fits(values, known))
	}
	return weakest
}

// fits compares exactly. A value that differs only in case may be the same to the API behind the gate, so it may fit.
func (c *RemoteCondition) fits(values []string, known bool) truth {
	if !known || len(values) == 0 {
		return mayHold
	}
	exact, alike := 0, 0
	for _, value := range values {
		switch {
		case slices.Contains(c.Values, value):
			exact++
		case slices.ContainsFunc(c.Values, func(listed string) bool { return strings.EqualFold(listed, value) }):
			alike++
		}
	}
	switch {
	case exact == len(values):
		return holds
	case exact+alike > 0:
		return mayHold
	}
	return fails
}

// ParseRemote reads the words that stand for one rule without conditions: one class other than ordinary, or permissions.
func ParseRemote(words []string) (RemoteRule, error) {
	if len(words) == 1 {
		if class, ok := remote.ParseClass(words[0]); ok && class != remote.Ordinary {
			return RemoteRule{Class: class}, nil
		}
	}
	rule := RemoteRule{Class: remote.Ordinary}
	for _, word := range words {
		permission, ok := remote.ParsePermission(word)
		if !ok {
			return RemoteRule{}, unknownRemote(word, len(words) > 1)
		}
		if rule.Needs&permission != 0 {
			return RemoteRule{}, fmt.Errorf("%q occurs twice", word)
		}
		rule.Needs |= permission
	}
	if rule.Needs == 0 {
		return RemoteRule{}, fmt.Errorf("expected permissions or a class (permissions: %s; classes: %s)",
			allPermissionNames, strings.Join(classWords(), ", "))
	}
	return rule, nil
}

// unknownRemote says what could have been meant. A class stands alone, so among several words it is the mistake.
func unknownRemote(word string, several bool) error {
	if several && slices.Contains(classWords(), word) {
		return fmt.Errorf("%s is a class, which no permission opens; expected it alone", word)
	}
	candidates := append(strings.Split(allPermissionNames, ", "), classWords()...)
	return fmt.Errorf("there is no %.80q%s (permissions: %s; classes: %s)",
		word, didYouMean(word, candidates), allPermissionNames, strings.Join(classWords(), ", "))
}

// allPermissionNames is every permission, as a set prints them.
var allPermissionNames = (^remote.Permissions(0)).String()

// classWords are the classes that a row can have. Ordinary goes without saying where there are permissions.
func classWords() []string {
	var words []string
	for class := remote.Ordinary + 1; ; class++ {
		word := class.String()
		if _, ok := remote.ParseClass(word); !ok {
			return words
		}
		words = append(words, word)
	}
}
