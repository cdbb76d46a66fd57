package demo

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

func twilioHeader(t testing.TB, name string) http.Header {
	t.Helper()
	return jsonHeader(basicAuth(keyOf(t, name)))
}

func TestTwilioV2AnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "twilio-v2", ServeOptions{})
	const path = "https://api.example/v2/PhoneNumbers/"
	for name, c := range map[string]struct {
		target string
		want   map[string]any
	}{
		"documented sample": {"+14159929960", map[string]any{
			"calling_country_code": "1", "country_code": "US", "phone_number": "+14159929960",
			"national_format": "(415) 992-9960", "valid": true, "validation_errors": nil, "line_type_intelligence": nil,
			"pre_fill": nil, "url": "https://lookups.twilio.com/v2/PhoneNumbers/+14159929960",
		}},
		"escaped plus":          {"%2B14159929960", map[string]any{"phone_number": "+14159929960", "valid": true}},
		"national, by default":  {"4159929960", map[string]any{"phone_number": "+14159929960", "country_code": "US"}},
		"national, of a region": {"07400123456?CountryCode=gb", map[string]any{"phone_number": "+447400123456", "country_code": "GB"}},
		"too long": {"+141599299600", map[string]any{
			"calling_country_code": nil, "country_code": nil, "phone_number": "+141599299600",
			"national_format": nil, "valid": false, "validation_errors": []any{"TOO_LONG"},
		}},
		"too short":     {"+1415", map[string]any{"valid": false, "validation_errors": []any{"TOO_SHORT"}}},
		"no such area":  {"+11155550123", map[string]any{"valid": false, "validation_errors": []any{"INVALID_BUT_POSSIBLE"}}},
		"not a number":  {"hello", map[string]any{"valid": false, "validation_errors": []any{"NOT_A_NUMBER"}}},
		"validation":    {"+14159929960?Fields=validation", map[string]any{"valid": true}},
		"line type":     {"+14159929960?Fields=line_type_intelligence", map[string]any{"line_type_intelligence": map[string]any{"error_code": nil, "mobile_country_code": "310", "mobile_network_code": "456", "carrier_name": "Example Networks", "type": "mobile"}}},
		"two packages":  {"+14159929960?Fields=caller_name,line_status", map[string]any{"caller_name": map[string]any{"caller_name": "SERGIO SUAREZ", "caller_type": "CONSUMER", "error_code": nil}, "line_status": map[string]any{"status": "active", "error_code": nil}}},
		"not asked for": {"+14159929960?FirstName=John", map[string]any{"identity_match": nil}},
		"of an invalid": {"+1415?Fields=line_status", map[string]any{"line_status": nil}},
	} {
		got := do(t, client, http.MethodGet, path+c.target, "", twilioHeader(t, "twilio-v2"))
		if got.status != http.StatusOK || len(got.json) != 17 {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
		wantFields(t, got.json, c.want)
	}
}

func TestTwilioV2FillsEveryPackageAskedFor(t *testing.T) {
	_, _, client := startProvider(t, "twilio-v2", ServeOptions{})
	packages := []string{
		"caller_name", "sim_swap", "call_forwarding", "line_status", "line_type_intelligence", "identity_match",
		"reassigned_number", "sms_pumping_risk", "phone_number_quality_score", "pre_fill",
	}
	got := do(t, client, http.MethodGet, "https://api.example/v2/PhoneNumbers/+14159929960?FirstName=John&LastVerifiedDate=20201227&Fields="+
		strings.Join(packages, ","), "", twilioHeader(t, "twilio-v2"))
	for _, name := range packages {
		if got.json[name] == nil {
			t.Errorf("%s is not in %s", name, got.body)
		}
	}
	match, _ := got.json["identity_match"].(map[string]any)
	wantFields(t, match, map[string]any{"first_name_match": "exact_match", "last_name_match": "no_data_available"})
}

func TestTwilioV2AnswersABatchInOrder(t *testing.T) {
	_, _, client := startProvider(t, "twilio-v2", ServeOptions{})
	got := do(t, client, http.MethodPost, "https://api.example/v2/batch/query", `{"phone_numbers":[
		{"correlation_id":"a","phone_number":"+14159929960","fields":["line_type_intelligence"]},
		{"phone_number":"+1415"}]}`, twilioHeader(t, "twilio-v2"))
	list, _ := got.json["phone_numbers"].([]any)
	if got.status != http.StatusOK || len(list) != 2 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	first, _ := list[0].(map[string]any)
	second, _ := list[1].(map[string]any)
	wantFields(t, first, map[string]any{"correlation_id": "a", "valid": true, "caller_name": nil})
	wantFields(t, second, map[string]any{"valid": false, "validation_errors": []any{"TOO_SHORT"}})
	if first["line_type_intelligence"] == nil || second["correlation_id"] != nil || first["url"] != nil {
		t.Errorf("got %s", got.body)
	}
}

