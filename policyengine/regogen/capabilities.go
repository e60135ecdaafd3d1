package regogen

import (
	"slices"
	"sync"

	"github.com/open-policy-agent/opa/v1/ast"
)

// builtins are the functions that rules are made of. Rules can name no others: nothing that reaches the network, the
// clock, the environment or chance.
var builtins = []*ast.Builtin{
	ast.Equality, ast.Equal, ast.NotEqual, ast.LessThan, ast.GreaterThan, ast.GreaterThanEq,
	ast.Member, ast.StartsWith, ast.EndsWith, ast.AnyPrefixMatch, ast.GlobMatch, ast.GlobQuoteMeta, ast.Concat,
	ast.IsString, ast.Plus, ast.Rem,
}

// Capabilities is what OPA may do for the rules. With it, `opa check --capabilities` accepts every module of this
// package, and nothing that could act on the world.
func Capabilities() *ast.Capabilities { return capabilities() }

var capabilities = sync.OnceValue(func() *ast.Capabilities {
	all := ast.CapabilitiesForThisVersion(ast.CapabilitiesRegoVersion(ast.RegoV1))
	return &ast.Capabilities{
		Builtins: slices.DeleteFunc(slices.Clone(all.Builtins), func(b *ast.Builtin) bool {
			return !slices.ContainsFunc(builtins, func(used *ast.Builtin) bool { return used.Name == b.Name })
		}),
		Features: all.Features,
		AllowNet: []string{},
	}
})
