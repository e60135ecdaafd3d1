package tokens_test

import (
	"strings"
	"testing"

	"github.com/doorward/doorward/tokens"
)

func TestBuiltInFormats(t *testing.T) {
	fs := formats(t)
	for prefix, want := range map[string][]tokens.Scheme{
		"dt0c01": {tokens.APIToken}, "dt0s16": {tokens.Bearer, tokens.APIToken},
		"dt0g01": nil, "dt0g02": nil, "dt0s01": nil, "dt0s02": nil, "dt0s03": nil, "dt0s04": nil, "dt0s06": nil, "dt0s08": nil,
		"dt0s09": nil, "dt0s12": nil, "dt0s17": nil, "dt0a01": nil, "dt0e01": nil, "dt0n01": nil, "dt0x01": nil,
	} {
		f, known := fs.Lookup(prefix)
		if !known {
			t.Errorf("%s is unknown", prefix)
			continue
		}
		for _, scheme := range []tokens.Scheme{0, tokens.APIToken, tokens.Bearer} {
			accepted := scheme != 0 && strings.Contains(join(want), scheme.String())
			if f.Accepts(scheme) != accepted {
				t.Errorf("%s under %v: %v", prefix, scheme, !accepted)
			}
		}
		if f.Name == "" || f.Mintable && len(want) == 0 && prefix != tokens.KindActiveGate {
			t.Errorf("%s: %+v", prefix, f)
		}
	}
	if f, _ := fs.Lookup("dt0s16"); f.Class != tokens.ClassOAuth {
		t.Error("a platform token is judged by token scopes")
	}
}

func join(schemes []tokens.Scheme) string {
	var text string
	for _, s := range schemes {
		text += s.String() + " "
	}
	return text
}

func TestCustomFormat(t *testing.T) {
	fs := formats(t,
		tokens.Format{Prefix: "shop01", Schemes: []tokens.Scheme{tokens.Bearer}, Mintable: true},
		tokens.Format{Prefix: "dt0g02", Public: []int{16}, Secret: 80, Schemes: []tokens.Scheme{tokens.APIToken}},
	)
	if f, _ := fs.Lookup("shop01"); f.Public[0] != 24 || f.Secret != 64 {
		t.Errorf("lengths of a custom format: %v and %d", f.Public, f.Secret)
	}
	if _, err := fs.Parse("dt0g02." + public24[:16] + "." + strings.Repeat("A", 80)); err != nil {
		t.Errorf("a replaced built-in format: %v", err)
	}
	if _, err := fs.Parse("dt0g02." + public24[:8] + "." + secret64); err == nil {
		t.Error("the built-in layout survived its replacement")
	}
	if f, _ := formats(t).Lookup("dt0g02"); f.Public[0] != 8 {
		t.Error("a custom format changed the built-in table")
	}
}

func TestNewFormatsRefuses(t *testing.T) {
	good := tokens.Format{Prefix: "shop01"}
	for name, test := range map[string]struct {
		custom []tokens.Format
		want   string
	}{
		"no prefix":       {[]tokens.Format{{}}, "a prefix is"},
		"short prefix":    {[]tokens.Format{{Prefix: "ab"}}, "a prefix is"},
		"long prefix":     {[]tokens.Format{{Prefix: strings.Repeat("a", 17)}}, "a prefix is"},
		"digit first":     {[]tokens.Format{{Prefix: "0shop"}}, "a prefix is"},
		"upper case":      {[]tokens.Format{{Prefix: "Shop01"}}, "a prefix is"},
		"dot":             {[]tokens.Format{{Prefix: "shop.1"}}, "a prefix is"},
		"twice":           {[]tokens.Format{good, good}, "is given twice"},
		"guessable":       {[]tokens.Format{{Prefix: "shop01", Secret: 39}}, "a secret part has"},
		"huge":            {[]tokens.Format{{Prefix: "shop01", Secret: 129}}, "a secret part has"},
		"short public":    {[]tokens.Format{{Prefix: "shop01", Public: []int{24, 7}}}, "a public part has"},
		"long public":     {[]tokens.Format{{Prefix: "shop01", Public: []int{129}}}, "a public part has"},
		"length twice":    {[]tokens.Format{{Prefix: "shop01", Public: []int{24, 24}}}, "is given twice"},
		"unknown scheme":  {[]tokens.Format{{Prefix: "shop01", Schemes: []tokens.Scheme{9}}}, "unknown scheme"},
		"unknown class":   {[]tokens.Format{{Prefix: "shop01", Class: 9}}, "class 9 is unknown"},
		"label secret":    {[]tokens.Format{{Prefix: "shop01", SecretAlphabet: tokens.Label}}, "the secret part UpperDigits or LowerHex"},
		"minted as hexes": {[]tokens.Format{{Prefix: "shop01", SecretAlphabet: tokens.LowerHex, Mintable: true}}, "minted here"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := tokens.NewFormats(test.custom...)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestParseScheme(t *testing.T) {
	for text, want := range map[string]tokens.Scheme{
		"Api-Token": tokens.APIToken, "api-token": tokens.APIToken, "API-TOKEN": tokens.APIToken,
		"Bearer": tokens.Bearer, "bEARER": tokens.Bearer,
		"": 0, "Basic": 0, "ApiToken": 0, "Bearer ": 0, "Bearer\x00": 0,
		"api-to\u212Aen": 0, // the Kelvin sign folds to k, and is no character of a scheme
	} {
		if got, ok := tokens.ParseScheme(text); got != want || ok != (want != 0) {
			t.Errorf("ParseScheme(%q) = %v, %v", text, got, ok)
		}
	}
}
