package tokens

import "context"

// CreateActiveGate mints an ActiveGate token in the caller's environment, for the caller's owner.
func (l *Limited) CreateActiveGate(ctx context.Context, request ActiveGateRequest) (Created, error) {
	if err := l.notStaff(); err != nil {
		return Created{}, err
	}
	request.Environment, request.Owner = l.Environment, l.Owner
	return l.service.CreateActiveGate(ctx, l.Actor, request)
}

// ShowActiveGate returns the ActiveGate token with this identifier.
func (l *Limited) ShowActiveGate(ctx context.Context, id string) (Record, error) {
	return l.show(ctx, KindActiveGate, id)
}

// ListActiveGates returns a page of those ActiveGate tokens that q selects. Kind and Environment of q do not count.
func (l *Limited) ListActiveGates(ctx context.Context, q Query) ([]Record, error) {
	return l.list(ctx, KindActiveGate, q)
}

// CountActiveGates is the number of ActiveGate tokens that ListActiveGates gives on all pages together.
func (l *Limited) CountActiveGates(ctx context.Context, q Query) (int, error) {
	return l.countOf(ctx, KindActiveGate, q)
}

// DeleteActiveGate removes an ActiveGate token for good. It is named by its identifier only.
func (l *Limited) DeleteActiveGate(ctx context.Context, id string) error {
	if err := l.notStaff(); err != nil {
		return err
	}
	if _, err := l.ShowActiveGate(ctx, id); err != nil {
		return err
	}
	return l.service.DeleteActiveGate(ctx, l.Actor, id)
}
