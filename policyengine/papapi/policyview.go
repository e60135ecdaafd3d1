package papapi

import (
	"strings"

	"github.com/doorward/doorward/policyengine/ast"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/pap"
	"github.com/doorward/doorward/policyengine/parser"
)

// policyStub is a policy in a listing, which never has its text.
type policyStub struct {
	UUID        string `json:"uuid"`
	Name        string `json:"name"`
	Description string `json:"description"`
	Shadow      bool   `json:"shadow,omitempty"`
}

func stubOf(p pap.Policy) policyStub { return policyStub{p.UUID, p.Name, p.Description, p.Shadow} }

// policyOverview is a policy in the listing of what a level inherits.
type policyOverview struct {
	policyStub
	LevelType string `json:"levelType"`
	LevelID   string `json:"levelId"`
}

// policyView is a policy by itself. Clients refuse one that lacks any of these members.
type policyView struct {
	UUID        string          `json:"uuid"`
	Name        string          `json:"name"`
	Tags        []string        `json:"tags"`
	Description string          `json:"description"`
	Statement   string          `json:"statementQuery"`
	Statements  []statementView `json:"statements"`
	Shadow      bool            `json:"shadow,omitempty"`
}

type statementView struct {
	Effect      ast.Effect      `json:"effect"`
	Permissions []string        `json:"permissions"`
	Conditions  []conditionView `json:"conditions"` // null where there are none
}

type conditionView struct {
	Name     string   `json:"name"`
	Operator string   `json:"operator"`
	Values   []string `json:"values"`
}

// viewOf is a policy with its statements taken apart. A text that cannot be read any more has none.
func viewOf(p pap.Policy) policyView {
	v := policyView{
		UUID: p.UUID, Name: p.Name, Tags: list(p.Tags), Description: p.Description, Statement: p.Statement,
		Statements: []statementView{}, Shadow: p.Shadow,
	}
	tree, _ := parser.ParsePolicy(p.Statement)
	if tree == nil {
		return v
	}
	for _, s := range tree.Statements {
		statement := statementView{Effect: s.Effect}
		for _, permission := range s.Permissions {
			statement.Permissions = append(statement.Permissions, permission.Name)
		}
		for _, condition := range s.Conditions {
			statement.Conditions = append(statement.Conditions, conditionOf(condition))
		}
		v.Statements = append(v.Statements, statement)
	}
	return v
}

func conditionOf(c *ast.Condition) conditionView {
	v := conditionView{Name: c.Name, Operator: c.Operator.Code(), Values: []string{}}
	for _, value := range c.Values {
		v.Values = append(v.Values, plain(value.Parts))
	}
	return v
}

// boundCondition is a condition as it is decided by, without parameters.
func boundCondition(c *bind.Condition) conditionView {
	v := conditionView{Name: c.Name, Operator: c.Operator.Code(), Values: []string{}}
	for _, o := range c.Operands {
		v.Values = append(v.Values, plain(o.Parts))
	}
	return v
}

// plain is a value without quotes and escapes; what is filled in later stands for itself.
func plain(parts []ast.Part) string {
	var b strings.Builder
	for _, part := range parts {
		switch part := part.(type) {
		case ast.Text:
			b.WriteString(part.Text)
		case ast.BindParam:
			b.WriteString("${bindParam:" + part.Name + "}")
		case ast.Global:
			b.WriteString("${global:" + part.Name + "}")
		}
	}
	return b.String()
}

// list is never null in an answer.
func list[T any](values []T) []T {
	if values == nil {
		return []T{}
	}
	return values
}
