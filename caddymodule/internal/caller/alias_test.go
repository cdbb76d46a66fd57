package caller

import (
	"net/http"
	"testing"
)

func TestUnderscoreAliasesAreSeen(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		header string
		want   bool
	}{
		{"X_api_key", true},
		{"X_API_KEY", true},
		{"X-Api_key", true},
		{"x_api-key", true},
		{"X-Api-Key", false},
		{"X_api_key2", false},
		{"Xapi_key", false},
		{"X_other", false},
	} {
		h := http.Header{test.header: {"key"}, "Accept": {"*/*"}}
		if HasUnderscoreAlias(h, "X-Api-Key", "Apikey") != test.want {
			t.Errorf("%s: not %t", test.header, test.want)
		}
	}
}
