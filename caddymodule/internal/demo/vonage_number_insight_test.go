package demo

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// niQuery shows the key in the query.
func niQuery(t testing.TB) string {
	id, secret, _ := strings.Cut(keyOf(t, "vonage-number-insight"), ":")
	return url.Values{"api_key": {id}, "api_secret": {secret}}.Encode()
}

func TestNumberInsightLevelsTellMoreAndMore(t *testing.T) {
	_, _, client := startProvider(t, "vonage-number-insight", ServeOptions{})
	levels := map[string][]string{
		"basic":    {"international_format_number", "national_format_number", "country_code_iso3", "country_prefix"},
		"standard": {"remaining_balance", "request_price", "refund_price", "original_carrier", "ported"},
		"advanced": {"valid_number", "reachable", "roaming", "lookup_outcome"},
	}
	var want []string
	for _, level := range []string{"basic", "standard", "advanced"} {
		got := ask(t, client, "GET", "/ni/"+level+"/json?number=41793026727&"+niQuery(t), "", nil, 200)
		wantFields(t, got.json, map[string]any{
			"status": 0.0, "country_code": "CH", "country_code_iso3": "CHE", "international_format_number": "41793026727",
		})
		want = append(want, levels[level]...)
		for _, name := range want {
			if _, ok := got.json[name]; !ok {
				t.Errorf("%s lacks %s", level, name)
			}
		}
		if _, ok := got.json["valid_number"]; ok != (level == "advanced") {
			t.Errorf("%s has the fields of another level", level)
		}
	}
}

func TestNumberInsightParameters(t *testing.T) {
	_, _, client := startProvider(t, "vonage-number-insight", ServeOptions{})
	get := func(path string) map[string]any {
		return ask(t, client, "GET", path+"&"+niQuery(t), "", nil, 200).json
	}
	if got := get("/ni/standard/json?number=14158586273&cnam=true"); member(got, "caller_identity", "caller_name") != "John Smith" {
		t.Errorf("cnam: got %v", got)
	}
	if got := get("/ni/standard/json?number=41793026727&cnam=true"); got["caller_identity"] != nil {
		t.Errorf("cnam of another country: got %v", got)
	}
	if got := get("/ni/basic/json?number=0793026727&country=CH"); got["international_format_number"] != "41793026727" {
		t.Errorf("country: got %v", got)
	}
	landline := get("/ni/advanced/json?number=" + whiteHouse[1:])
	if landline["current_carrier"] != nil || landline["roaming"] != "unknown" || member(landline, "original_carrier", "network_type") != "landline" {
		t.Errorf("landline: got %v", landline)
	}
}

func TestNumberInsightTakesTheKeyInEveryDocumentedWay(t *testing.T) {
	_, _, client := startProvider(t, "vonage-number-insight", ServeOptions{})
	const path = "/ni/basic/json"
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	basic := http.Header{"Authorization": {basicAuth(keyOf(t, "vonage-number-insight"))}}
	for title, c := range map[string]struct {
		method, path, body string
		header             http.Header
		status             float64
	}{
		"query":              {"GET", path + "?number=41793026727&" + niQuery(t), "", nil, 0},
		"query, with post":   {"POST", path + "?number=41793026727&" + niQuery(t), "", nil, 0},
		"form":               {"POST", path, "number=41793026727&" + niQuery(t), form, 0},
		"basic":              {"GET", path + "?number=41793026727", "", basic, 0},
		"none":               {"GET", path + "?number=41793026727", "", nil, 4},
		"wrong secret":       {"GET", path + "?number=41793026727&" + niQuery(t) + "x", "", nil, 4},
		"key without secret": {"GET", path + "?number=41793026727&api_key=x", "", basic, 4},
		"no number":          {"GET", path + "?" + niQuery(t), "", nil, 3},
		"letters":            {"GET", path + "?number=abc&" + niQuery(t), "", nil, 3},
		"invalid number":     {"GET", path + "?number=183155511&" + niQuery(t), "", nil, 5},
	} {
		if got := ask(t, client, c.method, c.path, c.body, c.header, 200); got.json["status"] != c.status {
			t.Errorf("%s: got %q, want status %v", title, got.body, c.status)
		}
	}
	ask(t, client, "GET", "/ni/basic/xml?number=41793026727&"+niQuery(t), "", nil, 404)
	ask(t, client, "GET", "//ni/basic/json?number=41793026727&"+niQuery(t), "", nil, 404)
	ask(t, client, "DELETE", path+"?number=41793026727&"+niQuery(t), "", nil, 405)
}
