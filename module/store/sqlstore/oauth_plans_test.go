package sqlstore

import (
	"testing"
	"time"

	"github.com/doorward/doorward/tokens/oauth2"
)

// TestOAuthPlans keeps the questions of the token endpoint, and those that every gateway asks each minute, on their indexes.
func TestOAuthPlans(t *testing.T) {
	s := openNew(t)
	for name, tt := range map[string]struct {
		q    oauth2.ClientQuery
		want string
	}{
		"first page": {oauth2.ClientQuery{}, "SCAN oauth_clients"}, // in its own order, to the limit
		"later page": {oauth2.ClientQuery{After: "x"}, "SEARCH oauth_clients USING PRIMARY KEY (id>?)"},
		"account":    {oauth2.ClientQuery{Account: "a"}, "SEARCH oauth_clients USING INDEX oauth_clients_account (account=?)"},
		"account, later page": {oauth2.ClientQuery{Account: "a", After: "x"},
			"SEARCH oauth_clients USING INDEX oauth_clients_account (account=? AND id>?)"},
	} {
		text, values := clientPage(tt.q, 10)
		if got := plan(t, s, text, values...); got != tt.want {
			t.Errorf("%s\n got plan %s\nwant plan %s", name, got, tt.want)
		}
	}
	now := time.UnixMilli(5).UnixMilli()
	for _, tt := range []struct {
		text   string
		values []any
		want   string
	}{
		{selectOneClient, []any{"x"}, "SEARCH oauth_clients USING PRIMARY KEY (id=?)"},
		{`SELECT count(*) FROM oauth_clients WHERE account = ?`, []any{"x"},
			"SEARCH oauth_clients USING COVERING INDEX oauth_clients_account (account=?)"},
		{selectRevocations, []any{"x", now, 10}, "SEARCH revocations USING PRIMARY KEY (id>?)"},
		{purgeRevocations, []any{now, 10}, "SEARCH revocations USING PRIMARY KEY (id=?)|LIST SUBQUERY 1|" +
			"SEARCH revocations USING COVERING INDEX revocations_until (until<?)"},
		{selectSigningKeys, []any{10}, "SCAN signing_keys|USE TEMP B-TREE FOR ORDER BY"}, // a handful
	} {
		if got := plan(t, s, tt.text, tt.values...); got != tt.want {
			t.Errorf("%s\n got plan %s\nwant plan %s", tt.text, got, tt.want)
		}
	}
}
