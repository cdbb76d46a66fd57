package caddymodule

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestDoctorFailsWhereRingwardWould(t *testing.T) {
	for name, tt := range map[string]struct {
		prepare func(s *stage) (edit []string)
		group   string
		finding string
		says    string
	}{
		"no such field": {
			func(*stage) []string { return []string{"provider api_key", "provider other"} },
			"checkthatphone", "read=fail", `no field "other"`,
		},
		"no such secret": {
			func(*stage) []string { return []string{"phone/provider", "phone/missing"} },
			"checkthatphone", "read=fail", "nothing stands at secret/data/phone/missing",
		},
		"no permission": {
			func(s *stage) []string { return s.limitedLogin(map[string][]string{"secret/data/audit": {"read"}}) },
			"checkthatphone", "read=fail", `grant "read" on secret/data/phone/provider`,
		},
		"another environment": {
			func(s *stage) []string {
				s.vault.SetMetadata("secret/phone/provider", map[string]string{"environment": "staging"})
				s.App = "environment production"
				return nil
			},
			"checkthatphone", "environment=fail", `marked for environment "staging" and this is "production"`,
		},
		"short pseudonym key": {
			func(s *stage) []string {
				s.vault.Put("secret/audit", map[string]string{"key": s.Key[:31]})
				return nil
			},
			"audit_pseudonyms", "length=fail", "has 31 bytes, needs 32",
		},
		"login refused": {
			func(s *stage) []string {
				edit := s.limitedLogin(leastGrants)
				s.file("secret-id", "another-secret-id")
				return edit
			},
			"vault", "login=fail", "refuses the login by method approle",
		},
		"Vault sealed": {
			func(s *stage) []string { s.vault.SetSealed(true); return nil },
			"vault", "server=fail", "sealed",
		},
		"Vault down": {
			func(s *stage) []string { return []string{s.Vault, "http://127.0.0.1:" + freePort(s.t)} },
			"vault", "address=fail", "connection refused",
		},
		"no authority": {
			func(s *stage) []string {
				return []string{"vault " + s.Vault + " {", "vault " + s.Vault + " {\n ca " + s.Dir + "/none.pem"}
			},
			"vault", "config=fail", "none.pem does not exist",
		},
		"audit file in the place of a directory": {
			func(s *stage) []string { return []string{s.Dir + "/audit.jsonl", s.Dir + "/ca.pem/audit.jsonl"} },
			"audit", "destination=fail", "not a directory",
		},
		"no such file": {
			func(s *stage) []string {
				return []string{"credential vault secret/phone/provider api_key", "credential file " + s.Dir + "/none"}
			},
			"checkthatphone", "read=fail", "none does not exist",
		},
		"no such variable": {
			func(*stage) []string {
				return []string{"credential vault secret/phone/provider api_key", "credential env RINGWARD_TEST_UNSET"}
			},
			"checkthatphone", "read=fail", "RINGWARD_TEST_UNSET is not set",
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, "checkthatphone")
			edit := tt.prepare(s)
			r, text, status := s.consult(edit...)
			if status != 1 || r.Status != statusFail || !slices.Contains(r.found(tt.group), tt.finding) || !strings.Contains(text, tt.says) {
				t.Errorf("status %d:\n%s", status, text)
			}
			if tt.group == "vault" && len(r.found("checkthatphone")) != 1 {
				t.Errorf("it went on without Vault:\n%s", text)
			}
		})
	}
}

func TestDoctorLeavesAWrappedSecretIDAlone(t *testing.T) {
	s := newStage(t, "checkthatphone")
	edit := s.limitedLogin(leastGrants)
	edit[1] = strings.Replace(edit[1], "\n}", "\n secret_id_wrapped\n}", 1)
	r, text, status := s.consult(edit...)
	if status != 0 || !strings.Contains(text, "would use it up") {
		t.Errorf("status %d:\n%s", status, text)
	}
	s.wantFound(r, "vault", "address=ok tls=ok server=ok login=warn")
	s.wantFound(r, "checkthatphone", "read=warn")
}

