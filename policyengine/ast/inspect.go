package ast

import "fmt"

// Inspect calls visit for a node and then, if visit says so, for the nodes below it, in the order of the text.
func Inspect(n Node, visit func(Node) bool) {
	if !visit(n) {
		return
	}
	switch n := n.(type) {
	case *Policy:
		inspectAll(n.Statements, visit)
	case *Boundary:
		inspectAll(n.Restrictions, visit)
	case *Statement:
		inspectAll(n.Permissions, visit)
		inspectAll(n.Conditions, visit)
	case *Restriction:
		Inspect(n.Condition, visit)
	case *Condition:
		inspectAll(n.Values, visit)
	case *Value:
		inspectAll(n.Parts, visit)
	case *Permission, Text, BindParam, Global:
	default:
		panic(fmt.Sprintf("ast: unknown node %T", n))
	}
}

func inspectAll[N Node](nodes []N, visit func(Node) bool) {
	for _, n := range nodes {
		Inspect(n, visit)
	}
}

// BindParams returns the names of the parameters that a node uses, each once, in the order of first use. A bound policy
// may only be edited while this set stays as it is.
func BindParams(n Node) []string {
	var names []string
	seen := map[string]bool{}
	Inspect(n, func(n Node) bool {
		if p, ok := n.(BindParam); ok && !seen[p.Name] {
			seen[p.Name] = true
			names = append(names, p.Name)
		}
		return true
	})
	return names
}
