package caddymodule

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
)

// startWith loads the stage's config with several fields of the credential, each
// a name and its text.
func (s *stage) startWith(fields ...string) {
	s.t.Helper()
	secret := make(map[string]string)
	var names []string
	for i := 0; i < len(fields); i += 2 {
		names = append(names, fields[i])
		secret[fields[i]] = fields[i+1]
	}
	s.vault.Put("secret/phone/provider", secret)
	config := strings.Replace(s.caddyfile(), "secret/phone/provider api_key", "secret/phone/provider "+strings.Join(names, " "), 1)
	s.t.Cleanup(s.tryStop)
	if err := loadCaddyfile(config); err != nil {
		s.t.Fatalf("loading the config: %v", err)
	}
}

func (s *stage) post(path, body string) reply {
	s.t.Helper()
	req := s.request("POST", path, body, "Content-Type", "application/json")
	req.SetBasicAuth("anybody", s.Full)
	return s.do(req)
}

func TestEverySignedRequestIsAccepted(t *testing.T) {
	s := newStage(t, "telesign")
	key := base64.StdEncoding.EncodeToString([]byte(s.Key))
	s.provider.SetKeys("customer-1:" + key)
	s.Route = "place tsa"
	s.startWith("customer_id", "customer-1", "api_key", key)
	for range 3 {
		if got := s.post("/v1/phoneid/14158586273", "{}"); got.status != 200 {
			t.Errorf("got %d %s", got.status, got.body)
		}
	}
	if strings.Count(s.record.String(), "TSA customer-1:") != 3 {
		t.Error("not every request was signed")
	}
}

// sinchStage is a stage whose provider gives tokens for a key.
func sinchStage(t *testing.T) *stage {
	t.Helper()
	s := newStage(t, "sinch")
	s.Key = "canary" + randomText() // plain, as the provider's own
	s.provider.SetKeys("key-1:" + s.Key)
	s.startWith("key_id", "key-1", "key_secret", s.Key)
	return s
}

func (s *stage) sinch() reply {
	s.t.Helper()
	return s.post("/v2/projects/demo/lookups", `{"number":"+14158586273"}`)
}

// TestRotationReachesTheTokenEndpoint rotates the key while a token is in use:
// the next request is refused, fetches the new key, and a token for it.
func TestRotationReachesTheTokenEndpoint(t *testing.T) {
	s := sinchStage(t)
	for range 3 {
		if got := s.sinch(); got.status != 200 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
	}
	if fetches := strings.Count(s.record.String(), "/oauth2/token"); fetches != 1 {
		t.Errorf("%d tokens were fetched for three requests", fetches)
	}
	next := "canary" + randomText()
	s.vault.Put("secret/phone/provider", map[string]string{"key_id": "key-1", "key_secret": next})
	s.provider.SetKeys("key-1:" + next)
	got := s.sinch()
	if got.status != 200 {
		t.Fatalf("after the rotation: got %d %s", got.status, got.body)
	}
	if e := s.entry(got); e.CredentialVersion != 3 { // the stage's own was the first
		t.Errorf("answered with version %d", e.CredentialVersion)
	}
}

func TestRefusalByTheTokenEndpointIsOneOfTheCredential(t *testing.T) {
	s := sinchStage(t)
	s.provider.SetKeys("another:key")
	got := s.sinch()
	if e := s.entry(got); got.status != 502 || e.Reason != "upstream_error" || e.UpstreamCalls != 0 {
		t.Errorf("got %d, entry %+v", got.status, e)
	}
}

func TestTokenEndpointThatIsDownMakesTheRouteUnready(t *testing.T) {
	s := newStage(t, "sinch")
	s.Options = []string{"account project_id demo", "token_url https://127.0.0.1:1/token"}
	s.startWith("key_id", "key-1", "key_secret", s.Key)
	got := s.sinch()
	if e := s.entry(got); got.status != 503 || e.Reason != "credential_unavailable" || e.UpstreamCalls != 0 {
		t.Errorf("got %d, entry %+v", got.status, e)
	}
	if got.header.Get("Retry-After") == "" {
		t.Error("the caller is not told when to come back")
	}
}

// TestEchoedTokenIsWithheld has a provider that shows the token, or the secret it
// was fetched with, in a field that the caller may see.
func TestEchoedTokenIsWithheld(t *testing.T) {
	for _, echo := range []string{"the token", "the secret", "neither"} {
		t.Run(echo, func(t *testing.T) {
			s := newStage(t, "checkthatphone")
			texts := map[string]string{"the token": "token-of-the-provider", "the secret": s.Key, "neither": "Somebody"}
			s.Preset = "custom acme"
			s.Upstream = s.serveTLS(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				switch {
				case r.URL.Path == "/token":
					fmt.Fprint(w, `{"access_token":"token-of-the-provider","token_type":"bearer","expires_in":3600}`)
				case r.Header.Get("Authorization") != "Bearer token-of-the-provider":
					w.WriteHeader(http.StatusUnauthorized)
				default:
					fmt.Fprintf(w, `{"owner":%q}`, texts[echo])
				}
			}))
			s.Route = `
		place oauth2 ` + s.Upstream + `/token
		key_in basic
		operation lookup GET /v1/{number} {
			number path e164
			field identity /owner
		}`
			s.startWith("id", "client-1", "secret", s.Key)
			req := s.request("GET", "/v1/%2B14158586273", "")
			req.SetBasicAuth("anybody", s.Full)
			got := s.do(req)
			if passed := got.status == 200; passed != (echo == "neither") || strings.Contains(got.body, "token-of") {
				t.Errorf("got %d %s", got.status, got.body)
			}
			if e := s.entry(got); e.UpstreamCalls != 1 {
				t.Errorf("entry %+v", e)
			}
		})
	}
}

// TestPrivateKeyInVaultSigns has a provider that verifies the JWT it gets, and
// looks for the key in what is written.
func TestPrivateKeyInVaultSigns(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	text := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	s := newStage(t, "checkthatphone")
	s.Preset = "custom acme"
	s.Upstream = s.serveTLS(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		signed, err := jwt.ParseSigned(token, []jose.SignatureAlgorithm{jose.RS256})
		if err != nil || signed.Claims(&key.PublicKey, new(jwt.Claims)) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"valid":true}`)
	}))
	s.Route = `
		place jwt
		key_in basic
		operation lookup GET /v1/{number} {
			number path e164
			field validity /valid
		}`
	s.startWith("application_id", "app-1", "private_key", text)
	req := s.request("GET", "/v1/%2B14158586273", "")
	req.SetBasicAuth("anybody", s.Full)
	if got := s.do(req); got.status != 200 || got.body != `{"valid":true}` {
		t.Errorf("got %d %s", got.status, got.body)
	}
	written := s.read("debug.log") + s.read("audit.jsonl") + s.admin("/config/")
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); len(line) == 64 && strings.Contains(written, line) {
			t.Error("a line of the key was written")
		}
	}
}
