package console

// The scopes of a PaaS token: the first makes it one, the second lets installers report that an agent has crashed.
const (
	installerScope    = "InstallerDownload"
	supportAlertScope = "SupportAlert"
)

// connectionPath is where installers ask how agents connect.
const connectionPath = "/api/v1/deployment/installer/agent/connectioninfo"

// paasTokenPages are the pages of the access tokens that installers have. One of them is an access token like any other.
func (c *Console) paasTokenPages() {
	tokenPages{
		Section: "paas", Path: "/paas-tokens", Title: "PaaS tokens", One: "PaaS token", Scope: installerScope, Try: connectionPath,
		Lead:   "Access tokens with which installers learn where agents report to, and the tenant token that they report with.",
		Advice: "Make one for each place that agents and ActiveGates are installed from.",
	}.mount(c)
}
