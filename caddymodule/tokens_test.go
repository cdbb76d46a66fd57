package caddymodule

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"maps"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// issuer makes tokens, as an OpenID Connect provider does.
type issuer struct {
	t    *testing.T
	name string
	key  ed25519.PrivateKey
}

func newIssuer(t *testing.T, name string) *issuer {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &issuer{t, name, key}
}

// jwks is the set of the issuer's public keys.
func (i *issuer) jwks() string {
	i.t.Helper()
	text, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{{Key: i.key.Public(), KeyID: "k1", Use: "sig"}}})
	if err != nil {
		i.t.Fatal(err)
	}
	return string(text)
}

// token is one that is good, with claims changed; nil takes one away.
func (i *issuer) token(changes map[string]any) string {
	i.t.Helper()
	claims := map[string]any{
		"iss": i.name, "aud": "ringward", "sub": "shop|1@clients", "scope": "lookup",
		"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
	}
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, value any) bool { return value == nil })
	payload, err := json.Marshal(claims)
	if err != nil {
		i.t.Fatal(err)
	}
	return i.sign(jose.SigningKey{Algorithm: jose.EdDSA, Key: i.key}, payload)
}

func (i *issuer) sign(key jose.SigningKey, payload []byte) string {
	i.t.Helper()
	signer, err := jose.NewSigner(key, (&jose.SignerOptions{}).WithHeader("kid", "k1"))
	if err != nil {
		i.t.Fatal(err)
	}
	signed, err := signer.Sign(payload)
	if err != nil {
		i.t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		i.t.Fatal(err)
	}
	return text
}

// tokenStage takes the tokens of an issuer whose keys are in a file.
func tokenStage(t *testing.T, options, callers string) (*stage, *issuer) {
	t.Helper()
	s, i := newStage(t, "checkthatphone"), newIssuer(t, "https://login.example.com/")
	s.App = "jwt " + i.name + " {\n audience ringward other\n keys file " + s.file("jwks.json", i.jwks()) + "\n " + options + "\n }\n" + callers
	return s, i
}

func TestTokensIdentifyCallers(t *testing.T) {
	s, i := tokenStage(t, "claim env production staging\n scopes lookup", `
		caller shop {
			token shop|1@clients
			release validity
		}
		caller late {
			token late
			expires 2020-01-01
		}
		caller keyed {
			key `+sumOf(t, "keyed")+`
		}`)
	s.start()
	production := map[string]any{"env": "production"}
	with := func(changes map[string]any) map[string]any {
		claims := maps.Clone(production)
		maps.Copy(claims, changes)
		return claims
	}
	for _, tt := range []struct {
		name, credential string
		status           int
		reason, caller   string
		challenge        string // a part of it; "" for none at all
	}{
		{"good", i.token(production), 200, "", "shop", ""},
		{"of another audience of ours", i.token(with(map[string]any{"aud": []string{"x", "other"}})), 200, "", "shop", ""},
		{"key", keyOf["keyed"], 200, "", "keyed", ""},
		{"nothing", "", 401, "unauthenticated", "", `Bearer realm="ringward"`},
		{"unknown key", "rwk_" + strings.Repeat("A", 43), 401, "unauthenticated", "", `error="invalid_token"`},
		{"wrong audience", i.token(with(map[string]any{"aud": "elsewhere"})), 401, "unauthenticated", "", `error="invalid_token"`},
		{"wrong issuer", i.token(with(map[string]any{"iss": "https://login.example.org/"})), 401, "unauthenticated", "", `error="invalid_token"`},
		{"expired", i.token(with(map[string]any{"iat": 1, "exp": time.Now().Add(-time.Hour).Unix()})), 401, "unauthenticated", "", `error="invalid_token"`},
		{"of the future", i.token(with(map[string]any{"nbf": time.Now().Add(time.Hour).Unix()})), 401, "unauthenticated", "", `error="invalid_token"`},
		{"without a required claim", i.token(nil), 401, "unauthenticated", "", `error="invalid_token"`},
		{"without a scope", i.token(with(map[string]any{"scope": "other"})), 403, "forbidden", "", `error="insufficient_scope"`},
		{"of nobody", i.token(with(map[string]any{"sub": "stranger"})), 401, "unauthenticated", "", `error="invalid_token"`},
		{"of an expired caller", i.token(with(map[string]any{"sub": "late"})), 401, "unauthenticated", "", `error="invalid_token"`},
		{"of the name of a caller", i.token(with(map[string]any{"sub": "shop"})), 401, "unauthenticated", "", `error="invalid_token"`},
		{"of the name of a caller with keys", i.token(with(map[string]any{"sub": "keyed"})), 401, "unauthenticated", "", `error="invalid_token"`},
		{"unsigned", unsigned(i.token(production)), 401, "unauthenticated", "", `error="invalid_token"`},
		{"signed with the public key", i.confused(), 401, "unauthenticated", "", `error="invalid_token"`},
		{"of another key", newIssuer(t, i.name).token(production), 401, "unauthenticated", "", `error="invalid_token"`},
		{"oversized", i.token(with(map[string]any{"pad": strings.Repeat("x", 9000)})), 400, "unauthenticated", "", `error="invalid_request"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			calls := s.provider.Calls()
			req := s.lookupRequest(tt.credential, canaryNumber)
			if tt.credential == "" {
				req.Header.Del("Authorization")
			}
			got := s.do(req)
			e, challenge := s.entry(got), got.header.Get("Www-Authenticate")
			if got.status != tt.status || e.Reason != tt.reason || e.Caller != tt.caller {
				t.Errorf("got %d %s, entry %+v", got.status, got.body, e)
			}
			if (challenge == "") != (tt.challenge == "") || !strings.Contains(challenge, tt.challenge) {
				t.Errorf("challenged with %q", challenge)
			}
			if got.status == 200 && len(e.KeyID) != 8 || (got.status == 200) != (s.provider.Calls() == calls+1) {
				t.Errorf("key id %q, %d calls", e.KeyID, s.provider.Calls()-calls)
			}
		})
	}
	twice := s.lookupRequest(i.token(production), canaryNumber)
	twice.Header.Set("X-API-Key", keyOf["keyed"])
	if got := s.do(twice); got.status != 400 || !strings.Contains(got.header.Get("Www-Authenticate"), `error="invalid_request"`) {
		t.Errorf("a token and a key: got %d %v", got.status, got.header)
	}
	for _, part := range strings.Split(i.token(production), ".")[:2] {
		if strings.Contains(s.read("debug.log")+s.read("audit.jsonl"), part) {
			t.Error("a part of a token is in a log")
		}
	}
}

// unsigned is a token whose header says that it needs no signature.
func unsigned(token string) string {
	payload := strings.Split(token, ".")[1]
	return base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"k1"}`)) + "." + payload + "."
}

