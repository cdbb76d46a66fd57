package e2e

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// modules are what Ringward adds to Caddy.
var modules = []string{
	"ringward",
	"http.handlers.ringward",
	"http.handlers.ringward_health",
	"http.reverse_proxy.transport.ringward",
	"admin.api.ringward",
}

func TestVersionIsTheOneThatWasBuilt(t *testing.T) {
	t.Parallel()
	got := harness.Run(t, nil, bin.Ringward, "version")
	if got.Code != 0 || !strings.HasPrefix(got.Stdout, harness.Version) {
		t.Errorf("got %+v", got)
	}
}

func TestModulesAreListed(t *testing.T) {
	t.Parallel()
	for _, program := range []string{bin.Ringward, bin.PlainCaddy} {
		got := harness.Run(t, nil, program, "list-modules", "--skip-standard")
		listed := strings.Fields(got.Stdout)
		for _, name := range modules {
			if got.Code != 0 || !slices.Contains(listed, name) {
				t.Errorf("%s does not list %s: %+v", filepath.Base(program), name, got)
			}
		}
	}
}

func TestAdaptPrintsTheTwoDoorsAndNoSecret(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "checkthatphone")
	got := s.Command("adapt", "--config", s.Caddyfile())
	if got.Code != 0 || !json.Valid([]byte(got.Stdout)) {
		t.Fatalf("got %+v", got)
	}
	doors := regexp.MustCompile(`\{"handler":"ringward",.*\},\{"handler":"reverse_proxy","transport":\{[^}]*`)
	if !doors.MatchString(got.Stdout) || !strings.Contains(got.Stdout, `"protocol":"ringward"`) {
		t.Errorf("the doors are not in order: %s", got.Stdout)
	}
	if !strings.Contains(got.Stdout, s.Minimal.Digest) {
		t.Error("the caller's digest is not in the config")
	}
	evidence := harness.Evidence{"adapt's output": got.Stdout + got.Stderr}
	evidence.Search(t, "the provider's key", s.Standin.Key)
	evidence.Search(t, "the caller's key", s.Minimal.Key)
}

func TestGoodConfigsAreValid(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "numverify")
	if got := s.Command("validate", "--config", s.Caddyfile()); got.Code != 0 {
		t.Errorf("got %+v", got)
	}
	if calls := s.Standin.Calls(t, "numverify"); calls != 0 {
		t.Errorf("validating asked the provider %d times", calls)
	}
}

func TestBadConfigsAreRefusedByFileAndLine(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "checkthatphone")
	for _, tt := range []struct {
		name string
		edit func(*harness.Stage)
		at   string // text of the line that is named
		want string // text of the error
	}{
		{"unknown option of the route", func(s *harness.Stage) { s.Route = "header_up X-Key 1" }, "header_up X-Key 1", "unknown option"},
		{"unknown global option", func(s *harness.Stage) { s.App = "vaults x" }, "vaults x", "unknown option"},
		{"option given twice", func(s *harness.Stage) { s.Route = "timeout 1s\n\t\ttimeout 2s" }, "timeout 2s", "twice"},
		{"rate", func(s *harness.Stage) { s.Route = "limit ip lots" }, "limit ip lots", "rate"},
		{"dimension of a limit", func(s *harness.Stage) { s.Route = "limit color 1/s" }, "limit color 1/s", "color"},
		{"data class", func(s *harness.Stage) { s.App = "caller x {\n release everything\n }" }, "release everything", "everything"},
		{"no digest", func(s *harness.Stage) { s.App = "caller x {\n key md5:12\n }" }, "key md5:12", "digest"},
		{"duration", func(s *harness.Stage) { s.Route = "timeout soon" }, "timeout soon", "duration"},
		{"size", func(s *harness.Stage) { s.Route = "max_answer 1GiB" }, "max_answer 1GiB", "64MiB"},
		{"secret in place of its reference", func(s *harness.Stage) { s.Credential = "sk_live_1" }, "credential sk_live_1", "never stands in a config"},
		{"path in Vault", func(s *harness.Stage) { s.Credential = "vault secret/../sys key" }, "secret/../sys", "dots"},
		{"token of Vault", func(s *harness.Stage) { s.Vault = "vault https://v {\n auth token hvs.1\n }" }, "auth token hvs.1", "VAULT_TOKEN"},
		{"preset", func(s *harness.Stage) { s.Sites = "http://:1 {\n ringward checkthisphone {\n }\n}" }, "ringward checkthisphone", "unknown provider"},
		{"health with options", func(s *harness.Stage) { s.Sites = "http://:1 {\n ringward_health verbose\n}" }, "ringward_health verbose", "verbose"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			edited := *s
			tt.edit(&edited)
			path := edited.Caddyfile()
			got := s.Command("validate", "--config", path)
			where := path + ":" + lineOf(t, path, tt.at)
			if got.Code == 0 || !strings.Contains(got.Stderr, where) || !strings.Contains(got.Stderr, tt.want) {
				t.Errorf("exit code %d; want %q and %q in %s", got.Code, where, tt.want, got.Stderr)
			}
		})
	}
}

