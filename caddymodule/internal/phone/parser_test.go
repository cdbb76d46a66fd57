package phone

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
)

// sample is the number of numverify's public documentation.
const sample = "+14158586273"

func newParser(t testing.TB, policy Policy) *Parser {
	t.Helper()
	p, err := NewParser(policy)
	if err != nil {
		t.Fatalf("building the parser: %v", err)
	}
	return p
}

func TestNumbersAreWrittenCanonically(t *testing.T) {
	t.Parallel()
	us := Policy{DefaultRegion: "US"}
	tests := []struct {
		name   string
		policy Policy
		in     Input
		want   string // E.164, digits, national, region, type
	}{
		{"e164", Policy{}, Input{Raw: sample}, "+14158586273 14158586273 4158586273 US fixed_line_or_mobile"},
		{"separators", Policy{}, Input{Raw: "+1 (415) 858-62.7/3"}, "+14158586273 14158586273 4158586273 US fixed_line_or_mobile"},
		{"parenthesis first", us, Input{Raw: "(415) 858-6273"}, "+14158586273 14158586273 4158586273 US fixed_line_or_mobile"},
		{"default region", us, Input{Raw: "4158586273"}, "+14158586273 14158586273 4158586273 US fixed_line_or_mobile"},
		{"default region with national prefix", us, Input{Raw: "14158586273"}, "+14158586273 14158586273 4158586273 US fixed_line_or_mobile"},
		{"default region with exit code", us, Input{Raw: "011442079460000"}, "+442079460000 442079460000 2079460000 GB fixed_line"},
		{"named region goes before default region", us, Input{Raw: "02079460000", Region: "GB"}, "+442079460000 442079460000 2079460000 GB fixed_line"},
		{"named region in lower case", Policy{}, Input{Raw: "02079460000", Region: "gb"}, "+442079460000 442079460000 2079460000 GB fixed_line"},
		{"named region goes before bare international", Policy{}, Input{Raw: "4158586273", Region: "US", BareInternational: true}, "+14158586273 14158586273 4158586273 US fixed_line_or_mobile"},
		{"plus goes before named region", Policy{}, Input{Raw: sample, Region: "GB"}, "+14158586273 14158586273 4158586273 US fixed_line_or_mobile"},
		{"bare international", Policy{}, Input{Raw: "14158586273", BareInternational: true}, "+14158586273 14158586273 4158586273 US fixed_line_or_mobile"},
		{"bare international goes before default region", us, Input{Raw: "442079460000", BareInternational: true}, "+442079460000 442079460000 2079460000 GB fixed_line"},
		{"prefix in parentheses", Policy{}, Input{Raw: "+44 (0)20 7946 0000"}, "+442079460000 442079460000 2079460000 GB fixed_line"},
		{"zeros of Italy belong to the number", Policy{}, Input{Raw: "+390612345678"}, "+390612345678 390612345678 0612345678 IT fixed_line"},
		{"zeros of Italy in national form", Policy{DefaultRegion: "IT"}, Input{Raw: "06 1234 5678"}, "+390612345678 390612345678 0612345678 IT fixed_line"},
		{"region that shares a calling code", Policy{}, Input{Raw: "+15062345678"}, "+15062345678 15062345678 5062345678 CA fixed_line_or_mobile"},
		{"mobile", Policy{}, Input{Raw: "+491512 3456789"}, "+4915123456789 4915123456789 15123456789 DE mobile"},
		{"no country", Policy{}, Input{Raw: "+80012345678"}, "+80012345678 80012345678 12345678 001 toll_free"},
		{"possible only", Policy{Check: CheckPossible}, Input{Raw: "+12222222222"}, "+12222222222 12222222222 2222222222  unknown"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n, err := newParser(t, test.policy).Parse(test.in)
			if err != nil {
				t.Fatalf("refused: %v", err)
			}
			got := strings.Join([]string{n.E164(), n.Digits(), n.National(), n.Region(), n.Type()}, " ")
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestOnlyPlainlyWrittenNumbersAreRead(t *testing.T) {
	t.Parallel()
	refused := map[string]string{
		"empty":                        "",
		"plus only":                    "+",
		"separators only":              "- -",
		"letters":                      "+1415TESTING",
		"one letter":                   "+1415858627x",
		"scheme":                       "tel:+14158586273",
		"extension":                    "+14158586273 ext 5",
		"short extension":              "+14158586273x5",
		"RFC 3966 extension":           "+14158586273;ext=5",
		"DTMF":                         "+14158586273,,5",
		"star":                         "*14158586273",
		"hash":                         "+14158586273#",
		"tilde":                        "+1415~8586273",
		"brackets":                     "+1[415]8586273",
		"space in front, a lost plus":  " 14158586273",
		"space after the plus":         "+ 14158586273",
		"space at the end":             "+14158586273 ",
		"line feed at the end":         "+14158586273\n",
		"tab":                          "+1415\t8586273",
		"plus twice":                   "++14158586273",
		"plus inside":                  "1+4158586273",
		"plus in parentheses":          "(+1)4158586273",
		"open parenthesis":             "+1(4158586273",
		"closed parenthesis":           "+1)4158586273",
		"nested parentheses":           "+1((415))8586273",
		"empty parentheses":            "+1()4158586273",
		"parenthesis at the end":       "+1415858(6273)",
		"full-width digits":            "+1415858627\uff13",
		"full-width plus":              "\uff0b14158586273",
		"Arabic digits":                "+1415858627\u0663",
		"mark of writing direction":    "\u200e+14158586273",
		"embedding at the end":         "+14158586273\u202c",
		"no-break space":               "+1415\u00a08586273",
		"zero-width space":             "+1415\u200b8586273",
		"en dash":                      "+1415\u20138586273",
		"NUL":                          "+1415858\x006273",
		"NUL at the end":               "+14158586273\x00",
		"invalid UTF-8":                "+1415858\xff6273",
		"percent encoding":             "%2B14158586273",
		"two numbers":                  "+14158586273;+14158586273",
		"minus in front":               "-14158586273",
		"exponent":                     "1e10",
		"letter that looks like digit": "+l4158586273",
	}
	for _, check := range []Check{CheckValid, CheckPossible} {
		p := newParser(t, Policy{Check: check, DefaultRegion: "US"})
		for name, raw := range refused {
			t.Run(string(check)+" "+name, func(t *testing.T) {
				if _, err := p.Parse(Input{Raw: raw}); !errors.Is(err, ErrSyntax) {
					t.Errorf("got %v, want %v", err, ErrSyntax)
				}
			})
		}
	}
}

func TestNumbersAreRefusedForTheRightReason(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		policy Policy
		in     Input
		want   error
	}{
		{"33 bytes", Policy{}, Input{Raw: "+1415858627" + strings.Repeat("-", 21) + "3"}, ErrTooLong},
		{"huge", Policy{}, Input{Raw: strings.Repeat("1", 1<<20)}, ErrTooLong},
		{"32 digits", Policy{}, Input{Raw: strings.Repeat("1", 32), BareInternational: true}, ErrNotPossible},
		{"three digits", Policy{DefaultRegion: "US"}, Input{Raw: "911"}, ErrNotPossible},
		{"three digits, possible", Policy{Check: CheckPossible, DefaultRegion: "GB"}, Input{Raw: "999"}, ErrNotPossible},
		{"emergency number with calling code", Policy{Check: CheckPossible}, Input{Raw: "+1911"}, ErrNotPossible},
		{"emergency number of Europe", Policy{Check: CheckPossible}, Input{Raw: "+49112"}, ErrNotPossible},
		{"short code", Policy{Check: CheckPossible, DefaultRegion: "US"}, Input{Raw: "24273"}, ErrNotPossible},
		{"area code is missing", Policy{Check: CheckPossible, DefaultRegion: "US"}, Input{Raw: "858-6273"}, ErrNotPossible},
		{"fictional number", Policy{}, Input{Raw: "+15555550100"}, ErrNotValid},
		{"one digit too many", Policy{}, Input{Raw: sample + "0"}, ErrNotPossible},
		{"one digit too few", Policy{}, Input{Raw: sample[:len(sample)-1]}, ErrNotPossible},
		{"calling code that does not exist", Policy{}, Input{Raw: "+9991234567"}, ErrNotPossible},
		{"calling code zero", Policy{}, Input{Raw: "+0014158586273"}, ErrNotPossible},
		{"exit code after plus, with a region", Policy{}, Input{Raw: "+01114158586273", Region: "US"}, ErrNotPossible},
		{"bare exit code", Policy{}, Input{Raw: "0014158586273", BareInternational: true}, ErrNotPossible},
		{"national without region", Policy{}, Input{Raw: "4158586273"}, ErrNeedsRegion},
		{"region that does not exist", Policy{}, Input{Raw: "4158586273", Region: "ZZ"}, ErrNeedsRegion},
		{"region that does not exist, with plus", Policy{}, Input{Raw: sample, Region: "XX"}, ErrNeedsRegion},
		{"region too long", Policy{DefaultRegion: "US"}, Input{Raw: "4158586273", Region: "USA"}, ErrNeedsRegion},
		{"no country as region", Policy{}, Input{Raw: "12345678", Region: "001"}, ErrNeedsRegion},
		{"NUL region", Policy{}, Input{Raw: "4158586273", Region: "\x00\x00"}, ErrNeedsRegion},
		{"other region", Policy{Regions: []string{"GB"}}, Input{Raw: sample}, ErrRegion},
		{"other region of the same calling code", Policy{Regions: []string{"CA"}}, Input{Raw: sample}, ErrRegion},
		{"other region, possible", Policy{Check: CheckPossible, Regions: []string{"GB"}}, Input{Raw: "+12222222222"}, ErrRegion},
		{"other named region", Policy{Regions: []string{"GB"}}, Input{Raw: "4158586273", Region: "US"}, ErrRegion},
		{"exit code out of the allowed regions", Policy{Regions: []string{"US"}, DefaultRegion: "US"}, Input{Raw: "011442079460000"}, ErrRegion},
		{"no country, not listed", Policy{Regions: []string{"US"}}, Input{Raw: "+80012345678"}, ErrRegion},
		{"premium rate", Policy{Types: []string{"mobile"}}, Input{Raw: "+19002345678"}, ErrType},
		{"toll free", Policy{Types: []string{"mobile", "fixed_line"}}, Input{Raw: "+18002345678"}, ErrType},
		{"fixed line where mobile is meant", Policy{Types: []string{"mobile"}}, Input{Raw: "+442079460000"}, ErrType},
		{"unknown type", Policy{Check: CheckPossible, Types: []string{"mobile"}}, Input{Raw: "+12222222222"}, ErrType},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			n, err := newParser(t, test.policy).Parse(test.in)
			if !errors.Is(err, test.want) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if n != (Number{}) {
				t.Error("a refused number came back all the same")
			}
		})
	}
}

