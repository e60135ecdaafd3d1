package pap_test

import (
	"testing"

	"github.com/doorward/doorward/policyengine/pap"
)

// builtInNamed finds a built-in policy as a client does: by its name in the listing of the global level.
func (d *desk) builtInNamed(name string) string {
	d.t.Helper()
	page, err := d.Policies(d.t.Context(), pap.PolicyQuery{Level: pap.GlobalLevel, Name: name})
	d.must(err)
	if len(page) != 1 {
		d.t.Fatalf("%d built-in policies are named %s", len(page), name)
	}
	return page[0].UUID
}

// The IT team reads and writes settings, the sales team reads them: two groups, two built-in policies, bound at one
// environment with two requests that append.
func TestStoryReadAndWrite(t *testing.T) {
	d := newDesk(t)
	env := pap.EnvironmentLevel(environment)
	it, sales := d.group("IT"), d.group("Sales")
	d.bind(env, d.builtInNamed("Settings Reader"), pap.Terms{}, it, sales)
	d.bind(env, d.builtInNamed("Settings Writer"), pap.Terms{}, it)

	read := []string{"ALLOW settings:objects:read;", "ALLOW settings:schemas:read;"}
	d.wantStatements([]string{sales}, read...)
	// What both policies grant is there once for each: the reasons of a verdict name policies.
	d.wantStatements([]string{it}, read[0], read[0], "ALLOW settings:objects:write;", read[1], read[1])

	bob, err := d.CreateUser(t.Context(), "ann", account, pap.UserAttributes{Email: "Bob@Example.org"})
	d.must(err)
	d.must(d.AddToGroups(t.Context(), "ann", account, "bob@example.org", []string{sales}))
	groups, err := d.GroupsOf(t.Context(), bob.Email)
	d.must(err)
	d.wantStatements(groups, read...)

	elsewhere, err := d.Statements(t.Context(), []string{it}, account, "another")
	if err != nil || len(elsewhere) != 0 {
		t.Errorf("in another environment: %v, %v", texts(elsewhere), err)
	}
}

// One schema is opened for both teams, by a policy of the environment, written in two ways that mean the same.
func TestStoryOneSchema(t *testing.T) {
	const where = ` WHERE settings:schemaId = "builtin:container.monitoring-rule";`
	for name, text := range map[string]string{
		"three statements": "ALLOW settings:schemas:read" + where + " ALLOW settings:objects:read" + where + " ALLOW settings:objects:write" + where,
		"two statements":   "ALLOW settings:schemas:read, settings:objects:read" + where + " ALLOW settings:objects:write" + where,
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			env := pap.EnvironmentLevel(environment)
			it, sales := d.group("IT"), d.group("Sales")
			policy := d.policy(env, "my_policy_name", text)
			d.wantStatements([]string{it}) // no effect until it is bound
			d.bind(env, policy, pap.Terms{}, it, sales)
			for _, group := range []string{it, sales} {
				d.wantStatements([]string{group}, "ALLOW settings:objects:read"+where, "ALLOW settings:objects:write"+where,
					"ALLOW settings:schemas:read"+where)
			}
		})
	}
}
