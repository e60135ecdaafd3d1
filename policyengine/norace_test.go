//go:build !race

package policyengine_test

// watchesRaces: the race detector makes allocations of its own, and takes some from pools.
const watchesRaces = false
