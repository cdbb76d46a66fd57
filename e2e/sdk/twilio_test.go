package sdk

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// twilioVersions are the two presets, and what sets them apart.
var twilioVersions = []struct {
	provider, version string
	answer            map[string]any // to a caller that sees everything
	hidden            []string       // from one that sees the least
	invalid           failure
}{
	{
		"twilio-v2", "v2",
		map[string]any{
			"valid": true, "phoneNumber": harness.Number, "nationalFormat": "(415) 858-6273",
			"callingCountryCode": "1", "countryCode": "US",
		},
		[]string{"countryCode"},
		failure{"RestException", http.StatusBadRequest, "400", 0},
	},
	{
		"twilio-v1", "v1",
		map[string]any{"phoneNumber": harness.Number, "nationalFormat": "(415) 858-6273", "countryCode": "US"},
		[]string{"countryCode"},
		failure{"RestException", http.StatusBadRequest, "20404", 0},
	},
}

func TestTwilioClientGetsWhatItsCallerMaySee(t *testing.T) {
	for _, tt := range twilioVersions {
		t.Run(tt.provider, func(t *testing.T) {
			t.Parallel()
			c := twilioClient(t, tt.provider, tt.version)
			full, calls := c.lookUpFor(t, c.stage.Full.Key, harness.Number)
			if got := present(full.Answer); calls != 1 || !maps.Equal(got, tt.answer) {
				t.Errorf("got %v in %d calls, %s", got, calls, full.printed)
			}
			reduced := maps.Clone(tt.answer)
			maps.DeleteFunc(reduced, func(name string, _ any) bool { return slices.Contains(tt.hidden, name) })
			minimal := c.lookUp(t, c.stage.Minimal.Key, harness.Number)
			if got := present(minimal.Answer); !maps.Equal(got, reduced) {
				t.Errorf("who sees the least gets %v, %s", got, minimal.printed)
			}
			received := c.stage.Standin.Received(t)[0]
			sid, token, _ := strings.Cut(c.stage.Standin.Key, ":")
			want := harness.Request(t, received.Method, "https://twilio.example"+received.URI, "")
			want.SetBasicAuth(sid, token)
			if received.URI != "/"+tt.version+"/PhoneNumbers/"+harness.Number ||
				received.Headers.Get("Authorization") != want.Header.Get("Authorization") {
				t.Errorf("the provider was asked %+v", received)
			}
		})
	}
}

// TestTwilioClientRaisesItsOwnErrors: an application's error handling goes on
// working, and a refused lookup costs nothing.
func TestTwilioClientRaisesItsOwnErrors(t *testing.T) {
	for _, tt := range twilioVersions {
		t.Run(tt.provider, func(t *testing.T) {
			t.Parallel()
			c := twilioClient(t, tt.provider, tt.version)
			s := c.stage
			c.lookUp(t, s.limited.Key, harness.Number)
			for _, step := range []struct {
				name, key, number, fault string
				want                     failure
			}{
				{"invalid number", s.Minimal.Key, "+15550001", "", tt.invalid},
				{"wrong key", harness.NewCaller().Key, harness.Number, "", failure{"RestException", 401, "20003", 0}},
				{"too many lookups", s.limited.Key, harness.Number, "", failure{"RestException", 429, "20429", 0}},
				{"failing provider", s.Minimal.Key, harness.Number, "internal", failure{"RestException", 502, "502", 1}},
				{"provider's own limit", s.Minimal.Key, harness.Number, "rate_limit", failure{"RestException", 503, "503", 1}},
			} {
				if step.fault != "" {
					s.Standin.SetFault(t, s.Provider, harness.Fault{"documented": step.fault})
				}
				got, calls := c.lookUpFor(t, step.key, step.number)
				step.want.check(t, s, step.name, got, calls)
			}
		})
	}
}

// TestTwilioClientBuysOnlyWhatTheRouteAllows: paid packages go through where
// the route names them, and are refused at no cost elsewhere.
func TestTwilioClientBuysOnlyWhatTheRouteAllows(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		provider, version, allow, allowed, refused, set string
	}{
		{
			"twilio-v2", "v2", "allow Fields=line_type_intelligence,line_status",
			`{"fields":"line_type_intelligence,line_status"}`, `{"fields":"line_type_intelligence,caller_name"}`, "lineTypeIntelligence",
		},
		{"twilio-v1", "v1", "allow Type=carrier", `{"type":["carrier"]}`, `{"type":["carrier","caller-name"]}`, "carrier"},
	} {
		t.Run(tt.provider, func(t *testing.T) {
			t.Parallel()
			c := twilioClient(t, tt.provider, tt.version, tt.allow)
			got, calls := c.lookUpFor(t, c.stage.Minimal.Key, harness.Number, "PARAMS="+tt.allowed)
			line, _ := got.Answer[tt.set].(map[string]any)
			if calls != 1 || line["type"] != "mobile" || line["mobile_country_code"] != nil {
				t.Errorf("allowed: got %s in %d calls", got.printed, calls)
			}
			got, calls = c.lookUpFor(t, c.stage.Minimal.Key, harness.Number, "PARAMS="+tt.refused)
			failure{"RestException", 403, "403", 0}.check(t, c.stage, "refused", got, calls)
		})
	}
}

func TestTwilioClientAsksForSeveralNumbersAtOnce(t *testing.T) {
	t.Parallel()
	c := twilioClient(t, "twilio-v2", "v2", "allow /phone_numbers/*/fields/*")
	got, calls := c.lookUpFor(t, c.stage.Minimal.Key, harness.Number, `BATCH={"phone_numbers":[
		{"correlation_id":"a","phone_number":"+14158586273","fields":["line_type_intelligence"]},
		{"correlation_id":"b","phone_number":"07400123456","country_code":"GB"}]}`)
	answers, _ := got.Answer["phoneNumbers"].([]any)
	if calls != 1 || len(answers) != 2 {
		t.Fatalf("got %s in %d calls", got.printed, calls)
	}
	first, _ := answers[0].(map[string]any)
	second, _ := answers[1].(map[string]any)
	line, _ := first["lineTypeIntelligence"].(map[string]any)
	if first["correlationId"] != "a" || line["type"] != "mobile" || first["countryCode"] != nil ||
		second["correlationId"] != "b" || second["phoneNumber"] != "+447400123456" {
		t.Errorf("got %s", got.printed)
	}
	got, calls = c.lookUpFor(t, c.stage.Minimal.Key, harness.Number,
		`BATCH={"phone_numbers":[{"phone_number":"+14158586273"},{"phone_number":"+15550001"}]}`)
	failure{"RestException", 400, "400", 0}.check(t, c.stage, "one invalid number", got, calls)
}

// twilioClient starts Ringward before Twilio, with options of the route, and
// returns Twilio's client.
func twilioClient(t *testing.T, provider, version string, route ...string) client {
	t.Helper()
	s := newPairStage(t, provider, "account_sid", "auth_token")
	s.Route = strings.Join(route, "\n")
	s.Run()
	s.AwaitHealth(http.StatusOK)
	return client{stage: s, script: "twilio.js", env: []string{"VERSION=" + version}}
}

// present leaves out what is null or not there.
func present(answer map[string]any) map[string]any {
	answer = maps.Clone(answer)
	maps.DeleteFunc(answer, func(_ string, value any) bool { return value == nil })
	return answer
}
