// Package fill makes stores as large installations have them, in bulk and past the gateway, the same each time. They are what a gateway
// would have made: each thing has its change, and its event in an audit trail that verifies.
package fill

import (
	"encoding/json"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/module/store/storecopy"
	"github.com/doorward/doorward/tokens"
)

// Sizes are how much there is in a store that is made for measurements.
type Sizes struct{ Tokens, Users, Groups, Bindings, Policies int }

// SizesFor are the sizes that go with a number of tokens: 10,000 users, 5,000 groups and 30,000 bindings for a million.
func SizesFor(tokens int) Sizes {
	return Sizes{Tokens: tokens, Users: max(1, tokens/100), Groups: max(1, tokens/200), Bindings: max(1, tokens*3/100), Policies: 200}
}

const (
	fillBatch   = 5000
	keptChanges = 100_000
	never       = math.MaxInt64
)

// What a gateway over a filled store has to be configured with, as `environment` and `account` of the global option.
const (
	Environment = "abc12345"
	Account     = "f5ae6a4e-7e0e-4c3b-9d27-30c1d4b3a111"
)

// Start is when the first thing was made; each later one is made a second after the one before.
var Start = time.UnixMilli(1_700_000_000_000).UTC()

// TokenID is the identifier of token number n, from 0.
func TokenID(n int) string {
	random := rand.New(rand.NewPCG(uint64(n), 7)) //nolint:gosec // the same each time, and no secret
	return kind + "." + letters(random, 24)
}

// kind is the prefix of the tokens.
const kind = "dt0c01"

func letters(random *rand.Rand, length int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
	text := make([]byte, length)
	for i := range text {
		text[i] = alphabet[random.IntN(len(alphabet))]
	}
	return string(text)
}

// secretOf is the secret part of token number n. Anybody can make it: a filled store is no place for anything real.
func secretOf(n int) string {
	return letters(rand.New(rand.NewPCG(uint64(n), 8)), 64) //nolint:gosec // as above
}

// Token is the text of token number n, as a client sends it.
func Token(n int) string { return TokenID(n) + "." + secretOf(n) }

// Working is the number of a token that a gateway takes: the k-th, from 0, of those that never expire and are nobody's personal ones.
// They hold the scopes logs.read, metrics.ingest and metrics.read.
func Working(k int) int {
	residues := [...]int{1, 2, 4, 5, 7, 8, 11, 13, 14, 16, 17, 19, 22, 23, 25, 26, 28, 29} // of 30: every third expires, every tenth is personal
	return k/len(residues)*30 + residues[k%len(residues)]
}

// ForWorking is how many tokens a store has to have for k that work.
func ForWorking(k int) int { return Working(max(k-1, 0)) + 1 }

// fillUUID is number n of what has that digit.
func fillUUID(digit, n int) string { return fmt.Sprintf("%d0000000-0000-4000-8000-%012d", digit, n) }

// Batches is a whole store as rows, for storecopy.Fill.
func Batches(of Sizes) iter.Seq[storecopy.Batch] {
	return func(yield func(storecopy.Batch) bool) {
		f := filler{sizes: of, yield: yield, counts: map[count]int64{}}
		f.groups()
		f.users()
		f.policies()
		f.bindings()
		f.tokens()
		f.ends()
	}
}

// filler yields rows, until yield wants no more.
type filler struct {
	sizes    Sizes
	yield    func(storecopy.Batch) bool
	ended    bool
	revision int64
	head     audit.Digest
	counts   map[count]int64
}

// count is a row of one of the tables with the number of tokens.
type count struct {
	table, of string
	personal  int64
}

// table yields n rows, and as many rows of other tables as go with each.
func (f *filler) table(name string, columns []string, n int, row func(n int) []any) {
	for from := 0; from < n && !f.ended; from += fillBatch {
		b := storecopy.Batch{Table: name, Columns: columns}
		for i := from; i < min(n, from+fillBatch); i++ {
			b.Rows = append(b.Rows, row(i))
		}
		f.ended = f.ended || !f.yield(b)
	}
}

