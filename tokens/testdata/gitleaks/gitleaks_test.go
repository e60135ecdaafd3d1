// Package gitleaks checks that a common secret scanner finds the tokens that are minted here. Run it by itself:
//
//	cd tokens/testdata/gitleaks && go test ./...
package gitleaks

import (
	"crypto/rand"
	"fmt"
	"testing"

	"github.com/zricethezav/gitleaks/v8/detect"

	"github.com/doorward/doorward/tokens"
)

// rule is the name of the scanner's rule for this layout. As released it knows access tokens (dt0c01) only; that platform
// tokens match the vendor's own, wider expression is a test of package tokens.
const rule = "dynatrace-api-token"

// Attack: a token is committed to a repository, and nobody notices because its layout is a little off. Invariant: with
// the scanner's default rules every minted access token is found, and nothing is found once Mask has been over the text.
func TestScannerFindsMintedTokens(t *testing.T) {
	detector, err := detect.NewDetectorDefaultConfig()
	if err != nil {
		t.Fatal(err)
	}
	formats, err := tokens.NewFormats()
	if err != nil {
		t.Fatal(err)
	}
	for i := range 50 {
		minted, err := formats.Mint("dt0c01", rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		source := fmt.Sprintf("export TOKEN=%q\n", minted.Secret.Reveal())
		if !found(detector, source) {
			t.Errorf("%s, %d: not found", minted.ID, i)
		}
		if found(detector, tokens.Mask(source)) {
			t.Errorf("%s, %d: found after masking", minted.ID, i)
		}
	}
}

func found(detector *detect.Detector, source string) bool {
	for _, finding := range detector.DetectString(source) {
		if finding.RuleID == rule {
			return true
		}
	}
	return false
}
