package demo

import (
	"net/http"
	"testing"
)

const veriphonePath = "/v2/verify?phone="

func TestVeriphoneAnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "veriphone", ServeOptions{})
	header := jsonHeader("Bearer " + testKey)
	for name, c := range map[string]struct {
		query string
		want  map[string]any
	}{
		"landline": {"%2B442079460000", map[string]any{
			"status": "success", "phone": "+442079460000", "phone_valid": true, "phone_type": "fixed_line",
			"phone_region": "London", "country": "United Kingdom", "country_code": "GB", "country_prefix": "44",
			"international_number": "+44 20 7946 0000", "local_number": "020 7946 0000", "e164": "+442079460000", "carrier": "",
		}},
		"mobile and carrier":     {"%2B61491570006", map[string]any{"phone_valid": true, "phone_type": "mobile", "carrier": "Telstra"}},
		"national number":        {"02079460000&default_country=gb", map[string]any{"phone_valid": true, "phone": "02079460000", "country_code": "GB"}},
		"country of the address": {"030901820", map[string]any{"country_code": "DE"}},
		"invalid number": {"%2B11155550123", map[string]any{
			"status": "success", "phone": "+11155550123", "phone_valid": false, "phone_type": "unknown", "e164": "", "country": "",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, client, http.MethodGet, veriphonePath+c.query, "", header, http.StatusOK)
			if len(got.json) != 12 {
				t.Errorf("got %q", got.body)
			}
			wantFields(t, got.json, c.want)
		})
	}
}

func TestVeriphoneTakesAForm(t *testing.T) {
	_, _, client := startProvider(t, "veriphone", ServeOptions{})
	header := http.Header{"Authorization": {"Bearer " + testKey}, "Content-Type": {"application/x-www-form-urlencoded"}}
	got := ask(t, client, http.MethodPost, "/v2/verify", "phone=02079460000&default_country=GB", header, http.StatusOK)
	wantFields(t, got.json, map[string]any{"phone_valid": true, "e164": "+442079460000"})
}

func TestVeriphoneTakesItsKeyFromTheFirstOfThreePlaces(t *testing.T) {
	_, _, client := startProvider(t, "veriphone", ServeOptions{})
	const bad = "other"
	for name, c := range map[string]struct {
		header, cookie, query string
		status                int
	}{
		"header":                {testKey, "", "", http.StatusOK},
		"cookie":                {"", testKey, "", http.StatusOK},
		"query":                 {"", "", testKey, http.StatusOK},
		"header before cookie":  {bad, testKey, testKey, http.StatusUnauthorized},
		"cookie before query":   {"", bad, testKey, http.StatusUnauthorized},
		"good header, bad rest": {testKey, bad, bad, http.StatusOK},
		"none":                  {"", "", "", http.StatusUnauthorized},
	} {
		t.Run(name, func(t *testing.T) {
			header := http.Header{}
			if c.header != "" {
				header.Set("Authorization", "Bearer "+c.header)
			}
			if c.cookie != "" {
				header.Set("Cookie", "key="+c.cookie)
			}
			ask(t, client, http.MethodGet, veriphonePath+"%2B442079460000&key="+c.query, "", header, c.status)
		})
	}
}

func TestVeriphoneErrorsAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "veriphone", ServeOptions{})
	for name, c := range map[string]struct {
		path, key string
		status    int
		kind      string
	}{
		"no number":    {veriphonePath, testKey, 400, "MissingParameter"},
		"wrong key":    {veriphonePath + "%2B442079460000", "other", 401, "Unauthorized"},
		"unknown path": {"/v2/other?phone=%2B442079460000", testKey, 404, "NotFound"},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, client, http.MethodGet, c.path, "", jsonHeader("Bearer "+c.key), c.status)
			wantFields(t, got.json, map[string]any{"status": "error", "code": float64(c.status), "type": c.kind})
		})
	}
}
