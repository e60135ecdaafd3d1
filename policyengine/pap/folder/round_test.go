package folder_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine/pap"
)

var background = context.Background()

// nasty are texts that mean something to YAML, to a file system, or to the form of a header.
var nasty = []string{
	"no", "null", "~", "1.10", "- a", "a: b", "{x}", "*a", "&a", "!!binary aGk=", "<<", "? x", "| x", "'", `"`, `\`, "#", "a #b", "%",
	"../../etc/passwd", "..", "/", "con", "CON.x", "aux", "a.policy", ".hidden", "README.md", "Büro", "Bu\u0308ro", "日本", "a~b", "//", "// ---",
	"x", "X", "nul.txt", "trailing.", "two  blanks", "-", "@", "`", "=", "0x1", "a\u00a0b", "😀",
}

func names(t *rapid.T, label string) []string {
	return rapid.SliceOfNDistinct(rapid.OneOf(rapid.SampledFrom(nasty), rapid.StringMatching(`[ -~]{0,30}[!-~]`)), 1, 5,
		strings.TrimSpace).Filter(func(all []string) bool {
		return !slices.ContainsFunc(all, func(s string) bool { return strings.TrimSpace(s) != s })
	}).Draw(t, label)
}

// lines may have any character that a description may.
var lines = rapid.OneOf(rapid.Just(""), rapid.SampledFrom(nasty), rapid.StringMatching("[ -~\n\t\r]{0,40}"))

var anything = rapid.OneOf(rapid.String(), rapid.SampledFrom(nasty), rapid.Just("\x00\x1b\u2028\ufeff\ufffe\x7f\u0085"))

var pairs = rapid.OneOf(rapid.Just(map[string]string(nil)), rapid.MapOfN(rapid.OneOf(anything, rapid.Just(strings.Repeat("k", 2000))), anything, 1, 3))

// fill makes a store with everything that a folder can say.
func (d *desk) fill(t *rapid.T) {
	flag := rapid.Bool()
	var boundaries, groups []string
	for _, name := range names(t, "boundaries") {
		text := rapid.SampledFrom([]string{`settings:schemaId = "a";`, "// ---\n// x\r\nsettings:scope = \"b\";\r\n"}).Draw(t, "query")
		b, _, err := d.CreateBoundary(background, "ann", account, "", pap.BoundaryAttributes{Name: name, Query: text, Metadata: pairs.Draw(t, "metadata")})
		d.must(err)
		boundaries = append(boundaries, b.UUID)
	}
	policies := map[pap.Level][]string{}
	for _, level := range []pap.Level{pap.AccountLevel(account), pap.EnvironmentLevel("prod"), pap.EnvironmentLevel(".b_c-1")} {
		for _, name := range names(t, "policies") {
			text := rapid.SampledFrom([]string{
				"ALLOW settings:objects:read;", "// ---\nALLOW settings:objects:write;\n", "// ---\r\n// ---\r\nDENY settings:objects:write;\r\n\r\n",
				`ALLOW settings:objects:read WHERE settings:schemaId = "${bindParam:p}";`,
			}).Draw(t, "text")
			a := pap.PolicyAttributes{
				Name: name, Description: lines.Draw(t, "description"), Statement: text, Shadow: new(flag.Draw(t, "shadow")),
				Tags: rapid.SliceOfN(rapid.SampledFrom(nasty), 0, 3).Draw(t, "tags"),
			}
			p, _, err := d.CreatePolicy(background, "ann", level, "", a)
			d.must(err)
			policies[level] = append(policies[level], p.UUID)
		}
	}
	for _, name := range names(t, "groups") {
		g, err := d.CreateGroup(background, "ann", account, pap.GroupAttributes{
			Name: name, Description: lines.Draw(t, "description"), FederatedValues: rapid.SliceOfN(rapid.SampledFrom(nasty), 0, 3).Draw(t, "federated"),
			Owner: rapid.SampledFrom([]pap.Owner{"", pap.OwnerSCIM}).Draw(t, "owner"),
		})
		d.must(err)
		groups = append(groups, g.UUID)
	}
	for level, own := range policies {
		bindable := slices.Concat(own, policies[pap.AccountLevel(account)], []string{pap.BuiltIn()[0].UUID})
		for range rapid.IntRange(0, 6).Draw(t, "bindings") {
			uuid := rapid.SampledFrom(bindable).Draw(t, "policy")
			terms := pap.Terms{Metadata: pairs.Draw(t, "metadata"), Shadow: new(flag.Draw(t, "shadow"))}
			if p, err := d.store.Policy(background, uuid); err == nil && strings.Contains(p.Statement, "bindParam") {
				terms.Parameters = map[string]string{"p": anything.Filter(func(s string) bool { return s != "" }).Draw(t, "parameter")}
			}
			if flag.Draw(t, "bounded") {
				terms.Boundaries = []string{rapid.SampledFrom(boundaries).Draw(t, "boundary")}
			}
			r := pap.BindRequest{Level: level, Policy: uuid, Groups: []string{rapid.SampledFrom(groups).Draw(t, "group")}, Terms: terms}
			// What is there already, or cannot be bound so, is not what this is about.
			_, _, _ = d.Bind(background, "ann", r)
		}
	}
}

// What comes out of a store and goes into an empty one comes out again byte by byte, and what goes into the store it comes
// from changes nothing.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := newDesk(t)
		d.fill(t)
		files := d.export(false)
		revision := len(d.store.Events())
		d.apply(files, true)
		d.apply(d.export(true), true)
		if after := len(d.store.Events()); after != revision {
			t.Fatalf("%d changes by a folder that says what is there: %q", after-revision, d.actions)
		}
		other := newDesk(t)
		other.apply(files, rapid.Bool().Draw(t, "prune"))
		if diff := cmp.Diff(files, other.export(false)); diff != "" {
			t.Fatalf("files (-first +second):\n%s", diff)
		}
		other.apply(files, true)
		other.wantActions()
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if strings.Contains("/"+name+"/", "/../") || strings.HasPrefix(name, "/") || len(name) > 200 {
				t.Fatalf("a file outside of the folder, or with a name too long: %s", fmt.Sprintf("%q", name))
			}
		}
	})
}

// From any store to any other: a pruning folder leaves nothing of what was there before, or refuses as a whole.
func TestPrune_AnyToAny(t *testing.T) {
	refusals := []string{"stay the same while it is bound", "the owner of a group", "It is bound to group"}
	rapid.Check(t, func(t *rapid.T) {
		d, other := newDesk(t), newDesk(t)
		d.fill(t)
		other.fill(t)
		files, before := other.export(false), d.export(true)
		plan, said := d.prepare(files, true)
		if plan == nil {
			if !slices.ContainsFunc(refusals, func(part string) bool { return strings.Contains(said, part) }) {
				t.Fatal(said)
			}
			if diff := cmp.Diff(before, d.export(true)); diff != "" {
				t.Fatalf("a refused folder has changed the store (-before +after):\n%s", diff)
			}
			return
		}
		d.apply(files, true)
		if diff := cmp.Diff(files, d.export(false)); diff != "" {
			t.Fatalf("files (-folder +store):\n%s", diff)
		}
	})
}
