package caddymodule

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringward/ringward/caddymodule/internal/demo"
)

// consult runs `ringward doctor` on the stage's config, both ways, checks that
// the two say the same, and that neither says a secret. Nothing is started.
func (s *stage) consult(edit ...string) (r doctorReport, text string, status int) {
	s.t.Helper()
	config := s.file("Caddyfile", strings.NewReplacer(edit...).Replace(s.caddyfile()))
	text, errText, status := doctorRun(s.t, "--config", config)
	encoded, _, jsonStatus := doctorRun(s.t, "--config", config, "--json")
	if errText != "" || status != jsonStatus {
		s.t.Errorf("status %d and %d, on standard error %q", status, jsonStatus, errText)
	}
	dec := json.NewDecoder(strings.NewReader(encoded))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		s.t.Fatalf("%v in %s", err, encoded)
	}
	lines := 0
	for _, g := range r.Groups {
		if len(g.Checks) == 0 {
			s.t.Errorf("nothing is said about %s %s", g.Kind, g.Name)
		}
		for _, c := range g.Checks {
			lines++
			if c.Status != statusOK && c.Status != statusWarn && c.Status != statusFail {
				s.t.Errorf("status %q", c.Status)
			}
		}
	}
	if lines != r.OK+r.Warn+r.Fail || strings.Count(text, "\n  ") != lines || !strings.HasPrefix(text, r.Groups[0].Kind) {
		s.t.Errorf("%d checks are not the lines of\n%s", lines, text)
	}
	searchAll(s.t, []string{text, encoded}, "the provider's key", s.Key)
	searchAll(s.t, []string{text, encoded}, "the Vault token", s.vault.RootToken())
	return r, text, status
}

// doctorRun runs the command as the binary does.
func doctorRun(t *testing.T, args ...string) (stdout, stderr string, status int) {
	t.Helper()
	var out, errs bytes.Buffer
	cmd := &cobra.Command{Use: "doctor"}
	doctorCommand(cmd)
	cmd.SetOut(&out)
	cmd.SetErr(&errs)
	cmd.SetArgs(args)
	// Caddy's main exits with 1 for every error but its own type.
	if err := cmd.ExecuteContext(t.Context()); err != nil {
		status = 1
		if err.Error() == "exiting with status 2" {
			status = 2
		}
	}
	return out.String(), errs.String(), status
}

// found lists the statuses of a group by check, as "read=ok".
func (r *doctorReport) found(name string) (checks []string) {
	for _, g := range r.Groups {
		if g.Name == name || (g.Name == "" && g.Kind == name) {
			for _, c := range g.Checks {
				checks = append(checks, c.Check+"="+c.Status)
			}
		}
	}
	return checks
}

func (s *stage) wantFound(r doctorReport, name, want string) {
	s.t.Helper()
	if got := strings.Join(r.found(name), " "); got != want {
		s.t.Errorf("%s:\ngot  %s\nwant %s", name, got, want)
	}
}

// limitedLogin makes the stage log in as a role instead of with the root token,
// and returns the edit of its config.
func (s *stage) limitedLogin(grants map[string][]string) (edit []string) {
	s.t.Helper()
	roleID, secretID := s.vault.AddRole(demo.Role{Name: "sidecar", Grants: grants})
	return []string{
		"auth token_file " + s.Dir + "/vault-token",
		"auth approle {\n role_id " + roleID + "\n secret_id_file " + s.file("secret-id", secretID) + "\n}",
	}
}

var leastGrants = map[string][]string{"secret/data/phone/provider": {"read"}, "secret/data/audit": {"read"}}

