package demo

import (
	"net/http"
	"testing"
)

func TestNumLookupAPIAnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "numlookupapi", ServeOptions{})
	header := http.Header{"Apikey": {testKey}}
	for name, c := range map[string]struct {
		target string
		want   map[string]any
	}{
		"documented sample": {"+14158586273", map[string]any{
			"valid": true, "number": "14158586273", "local_format": "4158586273", "international_format": "+14158586273",
			"country_prefix": "+1", "country_code": "US", "country_name": "United States of America",
			"location": "California", "carrier": "", "line_type": "mobile",
		}},
		"escaped plus sign": {"%2B14158586273", map[string]any{"valid": true}},
		"no plus sign":      {"14158586273", map[string]any{"valid": true}},
		"landline":          {"+442079460000", map[string]any{"valid": true, "line_type": "landline", "location": "London"}},
		"national number":   {"4158586273?country_code=us", map[string]any{"valid": true, "country_code": "US"}},
		"wrong country":     {"4158586273?country_code=GB", map[string]any{"valid": false}},
		"invalid number": {"+11155550123", map[string]any{
			"valid": false, "number": "11155550123", "international_format": "", "line_type": "",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, client, http.MethodGet, "/v1/validate/"+c.target, "", header, http.StatusOK)
			if len(got.json) != 10 {
				t.Errorf("got %q", got.body)
			}
			wantFields(t, got.json, c.want)
		})
	}
}

func TestNumLookupAPIErrorsAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "numlookupapi", ServeOptions{})
	const path = "/v1/validate/+14158586273"
	for name, c := range map[string]struct {
		method, target, key string
		status              int
		message             string
	}{
		"missing key":     {"GET", path, "", 401, "No API key found in request"},
		"wrong key":       {"GET", path, "other", 401, "Invalid authentication credentials"},
		"unknown country": {"GET", path + "?country_code=QQ", testKey, 422, "The selected country_code is invalid"},
		"unknown path":    {"GET", "/v1/other", testKey, 404, "The requested endpoint does not exist"},
		"wrong method":    {"POST", path, testKey, 404, "The requested endpoint does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, client, c.method, c.target, "", http.Header{"Apikey": {c.key}}, c.status)
			if len(got.json) != 1 || got.json["message"] != c.message {
				t.Errorf("got %q", got.body)
			}
		})
	}
}

func TestNumLookupAPITakesItsKeyFromTheQuery(t *testing.T) {
	_, _, client := startProvider(t, "numlookupapi", ServeOptions{})
	ask(t, client, http.MethodGet, "/v1/validate/+14158586273?apikey="+testKey, "", nil, http.StatusOK)
	ask(t, client, http.MethodGet, "/v1/validate/+14158586273?apikey=other", "", nil, http.StatusUnauthorized)
}

func TestNumLookupAPITellsAboutTheAccount(t *testing.T) {
	_, _, client := startProvider(t, "numlookupapi", ServeOptions{})
	header := http.Header{"Apikey": {testKey}}
	got := ask(t, client, http.MethodGet, "/v1/validate/+14158586273", "", header, http.StatusOK)
	if left := got.header.Get("X-RateLimit-Remaining-Quota-Month"); left != "229" {
		t.Errorf("got %q left of the month's quota", left)
	}
	status := ask(t, client, http.MethodGet, "/v1/status", "", header, http.StatusOK)
	if member(status.json, "quotas", "month", "remaining") != float64(229) || status.json["account_id"] == nil {
		t.Errorf("got %q", status.body)
	}
}
