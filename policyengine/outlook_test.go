package policyengine_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/doorward/doorward/policyengine"
	"github.com/doorward/doorward/policyengine/bind"
	"github.com/doorward/doorward/policyengine/refeval"
	"github.com/doorward/doorward/policyengine/regogen/regogentest"
)

func TestForesee(t *testing.T) {
	const asked = "settings:objects:read settings:schemaId=a"
	for name, test := range map[string]struct {
		policy, asked string
		want          policyengine.Outlook
	}{
		"unconditional":             {`ALLOW settings:objects:read;`, asked, policyengine.Always},
		"another permission":        {`ALLOW settings:objects:write;`, asked, policyengine.Never},
		"known and fits":            {`ALLOW settings:objects:read WHERE settings:schemaId = "a";`, asked, policyengine.Always},
		"known and does not fit":    {`ALLOW settings:objects:read WHERE settings:schemaId = "b";`, asked, policyengine.Never},
		"open":                      {`ALLOW settings:objects:read WHERE settings:scope = "b";`, asked, policyengine.Depends},
		"open, by a NOT":            {`ALLOW settings:objects:read WHERE settings:scope != "b";`, asked, policyengine.Depends},
		"one fits, one is open":     {`ALLOW settings:objects:read WHERE settings:schemaId = "a" AND settings:scope = "b";`, asked, policyengine.Depends},
		"one is false, one open":    {`ALLOW settings:objects:read WHERE settings:schemaId = "b" AND settings:scope = "b";`, asked, policyengine.Never},
		"denied":                    {`ALLOW settings:objects:read; DENY settings:objects:read;`, asked, policyengine.Never},
		"denied where it fits":      {`ALLOW settings:objects:read; DENY settings:objects:read WHERE settings:schemaId = "a";`, asked, policyengine.Never},
		"not denied":                {`ALLOW settings:objects:read; DENY settings:objects:read WHERE settings:schemaId = "b";`, asked, policyengine.Always},
		"perhaps denied":            {`ALLOW settings:objects:read; DENY settings:objects:read WHERE settings:scope = "b";`, asked, policyengine.Depends},
		"denied all the same":       {`ALLOW settings:objects:read WHERE settings:scope = "b"; DENY settings:objects:read WHERE settings:schemaId = "a";`, asked, policyengine.Never},
		"by who asks":               {`ALLOW settings:objects:read WHERE global:userId = "u";`, asked, policyengine.Always},
		"by who asks, another":      {`ALLOW settings:objects:read WHERE global:userId = "v";`, asked, policyengine.Never},
		"before its time":           {`ALLOW settings:objects:read WHERE global:date < "1990-01-01Z";`, asked, policyengine.Never},
		"in its time":               {`ALLOW settings:objects:read WHERE global:date > "1990-01-01Z";`, asked, policyengine.Always},
		"groups twice in a value":   {`ALLOW settings:objects:read WHERE settings:scope = "${global:userGroup}${global:userGroup}";`, asked, policyengine.Never},
		"denied by groups twice":    {`ALLOW settings:objects:read; DENY settings:objects:read WHERE settings:scope = "${global:userGroup}${global:userGroup}";`, asked, policyengine.Never},
		"two that grant everything": {`ALLOW settings:objects:read WHERE settings:scope = "b"; ALLOW settings:objects:read WHERE settings:scope != "b";`, asked, policyengine.Depends},
	} {
		t.Run(name, func(t *testing.T) {
			engine := engineWith(t, policyengine.Options{}, test.policy)
			got, err := engine.Foresee(t.Context(), request(t, test.asked))
			if err != nil || got != test.want {
				t.Errorf("%v, %v; want %v", got, err, test.want)
			}
		})
	}
}

// TestForesee_Faults: the attack is a question that breaks off, read as a grant. Nothing that is an error has an outlook
// other than Never.
func TestForesee_Faults(t *testing.T) {
	engine := engineWith(t, policyengine.Options{}, `ALLOW settings:objects:read;`)
	r := request(t, "settings:objects:read settings:schemaId=a")
	r.Attributes = append(r.Attributes, policyengine.Attribute{Name: "global:userId", Values: []string{"root"}, Known: true})
	if got, err := engine.Foresee(t.Context(), r); err == nil || got != policyengine.Never {
		t.Errorf("%v, %v", got, err)
	}
	empty, err := policyengine.New(policyengine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer empty.Close()
	if got, err := empty.Foresee(t.Context(), request(t, "settings:objects:read settings:schemaId=a")); err == nil || got != policyengine.Never {
		t.Errorf("%v, %v", got, err)
	}
}

// TestForeseeHolds asks about a part of what is known, and then decides with more.
//
// Attack: a client takes the outlook for an answer and hides, or offers, what the gate then decides otherwise. Invariant: what
// is Always is granted however the request is completed, and what is Never is refused.
func TestForeseeHolds(t *testing.T) {
	seen := map[policyengine.Outlook]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := regogentest.Draw(t)
		permission := rapid.SampledFrom(regogentest.Permissions).Draw(t, "permission")
		whole := w.Facts(t)
		requestOf(permission, whole) // brings the facts into the form that a request can have
		groups := append(slices.Clone(whole.Attributes["global:userGroup"].Values), "everybody")
		whole.Attributes["global:userGroup"] = refeval.Attribute{Values: groups, List: true}
		part := refeval.Facts{Attributes: map[string]refeval.Attribute{}, Now: whole.Now}
		for name, a := range whole.Attributes {
			// What is not of the subject may be left open.
			if strings.HasPrefix(name, "global:") && name != "global:levelId" || rapid.Bool().Draw(t, "say "+name) {
				part.Attributes[name] = a
			}
		}
		r := requestOf(permission, part)
		r.Account = "account"
		engine := drawnEngine(t, -1)
		defer engine.Close()
		err := engine.Publish(t.Context(), policyengine.Policies{Revision: 1, Bindings: []policyengine.Binding{
			{Group: "everybody", Level: bind.Account, LevelID: "account", Statements: w.Statements},
		}})
		if err != nil {
			t.Fatal(err)
		}
		outlook, err := engine.Foresee(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		seen[outlook]++
		granted := refeval.Decide(w.Statements, permission, whole).Granted()
		if outlook == policyengine.Always && !granted || outlook == policyengine.Never && granted {
			t.Fatalf("outlook %d, and granted %t:\n%s", outlook, granted, regogentest.Describe(w.Statements, permission, whole))
		}
	})
	for _, outlook := range []policyengine.Outlook{policyengine.Never, policyengine.Always, policyengine.Depends} {
		if seen[outlook] == 0 {
			t.Errorf("outlook %d was never seen", outlook)
		}
	}
}
