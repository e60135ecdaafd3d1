package pap

// Limits bound how much there can be. Reaching one refuses the next, and leaves what is there as it is.
type Limits struct {
	Policies      int // of one account or environment
	Boundaries    int // of one account
	Bindings      int // at one account or environment
	Groups        int // of one account
	Users         int // of one account, service users counted
	GroupsPerUser int
}

// DefaultLimits are the published ones.
var DefaultLimits = Limits{
	Policies:      200,
	Boundaries:    2000,
	Bindings:      30_000,
	Groups:        5000,
	Users:         10_000,
	GroupsPerUser: 8000,
}

// This project's own bounds, where none is published.
const (
	maxName        = 250      // characters of a name
	maxDescription = 4000     // characters
	maxTags        = 100      // of a policy
	maxParameters  = 200      // of a binding, and pairs of metadata
	maxPairBytes   = 64 << 10 // of all parameters together, and of all metadata
	maxBoundaries  = 100      // of one binding
	maxPermissions = 1000     // role-based ones of a group
	maxValues      = 100      // federated values of a group
	maxAtOnce      = 1000     // groups or policies named in one change
	maxEmail       = 254      // RFC 5321, section 4.5.3.1.3, without the brackets
	maxStatements  = 200_000  // bound statements of one answer
	maxAuditedText = 4 << 10  // bytes of a policy or boundary text that an audit event repeats
	MaxAssigned    = 100_000  // bindings of one Assignment
	pageSize       = 1000     // of a listing, when nothing is said
	maxPageSize    = 10_000   // of a listing
)
