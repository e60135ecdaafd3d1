package sqlstore

import (
	"context"

	"github.com/doorward/doorward/tokens"
)

// partition is what every index of listings begins with. The tokens of a query are in one partition or in a few, and a
// page is merged from theirs.
type partition struct {
	environment, kind string
	personal          bool
}

// maxArms bounds how many ordered lists one statement merges; SQLite takes 500. A query about more of them, that is about
// all of more than fifty environments at once, looks at every token that it could be about.
const maxArms = 200

func (p partition) conditions() (c conditions) {
	c.add("environment = ? AND kind = ? AND personal = ?", p.environment, p.kind, p.personal)
	return c
}

// partitions are those that q is about, as far as it says; where it does not, those in which there are tokens. At most one
// more than maxArms.
func partitions(ctx context.Context, db session, q tokens.Query) ([]partition, error) {
	if q.Environment == "" || q.Kind == "" {
		table, c := counts(q)
		return list(ctx, db, func(row scanner) (p partition, err error) {
			return p, row.Scan(&p.environment, &p.kind, &p.personal)
		}, `SELECT environment, kind, personal FROM `+table+c.where()+` LIMIT ?`, append(c.values, maxArms+1)...)
	}
	var all []partition
	for _, personal := range []bool{false, true} {
		if q.Personal == tokens.Any || personal == (q.Personal == tokens.Only) {
			all = append(all, partition{q.Environment, q.Kind, personal})
		}
	}
	return all, nil
}

// counts are the table with the numbers of tokens by partition, or by owner and partition, and the rows in it that q is
// about.
func counts(q tokens.Query) (table string, c conditions) {
	table = "token_counts"
	if q.Owner != "" {
		table = "token_owner_counts"
	}
	c.equal("owner", q.Owner)
	c.partly(q)
	return table, c
}

// partly adds what a query says about partitions.
func (c *conditions) partly(q tokens.Query) {
	c.equal("environment", q.Environment)
	c.equal("kind", q.Kind)
	if q.Personal != tokens.Any {
		c.add("personal = ?", q.Personal == tokens.Only)
	}
}
