package module

import (
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/doorward/doorward/module/masking"
)

// pass hands the request to the next handler. What remote staff may not see whole comes back through a mask.
func (x *exchange) pass(next caddyhttp.Handler) error {
	x.request = *x.r.WithContext((*gated)(x))
	r := &x.request
	switch v := x.visit; {
	case v == nil:
		return next.ServeHTTP(x, r)
	case v.plan == nil:
		return v.noteFailure(next.ServeHTTP(x, r))
	default:
		return v.noteFailure(x.passMasked(next, r))
	}
}

// noteFailure keeps the status of an error, which is answered outside of the gate. It returns the error.
func (v *visit) noteFailure(err error) error {
	if err == nil || v.outcome.status != 0 {
		return err
	}
	v.outcome.status = http.StatusInternalServerError
	if failed, ok := errors.AsType[caddyhttp.HandlerError](err); ok && failed.StatusCode != 0 {
		v.outcome.status = failed.StatusCode
	}
	return err
}

func (x *exchange) passMasked(next caddyhttp.Handler, r *http.Request) error {
	err := masking.NewWriter(x, r, x.visit.plan, 0).Run(next.ServeHTTP)
	if errors.Is(err, masking.ErrUnmaskable) {
		// Nothing of the answer has gone out. The decision stands in the log as it was made: the request was let through.
		x.visit.outcome.cut = "could not be masked"
		x.reason, x.detail = reasonRemote, "the answer holds sensitive data and could not be masked"
		x.noteStatus(x.reason.status())
		return x.answerRefusal()
	}
	return err
}
