package demo

import (
	"net/http"
	"testing"
)

func TestPreludeAnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "prelude", ServeOptions{})
	header := http.Header{"Authorization": {"Bearer " + testKey}}
	got := ask(t, client, "GET", "/v2/lookup/+33612345678", "", header, 200).json
	wantFields(t, got, map[string]any{
		"phone_number": "+33612345678", "country_code": "FR", "line_type": "mobile", "flags": []any{},
	})
	if member(got, "network_info", "mcc") != "208" || member(got, "original_network_info", "mnc") != "10" || got["caller_name"] != nil {
		t.Errorf("got %v", got)
	}
	named := ask(t, client, "GET", "/v2/lookup/%2B33612345678?type=cnam", "", header, 200).json
	wantFields(t, named, map[string]any{"caller_name": "JOHN SMITH"})
}

func TestPreludeErrorsAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "prelude", ServeOptions{})
	const path = "/v2/lookup/"
	for title, c := range map[string]struct {
		method, path, authorization string
		status                      int
		code                        string
	}{
		"no key":         {"GET", path + whiteHouse, "", 401, "missing_api_token"},
		"other scheme":   {"GET", path + whiteHouse, "Basic " + testKey, 401, "missing_api_token"},
		"wrong key":      {"GET", path + whiteHouse, "Bearer x", 401, "invalid_api_token"},
		"no such number": {"GET", path + "+1202", "Bearer " + testKey, 400, "invalid_phone_number"},
		"no plus sign":   {"GET", path + whiteHouse[1:], "Bearer " + testKey, 400, "invalid_phone_number"},
		"unknown type":   {"GET", path + whiteHouse + "?type=cnam,x", "Bearer " + testKey, 400, "invalid_request"},
		"double slash":   {"GET", "/" + path + whiteHouse, "Bearer " + testKey, 404, "invalid_request"},
		"wrong method":   {"POST", path + whiteHouse, "Bearer " + testKey, 404, "invalid_request"},
	} {
		got := ask(t, client, c.method, c.path, "", http.Header{"Authorization": {c.authorization}}, c.status)
		if got.json["code"] != c.code || got.json["message"] == nil {
			t.Errorf("%s: got %q", title, got.body)
		}
	}
}
