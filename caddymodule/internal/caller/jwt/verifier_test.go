package jwt

import (
	"crypto"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestGoodTokenTellsWhoIsCalling(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, newIssuer(allKeys()), nil)
	claims := with(map[string]any{"tier": "gold", "sid": "s-1"})
	for name, token := range map[string]string{
		"RS256": sign(jose.RS256, rsaKey(), "rsa", claims, nil),
		"PS256": sign(jose.PS256, rsaKey(), "rsa", claims, nil),
		"ES256": sign(jose.ES256, ecKey(), "ec", claims, nil),
		"EdDSA": sign(jose.EdDSA, edKey(), "ed", claims, nil),
		"no id": sign(jose.EdDSA, edKey(), "", claims, nil),
		"typ":   sign(jose.RS256, rsaKey(), "rsa", claims, headers{"typ": "application/AT+JWT"}),
	} {
		for range 2 { // verified, then from the cache
			identity, err := v.Verify(t.Context(), token, &Policy{Audiences: policy.Audiences, TierClaim: "tier"})
			if err != nil {
				t.Errorf("%s: %v", name, err)
				continue
			}
			if identity.Subject != "signup" || identity.Tier != "gold" || len(identity.TokenID) != 8 || identity.Expires.Before(time.Now()) {
				t.Errorf("%s: got %+v", name, identity)
			}
			if session, ok := identity.Claim("sid"); !ok || session != "s-1" {
				t.Errorf("%s: the session is lost", name)
			}
			if _, ok := identity.Claim("exp"); ok {
				t.Errorf("%s: a number came as a text", name)
			}
		}
	}
	if err := v.Ready(); err != nil {
		t.Error(err)
	}
}

func TestTokensAreHeldToTheirTimes(t *testing.T) {
	t.Parallel()
	at := func(d time.Duration) int64 { return time.Now().Add(d).Unix() }
	v := newVerifier(t, newIssuer(allKeys()), func(c *Config) { c.MaxAge = 2 * time.Hour })
	gallery := map[string]struct {
		claims map[string]any
		want   error
	}{
		"expired":                 {with(map[string]any{"exp": at(-2 * time.Minute)}), ErrExpired},
		"expired within the skew": {with(map[string]any{"exp": at(-50 * time.Second)}), nil},
		"no expiry":               {with(map[string]any{"exp": nil}), ErrNoExpiry},
		"expiry as a text":        {with(map[string]any{"exp": "9999999999"}), ErrClaims},
		"expiry below zero":       {with(map[string]any{"exp": -1}), ErrClaims},
		"expiry past all dates":   {with(map[string]any{"exp": 1e300}), ErrClaims},
		"expiry null":             {with(map[string]any{"exp": any((*int)(nil))}), ErrClaims},
		"nbf in the future":       {with(map[string]any{"nbf": at(2 * time.Minute)}), ErrNotYet},
		"nbf within the skew":     {with(map[string]any{"nbf": at(50 * time.Second)}), nil},
		"nbf as a text":           {with(map[string]any{"nbf": "0"}), ErrClaims},
		"iat in the future":       {with(map[string]any{"iat": at(2 * time.Minute)}), ErrNotYet},
		"iat within the skew":     {with(map[string]any{"iat": at(50 * time.Second)}), nil},
		"too old":                 {with(map[string]any{"iat": at(-3 * time.Hour)}), ErrTooOld},
		"age unknown":             {with(map[string]any{"iat": nil}), ErrTooOld},
		"valid for a year":        {with(map[string]any{"exp": at(365 * 24 * time.Hour)}), ErrLifetime},
		"fraction of a second":    {with(map[string]any{"exp": float64(at(time.Hour)) + 0.5}), nil},
	}
	for name, test := range gallery {
		if err := verify(v, signRSA(test.claims), policy); err != test.want {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

func TestClaimsThatAreThereTwiceAreRefused(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, newIssuer(allKeys()), nil)
	body := payload()
	inner := body[1 : len(body)-1]
	if err := verify(v, signRSA("{"+inner+"}"), policy); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"sub":      `{"sub":"admin",` + inner + `}`,
		"escaped":  `{"\u0073ub":"admin",` + inner + `}`,
		"deep":     `{"x":{"a":1,"a":2},` + inner + `}`,
		"trailing": "{" + inner + "}{}",
		"list":     "[]", "null": "null", "empty": " ", "not UTF-8": `{"x":"` + "\xff" + `",` + inner + `}`,
	} {
		if err := verify(v, signRSA(text), policy); err != ErrClaims {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestTokensOfAnotherIssuerAreRefused(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, newIssuer(allKeys()), nil)
	for _, issuer := range []any{"https://other.example", testIssuer + "/", "issuer.example", "", nil, []string{testIssuer}} {
		if err := verify(v, signRSA(with(map[string]any{"iss": issuer})), policy); err != ErrIssuer {
			t.Errorf("%v: got %v", issuer, err)
		}
	}
}

func TestCachedTokenIsRefusedAfterItsExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		v := newVerifier(t, newIssuer(allKeys()), nil)
		defer v.Close()
		token := signRSA(with(map[string]any{"exp": time.Now().Add(time.Minute).Unix()}))
		for range 2 {
			if err := verify(v, token, policy); err != nil {
				t.Fatal(err)
			}
		}
		if v.cache.len() != 1 {
			t.Fatal("the token is not in the cache, so nothing is shown")
		}
		time.Sleep(2*time.Minute + time.Second) // of the bubble: expiry and skew
		if err := verify(v, token, policy); err != ErrExpired {
			t.Errorf("got %v", err)
		}
	})
}