// changed yields the changes and the events of things that were made.
func (f *filler) changed(kind, action string, n int, id func(n int) string) {
	total := int64(f.sizes.Tokens + f.sizes.Users + f.sizes.Groups + f.sizes.Bindings + f.sizes.Policies)
	first := f.revision
	f.table("audit_events", []string{
		"id", "revision", "time", "environment", "actor", "origin", "decision", "action", "event_type", "category", "object", "failed", "message",
		"detail", "patch", "hash",
	}, n, func(n int) []any {
		f.revision++
		e := audit.Event{
			Time: Start.Add(time.Duration(f.revision) * time.Second), Environment: Environment, Actor: fmt.Sprint("admin-", n%20),
			Origin: "192.0.2.7", Action: action, Object: id(n), Revision: f.revision, Detail: fmt.Sprintf(`{"number":%d}`, n),
		}
		f.head = e.Chained(f.head)
		return []any{
			f.revision, f.revision, e.Time.UnixMilli(), e.Environment, e.Actor, e.Origin, "", e.Action, e.Type(), e.Category(), e.Object, int64(0), "",
			e.Detail, "", slices.Clone(f.head[:]),
		}
	})
	skip := min(int64(n), max(0, total-keptChanges-first)) // those that a store of this size has forgotten
	f.table("changes", []string{"revision", "kind", "id"}, n-int(skip), func(n int) []any {
		return []any{first + skip + int64(n) + 1, kind, id(n + int(skip))}
	})
}

func (f *filler) groups() {
	f.table("user_groups", []string{"uuid", "account_id", "name", "description", "federated_values", "owner", "permissions", "created"}, f.sizes.Groups,
		func(n int) []any {
			return []any{fillUUID(1, n), Account, fmt.Sprint("group ", n), "", "[]", "LOCAL", "[]", Start.UnixMilli()}
		})
	f.changed("group", "group.create", f.sizes.Groups, func(n int) string { return fillUUID(1, n) })
}

// users are in five groups each, or in as many as there are.
func (f *filler) users() {
	f.table("users", []string{"id", "account_id", "email", "service_user", "name", "description", "created"}, f.sizes.Users, func(n int) []any {
		return []any{fillUUID(2, n), Account, fmt.Sprintf("user-%d@example.org", n), int64(n % 10 / 9), fmt.Sprint("User ", n), "", Start.UnixMilli()}
	})
	in := min(5, f.sizes.Groups)
	f.table("memberships", []string{"user_id", "group_uuid"}, f.sizes.Users*in, func(n int) []any {
		return []any{fillUUID(2, n/in), fillUUID(1, (n/in+n%in)%f.sizes.Groups)}
	})
	f.changed("user", "user.create", f.sizes.Users, func(n int) string { return fillUUID(2, n) })
}

func (f *filler) policies() {
	f.table("policies", []string{"uuid", "level_type", "level_id", "name", "description", "tags", "statement", "shadow", "created"}, f.sizes.Policies,
		func(n int) []any {
			statement := fmt.Sprintf("ALLOW settings:objects:read, settings:schemas:read;\nALLOW settings:objects:write WHERE settings:schemaId = \"app:%d\";\n"+
				"ALLOW storage:logs:read WHERE storage:bucket-name STARTSWITH \"b%d\";", n, n)
			return []any{fillUUID(3, n), "account", Account, fmt.Sprint("policy ", n), "", "[]", statement, int64(0), Start.UnixMilli()}
		})
	f.changed("policy", "policy.create", f.sizes.Policies, func(n int) string { return fillUUID(3, n) })
}

// bindings give each group some of the policies, each once.
func (f *filler) bindings() {
	f.table("bindings", []string{"id", "level_type", "level_id", "policy_uuid", "group_uuid", "parameters", "metadata", "shadow", "created"},
		f.sizes.Bindings, func(n int) []any {
			group, policy := n%f.sizes.Groups, n/f.sizes.Groups
			policy = (group*31 + policy) % f.sizes.Policies
			return []any{fillUUID(4, n), "account", Account, fillUUID(3, policy), fillUUID(1, group), "{}", "{}", int64(0), Start.UnixMilli()}
		})
	f.changed("binding", "binding.create", f.sizes.Bindings, func(n int) string { return fillUUID(4, n) })
}

