package phone

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
)

func TestFaultyPoliciesAreRefusedWithWhatIsAllowed(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		policy Policy
		want   []string // parts of the error
	}{
		{"check", Policy{Check: "strict"}, []string{`"strict"`, `"valid"`, `"possible"`}},
		{"region", Policy{Regions: []string{"US", "UK"}}, []string{`"UK"`, "GB"}},
		{"region in lower case", Policy{Regions: []string{"us"}}, []string{`"us"`, "US"}},
		{"empty region", Policy{Regions: []string{""}}, []string{`""`, "US"}},
		{"unknown region of the library", Policy{Regions: []string{"ZZ"}}, []string{`"ZZ"`}},
		{"region twice", Policy{Regions: []string{"US", "US"}}, []string{`"US"`, "twice"}},
		{"type", Policy{Types: []string{"landline"}}, []string{`"landline"`, "mobile, fixed_line, fixed_line_or_mobile", "voicemail"}},
		{"type twice", Policy{Types: []string{"mobile", "mobile"}}, []string{`"mobile"`, "twice"}},
		{"unknown type of valid numbers", Policy{Types: []string{"unknown"}}, []string{"unknown", "possible"}},
		{"default region", Policy{DefaultRegion: "UK"}, []string{"default region", `"UK"`, "GB"}},
		{"no country as default region", Policy{DefaultRegion: "001"}, []string{"default region", `"001"`}},
		{"default region outside the regions", Policy{Regions: []string{"GB"}, DefaultRegion: "US"}, []string{`"US"`, "allowed regions"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			err := test.policy.Validate()
			if err == nil {
				t.Fatal("accepted")
			}
			for _, part := range test.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q does not tell %q", err, part)
				}
			}
			if _, err := NewParser(test.policy); err == nil {
				t.Error("NewParser took what Validate refuses")
			}
		})
	}
}

func TestGoodPoliciesAreAccepted(t *testing.T) {
	t.Parallel()
	for _, policy := range []Policy{
		{},
		{Check: CheckValid},
		{Check: CheckPossible, Regions: []string{"US", "CA", "001"}, Types: Types(), DefaultRegion: "US"},
		{Regions: []string{"CA"}, DefaultRegion: "US"}, // a shared calling code
		{Regions: Regions()},
	} {
		if err := policy.Validate(); err != nil {
			t.Errorf("refused: %v", err)
		}
	}
}

func TestPolicySurvivesJSON(t *testing.T) {
	t.Parallel()
	policy := Policy{Check: CheckPossible, Regions: []string{"US"}, Types: []string{"mobile"}, DefaultRegion: "US"}
	text, err := json.Marshal(policy)
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"check":"possible","regions":["US"],"types":["mobile"],"default_region":"US"}`
	if string(text) != want {
		t.Errorf("got %s, want %s", text, want)
	}
	var back Policy
	if err := json.Unmarshal(text, &back); err != nil || !reflect.DeepEqual(back, policy) {
		t.Errorf("came back changed: %v", err)
	}
}
