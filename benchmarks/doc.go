// Package benchmarks measures whole gateways. The benchmarks of the parts stand beside the parts.
package benchmarks
