// Package masking takes out of a response what its reader may not see, and shows that something was there as "*****".
//
// A Plan lists what may be shown; everything else is masked, so that a field that an upstream gains later is masked too.
// A Writer holds a response back until it is whole and masked. What cannot be masked with certainty is not shown at all:
// the caller gets ErrUnmaskable and answers by itself.
package masking
