package demo

import (
	"net/http"
	"testing"
	"time"
)

const sinchLookups = "/v2/projects/p1/lookups"

// sinchTokenFor fetches an access token.
func sinchTokenFor(t testing.TB, c *http.Client, key string) string {
	t.Helper()
	header := http.Header{"Authorization": {basicAuth(key)}, "Content-Type": {"application/x-www-form-urlencoded"}}
	got := ask(t, c, "POST", "/oauth2/token", "grant_type=client_credentials", header, 200)
	token, _ := got.json["access_token"].(string)
	if token == "" || got.json["expires_in"] != 3600.0 || got.json["token_type"] != "bearer" {
		t.Fatalf("got %v", got.json)
	}
	return token
}

func TestSinchTokensEndWithTheirTimeAndTheirKey(t *testing.T) {
	p, _, client := startProvider(t, "sinch", ServeOptions{})
	now := time.Now()
	p.now = func() time.Time { return now }
	const body = `{"number":"+41793026727"}`
	key := keyOf(t, "sinch")
	bearer := jsonHeader("Bearer " + sinchTokenFor(t, client, key))
	ask(t, client, "POST", sinchLookups, body, bearer, 200)
	ask(t, client, "POST", sinchLookups, body, jsonHeader("Bearer x"), 401)

	now = now.Add(sinchTokenLife - time.Second)
	ask(t, client, "POST", sinchLookups, body, bearer, 200)
	now = now.Add(time.Second)
	ask(t, client, "POST", sinchLookups, body, bearer, 401)

	bearer = jsonHeader("Bearer " + sinchTokenFor(t, client, key))
	ask(t, client, "POST", sinchLookups, body, bearer, 200)
	p.SetKeys(freshKey(t, "sinch"))
	ask(t, client, "POST", sinchLookups, body, bearer, 401)
}

func TestSinchTokensAreGivenForTheKeyOnly(t *testing.T) {
	_, _, client := startProvider(t, "sinch", ServeOptions{})
	good := http.Header{"Authorization": {basicAuth(keyOf(t, "sinch"))}}
	token := http.Header{"Authorization": {"Bearer " + sinchTokenFor(t, client, keyOf(t, "sinch"))}}
	const form = "grant_type=client_credentials"
	ask(t, client, "POST", "/oauth2/token", form, nil, 401)
	ask(t, client, "POST", "/oauth2/token", form, http.Header{"Authorization": {basicAuth("a:b")}}, 401)
	ask(t, client, "POST", "/oauth2/token", form, token, 401)
	ask(t, client, "POST", "/oauth2/token", "grant_type=password", good, 400)
	ask(t, client, "GET", "/oauth2/token", "", good, 405)
}

func TestSinchAnswersTheFeaturesThatAreAsked(t *testing.T) {
	_, _, client := startProvider(t, "sinch", ServeOptions{})
	header := jsonHeader(basicAuth(keyOf(t, "sinch")))
	post := func(body string) map[string]any { return ask(t, client, "POST", sinchLookups, body, header, 200).json }

	got := post(`{"number":"+41793026727"}`)
	wantFields(t, got, map[string]any{"countryCode": "CH", "number": "+41793026727", "simSwap": nil, "voIPDetection": nil, "rnd": nil})
	if member(got, "line", "type") != "Mobile" || got["traceId"] == "" {
		t.Errorf("line: got %v", got)
	}
	got = post(`{"number":"+41793026727","features":["SimSwap","VoIPDetection","RND"],"rndFeatureOptions":{"contactDate":"2026-01-01"}}`)
	if got["line"] != nil || member(got, "simSwap", "swapped") != false || member(got, "voIPDetection", "probability") != "Low" ||
		member(got, "rnd", "disconnected") != false {
		t.Errorf("features: got %v", got)
	}
	got = post(`{"number":"` + whiteHouse + `","features":["LineType","SimSwap"]}`)
	if member(got, "line", "type") != "Landline" || member(got, "simSwap", "error", "status") != 100.0 {
		t.Errorf("landline: got %v", got)
	}
}

func TestSinchErrorsAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "sinch", ServeOptions{})
	good := jsonHeader(basicAuth(keyOf(t, "sinch")))
	for title, c := range map[string]struct {
		method, path, body string
		header             http.Header
		status             int
	}{
		"no key":          {"POST", sinchLookups, `{"number":"+41793026727"}`, nil, 401},
		"wrong key":       {"POST", sinchLookups, `{"number":"+41793026727"}`, jsonHeader(basicAuth("a:b")), 401},
		"not json":        {"POST", sinchLookups, `x`, good, 400},
		"no plus sign":    {"POST", sinchLookups, `{"number":"41793026727"}`, good, 400},
		"invalid number":  {"POST", sinchLookups, `{"number":"+183155511"}`, good, 400},
		"unknown feature": {"POST", sinchLookups, `{"number":"+41793026727","features":["X"]}`, good, 400},
		"RND, no date":    {"POST", sinchLookups, `{"number":"+41793026727","features":["RND"]}`, good, 400},
		"RND, bad date":   {"POST", sinchLookups, `{"number":"+41793026727","features":["RND"],"rndFeatureOptions":{"contactDate":"x"}}`, good, 400},
		"no project":      {"POST", "/v2/projects//lookups", `{"number":"+41793026727"}`, good, 404},
		"wrong method":    {"GET", sinchLookups, "", good, 405},
	} {
		got := ask(t, client, c.method, c.path, c.body, c.header, c.status)
		if got.json["status"] != float64(c.status) || got.json["traceId"] == nil || got.json["title"] == nil {
			t.Errorf("%s: got %q", title, got.body)
		}
	}
}
