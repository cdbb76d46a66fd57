package caddymodule

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
)

// document is a Markdown file of the repository.
type document struct{ path, text string }

// documents returns every Markdown file, by its path from the repository's root.
func documents(t *testing.T) []document {
	t.Helper()
	var all []document
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && path != ".." && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata") {
			return fs.SkipDir
		}
		if filepath.Ext(path) == ".md" {
			all = append(all, document{strings.TrimPrefix(filepath.ToSlash(path), "../"), readText(t, path)})
		}
		return nil
	})
	if err != nil || len(all) < 10 {
		t.Fatalf("%d documents, %v", len(all), err)
	}
	return all
}

// docText returns one document, by its path from the repository's root.
func docText(t *testing.T, path string) string {
	t.Helper()
	return readText(t, filepath.Join("..", path))
}

func readText(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fence finds fenced blocks, with the words after the fence.
var fence = regexp.MustCompile("(?ms)^```([^\n]*)\n(.*?)^```$")

// sampleDigest stands for a caller where an example leaves the callers out.
const sampleDigest = "sha256:fa1e0467d29eb08cec2b227b0c04cf033d96d7738bfa49ec8ce4cb53011cd837"

// wrapExample completes an example to a Caddyfile. The words after the fence
// say what it is a part of.
func wrapExample(words, text string) (caddyfile string, ok bool) {
	preset, forPreset := strings.CutPrefix(words, "caddyfile route ")
	if forPreset {
		words = "caddyfile route"
	}
	const caller = "caller signup {\n key " + sampleDigest + "\n}\n"
	switch words {
	case "caddyfile":
		return text, true
	case "caddyfile app":
		return "{\n ringward {\n" + text + "}\n}\n", true
	case "caddyfile site":
		return "{\n ringward {\n" + caller + "}\n}\n" + text, true
	case "caddyfile route":
		switch {
		case forPreset:
		case strings.Contains(text, "numverify"):
			preset = "numverify"
		default:
			preset = "checkthatphone"
		}
		return "{\n ringward {\n" + caller + "}\n}\n:8080 {\n ringward " + preset + " {\n" + text + "}\n}\n", true
	}
	return "", false
}

func TestEveryExampleAdapts(t *testing.T) {
	found := make(map[string]int)
	for _, doc := range documents(t) {
		for _, block := range fence.FindAllStringSubmatch(doc.text, -1) {
			words, text := block[1], block[2]
			if !strings.HasPrefix(words, "caddyfile") {
				continue
			}
			found[words]++
			caddyfile, ok := wrapExample(words, text)
			if !ok {
				t.Errorf("%s: the test does not know blocks of %q", doc.path, words)
				continue
			}
			if _, err := adaptCaddyfile(caddyfile); err != nil {
				t.Errorf("%s: %v in:\n%s", doc.path, err, text)
			}
		}
	}
	for _, words := range []string{"caddyfile", "caddyfile app", "caddyfile site", "caddyfile route"} {
		if found[words] == 0 {
			t.Errorf("no block of %q found", words)
		}
	}
}

// TestExampleConfigServes runs Caddyfile.example, with places of this test in
// place of the machine's, and looks numbers up through it.
func TestExampleConfigServes(t *testing.T) {
	s := newStage(t, "checkthatphone")
	roleID, secretID := s.exampleRole()
	health := freePort(t)
	text := readText(t, "../Caddyfile.example")
	for from, to := range map[string]string{
		"unix//run/ringward/admin.sock":               "unix/" + s.Admin,
		"/var/lib/ringward":                           s.Dir + "/caddy",
		"/var/log/ringward":                           s.Dir,
		"https://vault.example.com:8200":              s.Vault,
		"/etc/ringward/role-id":                       s.file("role-id", roleID),
		"/run/credentials/ringward.service/secret-id": s.file("secret-id", secretID),
		"/etc/ringward/vault-ca.pem":                  s.Dir + "/ca.pem",
		":8080 {":                                     ":" + s.Port + " {",
		":8081 {":                                     ":" + freePort(t) + " {",
		":9180 {":                                     ":" + health + " {",
		"ringward checkthatphone {":                   "ringward checkthatphone {\n upstream " + s.Upstream + "\n ca " + s.Dir + "/ca.pem",
		firstDigest.FindString(text):                  s.MinimalSum,
	} {
		if strings.Count(text, from) != 1 {
			t.Fatalf("%q is not once in the example", from)
		}
		text = strings.Replace(text, from, to, 1)
	}
	t.Cleanup(func() { _ = caddy.Stop() })
	if err := loadCaddyfile(text); err != nil {
		t.Fatal(err)
	}
	alias := s.lookupRequest(s.Minimal, canaryNumber)
	alias.URL.Path = "/v1/validate"
	for name, got := range map[string]reply{"": s.lookup(s.Minimal, canaryNumber), "by its alias": s.do(alias)} {
		if got.status != 200 || strings.Contains(got.body, "geoState") || !strings.Contains(got.body, "nanpType") {
			t.Errorf("a lookup %s: got %d %s", name, got.status, got.body)
		}
	}
	probe := func(path string) reply {
		req := s.request("GET", path, "")
		req.URL.Host = "127.0.0.1:" + health
		return s.do(req)
	}
	for path, want := range map[string]string{
		"/ready": `{"status":"ready"}`, "/alive": "", "/metrics": `ringward_requests_total{caller="signup",operation="lookup",outcome="answered"`,
	} {
		if got := probe(path); got.status != 200 || !strings.Contains(got.body, want) {
			t.Errorf("%s: got %d %.200s", path, got.status, got.body)
		}
	}
	if got := s.admin("/ringward/status"); !strings.Contains(got, `"source":"vault secret/phone/production/numverify#api_key"`) {
		t.Errorf("status: %s", got)
	}
}

var firstDigest = regexp.MustCompile(`sha256:[0-9a-f]{64}`)
