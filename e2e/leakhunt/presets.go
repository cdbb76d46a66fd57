package leakhunt

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// preset is a provider under the hunt: a documented request to it, and what its
// route needs.
type preset struct {
	name    string
	port    string
	options []string

	method, target, body, contentType string
}

// The keys that providers have; all others take one text of any form.
var keyForms = map[string]func() string{
	"neutrino":                 pair,
	"plivo":                    pair,
	"twilio-v1":                pair,
	"twilio-v2":                pair,
	"vonage-number-insight":    pair,
	"sinch":                    func() string { return uuid() + ":" + harness.RandomText() },
	"telesign":                 func() string { return uuid() + ":" + base64.StdEncoding.EncodeToString([]byte(harness.RandomText())) },
	"vonage-identity-insights": func() string { return uuid() + ":" + privateKey() },
}

// isPair reports whether a preset's key has two fields.
func isPair(name string) bool { return keyForms[name] != nil }

func newKey(name string) string {
	if form := keyForms[name]; form != nil {
		return form()
	}
	return harness.ProviderKey()
}

func pair() string { return "canary-" + harness.RandomText() + ":" + harness.ProviderKey() }

func uuid() string {
	text := hex.EncodeToString(random(16))
	return strings.Join([]string{text[:8], text[8:12], "4" + text[13:16], "8" + text[17:20], text[20:]}, "-")
}

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the process instead
	return b
}

func privateKey() string {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err) // of a size that is allowed
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		panic(err) // of a type that is known
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// sample is what the hunt needs of a fixture of caddymodule/testdata/providers.
type sample struct {
	Route   []string
	Request struct {
		Method, Target, Form string
		Body                 json.RawMessage
	}
	Answer struct{ Status int }
}

// loadPresets reads one sample of every preset.
func loadPresets(t *testing.T) (all []*preset) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(bin.Root, "caddymodule", "testdata", "providers", "*"))
	if err != nil || len(dirs) < 20 {
		t.Fatalf("samples of %d presets, %v", len(dirs), err)
	}
	for _, dir := range dirs {
		all = append(all, loadPreset(t, dir))
	}
	return all
}

// aNumber is a number in a sample's request; it stands after one of these.
var aNumber = regexp.MustCompile(`(["=/]|%2B|\+)(\d{10,15})\b`)

func loadPreset(t *testing.T, dir string) *preset {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var s sample
		if err := json.Unmarshal(text, &s); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		p := &preset{name: filepath.Base(dir), options: s.Route, method: s.Request.Method, target: s.Request.Target}
		if s.Request.Form != "" {
			p.body, p.contentType = s.Request.Form, "application/x-www-form-urlencoded"
		} else if body := string(s.Request.Body); body != "" && body != "null" {
			p.body, p.contentType = body, "application/json"
		}
		if s.Answer.Status == 200 && aNumber.MatchString(p.target+p.body) {
			p.complete()
			return p
		}
	}
	t.Fatalf("no sample in %s has a number in it", filepath.Base(dir))
	return nil
}

// complete adds what a route needs and a sample does not say.
func (p *preset) complete() {
	has := func(option string) bool {
		return slices.ContainsFunc(p.options, func(o string) bool { return strings.HasPrefix(o, option) })
	}
	if p.name == "vonage-identity-insights" && !has("set purpose") {
		p.options = append(p.options, "set purpose FraudPreventionAndDetection")
	}
}

// about is the request about a number.
func (p *preset) about(e164 string) (target, body string) {
	return aNumber.ReplaceAllString(p.target, "${1}"+e164[1:]), aNumber.ReplaceAllStringFunc(p.body, func(found string) string {
		if strings.HasPrefix(found, `"`) {
			return `"` + e164
		}
		return aNumber.ReplaceAllString(found, "${1}"+e164[1:])
	})
}

// site is the preset's part of the config.
func (p *preset) site(upstream, ca, credential string) string {
	options := p.options
	if p.name == "sinch" {
		options = append(slices.Clone(options), "token_url "+upstream+"/oauth2/token")
	}
	return fmt.Sprintf(`
http://:%s {
	bind 127.0.0.1
	log
	tracing {
		span lookup
	}
	ringward %s {
		upstream %s
		ca %s
		credential %s
		timeout 500ms
		%s
	}
}
`, p.port, p.name, upstream, ca, credential, strings.Join(options, "\n\t\t"))
}
