// Package policyengine decides whether a subject may use a permission on a thing, by the IAM policies that are bound to
// the subject's groups.
//
// A request is refused by default. It is granted when some ALLOW holds and no DENY does. Logic is three-valued: a
// condition on an attribute that the request does not give is unknown, with which an ALLOW does not hold and a DENY
// does. A verdict is a value; an error is a fault and never comes with a grant.
//
// Statements are translated to Rego and compiled off the way of requests, once for all subjects whose bindings give the
// same ones. Answers are cached under everything they depend on.
package policyengine
