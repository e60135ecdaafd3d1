// Package pap is the policy administration point: which policies, boundaries, groups and users there are, who belongs to
// which group, and which policies are bound to which groups at which level.
//
// [Store] is what it wants kept, as a contract. [Service] checks what comes in, keeps it there, and answers the question
// that everything else is for: which bound statements hold for these groups in this environment. Nothing here decides
// about a request.
//
// # Levels
//
// A policy lives at one level: global (built in, read-only), an account, or an environment. A binding holds at an account,
// and then in all of its environments, or at one environment. Policies of a wider level may be bound at a narrower one.
//
// # Shadows
//
// A policy, or one binding of it, can be a shadow. Then it is checked and stored like any other and has no part in any
// answer: [Service.Statements], [Service.Everything] and [Service.Effective] pass it over. [Service.Resolve] gives the
// shadows apart from what is live, for whoever wants to know what they would change.
//
// # What goes with what
//
// Nothing is left behind that names something which is gone, and nothing goes without an audit event of its own. All of
// it happens in the transaction of the change that causes it:
//
//   - deleting a group deletes its bindings and ends its memberships;
//   - deleting a user ends the user's memberships;
//   - deleting a policy that is bound is refused, unless forced: then its bindings go too;
//   - deleting a boundary that a binding uses is refused. Taking it out of the binding would widen what it grants.
package pap
