package demo

import (
	"net/http"
	"testing"
)

func TestMessageBirdAnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "messagebird", ServeOptions{})
	header := jsonHeader("AccessKey " + testKey)
	for _, path := range []string{"/lookup/31624971134", "/lookup/0624971134?countryCode=NL"} {
		got := ask(t, client, "GET", path, "", header, 200).json
		wantFields(t, got, map[string]any{
			"href":        "https://rest.messagebird.com/lookup/31624971134",
			"countryCode": "NL", "countryPrefix": 31.0, "phoneNumber": 31624971134.0, "type": "mobile",
			"formats": map[string]any{
				"e164": "+31624971134", "international": "+31 6 24971134",
				"national": "06 24971134", "rfc3966": "tel:+31-6-24971134",
			},
		})
		if member(got, "hlr", "status") != "active" || member(got, "hlr", "details", "imsi") == nil {
			t.Errorf("%s: got %v", path, got)
		}
	}
}

func TestMessageBirdAsksTheNetwork(t *testing.T) {
	_, _, client := startProvider(t, "messagebird", ServeOptions{})
	header := jsonHeader("AccessKey " + testKey)
	asked := ask(t, client, "POST", "/lookup/0624971134/hlr", `{"countryCode":"NL","reference":"mine"}`, header, 201).json
	wantFields(t, asked, map[string]any{"status": "sent", "reference": "mine", "network": 20416.0})
	read := ask(t, client, "GET", "/lookup/31624971134/hlr", "", header, 200).json
	wantFields(t, read, map[string]any{"status": "active"})
	if member(read, "details", "country_iso") != "NL" || asked["details"] != nil {
		t.Errorf("got %v, then %v", asked, read)
	}
}

func TestMessageBirdErrorsAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "messagebird", ServeOptions{})
	for title, c := range map[string]struct {
		method, path, body, authorization string
		status                            int
		parameter                         any
	}{
		"no key":                   {"GET", "/lookup/31624971134", "", "", 401, "accesskey"},
		"wrong key":                {"GET", "/lookup/31624971134", "", "AccessKey x", 401, "accesskey"},
		"other scheme":             {"GET", "/lookup/31624971134", "", "Bearer " + testKey, 401, "accesskey"},
		"no such number":           {"GET", "/lookup/3162", "", "AccessKey " + testKey, 400, "phoneNumber"},
		"national without country": {"GET", "/lookup/0624971134", "", "AccessKey " + testKey, 400, "phoneNumber"},
		"not json":                 {"POST", "/lookup/31624971134/hlr", "x", "AccessKey " + testKey, 400, nil},
		"double slash":             {"GET", "//lookup/31624971134", "", "AccessKey " + testKey, 404, nil},
		"wrong method":             {"DELETE", "/lookup/31624971134", "", "AccessKey " + testKey, 404, nil},
	} {
		got := ask(t, client, c.method, c.path, c.body, http.Header{"Authorization": {c.authorization}}, c.status)
		list, _ := got.json["errors"].([]any)
		if len(list) != 1 || member(list[0].(map[string]any), "parameter") != c.parameter {
			t.Errorf("%s: got %q", title, got.body)
		}
	}
}
