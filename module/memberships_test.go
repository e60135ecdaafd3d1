package module

import (
	"fmt"
	"slices"
	"testing"

	"go.uber.org/zap"
)

// TestRememberedGroupsAreBounded: users in many groups.
//
// Attack: whoever administers users puts them into thousands of groups each, so that remembering who is in which takes all
// memory of the gateway. Fix: the groups of all users together are counted. Invariant: there are never more of them than a
// fixed number, and what is remembered is right.
func TestRememberedGroupsAreBounded(t *testing.T) {
	r, err := newRules(nil, gateConfig{}, zap.NewNop())
	if err != nil {
		t.Fatal(err)
	}
	defer r.close()
	const each = 10_000
	for i := range 2 * rememberedGroups / each {
		r.remember(fmt.Sprint(i), memberships{groups: slices.Repeat([]string{"g"}, each)})
		if weight := r.users.Weight(); weight > rememberedGroups {
			t.Fatalf("%d groups are remembered, want %d at most", weight, rememberedGroups)
		}
	}
	if n := r.users.Len(); n != rememberedGroups/each {
		t.Errorf("%d users are remembered, want %d", n, rememberedGroups/each)
	}
}
