package phone

import (
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// verdict is what a number is, and why it is refused.
type verdict struct {
	e164, region, kind string
	err                error
}

// byParser is the verdict of this package.
func byParser(p *Parser, digits string, plus bool, region string) verdict {
	in := Input{Raw: digits, Region: region}
	if plus {
		in = Input{Raw: "+" + digits}
	}
	n, err := p.Parse(in)
	if err != nil {
		return verdict{err: err}
	}
	return verdict{e164: n.E164(), region: n.Region(), kind: n.Type()}
}

// byLibrary is the verdict that the library's own functions give.
func byLibrary(check Check, digits string, plus bool, region string) verdict {
	if plus {
		digits, region = "+"+digits, ""
	}
	number, err := phonenumbers.Parse(digits, region)
	if err != nil {
		return verdict{err: ErrNotPossible}
	}
	e164 := phonenumbers.Format(number, phonenumbers.E164)
	again, err := phonenumbers.Parse(e164, "")
	if err != nil || phonenumbers.Format(again, phonenumbers.E164) != e164 {
		return verdict{err: ErrNotPossible}
	}
	valid := phonenumbers.IsValidNumber(number)
	possible := phonenumbers.IsPossibleNumberWithReason(number) == phonenumbers.IS_POSSIBLE
	switch {
	case !valid && !possible:
		return verdict{err: ErrNotPossible}
	case !valid && check == CheckValid:
		return verdict{err: ErrNotValid}
	}
	return verdict{
		e164:   e164,
		region: phonenumbers.GetRegionCodeForNumber(number),
		kind:   kindOf(phonenumbers.GetNumberType(number)).String(),
	}
}

func TestEveryNumberingPlanCompiles(t *testing.T) {
	t.Parallel()
	p := newParser(t, Policy{})
	codes := phonenumbers.GetSupportedCallingCodes()
	for code := range codes {
		if p.plans[code] == nil {
			t.Errorf("calling code %d has no plan", code)
		}
		if codes[code/10] || codes[code/100] {
			t.Errorf("another calling code is the beginning of %d", code)
		}
	}
	for region := range phonenumbers.GetSupportedRegions() {
		if p.homes[regionKey(region)] == nil {
			t.Errorf("region %s has no home", region)
		}
	}
}

// TestParserAgreesWithTheLibrary goes through the example numbers of all regions
// and types, and through what is near them.
func TestParserAgreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	parsers := map[Check]*Parser{
		CheckValid:    newParser(t, Policy{}),
		CheckPossible: newParser(t, Policy{Check: CheckPossible}),
	}
	collection, err := phonenumbers.MetadataCollection()
	if err != nil {
		t.Fatal(err)
	}
	step := 7
	if testing.Short() || raceEnabled {
		step = 101
	}
	count, accepted := 0, 0
	compare := func(digits string, plus bool, region string) {
		count++
		if count%step != 0 || len(digits) < minDigits || len(digits) >= MaxInput {
			return
		}
		for check, p := range parsers {
			got, want := byParser(p, digits, plus, region), byLibrary(check, digits, plus, region)
			if got != want {
				t.Errorf("check %s, digits %s, plus %t, region %q: got %v, want %v", check, digits, plus, region, got, want)
			}
			if want.err == nil {
				accepted++
			}
		}
	}
	for _, meta := range collection.GetMetadata() {
		code := phonenumbers.GetCountryCodeForRegion(meta.GetId())
		for _, example := range examples(meta) {
			for _, near := range neighbours(example) {
				compare(callingCode(meta)+near, true, "")
				if code != 0 {
					compare(near, false, meta.GetId())
					compare(meta.GetNationalPrefix()+near, false, meta.GetId())
				}
			}
			if code != 0 {
				compare(callingCode(meta)+example, false, meta.GetId())
				compare("00"+callingCode(meta)+example, false, meta.GetId())
				compare("01144"+example, false, "US")
				compare(callingCode(meta)+meta.GetNationalPrefix()+example, true, "")
				compare(callingCode(meta)+meta.GetNationalPrefix()+meta.GetNationalPrefix()+example, true, "")
			}
		}
	}
	if accepted < count/step/4 {
		t.Errorf("only %d of %d comparisons were about numbers that exist", accepted, count/step)
	}
}

func FuzzParserAgreesWithTheLibrary(f *testing.F) {
	valid := newParser(f, Policy{})
	possible := newParser(f, Policy{Check: CheckPossible})
	regions := Regions()[1:] // without 001
	f.Add("14158586273", true, uint8(0))
	f.Add("4402079460000", true, uint8(0))
	f.Add("02079460000", false, uint8(80))
	f.Add("390612345678", true, uint8(0))
	f.Add("541123456789", true, uint8(0))
	f.Add("01123456789", false, uint8(9))
	f.Add("80012345678", true, uint8(0))
	f.Fuzz(func(t *testing.T, digits string, plus bool, at uint8) {
		var w written
		if err := w.scan(digits); err != nil || w.plus || len(digits) == MaxInput {
			return
		}
		digits = string(w.digits())
		region := regions[int(at)%len(regions)]
		for check, p := range map[Check]*Parser{CheckValid: valid, CheckPossible: possible} {
			got, want := byParser(p, digits, plus, region), byLibrary(check, digits, plus, region)
			if got != want {
				t.Errorf("check %s, plus %t, region %s: got %v, want %v", check, plus, region, got, want)
			}
		}
	})
}
