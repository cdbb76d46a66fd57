package demo

import (
	"net/http"
	"testing"
)

func TestTrestleAnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "trestle", ServeOptions{})
	header := http.Header{"X-Api-Key": {testKey}}
	for name, c := range map[string]struct {
		target string
		want   map[string]any
	}{
		"number":        {"/3.0/phone_intel?phone=%2B12069735100", map[string]any{"is_valid": true, "phone_number": "2069735100", "country_code": "US"}},
		"country hint":  {"/3.0/phone_intel?phone=02079460000&phone.country_hint=GB", map[string]any{"is_valid": true, "line_type": "Landline", "country_code": "GB"}},
		"no number":     {"/3.0/phone_intel?phone=%2B14150000000", map[string]any{"is_valid": false, "line_type": nil}},
		"reverse phone": {"/3.2/phone?phone=%2B12069735100", map[string]any{"is_valid": true, "country_calling_code": "1"}},
	} {
		t.Run(name, func(t *testing.T) {
			wantFields(t, ask(t, client, http.MethodGet, c.target, "", header, http.StatusOK).json, c.want)
		})
	}
	checked := ask(t, client, http.MethodGet, "/3.0/phone_intel?phone=2069735100&add_ons=litigator_checks", "", header, http.StatusOK)
	if member(checked.json, "add_ons", "litigator_checks", "phone.is_litigator_risk") != false {
		t.Errorf("got %q", checked.body)
	}
}

func TestTrestleTellsOfPeopleOnlyInTheReverseLookup(t *testing.T) {
	_, _, client := startProvider(t, "trestle", ServeOptions{})
	header := http.Header{"X-Api-Key": {testKey}}
	reverse := ask(t, client, http.MethodGet, "/3.2/phone?phone=%2B12069735100", "", header, http.StatusOK)
	owners, _ := reverse.json["owners"].([]any)
	if len(owners) != 1 {
		t.Fatalf("reverse lookup: got %q", reverse.body)
	}
	owner, _ := owners[0].(map[string]any)
	for _, name := range []string{"name", "age_range", "current_addresses", "emails"} {
		if owner[name] == nil {
			t.Errorf("reverse lookup: the owner has no %s", name)
		}
	}
	phones, _ := owner["alternate_phones"].([]any)
	if len(phones) != 1 {
		t.Fatalf("reverse lookup: the owner has %d other phones", len(phones))
	}
	if phone, _ := phones[0].(map[string]any); phone["phone_number"] == nil {
		t.Errorf("reverse lookup: another phone is %v", phones[0])
	}
	for _, name := range []string{"activity_score", "country_code"} {
		if _, ok := reverse.json[name]; ok {
			t.Errorf("reverse lookup: got %s", name)
		}
	}
	plain := ask(t, client, http.MethodGet, "/3.0/phone_intel?phone=%2B12069735100", "", header, http.StatusOK)
	for _, name := range []string{"owners", "is_commercial", "add_ons"} {
		if _, ok := plain.json[name]; ok {
			t.Errorf("plain lookup: got %q", plain.body)
		}
	}
}

func TestTrestleErrorsAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "trestle", ServeOptions{})
	for name, c := range map[string]struct {
		target, key string
		status      int
	}{
		"missing key":  {"/3.0/phone_intel?phone=2069735100", "", 403},
		"wrong key":    {"/3.0/phone_intel?phone=2069735100", "other", 401},
		"no number":    {"/3.0/phone_intel", testKey, 400},
		"unknown path": {"/3.1/phone?phone=2069735100", testKey, 404},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, client, http.MethodGet, c.target, "", http.Header{"X-Api-Key": {c.key}}, c.status)
			if member(got.json, "error", "name") == nil {
				t.Errorf("got %q", got.body)
			}
		})
	}
}
