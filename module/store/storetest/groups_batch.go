package storetest

import (
	"testing"

	"github.com/doorward/doorward/internal/audit"
	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/policyengine/pap"
)

// testGroupBatch: several groups of one request come together or not at all, each with an event of its own.
func testGroupBatch(t *testing.T, open Open) {
	s := open(t)
	ctx := t.Context()
	create := func(limit int, groups ...pap.Group) error {
		var events []audit.Event
		for _, g := range groups {
			events = append(events, event("group.create", g.UUID))
		}
		return s.CreateGroups(ctx, groups, limit, events)
	}
	foreign := group(9)
	foreign.AccountID = otherAccount
	mustPut(t, s, group(1))
	must(t, create(3, group(3), group(2), foreign)) // the other account has room of its own
	wantTraces(t, s, 1, trace{feed.Group, group(3).UUID, "group.create", testDetail},
		trace{feed.Group, group(2).UUID, "group.create", testDetail}, trace{feed.Group, foreign.UUID, "group.create", testDetail})
	all := []pap.Group{group(1), group(2), group(3), foreign}
	same(t, "Groups", all)(s.Groups(ctx, pap.GroupQuery{}))

	named, numbered := group(5), group(5)
	named.Name, numbered.UUID = group(4).Name, group(4).UUID
	for what, tt := range map[string]struct {
		limit  int
		groups []pap.Group
		want   error
	}{
		"none":                              {0, nil, nil},
		"no room for the last":              {4, []pap.Group{group(4), group(5)}, pap.ErrFull},
		"no room, and a limit that is less": {0, []pap.Group{group(4)}, pap.ErrFull},
		"no room in the other account":      {1, []pap.Group{{UUID: "x", AccountID: otherAccount, Name: "x"}}, pap.ErrFull},
		"a name that is there":              {many, []pap.Group{group(4), {UUID: "x", AccountID: account, Name: group(1).Name}}, pap.ErrExists},
		"an identifier that is there":       {many, []pap.Group{group(4), {UUID: group(1).UUID, AccountID: account, Name: "x"}}, pap.ErrExists},
		"one name twice":                    {many, []pap.Group{group(4), named}, pap.ErrExists},
		"one identifier twice":              {many, []pap.Group{group(4), numbered}, pap.ErrExists},
	} {
		wantError(t, "CreateGroups: "+what, create(tt.limit, tt.groups...), tt.want)
	}
	// A group without its event would be a change that nobody has made.
	wantFault(t, "an event too few", s.CreateGroups(ctx, []pap.Group{group(4), group(5)}, many, []audit.Event{event("group.create", "x")}))
	wantFault(t, "an event too many", s.CreateGroups(ctx, nil, many, []audit.Event{event("group.create", "x")}))
	same(t, "Groups", all)(s.Groups(ctx, pap.GroupQuery{}))
	wantChanges(t, s, 4)
}
