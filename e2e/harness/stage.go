package harness

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"text/template"
	"time"
)

// Stage is a Ringward with what it needs. NewStage fills it; a test changes
// what it likes before Run, or before Reload.
type Stage struct {
	t   testing.TB
	bin Binaries

	Dir     string // for everything that is written
	Env     []string
	Binary  string // the program to run
	Process *Process

	Provider string // the preset of the first route
	Standin  *Standin

	// The parts of the config, in the Caddyfile's words.
	Admin      string // path of the admin socket
	Log        string // where Caddy's log goes, at DEBUG; an output of Caddy's
	Bind       string // where the first site listens: an address
	Port       string // ... and its port
	Ops        string // port of the site with health and metrics
	Site       string // further options of the first site
	Credential string
	Route      string // further options of the first route
	Vault      string // the vault option
	Audit      string // path of the audit log
	AuditMore  string // further options of the audit log
	Pseudonyms string // where the pseudonym key is; "" where AuditMore says it
	App        string // further options of the global option ringward
	Global     string // further global options
	Sites      string // further sites

	Minimal Caller // sees what is released by default
	Full    Caller // sees everything
}

var stageCaddyfile = template.Must(template.New("").Parse(`{
	admin unix/{{.Admin}}
	auto_https off
	storage file_system {{.Dir}}/storage
	log {
		output {{.Log}}
		level DEBUG
	}
	metrics
	{{.Global}}
	ringward {
		{{.Vault}}
		audit file {{.Audit}} {
			{{with .Pseudonyms}}pseudonym_key {{.}}{{end}}
			{{.AuditMore}}
		}
		caller minimal {
			key {{.Minimal.Digest}}
		}
		caller full {
			key {{.Full.Digest}}
			release validity line_type carrier portability location identity risk messaging account
		}
		{{.App}}
	}
}

http://:{{.Port}} {
	bind {{.Bind}}
	log
	{{.Site}}
	ringward {{.Provider}} {
		upstream {{.Upstream}}
		ca {{.Standin.CAFile}}
		credential {{.Credential}}
		{{.Route}}
	}
}

http://:{{.Ops}} {
	bind 127.0.0.1
	metrics /metrics
	ringward_health /ready
}
{{.Sites}}
`))

// NewStage prepares Ringward before one provider, whose key is in a file. The
// provider's key is a canary.
func NewStage(t testing.TB, bin Binaries, provider string) *Stage {
	t.Helper()
	return NewStageWithKey(t, bin, provider, ProviderKey())
}

// NewStageWithKey is NewStage for a provider whose keys have a form of their
// own. A key of two fields is written with a colon between them; since a file
// holds one field, the test sets Credential then.
func NewStageWithKey(t testing.TB, bin Binaries, provider, key string) *Stage {
	t.Helper()
	dir := ShortDir(t)
	s := &Stage{
		t: t, bin: bin, Dir: dir, Binary: bin.Ringward, Provider: provider,
		Standin: StartStandin(t, bin, key, provider),
		Admin:   filepath.Join(dir, "admin.sock"), Audit: filepath.Join(dir, "audit.jsonl"),
		Log: "stderr", Bind: "127.0.0.1", Port: FreePort(t), Ops: FreePort(t),
		Minimal: NewCaller(), Full: NewCaller(),
	}
	s.Credential = "file " + s.File("provider-key", s.Standin.Key)
	s.Pseudonyms = "file " + s.File("pseudonym-key", RandomText())
	return s
}

// ShortDir is a temporary directory whose path leaves room for the name of a
// unix socket.
func ShortDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "rw") //nolint:usetesting // t.TempDir's path has the test's name in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Upstream is the address of the provider.
func (s *Stage) Upstream() string { return s.Standin.URLs[s.Provider] }

