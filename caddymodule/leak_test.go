package caddymodule

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"io"
	"log"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/ringward/ringward/caddymodule/internal/demo"
)

func init() { caddy.RegisterModule(panicker{}) }

func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }

// renderingsOf lists the forms in which a canary is looked for.
func renderingsOf(text string) []string {
	var percent strings.Builder
	for i := range len(text) {
		percent.WriteString("%" + strings.ToUpper(hex.EncodeToString([]byte{text[i]})))
	}
	forms := []string{text, hex.EncodeToString([]byte(text)), strings.ToUpper(hex.EncodeToString([]byte(text))), url.QueryEscape(text), url.PathEscape(text), percent.String()}
	// Base64 has three alignments; the characters at the ends depend on the
	// neighbours and are left out.
	for pad := range 3 {
		padded := append(bytes.Repeat([]byte{'x'}, pad), text...)
		for _, enc := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			encoded := enc.EncodeToString(padded)
			forms = append(forms, encoded[(pad*8+5)/6+1:len(encoded)-3])
		}
	}
	return forms
}

// panicker stands between the doors in one route and breaks down.
type panicker struct{}

func (panicker) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.test_panicker", New: func() caddy.Module { return new(panicker) }}
}

func (panicker) ServeHTTP(_ http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	panic("panicking about " + r.URL.String() + exchangeFrom(r.Context()).outbound.RawQuery + string(exchangeFrom(r.Context()).outbound.Body))
}

// TestKeyAndNumberLeaveNoTrace is invariants I1 and I3: after everything that
// can happen to a request, at DEBUG level, neither the provider's key nor a
// caller's key nor a number is found in what came out.
func TestKeyAndNumberLeaveNoTrace(t *testing.T) {
	for _, preset := range []string{ // one for each way of placing the credential
		"checkthatphone", "numverify", "numverify-marketplace", "twilio-v2", "vonage-number-insight", "vonage-identity-insights",
		"sinch", "ipqualityscore", "neutrino", "telesign",
	} {
		t.Run(preset, func(t *testing.T) {
			s := newStage(t, preset)
			s.Route = "timeout 400ms"
			if preset == "telesign" {
				s.Route += "\n place tsa"
			}
			s.Sites = "http://:" + freePort(t) + " {\n bind 127.0.0.1\n metrics /metrics\n ringward_health /health\n }"
			s.start()
			metricsURL := "http://127.0.0.1:" + strings.TrimPrefix(strings.Fields(s.Sites)[0], "http://:") + "/metrics"
			stderr := captureStderr(t)
			out := s.provoke()
			req, _ := http.NewRequestWithContext(t.Context(), "GET", metricsURL, nil)
			scraped := s.do(req).body
			if !strings.Contains(scraped, "ringward_upstream_calls_total") {
				t.Errorf("no metrics at %s", metricsURL)
			}
			out = append(out, scraped, s.admin("/config/"), s.admin("/metrics"), s.admin("/ringward/status"))
			_ = caddy.Stop()
			out = append(out, stderr(), s.read("debug.log"), s.read("audit.jsonl"))
			if !strings.Contains(s.read("debug.log"), "upstream roundtrip") {
				t.Error("the log is not at DEBUG level")
			}
			if !strings.Contains(strings.Join(out, ""), "ringward_upstream_calls_total") {
				t.Error("the metrics are not among what was searched")
			}
			for name, secret := range s.secrets {
				searchAll(t, out, "the provider's "+name, secret)
			}
			searchAll(t, out, "the caller's key", s.Minimal)
			searchAll(t, out, "the Vault token", s.vault.RootToken())
			searchNumber(t, out)
		})
	}
}

// provoke makes everything happen, and returns all answers.
func (s *stage) provoke() []string {
	s.t.Helper()
	var out []string
	keep := func(got reply) {
		// The caller's own number is the caller's: it may come back in the body.
		if got.status != 200 {
			out = append(out, got.body)
		}
		for name, values := range got.header {
			out = append(out, name+": "+strings.Join(values, ","))
		}
	}
	keep(s.lookup(s.Minimal, canaryNumber))
	keep(s.do(s.request("GET", "/api/validate?access_key="+s.Minimal+"&number="+canaryNumber, "")))
	keep(s.lookup("wrong"+s.Minimal, canaryNumber))
	keep(s.lookup(s.Minimal, canaryNumber+"0000"))
	stray := s.lookupRequest(s.Minimal, canaryNumber)
	stray.URL.Path += "/" + canaryNumber
	keep(s.do(stray))
	unknown := s.lookupRequest(s.Minimal, canaryNumber)
	unknown.URL.RawQuery += "&" + canaryNumber + "=" + canaryNumber
	keep(s.do(unknown))
	for _, fault := range demo.Gallery() {
		s.provider.SetFault(fault)
		keep(s.lookup(s.Full, canaryNumber))
	}
	for _, fault := range s.provider.DocumentedErrors() {
		s.provider.SetFault(fault)
		keep(s.lookup(s.Full, canaryNumber))
	}
	never := make(chan struct{})
	s.provider.SetFault(demo.Fault{Wait: never})
	keep(s.lookup(s.Minimal, canaryNumber))
	close(never)
	s.provider.Reset()

	s.Route += "\n limit number 1000/h"
	s.start() // a reload
	keep(s.lookup(s.Minimal, canaryNumber))
	rotated := maps.Clone(s.secrets)
	if len(rotated) == 1 { // a key that the provider does not know
		rotated[s.Fields] += "-2"
	}
	s.vault.Put("secret/phone/provider", rotated)
	keep(s.lookup(s.Minimal, canaryNumber))
	s.loadPanicking()
	keep(s.lookup(s.Minimal, canaryNumber))
	return out
}

// loadPanicking loads the config with a handler between the doors that panics.
func (s *stage) loadPanicking() {
	s.t.Helper()
	config := s.adapt()
	config = strings.Replace(config, `{"handler":"reverse_proxy"`, `{"handler":"test_panicker"},{"handler":"reverse_proxy"`, 1)
	if err := caddy.Load([]byte(config), true); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

func searchAll(t *testing.T, out []string, what, canary string) {
	t.Helper()
	for _, form := range renderingsOf(canary) {
		for _, text := range out {
			if at := strings.Index(text, form); at >= 0 {
				t.Errorf("%s is in: ...%.300s", what, text[max(0, at-100):])
			}
		}
	}
}

// searchNumber looks for the number as it was sent, and for its digits.
func searchNumber(t *testing.T, out []string) {
	t.Helper()
	searchAll(t, out, "the number", canaryNumber)
	for _, digits := range []string{"14158586273", "4158586273", "858-6273", "858 6273"} {
		for _, text := range out {
			if at := strings.Index(text, digits); at >= 0 {
				t.Errorf("the number's digits are in: ...%.300s", text[max(0, at-100):])
			}
		}
	}
}

// captureStderr redirects the process's standard error and log into a file;
// the result ends that and returns what was written.
func captureStderr(t *testing.T) func() string {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	if err != nil {
		t.Fatal(err)
	}
	old := os.Stderr
	os.Stderr = file
	log.SetOutput(file)
	return func() string {
		os.Stderr = old
		log.SetOutput(old)
		text, err := os.ReadFile(file.Name())
		_ = file.Close()
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
}