// OwnerOf is who token number n belongs to. There are a thousand owners.
func OwnerOf(n int) string { return fmt.Sprintf("owner-%d@example.org", n%1000) }

// personal is 1 for a tenth of the tokens.
func personal(n int) int64 { return int64(max(0, 1-n%10)) }

func madeAt(n int) int64 { return Start.UnixMilli() + int64(n)*1000 }

func (f *filler) tokens() {
	f.table("tokens", []string{
		"number", "id", "digest", "name", "owner", "environment", "kind", "cluster", "personal", "administrator", "staff", "legacy", "enabled", "seed",
		"activegate", "environments", "scopes", "networks", "created", "newest", "modified", "expires", "last_used", "last_used_ip",
	}, f.sizes.Tokens, f.token)
	for scope := range 4 {
		f.table("token_scopes", []string{"scope", "environment", "kind", "personal", "created", "id", "number"}, f.sizes.Tokens, func(n int) []any {
			return []any{scopeOf(n, scope), Environment, kind, personal(n), madeAt(n), TokenID(n), int64(n + 1)}
		})
	}
	f.changed("token", "token.create", f.sizes.Tokens, TokenID)
	f.countTables()
}

// scopeOf is the scope in one of four places. All tokens have the first three; the fourth divides them into halves.
func scopeOf(n, place int) string {
	if place == 3 && n%4 < 2 {
		return "traces.read"
	}
	return []string{"logs.read", "metrics.ingest", "metrics.read", "entities.read"}[place]
}

func (f *filler) token(n int) []any {
	id := TokenID(n)
	digest := tokens.DigestOf(secretOf(n))
	scopes := make([]string, 4)
	for i := range scopes {
		scopes[i] = scopeOf(n, i)
		f.counts[count{"token_scope_counts", scopes[i], personal(n)}]++
	}
	f.counts[count{"token_counts", "", personal(n)}]++
	f.counts[count{"token_owner_counts", OwnerOf(n), personal(n)}]++
	slices.Sort(scopes)
	text, _ := json.Marshal(scopes) // a list of texts always can be
	expires, used, from := int64(never), int64(-never), ""
	if n%3 == 0 {
		expires = madeAt(n) + 365*24*time.Hour.Milliseconds()
	}
	if n%2 == 0 {
		used, from = madeAt(n)+int64(n%1_000_000)*1000, "192.0.2.1"
	}
	return []any{
		int64(n + 1), id, digest[:], fmt.Sprintf("ci-%06x", n*7919%(1<<24)), OwnerOf(n), Environment, kind, int64(0), personal(n), int64(0), int64(0), int64(0),
		int64(1), int64(0), "", "[]", string(text), "[]", madeAt(n), -madeAt(n), int64(-never), expires, used, from,
	}
}

func (f *filler) countTables() {
	rows := map[string][][]any{}
	for c, n := range f.counts {
		rows[c.table] = append(rows[c.table], []any{Environment, kind, c.personal, n, c.of})
	}
	for name, column := range map[string][]string{"token_counts": nil, "token_owner_counts": {"owner"}, "token_scope_counts": {"scope"}} {
		columns := append([]string{"environment", "kind", "personal", "n"}, column...)
		f.table(name, columns, len(rows[name]), func(n int) []any { return rows[name][n][:len(columns)] })
	}
}

// ends are the two rows that say how far the store is.
func (f *filler) ends() {
	f.table("audit_head", []string{"one", "before", "last", "outcomes", "hash"}, 1, func(int) []any {
		return []any{int64(1), int64(0), f.revision, int64(0), slices.Clone(f.head[:])}
	})
	f.table("store_state", []string{"only_row", "revision"}, 1, func(int) []any { return []any{int64(1), f.revision} })
}
