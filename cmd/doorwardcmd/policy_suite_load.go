package doorwardcmd

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/doorward/doorward/module"
	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/catalog"
	"github.com/doorward/doorward/policyengine/pap"
)

// question is a request of a suite, ready to be asked.
type question struct {
	suiteRequest
	pos     ast.Position
	request policyengine.Request
	timed   bool // the suite says when it is asked
}

// loader turns a suite into what the engine takes. It goes on after an error, so that all are told at once; one of them is
// enough for nothing to be asked.
type loader struct {
	file       string
	suite      *suite
	catalog    *catalog.Catalog
	now        time.Time // of requests for which nothing is said
	found      ast.Diagnostics
	texts      []judged // of the policies and boundaries
	boundaries map[string]bind.Boundary
	groups     map[string]bool
	policies   map[string]bool
	bindings   []policyengine.Binding
	questions  []question
}

// load reads everything that the suite names. The result is not to be used when there are errors.
func (l *loader) load() {
	s := l.suite
	s.Account = cmp.Or(s.Account, module.DefaultAccount)
	s.Environment = cmp.Or(s.Environment, module.DefaultEnvironment)
	l.boundaries, l.groups, l.policies = map[string]bind.Boundary{}, map[string]bool{}, map[string]bool{}
	if !l.loadCatalogs() {
		return
	}
	for _, name := range slices.Sorted(maps.Keys(s.Boundaries)) {
		l.boundary(name, s.Boundaries[name])
	}
	for i, p := range s.Policies {
		l.policy(i, p)
	}
	l.knowGroups(s.Groups)
	for _, u := range s.Users {
		l.knowGroups(u.Groups)
	}
	for i, r := range s.Requests {
		l.request(i, r)
	}
}

func (l *loader) fail(pos ast.Position, suggestion, format string, values ...any) {
	l.found.Add(ast.Diagnostic{Pos: pos, Code: "bad-suite", Message: fmt.Sprintf(format, values...), Suggestion: suggestion})
}

// nearest is the key that a misspelt one most likely meant; the same one every time.
func nearest[V any](word string, known map[string]V) string {
	return ast.Nearest(word, slices.Values(slices.Sorted(maps.Keys(known))))
}

func (l *loader) knowGroups(groups []string) {
	for _, g := range groups {
		l.groups[g] = true
	}
}

func (l *loader) loadCatalogs() bool {
	for i, file := range l.suite.Catalogs {
		source, err := readFile(l.beside(file), maxText)
		if err == nil {
			var merged *catalog.Catalog
			if merged, err = l.catalog.Merge(source); err == nil {
				l.catalog = merged
				continue
			}
		}
		l.fail(l.suite.place("catalogs", i, ""), "", "the catalogue %s: %v", file, err)
		return false
	}
	return true
}

// beside is a path that is seen from the suite's folder.
func (l *loader) beside(file string) string {
	if filepath.IsAbs(file) {
		return file
	}
	return filepath.Join(filepath.Dir(l.file), file)
}

// suiteSource is a text, the file that it stands in, and what it is called where that file has several.
type suiteSource struct {
	namedText
	part string
}

// text is what a suite gives for a policy or boundary.
func (l *loader) text(pos ast.Position, name string, t suiteText) (suiteSource, bool) {
	switch {
	case (t.Text == "") == (t.File == ""):
		l.fail(pos, "", "%s has either a text or a file", name)
		return suiteSource{}, false
	case t.Text != "":
		return suiteSource{namedText{l.file, t.Text}, name}, true
	}
	file := l.beside(t.File)
	text, err := readFile(file, maxText)
	if err != nil {
		l.fail(pos, "", "%s cannot be read: %v", name, err)
		return suiteSource{}, false
	}
	return suiteSource{namedText{file, string(text)}, ""}, true
}

func (l *loader) judge(s suiteSource, found ast.Diagnostics) {
	if len(found) == 0 {
		return
	}
	for i := range found {
		found[i].Source = cmp.Or(found[i].Source, s.part)
	}
	l.texts = append(l.texts, judgedText(s.name, found))
}

func (l *loader) boundary(name string, t suiteText) {
	source, ok := l.text(ast.Position{Line: 1, Column: 1}, "boundary "+name, t)
	if !ok {
		return
	}
	tree, found := module.ReadBoundaryText(source.text, l.catalog)
	l.judge(source, found)
	l.boundaries[name] = bind.Boundary{ID: name, Name: name, Tree: tree}
}

// policy reads a policy and binds it to its groups.
func (l *loader) policy(index int, p suitePolicy) {
	pos := l.suite.place("policies", index, "name")
	p.Name = cmp.Or(p.Name, p.Builtin)
	switch {
	case p.Name == "":
		l.fail(pos, "", "a policy has a name")
		return
	case l.policies[p.Name]:
		l.fail(pos, "", "there is a policy %q already", p.Name)
		return
	case p.Name == reasonDefault:
		l.fail(pos, "", "no policy is called %q, which stands for a refusal that no policy asks for", reasonDefault)
		return
	case len(p.Groups) == 0:
		l.fail(pos, "", "policy %q is bound to no groups", p.Name)
	}
	l.policies[p.Name] = true
	l.knowGroups(p.Groups)
	policy, source, ok := l.tree(pos, p)
	boundaries, known := l.namedBoundaries(index, p.Boundaries)
	if !ok || !known {
		return
	}
	bound, found := bind.Bind(policy, p.Parameters, boundaries, l.catalog)
	l.judge(source, found)
	if bound == nil {
		return
	}
	for _, group := range p.Groups {
		b := policyengine.Binding{Group: group, Level: bind.Account, LevelID: l.suite.Account, Statements: bound.Statements}
		if p.Environment != "" {
			b.Level, b.LevelID = bind.Environment, p.Environment
		}
		l.bindings = append(l.bindings, b)
	}
}