func TestDoctorRefusesWhatItCannotRead(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	t.Chdir(dir)
	for name, tt := range map[string]struct {
		args []string
		says string
	}{
		"unknown flag":     {[]string{"--confg", "x"}, "unknown flag"},
		"argument":         {[]string{"Caddyfile"}, "--config"},
		"no config":        {nil, "no config"},
		"no such file":     {[]string{"-c", dir + "/none"}, "no such file"},
		"adapter alone":    {[]string{"--adapter", "caddyfile"}, "without config file"},
		"broken Caddyfile": {[]string{"-c", write("broken.caddyfile", "{\n ringward {\n nope\n }\n}\n")}, "nope"},
		"not JSON":         {[]string{"-c", write("a.json", "{")}, "not valid JSON"},
		"other JSON":       {[]string{"-c", write("b.json", `{"apps":{"http":{}}}`)}, "nothing of ringward"},
		"unknown field":    {[]string{"-c", write("c.json", `{"apps":{"ringward":{"vualt":{}}}}`)}, "vualt"},
		"unknown field of a transport": {
			[]string{"-c", write("d.json", `{"apps":{"http":{"x":[{"protocol":"ringward","timout":1}]}}}`), "--json"}, "timout",
		},
	} {
		t.Run(name, func(t *testing.T) {
			stdout, stderr, status := doctorRun(t, tt.args...)
			if status != 2 || stdout != "" || !strings.Contains(stderr, tt.says) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("status %d, %q, %q", status, stdout, stderr)
			}
		})
	}
}

func TestDoctorDoesNotRepeatWhatMayBeASecret(t *testing.T) {
	config := filepath.Join(t.TempDir(), "config.json")
	text := `{"apps":{"http":{"x":{"protocol":"ringward","provider":{"name":"checkthatphone"},"credential":{"source":"plain","path":"sk_live_canary","name":"sk_live_canary"}}}}}`
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	stdout, stderr, status := doctorRun(t, "-c", config)
	if status != 1 || !strings.Contains(stdout, "FAIL  reference") || strings.Contains(stdout+stderr, "canary") {
		t.Errorf("status %d, %q:\n%s", status, stderr, stdout)
	}
}

func TestDoctorGivesUpAfterTenSeconds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		asked := within(t.Context(), "given up", func(ctx context.Context) string {
			<-ctx.Done()
			return "timed out"
		})
		if took := time.Since(start); asked != "timed out" || took >= doctorTimeout {
			t.Errorf("%s after %s", asked, took)
		}
		start = time.Now()
		end := make(chan struct{})
		deaf := within(t.Context(), "given up", func(context.Context) string {
			<-end // a file on a dead server
			return "came back"
		})
		if took := time.Since(start); deaf != "given up" || took != doctorTimeout {
			t.Errorf("%s after %s", deaf, took)
		}
		close(end)
	})
}

func TestInterruptedDoctorSaysSo(t *testing.T) {
	s := newStage(t, "checkthatphone")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	status, err := runDoctor(ctx, &out, doctorOptions{config: s.file("Caddyfile", s.caddyfile())})
	if status != 1 || err == nil || err.Error() != "interrupted" || out.Len() != 0 {
		t.Errorf("status %d, %v, %q", status, err, out.String())
	}
}

// TestDoctorsChecksAreDocumented compares the names that scripts go by with the
// manual.
func TestDoctorsChecksAreDocumented(t *testing.T) {
	files, err := filepath.Glob("command_doctor*.go")
	if err != nil {
		t.Fatal(err)
	}
	var real []string
	call := regexp.MustCompile(`\bg\.(?:ok|warn|fail)\("(\w+)"`)
	for _, file := range files {
		for _, match := range call.FindAllStringSubmatch(readText(t, file), -1) {
			real = append(real, match[1])
		}
	}
	same(t, "docs/doctor.md", firstCells(section(t, "docs/doctor.md", "## The checks")), real)
}
