package policyengine

import (
	"fmt"
	"strings"
	"time"

	"github.com/doorward/doorward/internal/fault"
)

// Bounds of a request. One beyond them is a fault: it is never decided on a part of what it says.
const (
	MaxRequests   = 1000    // things that one call may ask about
	MaxAttributes = 100     // of a request
	MaxValues     = 10_000  // of one attribute, groups included
	MaxValueBytes = 8 << 10 // of one value
	maxKeyBytes   = 1 << 20 // of everything that a decision depends on
	maxPermission = 200     // bytes of a permission's name
)

// Subject is who is asking, as the credential proves it. Nothing of it may come from the request itself.
type Subject struct {
	User       string   // ${global:userId}; "" is unknown
	UserDomain string   // global:usernameDomain; "" is unknown
	Groups     []string // ${global:userGroup}; kept after the call, so it must not be changed
}

// Attribute is a fact about what the request touches.
type Attribute struct {
	Name   string
	Values []string
	Known  bool // without it, as when the attribute is not given at all, conditions on it are unknown
	List   bool // the attribute is a list by nature, even when it has one value or none
}

// Request asks whether a subject may use one permission on one thing.
type Request struct {
	Subject     Subject
	Account     string // identifier; "" is outside every account
	Environment string // identifier and global:environmentId; "" is outside every environment, and unknown
	Permission  string // service:resource:action
	Attributes  []Attribute
	Now         time.Time // mandatory; policies see whole seconds of it
}

// The attributes that come from the subject and its place, never from Request.Attributes.
const (
	globalPrefix      = "global:"
	globalUser        = "global:userId"
	globalUserDomain  = "global:usernameDomain"
	globalGroups      = "global:userGroup"
	globalEnvironment = "global:environmentId"
	// globalLevel is the one global attribute that the caller of the engine has to supply: what a level is depends on the
	// installation.
	globalLevel = "global:levelId"
)

// check refuses a request that is incomplete, too large, or that tries to say who its subject is.
func (r *Request) check() error {
	switch {
	case r.Now.IsZero():
		return fault.New(fault.Internal, "The request could not be decided.", fmt.Errorf("the request has no time"))
	case r.Permission == "" || len(r.Permission) > maxPermission:
		return invalid("the permission's name is empty or too long")
	case len(r.Attributes) > MaxAttributes:
		return invalid(fmt.Sprintf("more than %d attributes", MaxAttributes))
	}
	for i := range r.Attributes {
		name := r.Attributes[i].Name
		if strings.HasPrefix(name, globalPrefix) && name != globalLevel {
			return invalid(name + " was given as an attribute")
		}
	}
	return nil
}

// invalid is a fault about the request. Its sentence is the same for every cause; the cause is for the log.
func invalid(cause string) error {
	return fault.New(fault.Invalid, "The request cannot be decided.", fmt.Errorf("%s", cause))
}

// fact is what a request says about one attribute, without memory of its own: one value, or several.
type fact struct {
	shape shape
	one   string
	many  []string
}

type shape byte

const (
	unknown shape = iota
	single        // one value
	list          // a list by nature
	several       // not a list by nature, but with another number of values than one
)

// fact finds an attribute. One that is given twice is refused: whichever value was taken, something behind the gateway
// might take the other.
func (r *Request) fact(name string) (fact, error) {
	switch name {
	case globalUser:
		return optional(r.Subject.User), nil
	case globalUserDomain:
		return optional(r.Subject.UserDomain), nil
	case globalEnvironment:
		return optional(r.Environment), nil
	case globalGroups:
		return fact{shape: list, many: r.Subject.Groups}, nil
	}
	var found fact
	times := 0
	for i := range r.Attributes {
		if a := &r.Attributes[i]; a.Name == name {
			times++
			found = a.fact()
		}
	}
	if times > 1 {
		return fact{}, invalid(name + " was given twice")
	}
	return found, nil
}

// optional is unknown when empty: no subject has an empty identifier, and a credential may prove none.
func optional(value string) fact {
	if value == "" {
		return fact{}
	}
	return fact{shape: single, one: value}
}

// fact keeps apart what a kind may see differently: a list with one member is no single value.
func (a *Attribute) fact() fact {
	switch {
	case !a.Known:
		return fact{}
	case a.List:
		return fact{shape: list, many: a.Values}
	case len(a.Values) == 1:
		return fact{shape: single, one: a.Values[0]}
	}
	return fact{shape: several, many: a.Values}
}
