package caddymodule

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"io"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"text/template"
	"time"

	"github.com/caddyserver/caddy/v2"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/caddymodule/internal/demo"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func TestMain(m *testing.M) {
	linger = 0 // what one test leaves behind is not for the next
	os.Exit(m.Run())
}

// stage is Ringward as it is deployed, but offline and in this process: Caddy
// with a Caddyfile, a Vault in memory, and a provider that speaks TLS. Caddy
// is one per process, so tests that use a stage do not run in parallel.
type stage struct {
	t         *testing.T
	vault     *demo.Vault
	provider  *demo.Provider
	record    *demo.Recording
	authority *demo.Authority
	secrets   map[string]string // the fields of Key
	route     demoRoute         // for requests as the preset's own clients make them

	Dir        string
	Port       string
	Admin      string // unix socket
	Vault      string
	Upstream   string
	Preset     string
	Key        string   // the provider's, as its stand-in takes it
	Fields     string   // of the provider's secret in Vault
	Options    []string // that the route cannot do without
	Minimal    string   // caller keys
	Full       string
	MinimalSum string
	FullSum    string
	Refresh    string // of the credential
	Route      string // further options of the route
	App        string // further global options of Ringward
	Sites      string // further sites
	Servers    string // further global options of Caddy
	AuditFile  string // in place of audit.jsonl
	Audit      string // options of the audit log, in place of the pseudonym key
}

const stageCaddyfile = `{
	admin unix/{{.Admin}}
	persist_config off
	auto_https off
	storage file_system {{.Dir}}/caddy
	log {
		output file {{.Dir}}/debug.log
		level DEBUG
	}
	metrics
	{{.Servers}}
	ringward {
		vault {{.Vault}} {
			auth token_file {{.Dir}}/vault-token
		}
		audit file {{if .AuditFile}}{{.AuditFile}}{{else}}{{.Dir}}/audit.jsonl{{end}} {
			{{if .Audit}}{{.Audit}}{{else}}pseudonym_key vault secret/audit key{{end}}
		}
		caller minimal {
			key {{.MinimalSum}}
		}
		caller full {
			key {{.FullSum}}
			release validity line_type carrier portability location identity risk messaging account
		}
		{{.App}}
	}
}
http://:{{.Port}} {
	bind 127.0.0.1
	log
	ringward {{.Preset}} {
		upstream {{.Upstream}}
		ca {{.Dir}}/ca.pem
		credential vault secret/phone/provider {{.Fields}} {
			refresh {{.Refresh}}
		}
		{{range .Options}}{{.}}
		{{end}}
		{{.Route}}
	}
}
{{.Sites}}
`

// newStage prepares a stage; start runs it. The provider's key is a canary
// whose characters change under percent-encoding and JSON escaping.
func newStage(t *testing.T, preset string) *stage {
	t.Helper()
	s := &stage{
		t: t, Preset: preset, Dir: t.TempDir(), record: new(demo.Recording), vault: demo.NewVault(),
		Refresh: "30s",
	}
	s.makeKey()
	s.Admin = filepath.Join(s.Dir, "admin.sock")
	s.Port = freePort(t)
	s.Minimal, s.MinimalSum = newCaller(t)
	s.Full, s.FullSum = newCaller(t)
	s.vault.Put("secret/phone/provider", s.secrets)
	s.vault.Put("secret/audit", map[string]string{"key": randomText() + randomText()})
	s.Vault = s.serve(s.vault, demo.ServeOptions{})
	var err error
	if s.authority, err = demo.NewAuthority(); err != nil {
		t.Fatal(err)
	}
	if s.provider, err = demo.NewProvider(preset, s.Key, s.record); err != nil {
		t.Fatal(err)
	}
	s.Upstream = s.serveTLS(s.provider)
	if s.route, err = newDemoRoute(preset, "127.0.0.1:"+s.Port, s.Upstream, s.Key); err != nil {
		t.Fatal(err)
	}
	s.Options = s.route.Options
	s.file("ca.pem", string(s.authority.PEM()))
	s.file("vault-token", s.vault.RootToken())
	return s
}

// makeKey makes the provider's credential. Where its form is free it is a canary
// whose characters change under percent-encoding and JSON escaping.
func (s *stage) makeKey() {
	s.t.Helper()
	p, err := provider.Preset(s.Preset)
	if err != nil {
		s.t.Fatal(err)
	}
	names := p.SecretNames()
	switch p.Placements[0].In {
	case provider.InJWT, provider.InTSA, provider.InOAuth2:
		if s.Key, err = demo.NewKey(s.Preset); err != nil {
			s.t.Fatal(err)
		}
	default:
		s.Key = "canary/+" + randomText() + "=\"&"
		if len(names) == 2 {
			s.Key = "canary-" + randomText() + ":" + s.Key
		}
	}
	s.Fields, s.secrets = strings.Join(names, " "), make(map[string]string)
	for i, text := range strings.SplitN(s.Key, ":", len(names)) {
		s.secrets[names[i]] = text
	}
}

func newCaller(t testing.TB) (key, digest string) {
	t.Helper()
	key, sum, err := caller.NewKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key, sum.String()
}

// freePort finds a port below those that the kernel gives to outgoing
// connections, which could take it before Caddy does. Caddy shares ports with
// other processes, so each process of these tests has a window of its own.
func freePort(t testing.TB) string {
	t.Helper()
	const window, windows = 250, 40
	first := 20000 + os.Getpid()%windows*window
	for range 1000 {
		port := strconv.Itoa(first + mathrand.IntN(window))
		if slices.Contains(portsOf[t], port) {
			continue // nobody may listen there yet
		}
		listener, err := net.Listen("tcp", "127.0.0.1:"+port)
		if err == nil {
			_ = listener.Close()
			portsOf[t] = append(portsOf[t], port)
			return port
		}
	}
	t.Fatal("no free port")
	return ""
}