// tree reads a policy's text.
func (l *loader) tree(pos ast.Position, p suitePolicy) (policy bind.Policy, source suiteSource, ok bool) {
	policy = bind.Policy{ID: p.Name, Name: p.Name, Level: bind.Account, LevelID: l.suite.Account}
	if p.Builtin == "" {
		if source, ok = l.text(pos, fmt.Sprintf("policy %q", p.Name), p.suiteText); !ok {
			return policy, source, false
		}
	} else {
		known := map[string]string{}
		for _, b := range pap.BuiltIn() {
			known[b.Name] = b.Statement
		}
		text, isKnown := known[p.Builtin]
		if !isKnown || p.Text != "" || p.File != "" {
			l.fail(pos, nearest(p.Builtin, known), "builtin is the name of a global policy, and stands in place of a text or a file")
			return policy, source, false
		}
		policy.Level, policy.LevelID = pap.GlobalLevel.Type, pap.GlobalLevel.ID
		source = suiteSource{namedText{l.file, text}, p.Builtin}
	}
	tree, found := module.ReadPolicyText(source.text, l.catalog)
	l.judge(source, found)
	policy.Tree = tree
	return policy, source, tree != nil
}

func (l *loader) namedBoundaries(index int, names []string) (boundaries []bind.Boundary, ok bool) {
	ok = true
	for _, name := range names {
		b, known := l.boundaries[name]
		if !known {
			l.fail(l.suite.place("policies", index, "boundaries"), nearest(name, l.boundaries), "there is no boundary %q", name)
		}
		ok = ok && known && b.Tree != nil
		boundaries = append(boundaries, b)
	}
	return boundaries, ok
}

// request makes a question of a request. Names that nothing else in the suite knows are errors: whoever is asked about a
// misspelt group or permission is refused, and a test that expects a refusal would pass for the wrong reason.
func (l *loader) request(index int, r suiteRequest) {
	at := func(key string) ast.Position { return l.suite.place("requests", index, key) }
	if r.Expect != "allow" && r.Expect != "deny" {
		l.fail(at("expect"), "", "expect is allow or deny")
	}
	if r.Reason != "" && r.Reason != reasonDefault && !l.policies[r.Reason] {
		l.fail(at("reason"), nearest(r.Reason, l.policies),
			"reason is the name of a policy, or %q where no policy decides", reasonDefault)
	}
	if _, known := l.catalog.Permission(r.Permission); !known {
		l.fail(at("permission"), ast.Nearest(r.Permission, l.permissionNames()), "the catalogue has no permission %q", r.Permission)
	}
	q := question{suiteRequest: r, pos: at(""), request: policyengine.Request{
		Account: l.suite.Account, Environment: cmp.Or(r.Environment, l.suite.Environment), Permission: r.Permission,
		Subject: l.subject(r, at), Attributes: l.attributes(r, at),
	}}
	q.Name = cmp.Or(q.Name, fmt.Sprintf("%s by %s", r.Permission, cmp.Or(r.User, strings.Join(r.Groups, ", "))))
	q.request.Now, q.timed = l.moment(r, at)
	l.questions = append(l.questions, q)
}

func (l *loader) permissionNames() func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for p := range l.catalog.Permissions() {
			if !yield(p.Name) {
				return
			}
		}
	}
}

func (l *loader) subject(r suiteRequest, at func(string) ast.Position) policyengine.Subject {
	u, known := l.suite.Users[r.User]
	switch {
	case r.User == "" && len(r.Groups) == 0:
		l.fail(at(""), "", "the request names neither a user nor groups")
	case r.User != "" && !known:
		l.fail(at("user"), nearest(r.User, l.suite.Users), "there is no user %q; list every user under users", r.User)
	}
	for _, g := range r.Groups {
		if !l.groups[g] {
			l.fail(at("groups"), nearest(g, l.groups),
				"nothing is bound to a group %q; list it under groups if that is meant", g)
		}
	}
	_, domain, _ := strings.Cut(r.User, "@")
	return policyengine.Subject{
		User: cmp.Or(u.ID, r.User), UserDomain: cmp.Or(u.Domain, domain), Groups: slices.Concat(u.Groups, r.Groups),
	}
}

// attributes are those of the request, by name. Those of the subject and the clock have fields of their own.
func (l *loader) attributes(r suiteRequest, at func(string) ast.Position) []policyengine.Attribute {
	var attributes []policyengine.Attribute
	for _, name := range slices.Sorted(maps.Keys(r.Attributes)) {
		p, known := l.catalog.Permission(r.Permission)
		_, global := l.catalog.Global(name)
		_, supported := p.Conditions[name]
		switch {
		case global:
			l.fail(at("attributes"), "", "%s is not an attribute of the request; say it by user, groups, environment or now", name)
		case known && !supported && name != "global:levelId":
			l.fail(at("attributes"), nearest(name, p.Conditions), "%s has no attribute %s", r.Permission, name)
		}
		a := r.Attributes[name]
		attributes = append(attributes, policyengine.Attribute{Name: name, Values: a.values, Known: a.known, List: a.list})
	}
	return attributes
}

// moment is when a request is asked, and whether the suite says so.
func (l *loader) moment(r suiteRequest, at func(string) ast.Position) (time.Time, bool) {
	text := cmp.Or(r.Now, l.suite.Now)
	if text == "" {
		return l.now, false
	}
	now, err := time.Parse(time.RFC3339, text)
	if err != nil {
		l.fail(at("now"), "", "now is a time such as 2026-05-04T09:00:00Z")
	}
	return now, true
}
