package ast

import "strings"

// width is the column after which a printed statement is broken over several lines.
const width = 100

// Print returns the canonical text of a policy: one statement a line, keywords in capitals, double quotes, comments in
// their places; long statements are broken after commas and before AND. Parsing it gives the same tree but for
// positions.
func Print(p *Policy) string {
	var b strings.Builder
	for _, s := range p.Statements {
		printCommented(&b, s.Comments, s.layout())
	}
	printComments(&b, p.Tail)
	return b.String()
}

// PrintBoundary is the canonical text of a boundary, one condition a line.
func PrintBoundary(p *Boundary) string {
	var b strings.Builder
	for _, r := range p.Restrictions {
		printCommented(&b, r.Comments, r.Condition.layout(""))
	}
	printComments(&b, p.Tail)
	return b.String()
}

// printCommented ends a statement or restriction with its semicolon, which is always written.
func printCommented(b *strings.Builder, c Comments, text string) {
	printComments(b, c.Before)
	b.WriteString(text)
	b.WriteByte(';')
	if c.After != "" {
		b.WriteByte(' ')
		printComments(b, []string{c.After})
		return
	}
	b.WriteByte('\n')
}

// printComments writes each comment as a line of its own. A newline inside one would let the rest of it be read as
// policy text, so it becomes a blank whoever put it there.
func printComments(b *strings.Builder, comments []string) {
	for _, c := range comments {
		line := "// " + strings.ReplaceAll(c, "\n", " ")
		b.WriteString(strings.TrimRight(line, " \t\r"))
		b.WriteByte('\n')
	}
}

// layout is the statement on one line if that is short enough, else on several; without the semicolon.
func (s *Statement) layout() string {
	if line := s.String(); len(line) < width {
		return line
	}
	var b strings.Builder
	b.WriteString(s.Effect.String())
	for i, p := range s.Permissions {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(permissionBreak(len(s.Permissions)) + p.Name)
	}
	keyword := "WHERE "
	for _, c := range s.Conditions {
		b.WriteString("\n  " + keyword + c.layout("  "))
		keyword = "AND "
	}
	return b.String()
}

// permissionBreak keeps a single permission beside its effect, and gives each of several a line.
func permissionBreak(permissions int) string {
	if permissions == 1 {
		return " "
	}
	return "\n  "
}

// layout is the condition on one line if that is short enough, else with a line for each value.
func (c *Condition) layout(indent string) string {
	line := c.String()
	if len(line) < width || !c.Operator.List() {
		return line
	}
	var b strings.Builder
	b.WriteString(c.Name + " " + c.Operator.String() + " (")
	for i, v := range c.Values {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n" + indent + "  " + v.String())
	}
	b.WriteString("\n" + indent + ")")
	return b.String()
}

// String is the statement on one line, without comments and semicolon.
func (s *Statement) String() string {
	var b strings.Builder
	b.WriteString(s.Effect.String() + " ")
	for i, p := range s.Permissions {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(p.Name)
	}
	keyword := " WHERE "
	for _, c := range s.Conditions {
		b.WriteString(keyword + c.String())
		keyword = " AND "
	}
	return b.String()
}

// String is the condition on one line.
func (c *Condition) String() string {
	var b strings.Builder
	b.WriteString(c.Name + " " + c.Operator.String() + " ")
	if c.Operator.List() {
		b.WriteByte('(')
	}
	for i, v := range c.Values {
		if i > 0 {
			b.WriteString(", ")
		}
		v.print(&b)
	}
	if c.Operator.List() {
		b.WriteByte(')')
	}
	return b.String()
}

// String is the value in double quotes.
func (v *Value) String() string {
	var b strings.Builder
	v.print(&b)
	return b.String()
}

// escaper makes text fit between double quotes. A single quote needs nothing there, and everything else that could end
// a value is not [PlainText].
var escaper = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

func (v *Value) print(b *strings.Builder) {
	b.WriteByte('"')
	for _, p := range v.Parts {
		switch p := p.(type) {
		case Text:
			b.WriteString(escaper.Replace(p.Text))
		case BindParam:
			b.WriteString("${bindParam:" + p.Name + "}")
		case Global:
			b.WriteString("${global:" + p.Name + "}")
		}
	}
	b.WriteByte('"')
}
