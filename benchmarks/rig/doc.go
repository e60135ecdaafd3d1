// Package rig is what the load tests of whole programs stand on: it builds programs, starts them on the CPUs they are
// given, reads what they cost, puts the cases of a comparison in random order, and keeps the results as CSV.
//
// A comparison is a set of samples: a case (a program in a certain configuration), a measure, a round and a value. Only
// values of the same round are divided by one another, because a machine that is shared is now faster and now slower.
package rig
