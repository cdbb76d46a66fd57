package caddymodule

import (
	"net/http"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/e2e/redis"
)

// wholeExample is the first whole Caddyfile of a page.
func wholeExample(t *testing.T, path string) string {
	t.Helper()
	for _, block := range fence.FindAllStringSubmatch(docText(t, path), -1) {
		if block[1] == "caddyfile" {
			return block[2]
		}
	}
	t.Fatalf("%s has no whole Caddyfile", path)
	return ""
}

// runExample starts a page's Caddyfile with places of this test in place of the
// machine's. Each of them must be in it, once or more.
func (s *stage) runExample(page string, places map[string]string) {
	s.t.Helper()
	text := wholeExample(s.t, page)
	places["{\n\tringward {"] = "{\n\tadmin unix/" + s.Admin + "\n\tpersist_config off\n\tauto_https off\n\tstorage file_system " + s.Dir + "/caddy\n\tlog {\n\t\toutput file " +
		s.Dir + "/debug.log\n\t}\n\tringward {\n\t\taudit file " + s.Dir + "/audit.jsonl"
	places["https://vault.example.com:8200"] = s.Vault
	places["/run/ringward/vault-token"] = s.Dir + "/vault-token"
	places["ringward checkthatphone {"] = "ringward checkthatphone {\n upstream " + s.Upstream + "\n ca " + s.Dir + "/ca.pem"
	for from, to := range places {
		if !strings.Contains(text, from) {
			s.t.Fatalf("%q is not in the example of %s", from, page)
		}
		text = strings.ReplaceAll(text, from, to)
	}
	s.vault.Put("secret/phone/production/checkthatphone", s.secrets)
	s.t.Cleanup(func() { _ = caddy.Stop() })
	if err := loadCaddyfile(text); err != nil {
		s.t.Fatalf("%v in:\n%s", err, text)
	}
}

const (
	pageDigest  = "sha256:fa1e0467d29eb08cec2b227b0c04cf033d96d7738bfa49ec8ce4cb53011cd837"
	otherDigest = "sha256:2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae"
)

// TestCallersPageServes looks up by each of the ways in which a caller is known.
func TestCallersPageServes(t *testing.T) {
	s := newStage(t, "checkthatphone")
	var login *issuer
	url := s.serveTLS(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := login.jwks()
		if r.URL.Path == "/.well-known/openid-configuration" {
			answer = `{"issuer":"` + login.name + `","jwks_uri":"` + login.name + `/keys"}`
		}
		_, _ = w.Write([]byte(answer))
	}))
	login = newIssuer(t, url)
	port := s.tlsSite("mode request") // for its certificate
	s.runExample("docs/callers.md", map[string]string{
		"jwt https://login.example.com {": "jwt " + url + " {\n ca " + s.Dir + "/ca.pem",
		"/etc/ringward/deny.txt":          s.file("deny.txt", "203.0.113.0/24\n"),
		"/etc/ringward/callers.json":      s.callersFile(map[string]string{"in-file": ""}),
		"/etc/ringward/tls.pem":           s.Dir + "/server.pem",
		"/etc/ringward/tls.key":           s.Dir + "/server.key",
		"/etc/ringward/client-ca.pem":     s.Dir + "/ca.pem",
		"https://ringward.example.com {":  "https://localhost:" + port + " {",
		pageDigest:                        s.FullSum,
	})
	batch := clientCertificate(t, s.authority, "spiffe://example.com/ns/production/batch")
	token := login.token(map[string]any{"sub": "shop-backend@clients"})
	s.await("the issuer's keys", func() bool { return running.latest().ready() })
	for who, got := range map[string]reply{
		"signup":  s.over(port, s.Full, nil),
		"shop":    s.over(port, token, nil),
		"batch":   s.over(port, "", batch),
		"in-file": s.over(port, keyOf["in-file"], nil),
	} {
		if e := s.entry(got); got.status != 200 || e.Caller != who {
			t.Errorf("%s: got %d %s, entry %+v", who, got.status, got.body, e)
		}
	}
}

// TestLimitsPageServes counts in a real Redis.
func TestLimitsPageServes(t *testing.T) {
	server := redis.Start(t)
	s := newStage(t, "checkthatphone")
	s.vault.Put("secret/ringward/production/limits", map[string]string{"key": randomText() + randomText()})
	s.runExample("docs/limits.md", map[string]string{
		"redis.example.com:6379": server.Address,
		":8080 {":                ":" + s.Port + " {",
		pageDigest:               s.FullSum,
		otherDigest:              s.MinimalSum,
	})
	for n, tt := range []struct {
		key  string
		want int
	}{{s.Minimal, 200}, {s.Minimal, 200}, {s.Minimal, 200}, {s.Minimal, 429}, {s.Full, 200}} {
		if got := s.lookup(tt.key, canaryNumber); got.status != tt.want {
			t.Errorf("request %d: got %d %s", n+1, got.status, got.body)
		}
	}
}

func TestCallersFileOfThePageIsGood(t *testing.T) {
	for _, block := range fence.FindAllStringSubmatch(docText(t, "docs/callers.md"), -1) {
		if block[1] != "json callers" {
			continue
		}
		specs, err := caller.ParseCallers([]byte(block[2]))
		if err != nil || len(specs) != 1 {
			t.Fatalf("%d callers, %v", len(specs), err)
		}
		return
	}
	t.Error("there is no callers file")
}
