package console

// Patterns are those of all pages.
func (c *Console) Patterns() []string { return c.patterns }

// What tests of single rules look at.
var (
	OwnPath   = ownPath
	MemberOf  = memberOf
	Number    = number
	Cell      = cell
	SectionOf = sectionOf
)

// MaxExported is the bound of an export.
const MaxExported = maxExported
