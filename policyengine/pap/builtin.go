package pap

import (
	"embed"
	"slices"
	"strings"
)

// builtinFiles holds the texts of the policies at the global level, one file for each.
//
//go:embed builtin/*.policy
var builtinFiles embed.FS

// builtInRow names a file in builtin. Identifiers are for ever: bindings hold them. They are of version 4, because clients
// refuse any other, and were drawn once at random.
type builtInRow struct{ uuid, file, name, description string }

// builtInTable has the default policies of which the published documentation gives the text. The originals change from
// time to time; a release that changes one here says so in its changelog.
var builtInTable = []builtInRow{
	{"391e1096-0243-4593-afb6-a2fa1479585c", "settings-reader", "Settings Reader",
		"Grants reading all settings."},
	{"680e287a-d1fa-4133-901b-c446e292a979", "settings-writer", "Settings Writer",
		"Grants reading and writing all settings."},
	{"3a6a7f90-945e-4c17-8fad-36093a194bd7", "appengine-admin", "AppEngine - Admin",
		"Grants running, installing and administering apps, and what apps need."},
	{"04180031-5c21-479e-8078-16f34d5df17e", "storage-default-monitoring-read", "Storage Default Monitoring Read",
		"Grants reading the records in the default buckets."},
	{"98423055-2509-49cf-82bd-2312f2c1db3e", "read-default-monitoring-data", "Read default monitoring data",
		"Grants reading the records in the default buckets, topology included."},
	{"58f4219d-b2ee-474c-94d3-2a0723bbae3f", "read-all-system-data", "Storage All System Data Read",
		"Grants reading the system's own records."},
	{"7616a1a3-c52f-403b-89b0-5850e028c62c", "read-all-grail-data", "Storage All Grail Data Read",
		"Grants reading all records in all buckets."},
	{"64bd26d7-154d-48e3-bc67-e57ef4cb4368", "storage-events-read", "Storage Events Read",
		"Grants reading the events in all buckets that hold them."},
	{"6e02afe4-a1aa-4d55-9428-ade9b42bf4ef", "storage-logs-read", "Storage Logs Read",
		"Grants reading the logs in all buckets that hold them."},
	{"404cea3a-b171-435b-b12b-c724910eb901", "storage-metrics-read", "Storage Metrics Read",
		"Grants reading the metrics in all buckets that hold them."},
	{"f01a6f14-5a98-4938-9b4d-19830acc3e51", "storage-spans-read", "Storage Spans Read",
		"Grants reading the spans in all buckets that hold them."},
	{"3bcb1f5a-3a7a-4566-8ac1-1d236713c089", "storage-bizevents-read", "Storage Bizevents Read",
		"Grants reading the bizevents in all buckets that hold them."},
}

// builtIns is read once and never written.
var builtIns = func() []Policy {
	var all []Policy
	for _, row := range builtInTable {
		source, err := builtinFiles.ReadFile("builtin/" + row.file + ".policy")
		if err != nil {
			panic("pap: built-in policy " + row.file + ": " + err.Error())
		}
		all = append(all, Policy{
			UUID: row.uuid, Level: GlobalLevel, Name: row.name, Description: row.description, Statement: strings.TrimSpace(string(source)),
		})
	}
	slices.SortFunc(all, func(a, b Policy) int { return strings.Compare(a.UUID, b.UUID) })
	return all
}()

// BuiltIn returns the policies at the global level, by identifier. They can be bound like others, and not changed.
func BuiltIn() []Policy { return slices.Clone(builtIns) }

// builtIn finds a policy at the global level.
func builtIn(uuid string) (Policy, bool) {
	i, found := slices.BinarySearchFunc(builtIns, uuid, func(p Policy, uuid string) int { return strings.Compare(p.UUID, uuid) })
	if !found {
		return Policy{}, false
	}
	return builtIns[i], true
}
