//go:build !race

package sqlite_test

// raced says that the tests were built with the race detector, which sees nothing of a process that is killed.
const raced = false
