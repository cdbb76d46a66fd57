package phone

import (
	"slices"
	"strings"
	"testing"
)

func FuzzParse(f *testing.F) {
	for _, raw := range []string{sample, "", "+", "(415) 858-6273", "+44 (0)20 7946 0000", " 1415", "+390612345678", "tel:+1", "\u200e+1\x00", "+80012345678"} {
		f.Add(raw, "", false)
		f.Add(raw, "US", false)
		f.Add(raw, "it", true)
	}
	var parsers []*Parser
	for _, policy := range []Policy{
		{},
		{Check: CheckPossible, DefaultRegion: "DE"},
		{Regions: []string{"US", "GB", "IT"}, Types: []string{"mobile"}, DefaultRegion: "US"},
	} {
		parsers = append(parsers, newParser(f, policy))
	}
	sentinels := []error{ErrSyntax, ErrTooLong, ErrNeedsRegion, ErrNotPossible, ErrNotValid, ErrRegion, ErrType}
	f.Fuzz(func(t *testing.T, raw, region string, bare bool) {
		for _, p := range parsers {
			n, err := p.Parse(Input{Raw: raw, Region: region, BareInternational: bare})
			if err != nil {
				if !slices.Contains(sentinels, err) || n != (Number{}) {
					t.Fatalf("refused in an unknown way: %v", err)
				}
				continue
			}
			checkForm(t, n)
			again, err := p.Parse(Input{Raw: n.E164()})
			if err != nil || again != n {
				t.Fatalf("the canonical form is read as another number: %v", err)
			}
		}
	})
}

func checkForm(t *testing.T, n Number) {
	t.Helper()
	e164 := n.E164()
	if len(e164) < 1+minNational+1 || len(e164) > 1+3+maxNational || e164[0] != '+' {
		t.Fatal("the canonical form has an impossible length or no plus")
	}
	if strings.Trim(n.Digits(), "0123456789") != "" || "+"+n.Digits() != e164 || !strings.HasSuffix(e164, n.National()) {
		t.Fatal("the forms do not belong together")
	}
}
