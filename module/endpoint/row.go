package endpoint

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/doorward/doorward/module/attribute"
	"github.com/doorward/doorward/tokens/scope"
)

// maxAlternatives bounds each list of one row; the embedded rows have at most 4.
const maxAlternatives = 200

// compile parses the row's pattern and checks that what the row says holds together. It is the one gate for rows of all
// sources: catalogue files pass it when they are parsed, so that errors have lines, and every row passes it in Build, where
// the lines of its layer complete it.
func (e *Endpoint) compile(lines remoteLines) (Pattern, error) {
	p, err := ParsePattern(e.Method + " " + e.Template)
	if err != nil {
		return p, err
	}
	p.Origin = e.Origin
	lines.complete(e, p)
	for _, check := range []func(Pattern) error{e.checkRule, e.checkLists, e.checkPath, e.checkAsk, e.checkRemote} {
		if err := check(p); err != nil {
			return p, fmt.Errorf("%s: %w", p, err)
		}
	}
	return p, nil
}

// checkRule makes sure that the row says exactly one thing about who may pass. Contradictions are errors and not
// resolved by a precedence that an operator would have to know. AnyToken with OAuthScopes is no contradiction: they speak
// of different credentials.
func (e *Endpoint) checkRule(Pattern) error {
	scoped := len(e.Scopes) > 0 || len(e.OAuthScopes) > 0
	switch {
	case e.Public && (e.AnyToken || e.BearerOnly || scoped):
		return fmt.Errorf("public means that no credential is asked for; remove public, or what else the row asks for")
	case e.AnyToken && len(e.Scopes) > 0:
		return fmt.Errorf("any_token passes every token, so scopes would never be read; remove one of the two")
	case e.BearerOnly && len(e.Scopes) > 0:
		return fmt.Errorf("bearer_only never reads scopes; write them as oauth_scopes")
	case e.OwnCredentials && !e.Public:
		return fmt.Errorf("own_credentials leaves the question who asks to the endpoint, so the row must be public as well")
	case !e.Public && !e.AnyToken && !scoped:
		return fmt.Errorf("nobody could pass; expected scopes, oauth_scopes, any_token or public")
	}
	return nil
}

// checkLists looks at the texts that later stand in headers and messages. The alphabet of a scope has no quote, comma or
// line break, so that no catalogue can forge a parameter of WWW-Authenticate.
func (e *Endpoint) checkLists(Pattern) error {
	lists := []struct {
		key    string
		values []string
	}{{"scopes", e.Scopes}, {"oauth_scopes", e.OAuthScopes}, {"permissions", e.Permissions}}
	for _, list := range lists {
		if len(list.values) > maxAlternatives {
			return fmt.Errorf("%d %s, at most %d are allowed", len(list.values), list.key, maxAlternatives)
		}
		for i, value := range list.values {
			if !scope.Valid(value) {
				return fmt.Errorf("%s: %.140q is malformed; expected letters, digits and . _ : / -", list.key, value)
			}
			if slices.Contains(list.values[:i], value) {
				return fmt.Errorf("%s: %q occurs twice", list.key, value)
			}
		}
	}
	return nil
}

// checkPath finds rows that the gate could never let anybody reach, and opt-ins that name nothing.
func (e *Endpoint) checkPath(p Pattern) error {
	names := p.Names()
	for _, name := range e.SlashParams {
		if !slices.Contains(names, name) {
			return fmt.Errorf("encoded_slash: the path has no parameter {%s}", name)
		}
	}
	if e.EncodedSlash && len(names) == 0 {
		return fmt.Errorf("encoded_slash: the path has no parameter")
	}
	for _, s := range p.segments {
		if strings.Contains(s.text, ";") && !e.Semicolon {
			return fmt.Errorf("the path holds ';', which is refused unless the row says semicolon")
		}
		if strings.ContainsFunc(s.text, func(r rune) bool { return r >= utf8.RuneSelf }) && !e.NonASCII {
			return fmt.Errorf("the path holds characters beyond ASCII, which are refused unless the row says non_ascii")
		}
	}
	return nil
}

// checkAsk compiles what the policies are asked. A request without a credential stands for nobody, so there is nobody
// whose policies could be asked.
func (e *Endpoint) checkAsk(p Pattern) error {
	if e.Ask == nil {
		return nil
	}
	if e.Public {
		return fmt.Errorf("public means that nobody is asked for; remove public, or permission")
	}
	_, err := attribute.Compile(e.Ask, p.Names())
	return err
}

// finish fills in what the gate needs while it answers a request. Refusals are made here once, because a client that
// was refused may come back often, and must not cost more than one that was let in.
func (e *Endpoint) finish(p Pattern, known *scope.Catalog) {
	e.Pattern = p.String()
	e.Params = p.Names()
	if e.EncodedSlash && len(e.SlashParams) == 0 {
		e.SlashParams = e.Params
	}
	e.EncodedSlash = len(e.SlashParams) > 0
	e.ScopeParameter = strings.Join(e.Scopes, " ")
	e.OAuthScopeParameter = strings.Join(e.OAuthScopes, " ")
	if e.Ask != nil {
		// compile admitted the rule, and an alias has the parameters of its row.
		e.Plan, _ = attribute.Compile(e.Ask, e.Params)
	}
	e.ClusterScopes = nil
	labels := make([]string, len(e.Scopes))
	for i, value := range e.Scopes {
		s, _ := known.Lookup(value)
		labels[i] = value
		if s.Name != "" {
			labels[i] = value + " (" + s.Name + ")"
		}
		if s.Cluster {
			e.ClusterScopes = append(e.ClusterScopes, value)
		}
	}
	e.MissingScope = missing("Token is missing required scope. Use one of: ", labels, "")
	e.MissingScopePlain = missing("Token is missing required scope. Use one of: ", e.Scopes, "")
	e.MissingOAuthScope = missing("OAuth token is missing required scope. Use one of: [", e.OAuthScopes, "]")
}

// missing is the refusal that names the alternatives, "" where there are none. Existing clients match its beginning.
func missing(before string, alternatives []string, after string) string {
	if len(alternatives) == 0 {
		return ""
	}
	return before + strings.Join(alternatives, ", ") + after
}
