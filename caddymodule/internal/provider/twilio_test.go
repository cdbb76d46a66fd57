package provider

import "testing"

// TestTwilioRoutesThatChangeStateAreUnreachable: the same key could change what
// Twilio tells everybody about a number.
func TestTwilioRoutesThatChangeStateAreUnreachable(t *testing.T) {
	for _, name := range []string{"twilio-v2", "twilio-v1"} {
		p, err := Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range []string{
			"/v2/PhoneNumbers/+14159929960/Overrides/line_type", "/v2/PhoneNumbers/+14159929960%2FOverrides/line_type",
			"/v2/RateLimits", "/v2/RateLimits/Fields/sim_swap/Bucket/x", "/v2/Jobs", "/v2/Jobs/LJ0", "/v2/Jobs/LJ0/stop",
			"/v2/batch/query/", "/v2/batch/jobs",
		} {
			for _, method := range []string{"GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"} {
				if op, _ := p.Match(method, path); op != nil {
					t.Errorf("%s: %s %s reaches %s", name, method, path, op.Name)
				}
			}
		}
	}
}

func TestTwilioIsReachedAsItsClientsAsk(t *testing.T) {
	for _, tt := range []struct{ preset, method, path, op, number string }{
		{"twilio-v2", "GET", "/v2/PhoneNumbers/+14159929960", "lookup", "+14159929960"},
		{"twilio-v2", "GET", "/v2/PhoneNumbers/%2B14159929960", "lookup", "%2B14159929960"},
		{"twilio-v2", "POST", "/v2/batch/query", "batch", ""},
		{"twilio-v1", "GET", "/v1/PhoneNumbers/+14159929960", "lookup", "+14159929960"},
		{"telnyx", "GET", "/v2/number_lookup/+14159929960", "lookup", "+14159929960"},
	} {
		p, err := Preset(tt.preset)
		if err != nil {
			t.Fatal(err)
		}
		op, at := p.Match(tt.method, tt.path)
		if op == nil || op.Name != tt.op || at.Number != tt.number {
			t.Errorf("%s: %s %s: got %v, %q", tt.preset, tt.method, tt.path, op, at.Number)
		}
	}
}

// TestPlainTwilioLookupCostsOneUnit: what callers can add costs more, and the
// part that is free does not.
func TestPlainTwilioLookupCostsOneUnit(t *testing.T) {
	for _, tt := range []struct {
		preset, param, value string
		want                 int
	}{
		{"twilio-v2", "Fields", "validation", 1},
		{"twilio-v2", "Fields", "sim_swap", 2},
		{"twilio-v2", "FirstName", "Ada", 1},
		{"twilio-v1", "Type", "carrier", 2},
		{"twilio-v1", "Type", "caller-name", 3},
	} {
		p, _ := Preset(tt.preset)
		op := p.Operation("lookup")
		for _, param := range op.Params {
			if param.Name != tt.param {
				continue
			}
			if got := op.UnitCost() + param.CostOf(tt.value); got != tt.want || !param.OptIn {
				t.Errorf("%s %s=%s costs %d, want %d, and an opt-in", tt.preset, tt.param, tt.value, got, tt.want)
			}
			tt.want = -1
		}
		if tt.want != -1 {
			t.Errorf("%s has no parameter %s", tt.preset, tt.param)
		}
	}
}
