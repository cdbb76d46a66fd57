package demo

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"
)

// decodeObject decodes a JSON object or fails.
func decodeObject(t testing.TB, text string) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(text), &object); err != nil || object == nil {
		t.Fatalf("not a JSON object: %v", err)
	}
	return object
}

// doors are the three ways to Numverify, with the key in place.
var doors = map[string]struct {
	url    string
	header http.Header
}{
	"numverify":             {"https://api.example/api/validate?access_key=" + testKey, nil},
	"numverify-net":         {"https://api.example/numverify/validate?access_key=" + testKey, nil},
	"numverify-marketplace": {"https://api.example/number_verification/validate?x=", http.Header{"Apikey": {testKey}}},
}

func TestNumverifyAnswersAsDocumented(t *testing.T) {
	fields := []string{
		"carrier", "country_code", "country_name", "country_prefix", "international_format",
		"line_type", "local_format", "location", "number", "valid",
	}
	cases := map[string]struct {
		query string
		want  map[string]any
	}{
		"documented sample": {"number=14158586273", map[string]any{
			"valid": true, "number": "14158586273", "local_format": "4158586273",
			"international_format": "+14158586273", "country_prefix": "+1", "country_code": "US",
			"country_name": "United States of America", "location": "California", "carrier": "", "line_type": "mobile",
		}},
		"plus sign":          {"number=%2B14158586273", map[string]any{"valid": true, "number": "14158586273"}},
		"separators":         {"number=%2B1%20(415)%20858-6273", map[string]any{"valid": true, "number": "14158586273"}},
		"national number":    {"number=4158586273&country_code=us", map[string]any{"valid": true, "number": "4158586273", "country_code": "US"}},
		"landline":           {"number=442079460000", map[string]any{"valid": true, "line_type": "landline", "location": "London", "local_format": "02079460000", "country_name": "United Kingdom"}},
		"mobile and carrier": {"number=61491570006", map[string]any{"valid": true, "line_type": "mobile", "carrier": "Telstra", "location": "", "country_prefix": "+61"}},
		"toll-free":          {"number=18005550199", map[string]any{"valid": true, "line_type": "toll_free", "location": ""}},
		"of no country":      {"number=80012345678", map[string]any{"valid": true, "country_code": "", "country_name": "", "country_prefix": "+800"}},
		"invalid number": {"number=183155511", map[string]any{
			"valid": false, "number": "183155511", "local_format": "", "international_format": "", "country_prefix": "",
			"country_code": "", "country_name": "", "location": "", "carrier": "", "line_type": nil,
		}},
		"impossible area code":     {"number=11155550123", map[string]any{"valid": false, "line_type": nil}},
		"national, no country":     {"number=4158586273", map[string]any{"valid": false}},
		"national, wrong country":  {"number=4158586273&country_code=GB", map[string]any{"valid": false}},
		"absurdly long":            {"number=" + strings.Repeat("1", 400), map[string]any{"valid": false}},
		"country code in the text": {"number=14158586273&country_code=", map[string]any{"valid": true}},
	}
	for door, d := range doors {
		_, _, client := startProvider(t, door, ServeOptions{})
		for name, c := range cases {
			t.Run(door+"/"+name, func(t *testing.T) {
				got := do(t, client, http.MethodGet, d.url+"&"+c.query, "", d.header)
				if got.status != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
					t.Fatalf("got %d %v", got.status, got.header)
				}
				if names := slices.Sorted(maps.Keys(got.json)); !slices.Equal(names, fields) {
					t.Fatalf("got fields %v", names)
				}
				wantFields(t, got.json, c.want)
			})
		}
	}
}

