package storetest

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/doorward/doorward/internal/feed"
	"github.com/doorward/doorward/remote"
	"github.com/doorward/doorward/remote/notify"
	"github.com/doorward/doorward/remote/notify/notifytest"
)

// testRemoteTwoHandles. Attack: a grant is revoked through one node and used at another. Invariant: what one handle has
// acknowledged, the other hears of at its next look and reads as it is.
func testRemoteTwoHandles(t *testing.T, open Open) {
	one, two := open(t), open(t)
	r := remoteRequest(1)
	steps := []struct {
		change feed.Change
		do     func(*remote.Current) error // makes the change, and says what is true then
	}{
		{feed.Change{Kind: feed.RemoteSetting}, func(c *remote.Current) error {
			c.Setting = remote.SettingRecord{Setting: remote.Approved, Changed: epoch, ChangedBy: "ann"}
			return one.UpdateRemoteSetting(t.Context(), remoteEntry(remoteSetting, ""), func(record *remote.SettingRecord) error {
				*record = c.Setting
				return nil
			}, nil)
		}},
		{feed.Change{Kind: feed.RemoteRequest, ID: r.ID}, func(c *remote.Current) error {
			c.Open = []remote.Request{r}
			return one.CreateRemoteRequest(t.Context(), r, remoteEntry(remoteCreate, r.ID), anyway)
		}},
		{feed.Change{Kind: feed.RemoteRequest, ID: r.ID}, func(c *remote.Current) error {
			c.Open = nil
			return one.UpdateRemoteRequest(t.Context(), r.ID, remoteEntry(remoteUpdate, r.ID), func(_ remote.SettingRecord, r *remote.Request) error {
				r.State = remote.Expired
				return nil
			})
		}},
	}
	var want remote.Current
	for i, step := range steps {
		must(t, step.do(&want))
		heard, gap, err := two.ChangesAfter(t.Context(), int64(i), 10)
		step.change.Revision = int64(i) + 1
		if diff := cmp.Diff([]feed.Change{step.change}, heard); err != nil || gap || diff != "" {
			t.Fatalf("step %d: gap %v, %v (-want +got):\n%s", i, gap, err, diff)
		}
		got, err := two.RemoteAccess(t.Context())
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("step %d: %v (-want +got):\n%s", i, err, diff)
		}
		one, two = two, one
	}
}

// testOutboxTogether: several nodes send what is due, and each delivery is handed to one of them.
func testOutboxTogether(t *testing.T, open Open) {
	var nodes []notify.Outbox
	for range 4 {
		nodes = append(nodes, open(t).Outbox())
	}
	notifytest.OneHolder(t, nodes...)
}
