package demo

import (
	"maps"
	"slices"
	"testing"
)

// abstractProducts are both imitations.
var abstractProducts = []string{"abstract-validation", "abstract-intelligence"}

func TestAbstractValidationAnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "abstract-validation", ServeOptions{})
	const path = "/v1/?api_key=" + testKey + "&phone="
	for title, query := range map[string]string{"international": "14152007986", "national": "4152007986&country=us", "plus sign": "%2B14152007986&country=gb"} {
		got := ask(t, client, "GET", path+query, "", nil, 200).json
		if got["valid"] != true || member(got, "format", "international") != "+14152007986" {
			t.Errorf("%s: got %v", title, got)
		}
		wantFields(t, got, map[string]any{
			"country": map[string]any{"code": "US", "name": "United States of America", "prefix": "+1"},
			"format":  map[string]any{"international": "+14152007986", "local": "(415) 200-7986"},
			"type":    "mobile", "carrier": "",
		})
	}
	invalid := ask(t, client, "GET", path+"1415", "", nil, 200).json
	wantFields(t, invalid, map[string]any{"valid": false, "phone": "1415", "type": "unknown"})
}

func TestAbstractIntelligenceAnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "abstract-intelligence", ServeOptions{})
	const path = "/v1/?api_key=" + testKey + "&phone="
	got := ask(t, client, "GET", path+"14159929960", "", nil, 200).json
	want := []string{
		"phone_breaches", "phone_carrier", "phone_format", "phone_location", "phone_messaging",
		"phone_number", "phone_registration", "phone_risk", "phone_validation",
	}
	if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) {
		t.Errorf("got fields %v", names)
	}
	if member(got, "phone_validation", "is_valid") != true || member(got, "phone_carrier", "line_type") != "Wireless" ||
		member(got, "phone_registration", "name") == nil {
		t.Errorf("got %v", got)
	}
	invalid := ask(t, client, "GET", path+"1415", "", nil, 200).json
	if member(invalid, "phone_validation", "is_valid") != false || member(invalid, "phone_validation", "line_status") != "inactive" {
		t.Errorf("invalid: got %v", invalid)
	}
}

func TestAbstractErrorsAsDocumented(t *testing.T) {
	for _, name := range abstractProducts {
		_, _, client := startProvider(t, name, ServeOptions{})
		for title, c := range map[string]struct {
			method, path string
			status       int
			code         any
		}{
			"no key":          {"GET", "/v1/?phone=14152007986", 401, "unauthorized"},
			"wrong key":       {"GET", "/v1/?phone=14152007986&api_key=x", 401, "unauthorized"},
			"no number":       {"GET", "/v1/?api_key=" + testKey, 204, nil},
			"letters":         {"GET", "/v1/?phone=x&api_key=" + testKey, 422, "validation_error"},
			"unknown country": {"GET", "/v1/?phone=14152007986&country=QQ&api_key=" + testKey, 422, "validation_error"},
			"no slash":        {"GET", "/v1?phone=14152007986&api_key=" + testKey, 404, "not_found"},
			"wrong method":    {"POST", "/v1/?phone=14152007986&api_key=" + testKey, 404, "not_found"},
		} {
			got := ask(t, client, c.method, c.path, "", nil, c.status)
			if member(got.json, "error", "code") != c.code || (c.status == 204) != (got.body == "") {
				t.Errorf("%s, %s: got %q", name, title, got.body)
			}
		}
	}
}
