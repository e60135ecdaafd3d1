package tokens

// step is what a rotation of a tenant token can be asked to do.
type step string

// The steps, as the audit trail calls them.
const (
	stepStart  step = "start"
	stepFinish step = "finish"
	stepCancel step = "cancel"
)

// rotations is the state machine: what each step does while no rotation runs (false) and while one does (true). A step
// without an entry is refused. In between both texts are good, so that agents can be moved one after the other.
//
//	          start                     finish                  cancel
//	idle      → rotating, both good     refused                 refused
//	rotating  refused                   → idle, new one good    → idle, old one good
var rotations = map[bool]map[step]func(t *TenantToken, fresh sealedText){
	false: {stepStart: func(t *TenantToken, fresh sealedText) {
		t.Old, t.OldDigest = t.Active, t.ActiveDigest
		t.Active, t.ActiveDigest = fresh.sealed, fresh.digest
	}},
	true: {
		stepFinish: func(t *TenantToken, _ sealedText) { t.Old, t.OldDigest = nil, Digest{} },
		stepCancel: func(t *TenantToken, _ sealedText) {
			t.Active, t.ActiveDigest = t.Old, t.OldDigest
			t.Old, t.OldDigest = nil, Digest{}
		},
	},
}

// rotate takes a step, or refuses it with a fault of kind fault.Invalid and leaves everything as it was.
func (t *TenantToken) rotate(by step, fresh sealedText) error {
	move, possible := rotations[t.Rotating()][by]
	switch {
	case possible:
		move(t, fresh)
		return nil
	case t.Rotating():
		return invalid("A rotation of the tenant token is running already.")
	}
	return invalid("No rotation of the tenant token is running.")
}

// rotationView is what an audit event shows of a tenant token, in the words of the API.
type rotationView struct {
	Status string `json:"status"`
}

func rotationOf(t TenantToken) rotationView {
	if t.Rotating() {
		return rotationView{"ACTIVE"}
	}
	return rotationView{"INACTIVE"}
}
