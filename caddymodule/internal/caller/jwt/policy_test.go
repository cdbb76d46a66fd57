package jwt

import (
	"strings"
	"testing"
	"time"
)

func TestPolicyAsksForAudienceScopesAndClaims(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, newIssuer(allKeys()), nil)
	tests := []struct {
		name   string
		claims map[string]any
		policy Policy
		want   error
	}{
		{"wrong audience", map[string]any{"aud": "other"}, Policy{}, ErrAudience},
		{"audience in another case", map[string]any{"aud": "Ringward"}, Policy{}, ErrAudience},
		{"audience as a part", map[string]any{"aud": "ringward-2"}, Policy{}, ErrAudience},
		{"no audience", map[string]any{"aud": nil}, Policy{}, ErrAudience},
		{"empty audience", map[string]any{"aud": []string{}}, Policy{}, ErrAudience},
		{"audience list", map[string]any{"aud": []string{"other", "ringward"}}, Policy{}, nil},
		{"audience list without ours", map[string]any{"aud": []string{"other", "third"}}, Policy{}, ErrAudience},
		{"audience list with a number", map[string]any{"aud": []any{"ringward", 1}}, Policy{}, ErrAudience},
		{"audience object", map[string]any{"aud": map[string]any{"ringward": true}}, Policy{}, ErrAudience},
		{"scope", map[string]any{"scope": "read lookup"}, Policy{Scopes: []string{"lookup"}}, nil},
		{"scp list", map[string]any{"scp": []string{"lookup"}}, Policy{Scopes: []string{"lookup"}}, nil},
		{"missing scope", map[string]any{"scope": "read"}, Policy{Scopes: []string{"read", "lookup"}}, ErrScope},
		{"no scope", nil, Policy{Scopes: []string{"lookup"}}, ErrScope},
		{"scope as a part", map[string]any{"scope": "lookups"}, Policy{Scopes: []string{"lookup"}}, ErrScope},
		{"claim, one of", map[string]any{"team": "b"}, Policy{Claims: map[string][]string{"team": {"a", "b"}}}, nil},
		{"claim in a list", map[string]any{"groups": []string{"x", "a"}}, Policy{Claims: map[string][]string{"groups": {"a"}}}, nil},
		{"claim that is true", map[string]any{"email_verified": true}, Policy{Claims: map[string][]string{"email_verified": {"true"}}}, nil},
		{"other claim", map[string]any{"team": "c"}, Policy{Claims: map[string][]string{"team": {"a"}}}, ErrClaim},
		{"no claim", nil, Policy{Claims: map[string][]string{"team": {"a"}}}, ErrClaim},
		{"type", nil, Policy{Type: "at+jwt"}, ErrType},
		{"no subject", map[string]any{"sub": nil}, Policy{}, ErrSubject},
		{"empty subject", map[string]any{"sub": ""}, Policy{}, ErrSubject},
		{"subject too long", map[string]any{"sub": strings.Repeat("s", 257)}, Policy{}, ErrSubject},
		{"subject of another kind", map[string]any{"sub": []string{"signup"}}, Policy{}, ErrSubject},
		{"tier", map[string]any{"plan": "gold"}, Policy{TierClaim: "plan"}, nil},
		{"no tier", nil, Policy{TierClaim: "plan"}, nil},
		{"empty tier", map[string]any{"plan": ""}, Policy{TierClaim: "plan"}, ErrTier},
		{"tier of another kind", map[string]any{"plan": []string{"gold"}}, Policy{TierClaim: "plan"}, ErrTier},
		{"subject from another claim", map[string]any{"azp": "signup", "sub": nil}, Policy{SubjectClaim: "azp"}, nil},
	}
	for _, test := range tests {
		test.policy.Audiences = []string{testAudience}
		if err := verify(v, signRSA(with(test.claims)), &test.policy); err != test.want {
			t.Errorf("%s: got %v, want %v", test.name, err, test.want)
		}
	}
}

func TestFaultyPoliciesAreRefused(t *testing.T) {
	t.Parallel()
	good := []string{testAudience}
	for name, p := range map[string]Policy{
		"no audience":      {},
		"empty audience":   {Audiences: []string{"a", ""}},
		"claim of nothing": {Audiences: good, Claims: map[string][]string{"team": nil}},
	} {
		if p.Check() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if err := policy.Check(); err != nil {
		t.Error(err)
	}
}

func TestFaultyConfigsAreRefused(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"no issuer":         {},
		"http":              {Issuer: "http://issuer.example"},
		"http, not allowed": {Issuer: "http://127.0.0.1"},
		"http, not here":    {Issuer: "http://issuer.example", AllowHTTP: true},
		"no host":           {Issuer: "https://"},
		"no URL":            {Issuer: "internal"},
		"user":              {Issuer: "https://a:b@issuer.example"},
		"fragment":          {Issuer: "https://issuer.example#x"},
		"two sources":       {Issuer: testIssuer, JWKSFile: "f", JWKSURL: jwksURL},
		"keys over http":    {Issuer: "internal", JWKSURL: "http://issuer.example/keys"},
		"alg none":          {Issuer: testIssuer, Algorithms: []string{"none"}},
		"HMAC":              {Issuer: testIssuer, Algorithms: []string{"RS256", "HS256"}},
		"alg in lower case": {Issuer: testIssuer, Algorithms: []string{"rs256"}},
		"huge skew":         {Issuer: testIssuer, Skew: time.Hour},
		"negative age":      {Issuer: testIssuer, MaxAge: -1},
		"keys too often":    {Issuer: testIssuer, Refresh: time.Second},
		"keys too young":    {Issuer: testIssuer, Refresh: time.Hour, MaxKeyAge: time.Minute},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestChallengesAreThoseOfRFC6750(t *testing.T) {
	t.Parallel()
	scopes := []string{"lookup", "read"}
	for err, want := range map[error]string{
		ErrNoToken:     `Bearer realm="phone \"x\""`,
		ErrExpired:     `Bearer realm="phone \"x\"", error="invalid_token", error_description="The access token is not valid here"`,
		ErrScope:       `Bearer realm="phone \"x\"", error="insufficient_scope", error_description="The access token lacks a scope", scope="lookup read"`,
		ErrUnavailable: "",
	} {
		if got := Challenge(ClassOf(err), "phone \"x\"\r\n", scopes); got != want {
			t.Errorf("%v: got %s, want %s", err, got, want)
		}
	}
	const want = `Bearer realm="r", error="invalid_request", error_description="The access token was sent in a way that is not allowed"`
	if got := Challenge(InvalidRequest, "r", nil); got != want {
		t.Errorf("got %s", got)
	}
	if got := ClassOf(errFetch); got != Unavailable {
		t.Errorf("an unknown error is of class %d", got)
	}
}

func TestTokensAreToldFromKeys(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		signRSA(goodClaims()): true, craft(`{ "alg":"none"}`, "{}", ""): true,
		"rwk_abc": false, "": false, "eyJ": false, "a.b.c": false,
	} {
		if LooksLikeToken(text) != want {
			t.Errorf("%q: not %t", text, want)
		}
	}
}
