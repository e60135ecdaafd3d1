package tokens

// Work counts the costly steps of a Verifier's verifications.
type Work struct{ Digests, Comparisons int }

// CountWork makes v count what it does. Call it before v is used; the count is not for concurrent verifications.
func (v *Verifier) CountWork() *Work {
	w := new(Work)
	v.digest = func(secret string) Digest { w.Digests++; return DigestOf(secret) }
	v.equal = func(a, b Digest) bool { w.Comparisons++; return a.Equal(b) }
	return w
}

// BuiltIn is the built-in table.
var BuiltIn = builtIn

// HittingSet is the search behind Service.Advise.
var HittingSet = hittingSet