func TestPolicyAllows(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		policy Policy
		raw    string
	}{
		{"listed region", Policy{Regions: []string{"GB", "US"}}, sample},
		{"listed region of a shared calling code", Policy{Regions: []string{"CA"}}, "+15062345678"},
		{"no country", Policy{Regions: []string{"001"}}, "+80012345678"},
		{"undecided type counts as mobile", Policy{Types: []string{"mobile"}}, sample},
		{"undecided type counts as fixed line", Policy{Types: []string{"fixed_line"}}, sample},
		{"undecided type by name", Policy{Types: []string{"fixed_line_or_mobile"}}, sample},
		{"mobile", Policy{Types: []string{"mobile"}}, "+4915123456789"},
		{"possible number of a shared calling code", Policy{Check: CheckPossible, Regions: []string{"CA"}}, "+12222222222"},
		{"possible number of unknown type", Policy{Check: CheckPossible, Types: []string{"unknown"}}, "+12222222222"},
		{"32 bytes", Policy{}, "+1415858627" + strings.Repeat("-", 20) + "3"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, err := newParser(t, test.policy).Parse(Input{Raw: test.raw}); err != nil {
				t.Errorf("refused: %v", err)
			}
		})
	}
}

func TestErrorsNeverHoldTheInput(t *testing.T) {
	t.Parallel()
	p := newParser(t, Policy{Regions: []string{"US"}, Types: []string{"mobile"}, DefaultRegion: "US"})
	sentinels := []error{ErrSyntax, ErrTooLong, ErrNeedsRegion, ErrNotPossible, ErrNotValid, ErrRegion, ErrType}
	for _, raw := range []string{"", "x", strings.Repeat("7", 33), "911", "+15555550100", "+442079460000", "+18002345678", "+999999999", "0114420794600001111"} {
		_, err := p.Parse(Input{Raw: raw})
		if !slices.Contains(sentinels, err) {
			t.Errorf("an error is not one of the fixed ones: %v", err)
		}
	}
	if _, err := p.Parse(Input{Raw: "4158586273", Region: "Q7"}); !slices.Contains(sentinels, err) {
		t.Errorf("an error is not one of the fixed ones: %v", err)
	}
}

