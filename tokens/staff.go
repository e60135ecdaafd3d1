package tokens

// The staff mark puts a token under the remote-access ceiling. It only takes away, so it can be set at any time; nothing
// takes it back, or whoever may change a token could lift the ceiling from it.

// checkStaff finds what a token of remote support staff cannot be: grants are matched with its owner, and an administrator
// could make itself a token that is not marked.
func checkStaff(wrong *findings, owner string, administrator bool) {
	if owner == "" {
		wrong.add("staff", "A token of remote support staff needs an owner: what its owner is granted is all that it reaches.")
	}
	if administrator {
		wrong.add("staff", "A token of remote support staff is never an administrator's: the two marks exclude each other.")
	}
}

// revisedStaff is the mark after an update.
func revisedStaff(wrong *findings, r Record, u Update) bool {
	if !u.Staff {
		return r.Staff
	}
	if r.ActiveGate != "" {
		wrong.add("staff", "An ActiveGate token is nobody's.")
	} else {
		checkStaff(wrong, r.Owner, r.Administrator)
	}
	return true
}

// notStaff refuses remote support staff whatever their scopes, policies and grants would allow: a credential that they have
// made, or brought under their control, would outlive the grant, and need not have the mark.
func (l *Limited) notStaff() error {
	if l.Staff {
		return forbidden("Remote support staff neither make nor change tokens.")
	}
	return nil
}
