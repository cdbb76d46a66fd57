package caller

import (
	"net/http"
	"slices"
	"testing"
)

func TestHeadersThatClaimAnIdentityAreListed(t *testing.T) {
	t.Parallel()
	h := http.Header{}
	claims := []string{
		"X-Forwarded-User", "Remote-User", "X_Remote_User", "x-authenticated-groups", "X_AUTHENTICATED_USERID", "X-Caller", "X-Caller-Id",
		"X-Client-Cert", "X_Client_Cert_Chain", "X-Forwarded-Client-Cert", "X-Ringward-Caller", "Cf-Access-Jwt-Assertion",
	}
	others := []string{"X-Api-Key", "Authorization", "Content-Type", "X-Request-Id", "X-Forwarded-For", "User-Agent", "Accept", "X"}
	for _, name := range slices.Concat(claims, others) {
		h[name] = []string{"admin"}
	}
	got := IdentityHeaders(h)
	slices.Sort(claims)
	if !slices.Equal(got, claims) {
		t.Errorf("got %q, want %q", got, claims)
	}
}

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
