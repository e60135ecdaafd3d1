package remote

import (
	"fmt"
	"math/bits"
	"strings"
)

// Permissions is a set of the thirteen permissions that remote access knows. The zero set is empty.
type Permissions uint16

// The permissions. An endpoint needs one or several of them.
const (
	EnvRead        Permissions = 1 << iota // look at everything that is not named below
	SettingsWrite                          // change monitoring settings
	AgentDownload                          // download agents, gateways and SDKs
	ClusterWrite                           // change what holds for the whole cluster
	LogsRead                               // read logs of the customer's applications
	CaptureWrite                           // decide what is captured of requests; trigger memory dumps
	SensitiveRead                          // see what was captured of requests; nobody has it
	AgentDebug                             // set debug flags of agents
	DiagExec                               // restart services, run diagnostics on hosts
	ReplayMasked                           // watch sessions with personal data masked
	ReplayUnmasked                         // watch sessions as they were; nobody has it
	SecurityWrite                          // manage security problems; nobody has it
	SecurityRead                           // look at security problems

	allPermissions = SecurityRead<<1 - 1
)

var permissionNames = [...]string{
	"env.read", "settings.write", "agent.download", "cluster.write", "logs.read", "capture.write", "sensitive.read",
	"agent.debug", "diag.exec", "replay.masked", "replay.unmasked", "security.write", "security.read",
}

// ParsePermission reads the name of one permission.
func ParsePermission(name string) (Permissions, bool) {
	for i, known := range permissionNames {
		if name == known {
			return 1 << i, true
		}
	}
	return 0, false
}

// String lists the names of a set, with ", " between them.
func (p Permissions) String() string {
	names := make([]string, 0, bits.OnesCount16(uint16(p)))
	for i, name := range permissionNames {
		if p&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, ", ")
}

// Role is a set of permissions with a name. Each role has all of the permissions of the one before it.
type Role uint8

const (
	// NoRole has no permissions; it stands where there is no role.
	NoRole Role = iota
	// Viewer looks, and changes nothing.
	Viewer
	// User is a Viewer who may set debug flags of agents.
	User
	// Admin has everything but what nobody has.
	Admin
)

const viewerPermissions = EnvRead | ReplayMasked

var rolePermissions = [...]Permissions{
	Viewer: viewerPermissions,
	User:   viewerPermissions | AgentDebug,
	Admin:  allPermissions &^ (SensitiveRead | ReplayUnmasked | SecurityWrite),
}

// Permissions are what a role may do; nothing for a role that there is not.
func (r Role) Permissions() Permissions {
	if int(r) < len(rolePermissions) {
		return rolePermissions[r]
	}
	return 0
}

// weakest is the first role that has all that is needed, NoRole where none has.
func weakest(needs Permissions) Role {
	for r := Viewer; r <= Admin; r++ {
		if needs&^r.Permissions() == 0 {
			return r
		}
	}
	return NoRole
}

var roleNames = [...]string{Viewer: "devops-viewer", User: "devops-user", Admin: "devops-admin"}

// String is the name of a role in the API; "" for NoRole.
func (r Role) String() string {
	if int(r) < len(roleNames) {
		return roleNames[r]
	}
	return fmt.Sprintf("Role(%d)", uint8(r))
}

// ParseRole reads a name of the API exactly as it is written there. There is no default.
func ParseRole(name string) (Role, bool) {
	for r := Viewer; r <= Admin; r++ {
		if name == roleNames[r] {
			return r, true
		}
	}
	return NoRole, false
}

func (r Role) known() bool { return r >= Viewer && r <= Admin }
