package module

import (
	"context"
	"io"
	"net/http"
	"time"

	"github.com/doorward/doorward/internal/fault"
	"github.com/doorward/doorward/internal/rest"
)

// administrationTimeout is how long an operation may take once its body is there. What takes longer waits for a store that is
// away or for the changes of others, and whoever is told so within seconds can try again.
const administrationTimeout = 5 * time.Second

// administer serves an operation. While the store is known to be away it says so at once: nobody gets to wait for it, and no
// operation is begun of which it would not be known whether it was done. What is public does without the store, or asks it itself.
func (g *gate) administer(w http.ResponseWriter, call *rest.Call, o *operation) error {
	if call.Caller.Kind != "" && g.isStoreDown() {
		return fault.New(fault.Unavailable, "The store does not answer at the moment.", nil)
	}
	ctx, cancel := context.WithCancelCause(call.Context())
	defer cancel(nil)
	limit := time.AfterFunc(administrationTimeout, func() { cancel(context.DeadlineExceeded) })
	defer limit.Stop()
	call.Request = call.WithContext(ctx)
	call.Body = unhurriedBody{call.Body, limit}
	return o.Serve(w, call)
}

// unhurriedBody stops the limit while the client sends: a slow client is the server's business, and no sign of a store that is away.
type unhurriedBody struct {
	io.ReadCloser
	limit *time.Timer
}

func (b unhurriedBody) Read(p []byte) (int, error) {
	b.limit.Stop()
	defer b.limit.Reset(administrationTimeout)
	return b.ReadCloser.Read(p)
}