// confused is a token that is signed with the public key as if that were a secret.
func (i *issuer) confused() string {
	payload, _ := base64.RawURLEncoding.DecodeString(strings.Split(i.token(map[string]any{"env": "production"}), ".")[1])
	return i.sign(jose.SigningKey{Algorithm: jose.HS256, Key: []byte(i.key.Public().(ed25519.PublicKey))}, payload)
}

func TestRouteAsksForFurtherScopes(t *testing.T) {
	s, i := tokenStage(t, "scopes lookup", "caller shop {\n token shop|1@clients\n}")
	s.Route = "scopes phone:read"
	s.start()
	for scope, want := range map[string]int{"lookup": 403, "phone:read": 403, "phone:read lookup": 200} {
		got := s.lookup(i.token(map[string]any{"scope": scope}), canaryNumber)
		if got.status != want {
			t.Errorf("%q: got %d %s", scope, got.status, got.body)
		}
		if want == 403 && !strings.Contains(got.header.Get("Www-Authenticate"), `scope="lookup phone:read"`) {
			t.Errorf("%q: challenged with %s", scope, got.header.Get("Www-Authenticate"))
		}
	}
}

// TestUnlistedCallersHaveNameAndTierOfTheirTokens: nobody has to describe them,
// and each has its tier's bounds to itself.
func TestUnlistedCallersHaveNameAndTierOfTheirTokens(t *testing.T) {
	s, i := tokenStage(t, "tier_claim plan\n unlisted {\n release validity\n limit 3/d\n }", `
		tier gold {
			limit 2/h
		}
		tier free {
			limit 1/h
		}
		caller listed {
			token app-listed
			release validity location
		}
		caller fixed {
			token app-fixed
			tier free
		}
		caller keyed {
			key `+sumOf(t, "keyed-too")+`
		}`)
	s.Sites = "http://:" + freePort(t) + " {\n bind 127.0.0.1\n metrics /metrics\n }"
	s.start()
	for n, tt := range []struct {
		sub    string
		plan   any
		want   int
		caller string
	}{
		{"alice", "free", 200, "jwt:alice"},
		{"alice", "free", 429, "jwt:alice"},
		{"bob", "free", 200, "jwt:bob"},
		{"carol", "gold", 200, "jwt:carol"},
		{"carol", "gold", 200, "jwt:carol"},
		{"carol", "gold", 429, "jwt:carol"},
		{"dave", nil, 200, "jwt:dave"},
		{"dave", nil, 200, "jwt:dave"},
		{"dave", nil, 200, "jwt:dave"},
		{"dave", nil, 429, "jwt:dave"},
		{"erin", "platinum", 403, "jwt:erin"},
		{"frank", "", 401, ""},
		{"frank", []string{"gold"}, 401, ""},
		{"app-listed", "free", 200, "listed"},
		{"app-listed", "free", 429, "listed"},
		{"app-listed", "platinum", 403, "listed"},
		{"app-fixed", "gold", 200, "fixed"},
		{"app-fixed", "gold", 429, "fixed"},
		{"keyed", "gold", 200, "jwt:keyed"},
		{"listed", "gold", 200, "jwt:listed"},
		{"14158586273", "gold", 401, ""},
		{"Bad Name", "gold", 401, ""},
	} {
		claims := map[string]any{"sub": tt.sub, "plan": tt.plan}
		got := s.lookup(i.token(claims), canaryNumber)
		if e := s.entry(got); got.status != tt.want || e.Caller != tt.caller {
			t.Errorf("request %d, %s: got %d %s, entry %+v", n+1, tt.sub, got.status, got.body, e)
		}
	}
	if got := s.lookup(keyOf["keyed-too"], canaryNumber); got.status != 200 || s.entry(got).Caller != "keyed" {
		t.Errorf("the caller whose name a token took: got %d", got.status)
	}
	metrics := s.admin("/metrics")
	if strings.Contains(metrics, `caller="jwt:alice"`) || !strings.Contains(metrics, `caller="(unlisted)"`) || !strings.Contains(metrics, `caller="listed"`) {
		t.Error("callers that only the issuer knows have a metric each, or none")
	}
}