func TestDoctorFindsAHealthyConfigWell(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.App = "environment production"
	for _, path := range []string{"secret/phone/provider", "secret/audit"} {
		s.vault.SetMetadata(path, map[string]string{"environment": "production"})
	}
	r, text, status := s.consult(s.limitedLogin(leastGrants)...)
	if status != 0 || r.Status != statusOK || r.Warn+r.Fail != 0 {
		t.Errorf("status %d:\n%s", status, text)
	}
	s.wantFound(r, "vault", "address=ok tls=ok server=ok login=ok token=ok policy=ok")
	s.wantFound(r, "checkthatphone", "read=ok kv=ok version=ok age=ok environment=ok policy=ok provider=ok")
	s.wantFound(r, "audit_pseudonyms", "read=ok kv=ok version=ok age=ok environment=ok policy=ok length=ok")
	s.wantFound(r, "audit", "destination=ok")
	for _, says := range []string{
		"plaintext that does not leave this machine", "approle at auth/approle works", "renewable, policies default, sidecar",
		"version 2 at secret/", `marked for "production"`, "to be rotated every 90 days", "vault secret/phone/provider#api_key", ": 21 ok, 0 warn, 0 FAIL\n",
	} {
		if !strings.Contains(text, says) {
			t.Errorf("%q is not in\n%s", says, text)
		}
	}
	if _, err := os.Stat(filepath.Join(s.Dir, "audit.jsonl")); !os.IsNotExist(err) {
		t.Errorf("the audit file was made: %v", err)
	}
	if s.record.String() != "" {
		t.Error("the provider was asked")
	}
}

func TestDoctorWarnsOfTheRootToken(t *testing.T) {
	s := newStage(t, "numverify")
	r, text, status := s.consult()
	if status != 0 || r.Status != statusWarn || strings.Count(text, "ROOT TOKEN") != 1 {
		t.Errorf("status %d:\n%s", status, text)
	}
	s.wantFound(r, "vault", "address=ok tls=ok server=ok login=ok token=warn policy=warn")
	s.wantFound(r, "numverify", "read=ok kv=ok version=ok age=ok environment=ok policy=warn provider=ok")
}

func TestDoctorWarnsOfABroadPolicy(t *testing.T) {
	for name, tt := range map[string]struct {
		grant, says string
		group       string
	}{
		"writing":        {"secret/data/phone/provider", "create, delete, list, update on secret/data/phone/provider", "checkthatphone"},
		"metadata":       {"secret/metadata/phone/provider", "on secret/metadata/phone/provider", "checkthatphone"},
		"listing":        {"secret/metadata/", "on secret/metadata/", "checkthatphone"},
		"the mount":      {"secret/data/*", "on secret/data/<any>", "checkthatphone"},
		"policies":       {"sys/policies/acl/*", "on sys/policies/acl/ sys/policies/acl/<any>", "vault"},
		"making tokens":  {"auth/token/create", "on auth/token/create", "vault"},
		"seeing mounts":  {"sys/mounts", "on sys/mounts", "vault"},
		"turning it off": {"sys/seal", "on sys/seal", "vault"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, "checkthatphone")
			grants := maps.Clone(leastGrants)
			grants[tt.grant] = []string{"create", "read", "update", "delete", "list"}
			r, text, status := s.consult(s.limitedLogin(grants)...)
			if status != 0 || !strings.Contains(text, tt.says) || !slices.Contains(r.found(tt.group), "policy=warn") {
				t.Errorf("status %d:\n%s", status, text)
			}
		})
	}
}

func TestDoctorSaysOnceThatPolicyCannotBeChecked(t *testing.T) {
	s := newStage(t, "checkthatphone")
	grants := maps.Clone(leastGrants)
	grants["sys/capabilities-self"] = []string{"deny"}
	grants["auth/token/lookup-self"] = []string{"deny"}
	r, text, status := s.consult(s.limitedLogin(grants)...)
	if status != 0 || r.Warn != 1 {
		t.Errorf("status %d:\n%s", status, text)
	}
	s.wantFound(r, "vault", "address=ok tls=ok server=ok login=ok token=ok policy=warn")
	s.wantFound(r, "checkthatphone", "read=ok kv=ok version=ok age=ok environment=ok provider=ok")
}

