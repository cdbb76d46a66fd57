package demo

import (
	"net/http"
	"testing"
)

func TestBigDataCloudAnswers(t *testing.T) {
	_, _, client := startProvider(t, "bigdatacloud", ServeOptions{})
	for name, c := range map[string]struct {
		query  string
		status int
		want   map[string]any
	}{
		"number":          {"number=%2B14158586273&key=" + testKey, 200, map[string]any{"isValid": true, "e164Format": "+14158586273", "nationalFormat": "(415) 858-6273"}},
		"national number": {"number=4158586273&countryCode=us&key=" + testKey, 200, map[string]any{"isValid": true}},
		"no such number":  {"number=%2B14150000000&key=" + testKey, 200, map[string]any{"isValid": false, "e164Format": nil}},
		"no number":       {"key=" + testKey, 400, nil},
		"missing key":     {"number=%2B14158586273", 401, nil},
		"wrong key":       {"number=%2B14158586273&key=other", 401, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got := ask(t, client, http.MethodGet, "/data/phone-number-validate?"+c.query, "", nil, c.status)
			wantFields(t, got.json, c.want)
		})
	}
	ask(t, client, http.MethodGet, "/data/phone-number-validate-by-ip?number=1&key="+testKey, "", nil, http.StatusNotFound)
}
