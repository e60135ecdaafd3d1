package module

import "net/http"

// reason is why the gate let a request through or did not. Each has one status code, one word for metrics and logs and
// one word for the client; a client learns nothing from the second that the first does not say.
type reason uint8

const (
	reasonPending reason = iota
	reasonAllowed
	reasonPreflight
	reasonBadFraming
	reasonBadPath
	reasonBadHost
	reasonBadQuery
	reasonMethod
	reasonEarlyData
	reasonAmbiguousCredentials
	reasonNoCredential
	reasonBadCredential
	reasonThrottled
	reasonNoEndpoint
	reasonDerivedEndpoint
	reasonPersonalToken
	reasonScope
	reasonPolicy
	reasonBodyUnreadable
	reasonBodyTooLarge
	reasonBodyUnsupported
	reasonBodySlow
	reasonRemote
	reasonFault
	reasonCount
)

var reasons = [reasonCount]struct {
	name    string // metrics label, log field, placeholder
	code    string // problem type and "code" member
	status  int
	message string
}{
	reasonPending:              {"pending", "", 0, ""},
	reasonAllowed:              {"allowed", "", http.StatusOK, ""},
	reasonPreflight:            {"preflight", "", http.StatusNoContent, ""},
	reasonBadFraming:           {"bad_framing", "bad_request", http.StatusBadRequest, "The request does not say where it ends"},
	reasonBadPath:              {"bad_path", "bad_request", http.StatusBadRequest, "The request is ambiguous"},
	reasonBadHost:              {"bad_host", "bad_request", http.StatusBadRequest, "The request names no valid host"},
	reasonBadQuery:             {"bad_query", "bad_request", http.StatusBadRequest, "The request is ambiguous"},
	reasonMethod:               {"method", "method_not_allowed", http.StatusMethodNotAllowed, "The method is not allowed"},
	reasonEarlyData:            {"early_data", "too_early", http.StatusTooEarly, "The request must be sent again after the TLS handshake"},
	reasonAmbiguousCredentials: {"ambiguous_credentials", "ambiguous_credentials", http.StatusBadRequest, "The request has more than one credential"},
	reasonNoCredential:         {"no_credential", "invalid_token", http.StatusUnauthorized, messageUnauthorized},
	reasonBadCredential:        {"bad_credential", "invalid_token", http.StatusUnauthorized, messageUnauthorized},
	reasonThrottled:            {"throttled", "too_many_requests", http.StatusTooManyRequests, "Too many requests from this address had no good credential; try again later"},
	reasonNoEndpoint:           {"no_endpoint", "endpoint_not_covered", http.StatusForbidden, "No endpoint of this gateway covers the request"},
	reasonDerivedEndpoint:      {"derived_endpoint", "endpoint_not_covered", http.StatusForbidden, "No endpoint of this gateway covers the request"},
	reasonPersonalToken:        {"personal_token", "insufficient_scope", http.StatusForbidden, "Personal access tokens are not supported by this endpoint"},
	reasonScope:                {"scope", "insufficient_scope", http.StatusForbidden, "Token is missing required scope"},
	reasonPolicy:               {"policy", "policy", http.StatusForbidden, "The policies of the user do not permit the request"},
	reasonBodyUnreadable:       {"body_unreadable", "bad_request", http.StatusBadRequest, "The body cannot be read in one way"},
	reasonBodyTooLarge:         {"body_too_large", "too_large", http.StatusRequestEntityTooLarge, "The body is too large to be judged"},
	reasonBodyUnsupported:      {"body_unsupported", "unsupported", http.StatusUnsupportedMediaType, "The body is in a form that is not read"},
	reasonBodySlow:             {"body_slow", "timeout", http.StatusRequestTimeout, "The body took too long to arrive"},
	reasonRemote:               {"remote", "remote_access", http.StatusForbidden, "Remote access does not allow the request"},
	reasonFault:                {"fault", "unavailable", http.StatusServiceUnavailable, "The request could not be decided; try again"},
}

// messageUnauthorized is what every failed authentication says, whatever its cause.
const messageUnauthorized = "Token Authentication failed"

func (r reason) String() string { return reasons[r].name }
func (r reason) status() int    { return reasons[r].status }
func (r reason) code() string   { return reasons[r].code }

// decision is the verdict in one word: allow, deny, or fault where none could be reached.
func (r reason) decision() string {
	switch r {
	case reasonPending:
		return ""
	case reasonAllowed, reasonPreflight:
		return "allow"
	case reasonFault:
		return "fault"
	}
	return "deny"
}
