package demo

import (
	"net/http"
	"testing"
)

func TestTelnyxAnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "telnyx", ServeOptions{})
	header := http.Header{"Authorization": {"Bearer " + testKey}}
	lookup := func(target string) map[string]any {
		got := do(t, client, http.MethodGet, "https://api.example/v2/number_lookup/"+target, "", header)
		data, _ := got.json["data"].(map[string]any)
		if got.status != http.StatusOK || len(got.json) != 1 || len(data) != 9 {
			t.Fatalf("%s: got %d %s", target, got.status, got.body)
		}
		return data
	}
	plain := lookup("+13129457420")
	wantFields(t, plain, map[string]any{
		"record_type": "number_lookup", "valid_number": true, "country_code": "US", "phone_number": "+13129457420",
		"national_format": "(312) 945-7420", "carrier": nil, "caller_name": nil, "fraud": nil,
	})
	ported, _ := plain["portability"].(map[string]any)
	wantFields(t, ported, map[string]any{"lrn": "2245701999", "ported_status": "Y", "spid_carrier_name": "Telnyx/4", "line_type": "fixed line or mobile"})
	if abroad := lookup("+447400123456"); abroad["portability"] != nil {
		t.Error("portability is told outside of North America")
	}
	both := lookup("%2B13129457420?type=carrier&type=caller-name")
	carrier, _ := both["carrier"].(map[string]any)
	name, _ := both["caller_name"].(map[string]any)
	wantFields(t, carrier, map[string]any{"name": "Telnyx/4", "type": "fixed line or mobile", "error_code": nil})
	wantFields(t, name, map[string]any{"caller_name": "TELNYX LLC", "error_code": "10001"})
}

func TestTelnyxErrorsAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "telnyx", ServeOptions{})
	const path = "https://api.example/v2/number_lookup/"
	for _, c := range []struct {
		name, method, url, key string
		status                 int
		code                   string
	}{
		{"no key", "GET", path + "+13129457420", "", 401, "10009"},
		{"wrong key", "GET", path + "+13129457420", "other", 401, "10009"},
		{"no plus sign", "GET", path + "13129457420", testKey, 400, "10016"},
		{"no such number", "GET", path + "+1312", testKey, 422, "10002"},
		{"unknown type", "GET", path + "+13129457420?type=x", testKey, 400, "10015"},
		{"unknown path", "GET", "https://api.example/number_lookup/+13129457420", testKey, 404, "10005"},
		{"wrong method", "POST", path + "+13129457420", testKey, 404, "10005"},
	} {
		got := do(t, client, c.method, c.url, "", http.Header{"Authorization": {"Bearer " + c.key}})
		list, _ := got.json["errors"].([]any)
		if got.status != c.status || len(list) != 1 {
			t.Errorf("%s: got %d %s", c.name, got.status, got.body)
			continue
		}
		fault, _ := list[0].(map[string]any)
		wantFields(t, fault, map[string]any{"code": c.code})
	}
}
