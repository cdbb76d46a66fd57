package demo

import (
	"net/http"
	"testing"
)

func TestCheckThatPhoneOnRapidAPI(t *testing.T) {
	_, _, client := startProvider(t, "checkthatphone-rapidapi", ServeOptions{})
	good := http.Header{"X-Rapidapi-Host": {ctpRapidAPIHost}, "X-Rapidapi-Key": {testKey}}
	got := ask(t, client, "GET", "/api?phone=8182925409&ip=203.0.113.7", "", good, 200).json
	wantFields(t, got, map[string]any{
		"subscriber": "8182925409", "action": "send", "deliverable": "true", "nanpType": "mobile", "ipResult": "valid-v4",
	})
	if got["data"] != nil || got["success"] != nil {
		t.Errorf("got an envelope: %v", got)
	}
	for title, c := range map[string]struct {
		method, path, host, key string
		status                  int
	}{
		"no key":       {"GET", "/api?phone=8182925409", ctpRapidAPIHost, "", 401},
		"wrong key":    {"GET", "/api?phone=8182925409", ctpRapidAPIHost, "x", 401},
		"no host":      {"GET", "/api?phone=8182925409", "", testKey, 400},
		"other host":   {"GET", "/api?phone=8182925409", "other.p.rapidapi.com", testKey, 400},
		"short number": {"GET", "/api?phone=818", ctpRapidAPIHost, testKey, 400},
		"no number":    {"GET", "/api", ctpRapidAPIHost, testKey, 400},
		"double slash": {"GET", "//api?phone=8182925409", ctpRapidAPIHost, testKey, 404},
		"wrong method": {"POST", "/api?phone=8182925409", ctpRapidAPIHost, testKey, 404},
	} {
		header := http.Header{"X-Rapidapi-Host": {c.host}, "X-Rapidapi-Key": {c.key}}
		if got := ask(t, client, c.method, c.path, "", header, c.status); got.json == nil || isData(got) {
			t.Errorf("%s: got %q", title, got.body)
		}
	}
}
