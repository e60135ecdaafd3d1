//go:build !race

package module

// watchesRaces: the race detector makes allocations of its own, and takes some from pools.
const watchesRaces = false