func TestDoctorWarnsOfWhatIsForDevelopment(t *testing.T) {
	s := newStage(t, "checkthatphone")
	path := s.file("key", s.Key)
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-100 * 24 * time.Hour)
	if err := os.Chtimes(path, old, old); err != nil {
		t.Fatal(err)
	}
	t.Setenv("RINGWARD_TEST_KEY", s.Key)
	r, text, status := s.consult(
		"credential vault secret/phone/provider api_key", "credential file "+path,
		"vault secret/audit key", "env RINGWARD_TEST_KEY")
	if status != 0 || strings.Contains(text, "plaintext") {
		t.Errorf("status %d, and Vault was asked although nothing is there:\n%s", status, text)
	}
	s.wantFound(r, "vault", "")
	s.wantFound(r, "checkthatphone", "source=warn read=ok permissions=warn age=warn provider=ok")
	s.wantFound(r, "audit_pseudonyms", "source=warn read=ok length=ok")
	if !strings.Contains(text, "100 days, overdue: to be rotated every 90 days") || !strings.Contains(text, "0644") {
		t.Errorf("got\n%s", text)
	}
}

func TestDoctorComparesTheAgeOfKeys(t *testing.T) {
	for every, want := range map[string]string{"": "age=ok", "rotate_every 240h": "age=warn"} {
		s := newStage(t, "checkthatphone")
		s.vault.SetClock(func() time.Time { return time.Now().Add(-40 * 24 * time.Hour) })
		s.vault.Put("secret/phone/provider", map[string]string{"api_key": s.Key})
		s.vault.SetClock(time.Now)
		r, text, _ := s.consult("refresh 30s", "refresh 30s\n"+every)
		if !slices.Contains(r.found("checkthatphone"), want) || !strings.Contains(text, "40 days") || !strings.Contains(text, "2, written ") {
			t.Errorf("with %q:\n%s", every, text)
		}
	}
}

func TestDoctorKnowsVersion1OfKV(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.vault.Put("kv1/phone/provider", map[string]string{"api_key": s.Key})
	r, _, status := s.consult("secret/phone/provider", "kv1/phone/provider")
	if status != 0 {
		t.Errorf("status %d", status)
	}
	s.wantFound(r, "checkthatphone", "read=ok kv=warn policy=warn provider=ok")
}

func TestDoctorLooksAtTheAuditFile(t *testing.T) {
	s := newStage(t, "checkthatphone")
	before := `{"seq":1,"prev":"` + strings.Repeat("0", 64) + `","type":"start"}` + "\n"
	path := s.file("audit.jsonl", before)
	if err := os.Chmod(path, 0o666); err != nil {
		t.Fatal(err)
	}
	r, _, status := s.consult()
	if status != 0 {
		t.Errorf("status %d", status)
	}
	s.wantFound(r, "audit", "destination=ok permissions=warn rotation=ok")
	if got := s.read("audit.jsonl"); got != before {
		t.Errorf("the file is now %q", got)
	}
	r, _, _ = s.consult("audit file "+path+" {\n\t\t\tpseudonym_key vault secret/audit key\n\t\t}", "audit stdout")
	s.wantFound(r, "audit", "destination=ok pseudonym_key=warn")
}

func TestDoctorFindsEveryTransport(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Sites = `http://:` + freePort(t) + ` {
	bind 127.0.0.1
	handle_path /deep/* {
		route {
			@some path /v1/*
			ringward @some numverify {
				upstream ` + s.Upstream + `
				credential vault secret/phone/second api_key
			}
		}
	}
	handle {
		ringward checkthatphone {
			upstream ` + s.Upstream + `
			ca ` + s.Dir + `/ca.pem
			credential vault secret/phone/provider api_key {
				refresh 30s
			}
		}
	}
}`
	s.vault.Put("secret/phone/second", map[string]string{"api_key": "another-key-0002"})
	r, _, _ := s.consult()
	var names []string
	for _, g := range r.Groups {
		names = append(names, strings.TrimSpace(g.Kind+" "+g.Name))
	}
	slices.Sort(names)
	want := "audit, credential audit_pseudonyms, credential checkthatphone, credential numverify, vault"
	if got := strings.Join(names, ", "); got != want {
		t.Errorf("got %s", got)
	}
}

func TestDoctorReadsTheCaddyfileBesideIt(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.file("Caddyfile", s.caddyfile())
	t.Chdir(s.Dir)
	stdout, stderr, status := doctorRun(t)
	if status != 0 || stderr != "" || !strings.HasSuffix(stdout, " FAIL\n") || !strings.Contains(stdout, "\nCaddyfile: ") {
		t.Errorf("status %d, %q:\n%s", status, stderr, stdout)
	}
}
