package mix

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/doorward/doorward/benchmarks/load"
)

// publish gives the policy of the user another text each second, which permits the same. No request may be refused for it.
func publish(ctx context.Context, g Gateway, plan load.Plan) (Outcome, error) {
	plan.Next = settings(g)
	took, turn := load.NewHistogram(), 0
	result, err := during(ctx, plan, func(ctx context.Context) error {
		return every(ctx, time.Second, func() error {
			turn++
			start := time.Now()
			body, err := json.Marshal(map[string]any{"name": policyName, "description": "", "tags": []string{}, "statementQuery": Statements(turn)})
			if err != nil {
				return err
			}
			err = call(ctx, g, g.Service, http.MethodPut, "/repo/account/"+g.Account+"/policies/"+g.Policy, string(body), http.StatusNoContent)
			_ = took.RecordValue(int64(time.Since(start)))
			return err
		})
	})
	outcome := Outcome{Parts: []Part{{"publish", result}}}
	outcome.note("published", "%d times %d statements", turn, schemas)
	outcome.note("a publication takes", "%s", spread(took))
	return outcome, err
}

const policyName = "load"

// Statements is a policy that permits to read the settings app:0 … app:99, in another text each turn.
func Statements(turn int) string {
	var text strings.Builder
	fmt.Fprintf(&text, "// %d\n", turn)
	for i := range schemas - 1 {
		fmt.Fprintf(&text, "ALLOW settings:objects:read WHERE settings:schemaId = \"app:%d\";\n", i)
	}
	fmt.Fprintf(&text, "ALLOW settings:objects:read WHERE settings:schemaId IN (\"app:%d\", \"turn:%d\");\n", schemas-1, turn)
	return text.String()
}
