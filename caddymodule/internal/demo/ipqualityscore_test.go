package demo

import (
	"net/http"
	"net/url"
	"testing"
)

func TestIPQualityScoreAnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "ipqualityscore", ServeOptions{})
	path := "/api/json/phone/" + keyOf(t, "ipqualityscore") + "/"
	plain := ask(t, client, "GET", path+"12024561414?strictness=1", "", nil, 200).json
	wantFields(t, plain, map[string]any{
		"success": true, "valid": true, "formatted": whiteHouse, "local_format": "(202) 456-1414",
		"country": "US", "line_type": "Landline", "VOIP": false, "dialing_code": 1.0, "name": "N/A", "active_status": "N/A",
	})
	more := ask(t, client, "GET", path+whiteHouse+"?enhanced_line_check=true&enhanced_name_check=true", "", nil, 200).json
	wantFields(t, more, map[string]any{"name": "JOHN SMITH", "active_status": "Active Line"})
	national := "2024561414?" + url.Values{"country[]": {"GB", "us"}}.Encode()
	wantFields(t, ask(t, client, "GET", path+national, "", nil, 200).json, map[string]any{"formatted": whiteHouse})
	form := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	posted := ask(t, client, "POST", path+"2024561414", url.Values{"country[]": {"US"}}.Encode(), form, 200).json
	wantFields(t, posted, map[string]any{"formatted": whiteHouse})
	wantFields(t, ask(t, client, "GET", path+"1202", "", nil, 200).json, map[string]any{
		"success": true, "valid": false, "formatted": "N/A", "line_type": "N/A",
	})
}

func TestIPQualityScoreErrorsAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "ipqualityscore", ServeOptions{})
	key := keyOf(t, "ipqualityscore")
	for title, c := range map[string]struct {
		method, path string
		status       int
	}{
		"no key":            {"GET", "/api/json/phone//12024561414", 200},
		"wrong key":         {"GET", "/api/json/phone/x/12024561414", 200},
		"key after number":  {"GET", "/api/json/phone/12024561414/" + key, 200},
		"key in the header": {"GET", "/api/json/phone/12024561414", 200},
		"further segment":   {"GET", "/api/json/phone/" + key + "/12024561414/x", 200},
		"other route":       {"GET", "/api/json/report/" + key + "/12024561414", 404},
		"double slash":      {"GET", "//api/json/phone/" + key + "/12024561414", 404},
		"wrong method":      {"DELETE", "/api/json/phone/" + key + "/12024561414", 404},
	} {
		got := ask(t, client, c.method, c.path, "", http.Header{"Ipqs-Key": {key}}, c.status)
		if got.json["success"] != false || got.json["message"] == nil || got.json["request_id"] == nil {
			t.Errorf("%s: got %q", title, got.body)
		}
	}
}
