package sdk

import (
	"encoding/json"
	"net/http"
	"reflect"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

func TestTelnyxClientGetsWhatItsCallerMaySee(t *testing.T) {
	t.Parallel()
	c := telnyxClient(t)
	for _, tt := range []struct{ name, key, want string }{
		{"minimal", c.stage.Minimal.Key, `{"data":{
			"record_type":"number_lookup","valid_number":true,"phone_number":"+14158586273","national_format":"(415) 858-6273",
			"portability":{"line_type":"fixed line or mobile"}}}`},
		{"full", c.stage.Full.Key, `{"data":{
			"record_type":"number_lookup","valid_number":true,"phone_number":"+14158586273","national_format":"(415) 858-6273",
			"country_code":"US","fraud":null,"portability":{
				"line_type":"fixed line or mobile","altspid":"073H","altspid_carrier_name":"Telnyx/4","altspid_carrier_type":"3",
				"city":"","state":"CA","lrn":"2245701999","ocn":"073H","ported_date":"2017-10-20","ported_status":"Y",
				"spid":"073H","spid_carrier_name":"Telnyx/4","spid_carrier_type":"3"}}}`},
	} {
		var want map[string]any
		if err := json.Unmarshal([]byte(tt.want), &want); err != nil {
			t.Fatal(err)
		}
		got, calls := c.lookUpFor(t, tt.key, harness.Number)
		if !reflect.DeepEqual(got.Answer, want) || calls != 1 {
			t.Errorf("%s: got %s in %d calls", tt.name, got.printed, calls)
		}
	}
}

// TestTelnyxClientRaisesItsOwnErrors: this client asks twice again after 429 and
// 5xx, so what is refused must not reach the provider.
func TestTelnyxClientRaisesItsOwnErrors(t *testing.T) {
	t.Parallel()
	c := telnyxClient(t)
	s := c.stage
	c.lookUp(t, s.limited.Key, harness.Number)
	// It waits as Retry-After says before it asks again, here up to an hour.
	once := `OPTIONS={"maxRetries":0}`
	for _, step := range []struct {
		name, key, number, fault, env string
		want                          failure
	}{
		{"invalid number", s.Minimal.Key, "+15550001", "", "", failure{"BadRequestError", 400, "10002", 0}},
		{"wrong key", harness.NewCaller().Key, harness.Number, "", "", failure{"AuthenticationError", 401, "10009", 0}},
		{"too many lookups", s.limited.Key, harness.Number, "", once, failure{"RateLimitError", 429, "10011", 0}},
		{"number that the provider refuses", s.Minimal.Key, harness.Number, "not_canadian", "", failure{"UnprocessableEntityError", 422, "10015", 1}},
		{"failing provider", s.Minimal.Key, harness.Number, "internal", "", failure{"InternalServerError", 502, "10007", 3}},
	} {
		s.Standin.SetFault(t, s.Provider, nil)
		if step.fault != "" {
			s.Standin.SetFault(t, s.Provider, harness.Fault{"documented": step.fault, "sticky": true})
		}
		env := []string{}
		if step.env != "" {
			env = append(env, step.env)
		}
		got, calls := c.lookUpFor(t, step.key, step.number, env...)
		step.want.check(t, s, step.name, got, calls)
	}
}

func TestTelnyxClientBuysOnlyWhatTheRouteAllows(t *testing.T) {
	t.Parallel()
	c := telnyxClient(t, "allow type=carrier")
	got, calls := c.lookUpFor(t, c.stage.Minimal.Key, harness.Number, `PARAMS={"type":"carrier"}`)
	data, _ := got.Answer["data"].(map[string]any)
	carrier, _ := data["carrier"].(map[string]any)
	if calls != 1 || carrier["type"] != "fixed line or mobile" || carrier["name"] != nil {
		t.Errorf("allowed: got %s in %d calls", got.printed, calls)
	}
	got, calls = c.lookUpFor(t, c.stage.Minimal.Key, harness.Number, `PARAMS={"type":"caller-name"}`)
	failure{"PermissionDeniedError", 403, "10010", 0}.check(t, c.stage, "refused", got, calls)
}

// telnyxClient starts Ringward before Telnyx, with options of the route, and
// returns Telnyx's client.
func telnyxClient(t *testing.T, route ...string) client {
	t.Helper()
	s := newStage(t, "telnyx")
	s.Route = strings.Join(route, "\n")
	s.Run()
	s.AwaitHealth(http.StatusOK)
	return client{stage: s, script: "telnyx.js"}
}