func TestNumverifyErrorsAsDocumented(t *testing.T) {
	const legacy, newer = "https://api.example/api/", "https://api.example/numverify/"
	key := "access_key=" + testKey
	cases := []struct {
		name, provider, method, url string
		status                      int
		code                        float64
		kind, info                  string
	}{
		{"missing key", "numverify", "GET", legacy + "validate?number=1", 200, 101, "missing_access_key", "[Required format: access_key=YOUR_ACCESS_KEY]"},
		{"wrong key", "numverify", "GET", legacy + "validate?number=1&access_key=x", 200, 101, "invalid_access_key", "[Technical Support: support@apilayer.com]"},
		{"key in a header", "numverify", "GET", legacy + "validate?number=1&apikey=" + testKey, 200, 101, "missing_access_key", ""},
		{"no number", "numverify", "GET", legacy + "validate?" + key, 200, 210, "no_phone_number_provided", "[Example: 14158586273]"},
		{"empty number", "numverify", "GET", legacy + "validate?number=&" + key, 200, 210, "no_phone_number_provided", ""},
		{"letters", "numverify", "GET", legacy + "validate?number=abc&" + key, 200, 211, "non_numeric_phone_number_provided", "[Example: 14158586273]"},
		{"signs", "numverify", "GET", legacy + "validate?number=!@$&" + key, 200, 211, "non_numeric_phone_number_provided", ""},
		{"only separators", "numverify", "GET", legacy + "validate?number=--&" + key, 200, 211, "non_numeric_phone_number_provided", ""},
		{"unknown country", "numverify", "GET", legacy + "validate?number=1&country_code=QQ&" + key, 200, 310, "invalid_country_code", ""},
		{"unknown function", "numverify", "GET", legacy + "other?" + key, 200, 103, "invalid_api_function", ""},
		{"countries without key", "numverify", "GET", legacy + "countries", 200, 101, "missing_access_key", ""},
		{"wrong method", "numverify", "POST", legacy + "validate?number=1&" + key, 405, 103, "invalid_api_function", ""},
		{"newer: wrong key", "numverify-net", "GET", newer + "validate?number=1&access_key=x", 200, 101, "invalid_access_key", ""},
		{"newer: missing key", "numverify-net", "GET", newer + "validate?number=1", 200, 101, "missing_access_key", ""},
		{"newer: no number", "numverify-net", "GET", newer + "validate?" + key, 400, 210, "no_phone_number_provided", ""},
		{"newer: letters", "numverify-net", "GET", newer + "validate?number=abc&" + key, 400, 211, "non_numeric_phone_number_provided", ""},
		{"newer: wrong method", "numverify-net", "POST", newer + "validate?number=1&" + key, 405, 103, "invalid_api_function", ""},
		{"newer: unknown path", "numverify-net", "GET", legacy + "validate?number=1&" + key, 404, 404, "404_not_found", ""},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, _, client := startProvider(t, c.provider, ServeOptions{})
			got := do(t, client, c.method, c.url, "", nil)
			problem, _ := got.json["error"].(map[string]any)
			if got.status != c.status || got.json["success"] != false || len(got.json) != 2 || len(problem) != 3 {
				t.Fatalf("got %d %q", got.status, got.body)
			}
			wantFields(t, problem, map[string]any{"code": c.code, "type": c.kind})
			if info, _ := problem["info"].(string); !strings.Contains(info, c.info) || info == "" {
				t.Errorf("got info %q", info)
			}
		})
	}
}

func TestNumverifyMarketplaceErrorsAreTheGateways(t *testing.T) {
	_, _, client := startProvider(t, "numverify-marketplace", ServeOptions{})
	const validate = "https://api.example/number_verification/validate?number=14158586273"
	for name, c := range map[string]struct {
		url, key, message string
		status            int
	}{
		"missing key":  {validate, "", "No API key found in request", 401},
		"wrong key":    {validate, "x", "Invalid authentication credentials", 401},
		"unknown path": {"https://api.example/validate", testKey, "no Route matched with those values", 404},
	} {
		got := do(t, client, http.MethodGet, c.url, "", http.Header{"Apikey": {c.key}})
		if got.status != c.status || got.json["message"] != c.message || len(got.json) != 1 {
			t.Errorf("%s: got %d %q", name, got.status, got.body)
		}
	}
	if got := do(t, client, http.MethodGet, validate+"&apikey="+testKey, "", nil); !isData(got) {
		t.Errorf("key in the query: got %d %q", got.status, got.body)
	}
}

func TestNumverifyListsCountries(t *testing.T) {
	_, _, client := startProvider(t, "numverify", ServeOptions{})
	got := do(t, client, http.MethodGet, "https://api.example/api/countries?access_key="+testKey, "", nil)
	if got.status != http.StatusOK || len(got.json) < 230 {
		t.Fatalf("got %d with %d countries", got.status, len(got.json))
	}
	wantFields(t, got.json, map[string]any{
		"US": map[string]any{"country_name": "United States of America", "dialling_code": "+1"},
		"GB": map[string]any{"country_name": "United Kingdom", "dialling_code": "+44"},
	})
	for region, entry := range got.json {
		country, _ := entry.(map[string]any)
		code, _ := country["dialling_code"].(string)
		if name, _ := country["country_name"].(string); len(region) != 2 || name == "" || !onlyDigits(strings.TrimPrefix(code, "+")) {
			t.Errorf("%q: got %v", region, entry)
		}
	}
}

func TestNumverifyFormParameters(t *testing.T) {
	_, _, client := startProvider(t, "numverify", ServeOptions{})
	u := doors["numverify"].url + "&number=14158586273"
	if got := do(t, client, http.MethodGet, u+"&format=1", "", nil); !isData(got) || !strings.Contains(got.body, "\n  \"valid\": true") {
		t.Errorf("format: got %q", got.body)
	}
	got := do(t, client, http.MethodGet, u+"&callback=show", "", nil)
	if !strings.HasPrefix(got.body, "show({") || !strings.HasSuffix(got.body, "});") || got.header.Get("Content-Type") != "application/javascript" {
		t.Errorf("callback: got %v %q", got.header, got.body)
	}
}

func TestNumverifyLineTypesAreOfItsVocabulary(t *testing.T) {
	known := []string{"mobile", "landline", "toll_free", "premium_rate", "voip", "paging", "special_services"}
	for kind := range phonenumbers.UNKNOWN {
		if name := numverifyLineType(kind); name == nil || !slices.Contains(known, *name) {
			t.Errorf("type %d: got %v", kind, name)
		}
	}
	if name := numverifyLineType(phonenumbers.UNKNOWN); name != nil {
		t.Errorf("unknown: got %q", *name)
	}
}
