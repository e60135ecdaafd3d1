package rig

// The cases of results/peers.csv, for whoever reads it.
const (
	CasePlain        = "caddy"                          // Caddy's reverse_proxy: the base of all ratios
	CasePlainAgain   = "caddy-again"                    // the same once more: how far apart two runs of one thing are
	CaseForwardYes   = "caddy-forward_auth-yes"         // forward_auth to a server that says yes and nothing else
	CaseForwardOPA   = "caddy-forward_auth-adapter-opa" // forward_auth to an adapter that asks OPA's REST API
	CaseForwardAuthz = "caddy-forward_auth-opa-authz"   // forward_auth to OPA, whose system.authz says whether it answers
	CaseNginxYes     = "nginx-auth_request-yes"         // auth_request of nginx to the server that says yes
	CaseDoorward     = "doorward"                       // a token with scopes
	CaseDoorwardIAM  = "doorward-policies"              // a personal token, within the policies of its user
	CaseDoorwardMany = "doorward-10000-tokens"          // tokens with scopes, a few of them often and most of them seldom
)

// The measures of results/peers.csv. Those of the closed loop are taken with as many requests under way as there are connections,
// those "at the rate" in an open loop at one rate for all cases, which is one of the facts of the file.
const (
	MeasureThroughput = "throughput"  // requests/s, closed loop
	MeasureCPUProxy   = "cpu_proxy"   // s for 10,000 requests, closed loop
	MeasureCPUHelpers = "cpu_helpers" // the same of the servers that the proxy asks
	MeasureCPUTotal   = "cpu_total"   // the sum of the two
	MeasureCPUAtRate  = "cpu_rate"    // the sum of the two at the rate, which is more: each request wakes everybody up
	MeasureP50        = "p50"         // ms, at the rate, as the two below
	MeasureP99        = "p99"
	MeasureP999       = "p99.9"
	MeasureRSSProxy   = "rss_proxy" // MiB, after the load
	MeasureRSSHelpers = "rss_helpers"
	MeasureErrors     = "errors" // requests without an answer, of both loops
	// MeasureBehind is how late the generator itself was at worst, in ms: latencies below it may be its own.
	MeasureBehind = "behind"
	// MeasureOthers is how much of all CPUs went to processes that have no part in the measurement, in per cent, during the closed loop,
	// with what the kernel does for the network beside them. Where it is large, the machine was busy with something else.
	MeasureOthers = "others"
	// MeasureBudget stands in the lines of CaseForwardOPA: its cpu_total, divided by Doorward's of the same round. Required are 3.5.
	MeasureBudget = "cpu_total/doorward"
)
