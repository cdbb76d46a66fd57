// Package deploy_test holds what deploy/ and vault-policies/ promise against
// the real parts: a Vault server, a container engine, systemd's own checker.
package deploy_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/ringward/ringward/caddymodule"
	"github.com/ringward/ringward/e2e/harness"
)

// root is the repository, seen from this package.
const root = "../.."

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, path))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// adapt turns a Caddyfile into a config, which must hold the Ringward app.
func adapt(t *testing.T, caddyfile string) (config []byte, app map[string]any) {
	t.Helper()
	config, warnings, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		t.Fatalf("adapting: %v", err)
	}
	for _, w := range warnings {
		t.Errorf("line %d: %s", w.Line, w.Message)
	}
	var parsed struct{ Apps map[string]map[string]any }
	if err := json.Unmarshal(config, &parsed); err != nil {
		t.Fatal(err)
	}
	if app = parsed.Apps["ringward"]; app == nil {
		t.Fatal("the config has no ringward app")
	}
	return config, app
}

// blocks returns the fenced blocks of a language in a Markdown text.
func blocks(markdown, language string) []string {
	fence := regexp.MustCompile("(?ms)^```" + regexp.QuoteMeta(language) + "\n(.*?)^```$")
	var all []string
	for _, match := range fence.FindAllStringSubmatch(markdown, -1) {
		all = append(all, match[1])
	}
	return all
}

// waitForReady asks the health endpoint of the examples until it is content.
func waitForReady(t *testing.T, port string) {
	t.Helper()
	harness.Eventually(t, harness.Soon, "/ready", func() error {
		got, err := harness.Client{}.Do(harness.Request(t, "GET", "http://127.0.0.1:"+port+"/ready", ""))
		if err == nil && got.Status != 200 {
			err = fmt.Errorf("status %d", got.Status)
		}
		return err
	})
}
