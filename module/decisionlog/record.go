// Package decisionlog keeps the latest decisions of a gateway in a bounded ring of files, for whoever asks afterwards why
// a request was let through or not.
//
// A ring is a folder of segments: files of JSON lines, one record a line, named after the order they were begun in. When
// the ring is full its oldest segment goes. A segment has one writer and is never opened for writing again, so several
// processes may keep one ring, and what a crash leaves behind is at most one torn line, the last of its segment.
//
// Writing is best effort by design: [Log.Append] never waits, and what the disk does not take in time is counted and
// forgotten. Reading ([Find], [Scan]) needs nothing of the writer but its folder.
package decisionlog

import "time"

// Version is the "v" of the records written. Readers take every version and leave out members they do not know.
const Version = 1

// Record is one decision. Strings are masked and bounded when they are written, so a record that was read may be
// shorter than the one that was appended; Cut then says so. Zero members are left out of the line.
//
// Strings that were read are what clients sent: quote them before they reach a terminal.
type Record struct {
	Version  int       `json:"v"`
	Time     time.Time `json:"time"` // when the request came in
	ID       string    `json:"id"`
	Decision string    `json:"decision,omitempty"` // allow, deny or fault
	Reason   string    `json:"reason,omitempty"`   // the gate's word for why
	Status   int       `json:"status,omitempty"`

	Method      string `json:"method,omitempty"`
	Host        string `json:"host,omitempty"`
	Path        string `json:"path,omitempty"` // canonical and escaped, without the query
	ClientIP    string `json:"client_ip,omitempty"`
	Environment string `json:"environment,omitempty"`
	Endpoint    string `json:"endpoint,omitempty"` // pattern of the row that matched

	TokenID string `json:"token_id,omitempty"` // identifier, never the token
	User    string `json:"user,omitempty"`
	Kind    string `json:"kind,omitempty"`   // of the credential
	Cause   string `json:"cause,omitempty"`  // why the credential was refused
	Detail  string `json:"detail,omitempty"` // what the client was told on top of the reason's sentence
	Fault   string `json:"fault,omitempty"`  // what broke, for the operator

	Scopes    []string   `json:"scopes,omitempty"` // of the credential
	Query     []string   `json:"query,omitempty"`  // names of the parameters; values may be secrets
	Stages    []Stage    `json:"stages,omitempty"` // in the order they ran
	Questions []Question `json:"questions,omitempty"`

	Cut bool `json:"cut,omitempty"` // a string or a list was longer than its bound
}

// Stage is a step of the request's way and the time it took.
type Stage struct {
	Name string        `json:"stage"`
	Took time.Duration `json:"ns"`
}

// Question is one permission that was asked for one thing, and the answer. Where a record has no room for all of them,
// it is the last ones that are left out: put first what decided.
type Question struct {
	Permission string              `json:"permission"`
	Attributes map[string][]string `json:"attributes,omitempty"`
	Verdict    string              `json:"verdict"`
	Reasons    []Reason            `json:"reasons,omitempty"`
	Missing    []string            `json:"missing,omitempty"` // attributes that a statement reads and the request does not give
	Cached     bool                `json:"cached,omitempty"`
}

// Reason is a statement that made a verdict what it is.
type Reason struct {
	Policy    string `json:"policy"` // identifier
	Name      string `json:"name,omitempty"`
	Level     string `json:"level,omitempty"`
	LevelID   string `json:"level_id,omitempty"`
	Effect    string `json:"effect,omitempty"`
	Boundary  string `json:"boundary,omitempty"`
	Note      string `json:"note,omitempty"` // a sentence where the statement alone does not explain itself
	Statement int    `json:"statement"`      // index in its policy, from 0
	Line      int    `json:"line,omitempty"`
	Column    int    `json:"column,omitempty"`
}