func TestSessionIsAClaim(t *testing.T) {
	s, i := tokenStage(t, "", "caller shop {\n token shop|1@clients\n}\n caller keyed {\n key "+sumOf(t, "no-session")+"\n}")
	s.Route = "session claim sid\n limit session 1/h"
	s.start()
	for n, tt := range []struct {
		key  string
		want int
	}{
		{i.token(map[string]any{"sid": "a"}), 200},
		{i.token(map[string]any{"sid": "a", "jti": "x"}), 429},
		{i.token(map[string]any{"sid": "b"}), 200},
		{keyOf["no-session"], 200},
		{i.token(nil), 429}, // both of no session
	} {
		if got := s.lookup(tt.key, canaryNumber); got.status != tt.want {
			t.Errorf("request %d: got %d %s", n+1, got.status, got.body)
		}
	}
}

// TestIssuerIsDiscovered fetches keys over TLS, loses the issuer, and finds a
// changed key.
func TestIssuerIsDiscovered(t *testing.T) {
	s := newStage(t, "checkthatphone")
	var i *issuer
	var keys, down atomic.Value
	down.Store(true)
	url := s.serveTLS(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case down.Load().(bool):
			w.WriteHeader(http.StatusServiceUnavailable)
		case r.URL.Path == "/.well-known/openid-configuration":
			_, _ = w.Write([]byte(`{"issuer":"https://` + r.Host + `","jwks_uri":"https://` + r.Host + `/keys"}`))
		default:
			_, _ = w.Write([]byte(keys.Load().(string)))
		}
	}))
	i = newIssuer(t, url)
	keys.Store(i.jwks())
	s.App = "jwt " + url + " {\n audience ringward\n ca " + s.Dir + "/ca.pem\n }\n caller shop {\n token shop|1@clients\n }"
	health := freePort(t)
	s.Sites = "http://:" + health + " {\n bind 127.0.0.1\n ringward_health\n }"
	s.start()
	got := s.lookup(i.token(nil), canaryNumber)
	if e := s.entry(got); got.status != 503 || e.Reason != "issuer_unavailable" || got.header.Get("Retry-After") == "" || got.header.Get("Www-Authenticate") != "" {
		t.Errorf("without the issuer's keys: got %d %s, %v", got.status, got.body, got.header)
	}
	if got := s.lookup(s.Full, canaryNumber); got.status != 200 {
		t.Errorf("a key, meanwhile: got %d", got.status)
	}
	ready := func() int {
		req := s.request("GET", "/", "")
		req.URL.Host = "127.0.0.1:" + health
		return s.do(req).status
	}
	if got := ready(); got != 503 {
		t.Errorf("ready without the issuer's keys: got %d", got)
	}
	down.Store(false)
	s.await("the issuer's keys", func() bool { return ready() == 200 })
	if got := s.lookup(i.token(nil), canaryNumber); got.status != 200 {
		t.Errorf("with the issuer's keys: got %d %s", got.status, got.body)
	}
	down.Store(true)
	s.start() // a reload
	if got := s.lookup(i.token(nil), canaryNumber); got.status != 200 {
		t.Errorf("after a reload without the issuer: got %d %s", got.status, got.body)
	}
}

func TestTokensAreRefusedAsKeysWhereNoneAreTaken(t *testing.T) {
	s, i := newStage(t, "checkthatphone"), newIssuer(t, "https://login.example.com/")
	s.start()
	got := s.lookup(i.token(nil), canaryNumber)
	if got.status != 401 || got.header.Get("Www-Authenticate") != `Bearer realm="ringward"` {
		t.Errorf("got %d %v", got.status, got.header)
	}
	for _, app := range []string{"caller shop {\n token x\n}", "caller shop {\n certificate dns:a.example.com\n}"} {
		s.App = app
		if err := s.tryStart(); err == nil {
			t.Errorf("nobody says that nothing can be known by it: %s", app)
		}
	}
}
