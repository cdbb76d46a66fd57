package demo

import (
	"net/http"
	"strings"
	"testing"
)

// neutrinoHeader shows a key of two fields as Neutrino's client does.
func neutrinoHeader(key string) http.Header {
	user, apiKey, _ := strings.Cut(key, ":")
	return http.Header{"User-Id": {user}, "Api-Key": {apiKey}, "Content-Type": {"application/json"}}
}

func TestNeutrinoAnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "neutrino", ServeOptions{})
	header := neutrinoHeader(keyOf(t, "neutrino"))
	for name, c := range map[string]struct {
		target string
		want   map[string]any
	}{
		"landline": {"/phone-validate?number=%2B442079460000", map[string]any{
			"valid": true, "type": "fixed-line", "is-mobile": false, "country": "United Kingdom", "country-code": "GB",
			"country-code3": "GBR", "currency-code": "GBP", "international-calling-code": "44",
			"international-number": "+442079460000", "local-number": "020 7946 0000", "location": "London", "prefix-network": "",
		}},
		"as the client sends it": {"//phone-validate?number=%2B61491570006&country-code=&ip=", map[string]any{
			"valid": true, "type": "mobile", "is-mobile": true, "prefix-network": "Telstra", "location": "Australia",
		}},
		"no plus sign":           {"/phone-validate?number=442079460000", map[string]any{"valid": true}},
		"national number":        {"/phone-validate?number=02079460000&country-code=gb", map[string]any{"valid": true}},
		"country of the address": {"/phone-validate?number=02079460000&ip=81.2.69.142", map[string]any{"valid": true, "country-code": "GB"}},
		"national, no country":   {"/phone-validate?number=02079460000", map[string]any{"valid": false}},
		"invalid number": {"/phone-validate?number=%2B11155550123", map[string]any{
			"valid": false, "type": "unknown", "is-mobile": false, "international-number": "",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, client, http.MethodGet, c.target, "", header, http.StatusOK)
			if len(got.json) != 12 {
				t.Errorf("got %q", got.body)
			}
			wantFields(t, got.json, c.want)
		})
	}
}

func TestNeutrinoErrorsAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "neutrino", ServeOptions{})
	key := keyOf(t, "neutrino")
	user, apiKey, _ := strings.Cut(key, ":")
	const path = "/phone-validate?number=%2B442079460000"
	for name, c := range map[string]struct {
		method, target, key string
		status              int
		code                float64
	}{
		"no key":          {"GET", path, "", 403, 43},
		"user id alone":   {"GET", path, user + ":", 403, 43},
		"key alone":       {"GET", path, ":" + apiKey, 403, 43},
		"wrong key":       {"GET", path, user + ":other", 403, 43},
		"wrong user id":   {"GET", path, "other:" + apiKey, 403, 43},
		"no number":       {"GET", "/phone-validate", key, 400, 1},
		"unknown country": {"GET", path + "&country-code=QQ", key, 400, 1},
		"unknown path":    {"GET", "/phone-other", key, 403, 45},
		"wrong method":    {"POST", path, key, 403, 45},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, client, c.method, c.target, "", neutrinoHeader(c.key), c.status)
			if message, _ := got.json["api-error-msg"].(string); len(got.json) != 2 || message == "" {
				t.Errorf("got %q", got.body)
			}
			wantFields(t, got.json, map[string]any{"api-error": c.code})
		})
	}
}
