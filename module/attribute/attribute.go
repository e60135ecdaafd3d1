// Package attribute finds out what a request asks for, in the words of IAM policies.
//
// A row of the endpoint table states a Rule: the permission that a request needs, and for each attribute a place of the
// request where its value stands. Compile makes a Plan of it once; Plan.Questions then reads one request and gives one
// Question for each thing that the request touches. The request may pass only if the answer to every question is yes.
//
// Three rules keep the reading safe. What is not there, or cannot be read in exactly one way, is an attribute that is
// not known: with it an ALLOW that has a condition does not hold, and a DENY does. Values that belong together, such as
// the schema and the scope of one element of a body, stay together in one question and are never crossed with those of
// another. And everything is bounded: the body, its depth, the values, the questions.
package attribute

// MaxQuestions is how many things one request may touch. A request that touches more is refused.
const MaxQuestions = 1000

// Question asks whether a permission is granted on one thing.
type Question struct {
	Permission string      // "settings:objects:read"
	Attributes []Attribute // those of the rule, in its order, the unknown ones included
}

// Attribute is one fact about the thing that a question is about. Its slices are shared between the questions of one
// request and must not be changed.
type Attribute struct {
	Name   string   // "settings:schemaId"
	Values []string // exactly one where List is false; empty where Known is false
	Known  bool     // false: the request does not say, or says it in a way that can be read twice
	List   bool     // the thing has all of Values at once, as a host has tags
}

// Input is a request as the gate has settled it. Its methods are called at most a few times for one request; what they
// return is not changed and not kept.
type Input interface {
	// Param is the value of a path parameter of the matched row, unescaped once; false where it has none or the
	// escapes are malformed.
	Param(name string) (string, bool)
	// RawQuery is the query as it will be forwarded, without the question mark.
	RawQuery() string
	// Header gives the lines of a header, nil for none. The name is in canonical form.
	Header(name string) []string
	// Claim gives the values of a claim of the verified credential, nil for none. Nothing that a client can write
	// without the issuer's signature may be answered here.
	Claim(name string) []string
	// Body is the whole body. The caller keeps it for the next handler; ReadBody does both for an *http.Request.
	// Only plans with body sources ask for it, and once for a request.
	Body(limit int64) ([]byte, error)
}
