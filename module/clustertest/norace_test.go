//go:build !race

package clustertest_test

// raced says that the tests were built with the race detector.
const raced = false
