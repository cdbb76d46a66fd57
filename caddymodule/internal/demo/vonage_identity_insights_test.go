package demo

import (
	"net/http"
	"testing"
	"time"
)

func TestIdentityInsightsAnswersWhatIsAsked(t *testing.T) {
	const name, path = "vonage-identity-insights", "/identity-insights/v1/requests"
	_, _, client := startProvider(t, name, ServeOptions{})
	header := jsonHeader("Bearer " + vonageToken(keyOf(t, name), time.Now()))
	post := func(body string) map[string]any {
		insights, _ := ask(t, client, "POST", path, body, header, 200).json["insights"].(map[string]any)
		return insights
	}
	got := post(`{"phone_number":"+41 79 302 67 27","insights":{"format":{},"current_carrier":{},"original_carrier":{},
		"sim_swap":{"period":240},"device_swap":{},"roaming":{},"reachability":{},"subscriber_match":{"given_name":"A"}}}`)
	if len(got) != 8 || member(got, "format", "number_international") != "+41793026727" || member(got, "format", "is_format_valid") != true {
		t.Errorf("all: got %v", got)
	}
	for name := range got {
		if member(got, name, "status", "code") != "OK" {
			t.Errorf("%s: got %v", name, got[name])
		}
	}
	if member(got, "subscriber_match", "given_name_match") != "EXACT" || member(got, "current_carrier", "network_type") != "MOBILE" {
		t.Errorf("matches: got %v", got)
	}
	got = post(`{"phone_number":"` + whiteHouse + `","insights":{"original_carrier":{},"sim_swap":{}}}`)
	if member(got, "original_carrier", "network_type") != "LANDLINE" || member(got, "sim_swap", "status", "code") != "UNSUPPORTED_NETWORK_TYPE" {
		t.Errorf("landline: got %v", got)
	}
	got = post(`{"phone_number":"183155511","insights":{"format":{},"sim_swap":{}}}`)
	if member(got, "format", "is_format_valid") != false || member(got, "sim_swap", "status", "code") != "INVALID_NUMBER_FORMAT" {
		t.Errorf("invalid number: got %v", got)
	}
}

func TestIdentityInsightsErrorsAsDocumented(t *testing.T) {
	const name, path = "vonage-identity-insights", "/identity-insights/v1/requests"
	const good = `{"phone_number":"41793026727","insights":{"format":{}}}`
	_, _, client := startProvider(t, name, ServeOptions{})
	key := keyOf(t, name)
	token := "Bearer " + vonageToken(key, time.Now())
	text := http.Header{"Authorization": {token}, "Content-Type": {"text/plain"}}
	for title, c := range map[string]struct {
		method, body string
		header       http.Header
		status       int
		title        string
	}{
		"no key":          {"POST", good, jsonHeader(""), 401, "Unauthorized"},
		"wrong key":       {"POST", good, jsonHeader("Bearer " + vonageToken(freshKey(t, name), time.Now())), 401, "Unauthorized"},
		"the key itself":  {"POST", good, jsonHeader(basicAuth("x:y")), 401, "Unauthorized"},
		"an old token":    {"POST", good, jsonHeader("Bearer " + vonageToken(key, time.Now().Add(-time.Hour))), 401, "Unauthorized"},
		"wrong method":    {"GET", "", jsonHeader(token), 405, "Method Not Allowed"},
		"content type":    {"POST", good, text, 415, "Invalid Content-Type header"},
		"not json":        {"POST", "{", jsonHeader(token), 400, "Malformed JSON"},
		"no number":       {"POST", `{"insights":{"format":{}}}`, jsonHeader(token), 422, "Bad Request"},
		"no insights":     {"POST", `{"phone_number":"41793026727"}`, jsonHeader(token), 422, "Bad Request"},
		"unknown insight": {"POST", `{"phone_number":"41793026727","insights":{"x":{}}}`, jsonHeader(token), 422, "Bad Request"},
	} {
		got := ask(t, client, c.method, path, c.body, c.header, c.status)
		if got.json["title"] != c.title || got.header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: got %v %q", title, got.header, got.body)
		}
	}
	ask(t, client, "POST", path+"/", good, jsonHeader(token), 404)
}
