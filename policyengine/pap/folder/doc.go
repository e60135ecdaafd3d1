// Package folder has policies, boundaries, groups and bindings as files that a person can review: how a folder is laid out,
// how it is read and written, how it differs from a store, and how the store is brought to what the folder says.
//
// # Layout
//
//	policies/account/<name>.policy           policies of the account
//	policies/environment/<id>/<name>.policy  policies of one environment
//	boundaries/<name>.boundary               boundaries of the account
//	groups.yaml                              groups, without their members
//	bindings.yaml                            which policy is bound to which group, where and how
//
// The file of a policy or boundary is its text, byte for byte. In front of the text may stand a header: lines of comment
// between two lines "// ---", which are YAML without the slashes, so that the file as a whole is a policy still:
//
//	// ---
//	// description: What the policy is for
//	// tags:
//	//   - on-call
//	// ---
//	ALLOW settings:objects:read;
//
// A thing is what its name says, which is the name of the file unless the header has another. With a uuid in the header it
// is the thing with that identifier, whose name then may have changed.
//
// A folder says nothing of accounts: the one it is applied to is the caller's choice.
package folder
