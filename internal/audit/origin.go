package audit

import "context"

// Origin is where a change was asked for. It travels in the context from whoever takes the request to whoever writes the
// event, so that what lies between need not know of it.
type Origin struct {
	Environment string // of the request
	Address     string // of the client
	Decision    string // identifier of the gate's decision
}

type originKey struct{}

// WithOrigin says where what is done with the context was asked for.
func WithOrigin(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, originKey{}, o)
}

// From fills in where the event was asked for; nothing where the context does not say.
func (e Event) From(ctx context.Context) Event {
	if o, ok := ctx.Value(originKey{}).(Origin); ok {
		e.Environment, e.Origin, e.Decision = o.Environment, o.Address, o.Decision
	}
	return e
}
