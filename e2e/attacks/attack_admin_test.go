package attacks

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// adminPaths are what the admin API answers.
var adminPaths = []string{
	"/config/", "/load", "/stop", "/id/x", "/adapt", "/metrics", "/ringward/status", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars", "/reverse_proxy/upstreams", "/pki/ca/local", "/ready",
}

// TestAttackAdminFromSite asks for the admin API where lookups are served: it
// could change everything and show the config.
func TestAttackAdminFromSite(t *testing.T) {
	a := enter(t)
	key := "X-API-Key: " + a.Full.Key
	for _, path := range adminPaths {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE"} {
			for _, prefix := range []string{"", "/v1/lookup/..", "http://localhost:2019", "unix/" + a.Admin} {
				for name, fields := range map[string][]string{"with a key": {key}, "without": nil, "for another host": {key, "X-Forwarded-Host: localhost:2019"}} {
					got := a.reply("", strings.Replace(post(prefix+path, "{}", fields...), "POST", method, 1))
					a.refused(method+" "+prefix+path+" "+name, got, http.StatusNotFound, http.StatusUnauthorized, http.StatusBadRequest)
				}
			}
		}
	}
	if got := a.AdminGet("/config/"); got.Status != http.StatusOK || !strings.Contains(got.Body, "ringward") {
		t.Errorf("the admin API itself: got %d", got.Status)
	}
	a.open("")
}

// TestAttackAdminFromPage has a page in a browser of this host load a config of
// its own by the admin API, where that is a TCP port (CVE-2026-27589, Caddy: a
// POST to /load from another origin; under a name of its own, DNS rebinding,
// CVE-2018-5702, Transmission). Whoever can load a config has every credential
// that Ringward can fetch. SECURITY.md and Caddyfile.example have it on a unix
// socket, which no page can reach.
func TestAttackAdminFromPage(t *testing.T) {
	port := harness.FreePort(t)
	dir := harness.ShortDir(t)
	config := filepath.Join(dir, "Caddyfile")
	text := fmt.Sprintf("{\n admin localhost:%s\n storage file_system %s\n persist_config off\n}\n", port, dir)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := harness.Start(t, nil, bin.Ringward, "run", "--config", config, "--adapter", "caddyfile")
	local := "http://localhost:" + port
	harness.Eventually(t, harness.Soon, "the admin API", func() error {
		_, err := harness.Client{}.Do(harness.Request(t, http.MethodGet, local+"/config/", ""))
		return err
	})
	const evil = `{"apps":{"http":{"servers":{"evil":{}}}}}`
	for name, header := range map[string][]string{
		"another origin":           {"Origin", "https://site.example"},
		"a null origin":            {"Origin", "null"},
		"another port":             {"Origin", "http://localhost:1"},
		"another origin, no CORS":  {"Origin", "https://site.example", "Content-Type", "text/plain"},
		"a name in the origin":     {"Origin", "http://localhost." + "site.example:" + port},
		"a form, without origin":   {"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Content-Type", "text/plain"},
		"rebound":                  {"Host", "rebound.example:" + port},
		"rebound, with its origin": {"Host", "rebound.example:" + port, "Origin", "http://rebound.example:" + port},
		"rebound, with this one":   {"Host", "rebound.example:" + port, "Origin", local},
	} {
		req := harness.Request(t, http.MethodPost, local+"/load", evil, append([]string{"Content-Type", "application/json"}, header...)...)
		if host := req.Header.Get("Host"); host != "" {
			req.Host = host
			req.Header.Del("Host")
		}
		got := harness.Client{}.MustDo(t, req)
		if got.Status != http.StatusForbidden && got.Status != http.StatusBadRequest {
			t.Errorf("%s: got %d %s", name, got.Status, got.Body)
		}
	}
	if got := (harness.Client{}).Get(t, local+"/config/"); strings.Contains(got.Body, "evil") {
		t.Errorf("the page's config is in force: %s", got.Body)
	}
	if !s.Running() {
		t.Error("Ringward has ended")
	}
}
