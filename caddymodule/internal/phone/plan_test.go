package phone

import (
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func TestOddPrefixesAreLeftToTheLibrary(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, prefix, transform string
		number                  string
		want                    bool
	}{
		{"no prefix", "", "", "12", true},
		{"prefix is there", "0", "", "012", false},
		{"prefix is not there", "0", "", "12", true},
		{"prefix may be empty", "0?(?:(1)5)?", "9$1", "25", true},
		{"empty prefix with a consequence", "0?(1?)", "9$1", "25", false},
		{"empty prefix, group without a rule", "0?(1?)", "", "25", true},
		{"prefix that needs the end", "([4-6]1)$", "9$1", "4123", false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			meta := &phonenumbers.PhoneMetadata{NationalPrefixForParsing: &test.prefix, NationalPrefixTransformRule: &test.transform}
			trunk, err := compileTrunk(meta)
			if err != nil {
				t.Fatal(err)
			}
			p := plan{trunk: trunk}
			if got := p.isPlain(test.number); got != test.want {
				t.Errorf("plain: got %t, want %t", got, test.want)
			}
		})
	}
}

func TestBrokenMetadataIsAnError(t *testing.T) {
	t.Parallel()
	broken := "("
	meta := &phonenumbers.PhoneMetadata{NationalPrefixForParsing: &broken}
	if _, err := newPlan(1, []*phonenumbers.PhoneMetadata{meta}); err == nil {
		t.Error("a broken national prefix was taken")
	}
	if _, err := newHome(meta); err == nil {
		t.Error("a broken national prefix was taken")
	}
	meta = &phonenumbers.PhoneMetadata{GeneralDesc: &phonenumbers.PhoneNumberDesc{NationalNumberPattern: &broken}}
	if _, err := newPlan(1, []*phonenumbers.PhoneMetadata{meta}); err == nil {
		t.Error("a broken pattern was taken")
	}
}

func TestLengthsBoundWhatAPatternMatches(t *testing.T) {
	t.Parallel()
	anyDigits := `\d+`
	meta := &phonenumbers.PhoneMetadata{
		GeneralDesc: &phonenumbers.PhoneNumberDesc{NationalNumberPattern: &anyDigits, PossibleLength: []int32{5, 7}},
		Mobile:      &phonenumbers.PhoneNumberDesc{NationalNumberPattern: &anyDigits, PossibleLength: []int32{7}},
		FixedLine:   &phonenumbers.PhoneNumberDesc{NationalNumberPattern: &anyDigits, PossibleLength: []int32{-1}},
		Pager:       &phonenumbers.PhoneNumberDesc{PossibleLength: []int32{7}}, // no pattern, no numbers
	}
	r, err := newRules(meta)
	if err != nil {
		t.Fatal(err)
	}
	for number, want := range map[string]kind{"1234567": mobile, "12345": unknown, "123456": unknown} {
		if got := r.kind(r.match(number)); got != want {
			t.Errorf("%d digits: got %v, want %v", len(number), got, want)
		}
	}
}
