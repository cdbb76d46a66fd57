package provider

import "testing"

func TestIPQualityScoreKeyStandsBeforeTheNumber(t *testing.T) {
	p := ipQualityScore()
	for _, tt := range []struct {
		name, path, key, number string // no number: not served
	}{
		{"key in the path", "/api/json/phone/the-key/12024561414", "the-key", "12024561414"},
		{"key in the header", "/api/json/phone/12024561414", "", "12024561414"},
		{"no key", "/api/json/phone//12024561414", "", ""},
		{"more than a number", "/api/json/phone/the-key/12024561414/x", "", ""},
		{"XML", "/api/xml/phone/the-key/12024561414", "", ""},
		{"another API on the same key", "/api/json/ip/the-key/12024561414", "", ""},
	} {
		for _, method := range []string{"GET", "POST"} {
			op, at := p.Match(method, tt.path)
			if at.Key != tt.key || at.Number != tt.number || (op != nil) != (tt.number != "") {
				t.Errorf("%s, %s: got %+v", method, tt.name, at)
			}
		}
	}
}