func TestTwilioV1AnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "twilio-v1", ServeOptions{})
	const path = "https://api.example/v1/PhoneNumbers/"
	carrier := map[string]any{"error_code": nil, "mobile_country_code": "310", "mobile_network_code": "456", "name": "Example Networks", "type": "mobile"}
	name := map[string]any{"caller_name": "SERGIO SUAREZ", "caller_type": "CONSUMER", "error_code": nil}
	for title, c := range map[string]struct {
		target string
		want   map[string]any
	}{
		"plain": {"+15108675310", map[string]any{
			"caller_name": nil, "carrier": nil, "country_code": "US", "national_format": "(510) 867-5310",
			"phone_number": "+15108675310", "fraud": nil, "add_ons": nil, "url": "https://lookups.twilio.com/v1/PhoneNumbers/+15108675310",
		}},
		"carrier":  {"+15108675310?Type=carrier", map[string]any{"carrier": carrier, "caller_name": nil}},
		"both":     {"+15108675310?Type=carrier&Type=caller-name", map[string]any{"carrier": carrier, "caller_name": name}},
		"national": {"02079460000?CountryCode=GB", map[string]any{"phone_number": "+442079460000"}},
	} {
		got := do(t, client, http.MethodGet, path+c.target, "", twilioHeader(t, "twilio-v1"))
		if got.status != http.StatusOK || len(got.json) != 8 {
			t.Errorf("%s: got %d %s", title, got.status, got.body)
		}
		wantFields(t, got.json, c.want)
	}
}

func TestTwilioErrorsAsDocumented(t *testing.T) {
	const v1, v2 = "https://api.example/v1/PhoneNumbers/", "https://api.example/v2/PhoneNumbers/"
	key := map[string]string{"twilio-v1": basicAuth(keyOf(t, "twilio-v1")), "twilio-v2": basicAuth(keyOf(t, "twilio-v2"))}
	for _, c := range []struct {
		name, provider, method, url, body, key string
		status, code                           int
	}{
		{"no key", "twilio-v2", "GET", v2 + "+14159929960", "", "", 401, 20003},
		{"wrong key", "twilio-v2", "GET", v2 + "+14159929960", "", basicAuth("AC0:wrong"), 401, 20003},
		{"bearer", "twilio-v2", "GET", v2 + "+14159929960", "", "Bearer " + testKey, 401, 20003},
		{"unknown package", "twilio-v2", "GET", v2 + "+14159929960?Fields=shoe_size", "", key["twilio-v2"], 400, 400},
		{"unknown path", "twilio-v2", "GET", "https://api.example/v2/Numbers/+14159929960", "", key["twilio-v2"], 404, 20404},
		{"two slashes", "twilio-v2", "GET", "https://api.example/v2//PhoneNumbers/+14159929960", "", key["twilio-v2"], 404, 20404},
		{"wrong method", "twilio-v2", "DELETE", v2 + "+14159929960", "", key["twilio-v2"], 404, 20404},
		{"empty batch", "twilio-v2", "POST", "https://api.example/v2/batch/query", `{"phone_numbers":[]}`, key["twilio-v2"], 400, 400},
		{"unknown package in a batch", "twilio-v2", "POST", "https://api.example/v2/batch/query", `{"phone_numbers":[{"phone_number":"+14159929960","fields":["x"]}]}`, key["twilio-v2"], 400, 400},
		{"v1: no key", "twilio-v1", "GET", v1 + "+15108675310", "", "", 401, 20003},
		{"v1: no such number", "twilio-v1", "GET", v1 + "+15550001", "", key["twilio-v1"], 404, 20404},
		{"v1: unknown type", "twilio-v1", "GET", v1 + "+15108675310?Type=x", "", key["twilio-v1"], 400, 400},
	} {
		_, _, client := startProvider(t, c.provider, ServeOptions{})
		got := do(t, client, c.method, c.url, c.body, http.Header{"Authorization": {c.key}})
		if got.status != c.status || len(got.json) != 4 || got.json["code"] != float64(c.code) || got.json["status"] != float64(c.status) {
			t.Errorf("%s: got %d %s", c.name, got.status, got.body)
		}
	}
}

func TestTwilioLineTypesAreOfItsVocabulary(t *testing.T) {
	known := []string{
		"mobile", "landline", "tollFree", "fixedVoip", "nonFixedVoip", "personal", "premium", "voicemail",
		"sharedCost", "uan", "pager", "unknown",
	}
	for kind := range phonenumbers.UNKNOWN + 1 {
		if name := twilioLineTypeOf(facts{kind: kind}).Type; !slices.Contains(known, name) {
			t.Errorf("type %d: got %q", kind, name)
		}
	}
}