// lineOf returns the number of the line that holds a text.
func lineOf(t *testing.T, path, text string) string {
	t.Helper()
	config, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	before, _, found := strings.Cut(string(config), text)
	if !found {
		t.Fatalf("%q is not in the config", text)
	}
	line, _ := json.Marshal(1 + strings.Count(before, "\n"))
	return string(line)
}

// TestBadReferencesAreRefused are faults that show when a config is loaded.
func TestBadReferencesAreRefused(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "checkthatphone")
	empty := s.File("empty", "")
	for _, tt := range []struct {
		name string
		edit func(*harness.Stage)
		want []string
	}{
		{"plaintext upstream", func(s *harness.Stage) {
			s.Sites = "http://:1 {\n ringward numverify {\n credential env X\n upstream http://127.0.0.1:1\n }\n}"
		}, []string{"https"}},
		{"no credential", func(s *harness.Stage) { s.Sites = "http://:1 {\n ringward numverify {\n }\n}" }, []string{"the credential is missing"}},
		{"file that is not there", func(s *harness.Stage) { s.Credential = "file /nowhere/key" }, []string{"checkthatphone", "/nowhere/key", "does not exist"}},
		{"empty file", func(s *harness.Stage) { s.Credential = "file " + empty }, []string{empty, "empty"}},
		{"variable that is not set", func(s *harness.Stage) { s.Credential = "env NO_SUCH_KEY" }, []string{"NO_SUCH_KEY", "not set"}},
		{"caller that nobody described", func(s *harness.Stage) { s.Route = "callers nobody" }, []string{"nobody", "caller nobody {"}},
		{"region that is not covered", func(s *harness.Stage) { s.Route = "regions GB" }, []string{"GB", "US"}},
		{"audit log in no directory", func(s *harness.Stage) { s.Audit = "/proc/none/audit.jsonl" }, []string{"audit", "/proc/none"}},
		{"authority that is not there", func(s *harness.Stage) {
			standin := *s.Standin
			standin.CAFile = "/nowhere/ca.pem"
			s.Standin = &standin
		}, []string{"/nowhere/ca.pem"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			edited := *s
			tt.edit(&edited)
			got := s.Command("validate", "--config", edited.Caddyfile())
			if got.Code == 0 {
				t.Error("the config was taken")
			}
			for _, want := range tt.want {
				if !strings.Contains(got.Stderr, want) {
					t.Errorf("%q is not in the error: %s", want, got.Stderr)
				}
			}
		})
	}
}

func TestNewCallerKeyOpensTheDoor(t *testing.T) {
	t.Parallel()
	got := harness.Run(t, nil, bin.Ringward, "caller", "new", "signup")
	key := regexp.MustCompile(`rwk_[A-Za-z0-9_-]{43}\b`).FindString(got.Stdout)
	block := regexp.MustCompile(`(?s)caller signup \{.*\}`).FindString(got.Stdout)
	if got.Code != 0 || key == "" || block == "" || strings.Contains(block, key) {
		t.Fatalf("got %+v", got)
	}
	s := harness.NewStage(t, bin, "checkthatphone")
	s.App = block // as it was printed
	s.Run()
	if got := s.Lookup(key, harness.Number); got.Status != 200 || s.Entry(got).Caller != "signup" {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	if got := s.Lookup(key+"x", harness.Number); got.Status != 401 {
		t.Errorf("another key: got %d", got.Status)
	}
}

func TestBadCallerNamesAreRefused(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{""}, {"Signup"}, {"sign up"}, {"-signup"}, {"anonymous"}, {"sign\nup"}, {"sïgnup"}, {strings.Repeat("a", 65)}, {"a", "b"}, {},
	} {
		got := harness.Run(t, nil, bin.Ringward, append([]string{"caller", "new"}, args...)...)
		if got.Code == 0 || strings.Contains(got.Stdout, "rwk_") {
			t.Errorf("%q: got %+v", args, got)
		}
	}
}

func TestKeyInPlaceOfItsDigestIsNotRepeated(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "checkthatphone")
	s.App = "caller x {\n key " + s.Full.Key + "\n }"
	got := s.Command("validate", "--config", s.Caddyfile())
	if got.Code == 0 || !strings.Contains(got.Stderr, "ringward caller new") {
		t.Errorf("got %+v", got)
	}
	harness.Evidence{"the error": got.Stdout + got.Stderr}.Search(t, "the caller's key", s.Full.Key)
}

// TestPlainCaddyServes is Ringward in somebody's own Caddy: all of it but the
// commands.
func TestPlainCaddyServes(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "numverify")
	s.Binary = bin.PlainCaddy
	s.Run()
	if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != 200 || got.JSON(t)["valid"] != true {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	help := s.Command("help")
	for _, name := range []string{"demo", "caller"} {
		if got := s.Command(name); got.Code == 0 || regexp.MustCompile(`(?m)^\s+`+name+`\s`).MatchString(help.Stdout) {
			t.Errorf("plain Caddy has a command %s: %+v", name, got)
		}
	}
}
