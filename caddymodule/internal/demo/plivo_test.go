package demo

import (
	"net/http"
	"testing"
)

func TestPlivoAnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "plivo", ServeOptions{})
	header := http.Header{"Authorization": {basicAuth(keyOf(t, "plivo"))}}
	got := ask(t, client, "GET", "/v1/Number/%2B16172252821?type=carrier", "", header, 200).json
	wantFields(t, got, map[string]any{
		"phone_number": "+16172252821",
		"country":      map[string]any{"name": "United States of America", "iso2": "US", "iso3": "USA"},
		"format": map[string]any{
			"e164": "+16172252821", "national": "(617) 225-2821",
			"international": "+1 617-225-2821", "rfc3966": "tel:+1-617-225-2821",
		},
		"resource_uri": "/v1/Number/+16172252821?type=carrier",
	})
	if got["api_id"] == nil || member(got, "carrier", "type") != "mobile" || member(got, "carrier", "ported") != "unknown" {
		t.Errorf("got %v", got)
	}
	landline := ask(t, client, "GET", "/v1/Number/"+whiteHouse, "", header, 200).json
	if member(landline, "carrier", "type") != "fixed" {
		t.Errorf("landline: got %v", landline)
	}
}

func TestPlivoErrorsAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "plivo", ServeOptions{})
	const path = "/v1/Number/"
	good := http.Header{"Authorization": {basicAuth(keyOf(t, "plivo"))}}
	for title, c := range map[string]struct {
		method, path string
		header       http.Header
		status       int
		code         float64
	}{
		"no key":         {"GET", path + whiteHouse, nil, 401, 401},
		"wrong key":      {"GET", path + whiteHouse, http.Header{"Authorization": {basicAuth("a:b")}}, 401, 401},
		"other scheme":   {"GET", path + whiteHouse, http.Header{"Authorization": {"Bearer " + keyOf(t, "plivo")}}, 401, 401},
		"no such number": {"GET", path + "+1617", good, 404, 20404},
		"unknown type":   {"GET", path + whiteHouse + "?type=x", good, 400, 400},
		"double slash":   {"GET", "/" + path + whiteHouse, good, 404, 404},
		"wrong method":   {"POST", path + whiteHouse, good, 404, 404},
		"no number":      {"GET", path, good, 404, 404},
	} {
		got := ask(t, client, c.method, c.path, "", c.header, c.status)
		if got.json["error_code"] != c.code || got.json["api_id"] == nil || got.json["message"] == nil {
			t.Errorf("%s: got %q", title, got.body)
		}
	}
}
