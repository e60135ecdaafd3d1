package mix

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/doorward/doorward/benchmarks/load"
)

// revoke deletes tokens while all of them ask: in a minute 1 % of them, the first at once. Each has to be refused from the answer on.
func revoke(ctx context.Context, g Gateway, plan load.Plan) (Outcome, error) {
	plan.Next = popular(g)
	rng := rand.New(rand.NewPCG(plan.Seed, 99)) //nolint:gosec // which of them is not secret
	order := rng.Perm(len(g.Tokens))
	took, revoked, stillGood := load.NewHistogram(), 0, 0
	once := func() error {
		if revoked == len(order) {
			return nil
		}
		token := g.Tokens[order[revoked]]
		start := time.Now()
		if err := call(ctx, g, g.Admin, http.MethodDelete, "/api/v2/apiTokens/"+token[:strings.LastIndexByte(token, '.')], "", http.StatusNoContent); err != nil {
			return err
		}
		revoked++
		_ = took.RecordValue(int64(time.Since(start)))
		status, err := ask(ctx, g, token, http.MethodGet, metricsPath, "")
		if status == http.StatusOK {
			stillGood++
		}
		return err
	}
	result, err := during(ctx, plan, func(ctx context.Context) error {
		if err := once(); err != nil {
			return err
		}
		return every(ctx, time.Minute*100/time.Duration(len(g.Tokens)), once)
	})
	outcome := Outcome{Parts: []Part{{"revoke", result}}}
	outcome.note("revoked", "%d of %d tokens", revoked, len(order))
	outcome.note("still taken after that", "%d", stillGood)
	outcome.note("a revocation takes", "%s", spread(took))
	if err == nil && stillGood > 0 {
		err = fmt.Errorf("%d revoked tokens were still taken", stillGood)
	}
	return outcome, err
}

// spread is median and worst of a histogram, for people.
func spread(h *hdrhistogram.Histogram) string {
	if h.TotalCount() == 0 {
		return "not measured"
	}
	round := func(ns int64) time.Duration { return time.Duration(ns).Round(10 * time.Microsecond) }
	return fmt.Sprintf("%v at the median, %v at worst", round(h.ValueAtQuantile(50)), round(h.Max()))
}