func TestParserServesManyAtOnce(t *testing.T) {
	t.Parallel()
	p := newParser(t, Policy{DefaultRegion: "GB"})
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 50 {
				for _, raw := range []string{sample, "02079460000", "+44 (0)20 7946 0000", "+390612345678"} {
					if _, err := p.Parse(Input{Raw: raw}); err != nil {
						t.Errorf("refused: %v", err)
					}
				}
			}
		})
	}
	group.Wait()
}

// A regression here means that plain numbers fell off the short way.
func TestPlainNumbersCostOneAllocation(t *testing.T) {
	p := newParser(t, Policy{DefaultRegion: "US"})
	for _, raw := range []string{sample, "+447400123456", "(415) 858-6273"} {
		if got := testing.AllocsPerRun(100, func() { _, _ = p.Parse(Input{Raw: raw}) }); got > 1 {
			t.Errorf("got %v allocations, want 1", got)
		}
	}
}

func TestZeroNumberIsEmpty(t *testing.T) {
	t.Parallel()
	var n Number
	if n.E164() != "" || n.Digits() != "" || n.National() != "" || n.Region() != "" || n.CountryCode() != 0 {
		t.Error("the zero Number has a text")
	}
	if n.Type() != "unknown" {
		t.Errorf("got type %q", n.Type())
	}
}
