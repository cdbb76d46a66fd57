package caddymodule

import (
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/demo"
)

// exampleRole writes the secrets of Caddyfile.example and makes a role that
// may do what vault-policies allows it.
func (s *stage) exampleRole() (roleID, secretID string) {
	s.t.Helper()
	grants := map[string][]string{"auth/token/renew-self": {"update"}}
	for path, data := range map[string]map[string]string{
		"secret/phone/production/checkthatphone": {"api_key": s.Key},
		"secret/phone/production/numverify":      {"api_key": s.Key},
		"secret/ringward/production/audit":       {"pseudonym_key": randomText() + randomText()},
	} {
		s.vault.Put(path, data)
		s.vault.SetMetadata(path, map[string]string{"environment": "production"})
		grants[strings.Replace(path, "secret/", "secret/data/", 1)] = []string{"read"}
	}
	return s.vault.AddRole(demo.Role{Name: "ringward-production", Grants: grants})
}

// TestCustomExampleRuns runs the example of docs/custom-provider.md, both sides
// of it, and asks what the document asks.
func TestCustomExampleRuns(t *testing.T) {
	s := newStage(t, "checkthatphone")
	_, rest, _ := strings.Cut(docText(t, "docs/custom-provider.md"), "<!-- run -->\n")
	block := fence.FindStringSubmatch(rest)
	if block == nil {
		t.Fatal("the example is not there")
	}
	port := freePort(t)
	text := block[2]
	for from, to := range map[string]string{
		"localhost:9443 {":                "localhost:" + port + " {",
		"upstream https://localhost:9443": "upstream https://localhost:" + port,
		":8080 {":                         ":" + s.Port + " {",
		"tls ./acme.pem ./acme.key":       "tls " + s.Dir + "/acme.pem " + s.Dir + "/acme.key",
		"ca ./acme.pem":                   "ca " + s.Dir + "/ca.pem",
		"file ./acme-key":                 "file " + s.file("acme-key", "acme-secret"),
		"file ./audit.jsonl":              "file " + s.Dir + "/audit.jsonl",
		firstDigest.FindString(text):      s.MinimalSum,
	} {
		if !strings.Contains(text, from) {
			t.Fatalf("%q is not in the example", from)
		}
		text = strings.Replace(text, from, to, 1)
	}
	s.writeCertificate()
	t.Cleanup(func() { _ = caddy.Stop() })
	if err := loadCaddyfile(text); err != nil {
		t.Fatal(err)
	}
	ask := func(key string) reply {
		return s.do(s.request(http.MethodGet, "/v1/numbers/"+canaryNumber, "", "X-Acme-Key", key))
	}
	want := `{"ok":true,"number":{"e164":"+14158586273","valid":true,"type":"mobile"}}`
	if !strings.Contains(rest, "\n"+want+"\n") {
		t.Error("the document promises another answer")
	}
	if got := ask(s.Minimal); got.status != 200 || got.body != want {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if got := ask("rwk_wrong"); got.status != 401 {
		t.Errorf("with a wrong key: got %d", got.status)
	}
}

// TestPseudonymRecipeFindsTheNumber runs the recipe of docs/operations.md.
func TestPseudonymRecipeFindsTheNumber(t *testing.T) {
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed: the recipe is not tried")
	}
	_, rest, _ := strings.Cut(docText(t, "docs/operations.md"), "<!-- pseudonym -->\n")
	block := fence.FindStringSubmatch(rest)
	if block == nil {
		t.Fatal("the recipe is not there")
	}
	key := randomText() + randomText()
	under, err := audit.NewPseudonymizer(keyIDOf([]byte(key)), []byte(key))
	if err != nil {
		t.Fatal(err)
	}
	answers := strings.NewReplacer("getpass.getpass", "input").Replace(block[2])
	recipe := exec.CommandContext(t.Context(), python, "-c", answers)
	recipe.Stdin = strings.NewReader(key + "\n" + canaryNumber + "\n")
	out, err := recipe.CombinedOutput()
	if want := under.Pseudonym(canaryNumber); err != nil || !strings.HasSuffix(string(out), want+"\n") {
		t.Errorf("got %s, %v", out, err)
	}
}

// writeCertificate puts a certificate for localhost where the example has it.
func (s *stage) writeCertificate() {
	s.t.Helper()
	certificate, err := s.authority.Issue("localhost", "127.0.0.1")
	if err != nil {
		s.t.Fatal(err)
	}
	key, err := x509.MarshalPKCS8PrivateKey(certificate.PrivateKey)
	if err != nil {
		s.t.Fatal(err)
	}
	s.file("acme.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Certificate[0]})))
	s.file("acme.key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
}

// TestUnifiedExampleIsTrue asks as docs/unified.md does.
func TestUnifiedExampleIsTrue(t *testing.T) {
	_, rest, _ := strings.Cut(docText(t, "docs/unified.md"), "<!-- run -->\n")
	block := fence.FindStringSubmatch(rest)
	if block == nil {
		t.Fatal("the example is not there")
	}
	command, want, _ := strings.Cut(strings.TrimSpace(block[2]), "\n")
	_, body, _ := strings.Cut(command, "-d '")
	s := newStage(t, "numverify")
	s.Route = "answer unified"
	s.start()
	got := s.do(s.request("POST", "/lookup", strings.TrimSuffix(body, "'"), "X-API-Key", s.Minimal, "Content-Type", "application/json"))
	if got.status != 200 || got.body != want {
		t.Errorf("got %d %s, the document says %s", got.status, got.body, want)
	}
}
