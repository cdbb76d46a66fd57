package provider

import (
	"strings"
	"testing"
)

func TestConstantHeadersAreHarmless(t *testing.T) {
	for _, tt := range []struct {
		name    string
		headers map[string]string
		want    string // part of the error; empty for none
	}{
		{"none", nil, ""},
		{"constant", map[string]string{"x-host": "api.acme.example", "X-Note": "two words"}, ""},
		{"longest value", map[string]string{"X-Host": strings.Repeat("a", 256)}, ""},
		{"too long", map[string]string{"X-Host": strings.Repeat("a", 257)}, "visible ASCII"},
		{"no name", map[string]string{"": "a"}, "cannot be a constant"},
		{"name of two words", map[string]string{"X Host": "a"}, "cannot be a constant"},
		{"line break in the name", map[string]string{"X-Host\r\nX": "a"}, "cannot be a constant"},
		{"routing", map[string]string{"host": "other.example"}, "cannot be a constant"},
		{"framing", map[string]string{"Content-Length": "1"}, "cannot be a constant"},
		{"credential", map[string]string{"authorization": "Bearer a"}, "cannot be a constant"},
		{"cookie", map[string]string{"Cookie": "a=b"}, "cannot be a constant"},
		{"the credential's own place", map[string]string{"x-key": "a"}, "holds the credential"},
		{"another place of the credential", map[string]string{"X-OTHER": "a"}, "holds the credential"},
		{"twice", map[string]string{"X-Host": "a", "x-host": "b"}, "set twice"},
		{"no value", map[string]string{"X-Host": ""}, "visible ASCII"},
		{"line break", map[string]string{"X-Host": "a\r\nX: b"}, "visible ASCII"},
		{"space at the end", map[string]string{"X-Host": "a "}, "visible ASCII"},
		{"beyond ASCII", map[string]string{"X-Host": "ä"}, "visible ASCII"},
	} {
		p := sound()
		p.OtherPlacements = map[string][]Placement{"other": {{In: InHeader, Name: "X-Other"}}}
		p.Headers = tt.headers
		err := p.Validate()
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
	}
}