func TestCachedTokenIsNotGoodForAnotherRoute(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, newIssuer(allKeys()), nil)
	token := signRSA(with(map[string]any{"aud": []string{"here", "too"}, "scope": "lookup"}))
	here := &Policy{Audiences: []string{"here"}, Scopes: []string{"lookup"}}
	if err := verify(v, token, here); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		policy Policy
		want   error
	}{
		"audience": {Policy{Audiences: []string{"there"}}, ErrAudience},
		"scope":    {Policy{Audiences: []string{"here"}, Scopes: []string{"lookup", "admin"}}, ErrScope},
		"claim":    {Policy{Audiences: []string{"here"}, Claims: map[string][]string{"team": {"a"}}}, ErrClaim},
		"type":     {Policy{Audiences: []string{"here"}, Type: "at+jwt"}, ErrType},
	} {
		if err := verify(v, token, &test.policy); err != test.want {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if err := verify(v, token, here); err != nil {
		t.Errorf("the route that accepted it: %v", err)
	}
}

func TestRevokedKeyDropsItsCachedTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		i := newIssuer(allKeys())
		v := newVerifier(t, i, nil)
		defer v.Close()
		revoked, kept := signRSA(goodClaims()), sign(jose.EdDSA, edKey(), "ed", goodClaims(), nil)
		for _, token := range []string{revoked, kept} {
			if err := verify(v, token, policy); err != nil {
				t.Fatal(err)
			}
		}
		i.serve("/keys", jwks(map[string]crypto.Signer{"ed": edKey()}))
		time.Sleep(15*time.Minute + time.Second)
		synctest.Wait()
		if err := verify(v, revoked, policy); err != ErrUnknownKey {
			t.Errorf("a token of a revoked key: got %v", err)
		}
		if err := verify(v, kept, policy); err != nil {
			t.Errorf("a token of another key: %v", err)
		}
	})
}

func TestCachedTokenIsForgottenAfterAWhile(t *testing.T) {
	t.Parallel()
	var c cache
	now := time.Now()
	c.put(digest{1}, cached{claims: &claims{}, until: now.Add(time.Hour)}, 10)
	if _, ok := c.get(digest{1}, 0, now.Add(time.Hour-1)); !ok {
		t.Error("forgotten too early")
	}
	if _, ok := c.get(digest{1}, 0, now.Add(time.Hour)); ok {
		t.Error("remembered too long")
	}
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	var c cache
	now := time.Now()
	for i := range 3 * cacheTokens {
		c.put(digest{byte(i), byte(i >> 8), byte(i >> 16)}, cached{claims: &claims{}, until: now.Add(time.Minute)}, 10)
	}
	if got := c.len(); got > cacheTokens || got < cacheTokens/2 {
		t.Errorf("holds %d tokens", got)
	}
	last := 3*cacheTokens - 1
	if _, ok := c.get(digest{byte(last), byte(last >> 8), byte(last >> 16)}, 0, now); !ok {
		t.Error("the newest token is forgotten")
	}
	for i := range 100 {
		c.put(digest{1, 1, 1, byte(i)}, cached{}, cacheBytes/4)
	}
	if got := c.len(); got > 4 {
		t.Errorf("holds %d long tokens", got)
	}
}

func BenchmarkVerify(b *testing.B) {
	v := newVerifier(b, newIssuer(allKeys()), nil)
	tokens := map[string]string{
		"RS256": signRSA(goodClaims()),
		"ES256": sign(jose.ES256, ecKey(), "ec", goodClaims(), nil),
		"EdDSA": sign(jose.EdDSA, edKey(), "ed", goodClaims(), nil),
	}
	b.Run("cached", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := verify(v, tokens["RS256"], policy); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, token := range tokens {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v.cache.young, v.cache.old = nil, nil
				if err := verify(v, token, policy); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// FuzzVerify: nothing panics, and nothing is accepted that was not signed.
func FuzzVerify(f *testing.F) {
	// The clock and the one key that counts are fixed: the fuzzer runs in several
	// processes, which exchange tokens.
	now := time.Date(2027, time.January, 15, 12, 0, 0, 0, time.UTC)
	v := newVerifier(f, newIssuer(jwks(map[string]crypto.Signer{"ed": edKey(), "rsa": rsaKey()})), func(c *Config) {
		c.now = func() time.Time { return now }
	})
	claims := map[string]any{"iss": testIssuer, "aud": testAudience, "sub": "signup", "exp": now.Add(time.Hour).Unix()}
	good := sign(jose.EdDSA, edKey(), "ed", claims, nil)
	if err := verify(v, good, policy); err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(craft(`{"alg":"none"}`, payload(), ""))
	f.Add(craft(`{"alg":"RS256","kid":"rsa","crit":["b64"],"b64":false}`, payload(), "x"))
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		if err := verify(v, token, policy); err == nil && token != good {
			t.Fatal("accepted a token that nobody signed")
		} else if _, isRefusal := err.(*Refusal); err != nil && !isRefusal {
			t.Fatalf("refused in an unknown way: %v", err)
		}
	})
}

// FuzzReadClaims: what comes out of a signed payload is sane, whatever it holds.
func FuzzReadClaims(f *testing.F) {
	f.Add([]byte(payload()))
	f.Add([]byte(`{"exp":1e11,"nbf":0.5,"aud":[1],"scope":[[]]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := readClaims(payload)
		if err != nil {
			return
		}
		if c.expires.IsZero() || c.expires.Unix() > latestDate {
			t.Fatal("accepted without a sane expiry")
		}
		_, _ = policy.admit(c)
		_ = c.checkTime(&Config{Skew: time.Minute, MaxLifetime: time.Hour}, time.Now())
	})
}
