//go:build race

package clustertest_test

const raced = true