// portsOf are the ports that each test was given.
var portsOf = make(map[testing.TB][]string)

func (s *stage) file(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.Dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	return path
}

func (s *stage) serve(h http.Handler, o demo.ServeOptions) (url string) {
	s.t.Helper()
	server, err := demo.Serve(h, o)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = server.Close() })
	return server.URL()
}

func (s *stage) serveTLS(h http.Handler) (url string) {
	s.t.Helper()
	certificate, err := s.authority.Issue("127.0.0.1", "localhost")
	if err != nil {
		s.t.Fatal(err)
	}
	return s.serve(h, demo.ServeOptions{Certificate: &certificate})
}

// caddyfile is the stage's config.
func (s *stage) caddyfile() string {
	s.t.Helper()
	var text bytes.Buffer
	if err := template.Must(template.New("").Parse(stageCaddyfile)).Execute(&text, s); err != nil {
		s.t.Fatal(err)
	}
	return text.String()
}

// start loads the config; calling it again is a reload.
func (s *stage) start() {
	s.t.Helper()
	if err := s.tryStart(); err != nil {
		s.t.Fatalf("loading the config: %v", err)
	}
}

func (s *stage) tryStop() { _ = caddy.Stop() }

func (s *stage) tryStart() error {
	s.t.Helper()
	s.t.Cleanup(s.tryStop)
	return loadCaddyfile(s.caddyfile())
}

// adapt returns the config as JSON.
func (s *stage) adapt() string {
	s.t.Helper()
	config, err := adaptCaddyfile(s.caddyfile())
	if err != nil {
		s.t.Fatal(err)
	}
	return string(config)
}

// reply is an answer as the caller gets it.
type reply struct {
	status int
	header http.Header
	body   string
}

// json decodes a member of the top-level object.
func (r reply) json(t *testing.T) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(r.body), &object); err != nil {
		t.Fatalf("the answer %q is not a JSON object: %v", r.body, err)
	}
	return object
}

// do sends a request and reads the whole answer.
func (s *stage) do(req *http.Request) reply {
	s.t.Helper()
	client := http.Client{
		Timeout:       30 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{DisableKeepAlives: true},
	}
	return s.doWith(&client, req)
}

func (s *stage) doWith(client *http.Client, req *http.Request) reply {
	s.t.Helper()
	resp, err := client.Do(req)
	for range 5 {
		if err == nil {
			break
		}
		// Caddy's listeners share the port by SO_REUSEPORT: a connection that
		// waits at the old one while a reload closes it is reset by the kernel.
		req.Body, _ = req.GetBody()
		resp, err = client.Do(req)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return reply{resp.StatusCode, resp.Header, string(body)}
}

func (s *stage) request(method, target, body string, header ...string) *http.Request {
	s.t.Helper()
	req, err := http.NewRequestWithContext(s.t.Context(), method, "http://127.0.0.1:"+s.Port+target, strings.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return req
}

// canaryNumber is valid, and Numverify's documented sample.
const canaryNumber = "+14158586273"

// lookup asks for a number as the preset's own clients do.
func (s *stage) lookup(key, number string) reply {
	s.t.Helper()
	return s.do(s.lookupRequest(key, number))
}

func (s *stage) lookupRequest(key, number string) *http.Request {
	s.t.Helper()
	if s.Preset == "checkthatphone" {
		body, _ := json.Marshal(map[string]string{"phone": number})
		return s.request("POST", "/v1/lookup", string(body), "Authorization", "Bearer "+key, "Content-Type", "application/json")
	}
	method, target, body := s.route.request(key, number)
	req := s.request(method, target, body, "X-API-Key", key)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return req
}

// auditEntry is a line of the audit log, as far as tests look at it.
type auditEntry struct {
	RequestID     string `json:"request_id"`
	Caller        string
	KeyID         string `json:"key_id"`
	Decision      string
	Reason        string
	Status        int
	Operation     string
	UpstreamCalls int `json:"upstream_calls"`
	Cost          int
	Config        string

	CredentialVersion int `json:"credential_version"`
	Released          []string
	Numbers           []struct{ Pseudonym, Region string }
}

// entries reads the audit log, but for the lines about the log itself.
func (s *stage) entries() []auditEntry {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Dir, "audit.jsonl"))
	if err != nil {
		s.t.Fatal(err)
	}
	var entries []auditEntry
	for line := range bytes.Lines(text) {
		if bytes.Contains(line, []byte(`","type":"`)) {
			continue
		}
		var e auditEntry
		if err := json.Unmarshal(line, &e); err != nil {
			s.t.Fatalf("audit line %q: %v", line, err)
		}
		entries = append(entries, e)
	}
	return entries
}

// entry finds the audit entry of an answer.
func (s *stage) entry(r reply) auditEntry {
	s.t.Helper()
	var found []auditEntry
	for _, e := range s.entries() {
		if e.RequestID == r.header.Get("X-Request-Id") {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		s.t.Fatalf("%d audit entries for one answer", len(found))
	}
	return found[0]
}

// admin asks Caddy's admin API.
func (s *stage) admin(path string) string {
	s.t.Helper()
	client := http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", s.Admin)
	}}}
	resp, err := client.Get("http://localhost" + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(body)
}