// File writes a file in the stage's directory, all at once, and returns its path.
func (s *Stage) File(name, text string) string {
	s.t.Helper()
	path := filepath.Join(s.Dir, name)
	if err := os.WriteFile(path+".part", []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	if err := os.Rename(path+".part", path); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// Read returns what is in a file of the stage's directory.
func (s *Stage) Read(name string) string {
	s.t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	return string(text)
}

// Caddyfile writes the config and returns its path.
func (s *Stage) Caddyfile() string {
	s.t.Helper()
	var text bytes.Buffer
	if err := stageCaddyfile.Execute(&text, s); err != nil {
		s.t.Fatal(err)
	}
	return s.File("Caddyfile", text.String())
}

// Command runs a subcommand of the stage's binary to its end.
func (s *Stage) Command(args ...string) Result {
	s.t.Helper()
	return Run(s.t, s.Env, s.Binary, args...)
}

// Run starts Ringward and waits until it serves, whether it is ready or not.
func (s *Stage) Run() {
	s.t.Helper()
	s.Process = Start(s.t, s.Env, s.Binary, "run", "--config", s.Caddyfile(), "--adapter", "caddyfile")
	Eventually(s.t, Soon, "Ringward to serve", func() error {
		if !s.Process.Running() {
			s.t.Fatalf("Ringward ended: %s", tail(s.Process.Stderr()))
		}
		if _, err := s.Health(); err != nil {
			return err
		}
		conn, err := s.dial()
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// dial connects to the first site.
func (s *Stage) dial() (net.Conn, error) {
	if socket, ok := strings.CutPrefix(s.Bind, "unix/"); ok {
		return net.DialTimeout("unix", socket, time.Second)
	}
	return net.DialTimeout("tcp", net.JoinHostPort(s.Bind, s.Port), time.Second)
}

// Reload gives the running Ringward the config as it is now.
func (s *Stage) Reload() Result {
	s.t.Helper()
	return s.Command("reload", "--config", s.Caddyfile(), "--adapter", "caddyfile", "--address", "unix/"+s.Admin)
}

// MustReload is Reload for a config that must be taken. It returns when the old
// config's sockets are closed.
func (s *Stage) MustReload() {
	s.t.Helper()
	if got := s.Reload(); got.Code != 0 {
		s.t.Fatalf("the reload failed: %s", got.Stderr)
	}
	Eventually(s.t, Soon, "the old sockets to close", func() error {
		if n := listenersOn(s.Ops); n != 1 {
			return fmt.Errorf("%d listen on the port of health", n)
		}
		if n := listenersOn(s.Port); n > 1 {
			return fmt.Errorf("%d listen on the port of lookups", n)
		}
		return nil
	})
}

// URL is an address of the first site.
func (s *Stage) URL(target string) string { return "http://" + s.Bind + ":" + s.Port + target }

// Health asks whether Ringward is ready, and returns the status.
func (s *Stage) Health() (int, error) {
	got, err := Client{}.Do(Request(s.t, http.MethodGet, "http://127.0.0.1:"+s.Ops+"/ready", ""))
	return got.Status, err
}

// AwaitHealth waits until the health endpoint answers with a status.
func (s *Stage) AwaitHealth(want int) {
	s.t.Helper()
	Eventually(s.t, Soon, fmt.Sprintf("health %d", want), func() error {
		if got, err := s.Health(); err != nil || got != want {
			return fmt.Errorf("health is %d, %v", got, err)
		}
		return nil
	})
}

// Metrics returns the metrics as Prometheus gets them.
func (s *Stage) Metrics() string {
	s.t.Helper()
	return Client{}.Get(s.t, "http://127.0.0.1:"+s.Ops+"/metrics").Body
}

// AdminGet asks the admin API.
func (s *Stage) AdminGet(path string) Reply {
	s.t.Helper()
	return Client{Socket: s.Admin}.Get(s.t, "http://localhost"+path)
}

// Numbers that exist. The first is Numverify's documented sample.
const (
	Number      = "+14158586273"
	OtherNumber = "+14158586274"
)

// LookupRequest asks about a number as the provider's own clients do.
func (s *Stage) LookupRequest(key, number string) *http.Request {
	s.t.Helper()
	if s.Provider == "checkthatphone" {
		body, err := json.Marshal(map[string]string{"phone": number})
		if err != nil {
			s.t.Fatal(err)
		}
		return Request(s.t, http.MethodPost, s.URL("/v1/lookup"), string(body),
			"Authorization", "Bearer "+key, "Content-Type", "application/json")
	}
	return Request(s.t, http.MethodGet, s.URL("/api/validate?number="+url.QueryEscape(number)+"&access_key="+url.QueryEscape(key)), "")
}

// Lookup sends a LookupRequest.
func (s *Stage) Lookup(key, number string) Reply {
	s.t.Helper()
	return Client{}.MustDo(s.t, s.LookupRequest(key, number))
}

// Entry is a line of the audit log, as far as tests look at it.
type Entry struct {
	RequestID         string `json:"request_id"`
	Caller            string
	ClientIP          string `json:"client_ip"`
	Decision          string
	Reason            string
	Status            int
	UpstreamCalls     int `json:"upstream_calls"`
	CredentialVersion int `json:"credential_version"`
	Numbers           []struct{ Pseudonym string }
}

// Entries reads the audit log.
func (s *Stage) Entries() []Entry {
	s.t.Helper()
	return readLines[Entry](s.t, s.Audit)
}

// Entry finds the one audit entry of an answer.
func (s *Stage) Entry(got Reply) Entry {
	s.t.Helper()
	var found []Entry
	for _, e := range s.Entries() {
		if e.RequestID == got.Header.Get("X-Request-Id") {
			found = append(found, e)
		}
	}
	if len(found) != 1 {
		s.t.Fatalf("%d audit entries for the answer %d %s", len(found), got.Status, got.Body)
	}
	return found[0]
}
