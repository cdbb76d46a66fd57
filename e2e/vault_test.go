package e2e

import (
	"errors"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// readPolicy is the least that reading one secret of KV version 2 needs.
func readPolicy(path string) string {
	return `path "` + path + "\" { capabilities = [\"read\"] }\n"
}

// The secrets that the policy of production is for.
const (
	productionSecret = "secret/phone/production/checkthatphone"
	productionAudit  = "secret/ringward/production/audit"
)

// productionPolicy is the policy that Ringward ships for production, or one as
// small where it ships none.
func productionPolicy(t *testing.T) string {
	t.Helper()
	rules, err := os.ReadFile(filepath.Join(bin.Root, "vault-policies", "ringward-production.hcl"))
	if errors.Is(err, fs.ErrNotExist) {
		return readPolicy("secret/data/phone/production/checkthatphone") + readPolicy("secret/data/ringward/production/audit")
	}
	if err != nil {
		t.Fatal(err)
	}
	return string(rules)
}

// vaultOption is the option vault with a way to log in.
func vaultOption(address string, v *harness.Vault, auth string) string {
	return "vault " + address + " {\n\t\t\tca " + v.CAFile + "\n\t\t\tauth " + auth + "\n\t\t}"
}

// unique makes a name that is free in the Vault that all tests share.
func unique(name string) string { return name + "-" + harness.RandomText()[:8] }

// vaultStage is a stage whose key is in Vault at path, field api_key.
func vaultStage(t *testing.T, v *harness.Vault, path string) *harness.Stage {
	t.Helper()
	s := harness.NewStage(t, bin, "checkthatphone")
	v.Put(t, path, map[string]string{"api_key": s.Standin.Key, "owner": "payments"})
	s.Credential = "vault " + path + " api_key"
	return s
}

// apiPath is where Vault's API has a secret.
func apiPath(path string) string { return strings.Replace(path, "secret/", "secret/data/", 1) }

// logIn lets the stage log in with a token that may read what rules allow.
func logIn(t *testing.T, s *harness.Stage, v *harness.Vault, rules string) {
	t.Helper()
	policy := unique("reader")
	v.Policy(t, policy, rules)
	s.Vault = vaultOption(v.Address, v, "token_file "+s.File("vault-token", v.Token(t, policy)+"\n"))
}

// appRole is the option auth of a new role with these rules.
func appRole(t *testing.T, s *harness.Stage, v *harness.Vault, role, rules string) string {
	t.Helper()
	v.Policy(t, role, rules)
	roleID, secretID := v.AppRole(t, role, role)
	return "approle " + roleID + " {\n\t\t\t\tsecret_id_file " + s.File("secret-id", secretID) + "\n\t\t\t}"
}

func TestKeyComesFromVault(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, path string
		login      func(t *testing.T, s *harness.Stage, v *harness.Vault, path string)
	}{
		{"KV 2, everything from VAULT variables", unique("secret/e2e/variables"), func(t *testing.T, s *harness.Stage, v *harness.Vault, path string) {
			policy := unique("variables")
			v.Policy(t, policy, readPolicy(apiPath(path)))
			s.Env = []string{"VAULT_ADDR=" + v.Address, "VAULT_CACERT=" + v.CAFile, "VAULT_TOKEN=" + v.Token(t, policy)}
		}},
		{"KV 2 by the path of the API, token file", unique("secret/e2e/tokenfile"), func(t *testing.T, s *harness.Stage, v *harness.Vault, path string) {
			s.Credential = "vault " + apiPath(path) + " api_key"
			logIn(t, s, v, readPolicy(apiPath(path)))
		}},
		{"KV 1, token file", unique("kv1/e2e/old"), func(t *testing.T, s *harness.Stage, v *harness.Vault, path string) {
			logIn(t, s, v, readPolicy(path))
		}},
		{"KV 2, AppRole with the policy of production", productionSecret, func(t *testing.T, s *harness.Stage, v *harness.Vault, _ string) {
			v.Put(t, productionAudit, map[string]string{"pseudonym_key": harness.RandomText()})
			s.Pseudonyms = "vault " + productionAudit + " pseudonym_key"
			s.Vault = vaultOption(v.Address, v, appRole(t, s, v, unique("production"), productionPolicy(t)))
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			v := realVault(t)
			s := vaultStage(t, v, tt.path)
			version := v.Put(t, tt.path, map[string]string{"api_key": s.Standin.Key})
			tt.login(t, s, v, tt.path)
			s.Run()
			s.AwaitHealth(http.StatusOK)
			got := s.Lookup(s.Minimal.Key, harness.Number)
			if got.Status != 200 || s.Entry(got).CredentialVersion != version {
				t.Errorf("got %d %s, audited as %+v, want version %d", got.Status, got.Body, s.Entry(got), version)
			}
			if received := s.Standin.Received(t); len(received) != 1 || received[0].Headers.Get("Authorization") != "Bearer "+s.Standin.Key {
				t.Errorf("the provider got %+v", received)
			}
		})
	}
}

// TestWrongReferencesToVaultAreRefused: whoever reads the error knows which
// path and field to look at.
func TestWrongReferencesToVaultAreRefused(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	s := vaultStage(t, v, "secret/e2e/wrong")
	logIn(t, s, v, readPolicy("secret/data/e2e/*"))
	for _, tt := range []struct{ name, path, field, want string }{
		{"no such secret", "secret/e2e/nothing", "api_key", "not found"},
		{"no such field", "secret/e2e/wrong", "apikey", "no field"},
		{"not allowed", "secret/e3e/wrong", "api_key", "permission denied"},
		{"no such mount", "secrets/e2e/wrong", "api_key", "mount"},
		{"other mount", "kv1/e2e/wrong", "api_key", "permission denied"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			edited := *s
			edited.Credential = "vault " + tt.path + " " + tt.field
			for _, command := range []string{"validate", "run"} {
				got := s.Command(command, "--config", edited.Caddyfile())
				if got.Code == 0 {
					t.Errorf("%s takes the config", command)
				}
				for _, want := range []string{tt.path, tt.field, tt.want, "checkthatphone"} {
					if !strings.Contains(got.Stderr, want) {
						t.Errorf("%s: %q is not in the error: %s", command, want, got.Stderr)
					}
				}
			}
		})
	}
}

func TestWrongLoginsToVaultAreRefused(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	s := vaultStage(t, v, "secret/e2e/logins")
	role := unique("logins")
	v.Policy(t, role, readPolicy("secret/data/e2e/logins"))
	roleID, _ := v.AppRole(t, role, role)
	for _, tt := range []struct {
		name, option string
		env          []string
		want         []string
	}{
		{"unknown token", vaultOption(v.Address, v, "token"), []string{"VAULT_TOKEN=hvs.unknown"}, []string{"secret/e2e/logins", "token"}},
		{"no token", vaultOption(v.Address, v, "token"), nil, []string{"VAULT_TOKEN"}},
		{"unknown secret id", vaultOption(v.Address, v, "approle "+roleID+" {\n secret_id_file "+s.File("unknown", "7f9")+"\n}"), nil, []string{"approle", "login"}},
		{"no secret id", vaultOption(v.Address, v, "approle "+roleID+" {\n secret_id_file /nowhere/id\n}"), nil, []string{"/nowhere/id"}},
		{"unchecked certificate", vaultOption(v.Address, v, "token"), []string{"VAULT_TOKEN=x", "VAULT_SKIP_VERIFY=1"}, []string{"VAULT_SKIP_VERIFY"}},
		{"plain http to another host", "vault http://192.0.2.1:8200 {\n auth token\n}", []string{"VAULT_TOKEN=x"}, []string{"plain http"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			edited := *s
			edited.Vault = tt.option
			got := harness.Run(t, tt.env, bin.Ringward, "validate", "--config", edited.Caddyfile())
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

// TestVaultIsAskedForTheConfiguredSecretOnly reads Vault's own audit log.
func TestVaultIsAskedForTheConfiguredSecretOnly(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	role, path := unique("asked"), unique("secret/e2e/asked")
	s := vaultStage(t, v, path)
	s.Vault = vaultOption(v.Address, v, appRole(t, s, v, role, readPolicy(apiPath(path))))
	s.Run()
	s.AwaitHealth(http.StatusOK)
	for range 3 {
		s.Lookup(s.Minimal.Key, harness.Number)
	}
	s.Route = "limit number 100/h"
	s.MustReload()
	s.Lookup(s.Minimal.Key, harness.Number)

	count := make(map[harness.VaultRequest]int)
	for _, r := range v.Answered(t, role) {
		count[r]++
	}
	// The token's renewal comes when it comes, and is about nothing but itself.
	delete(count, harness.VaultRequest{Operation: "update", Path: "auth/token/renew-self"})
	want := map[harness.VaultRequest]int{
		{Operation: "update", Path: "auth/approle/login"}:           1,
		{Operation: "read", Path: "sys/internal/ui/mounts/" + path}: 1,
		{Operation: "read", Path: apiPath(path)}:                    1,
	}
	if !maps.Equal(count, want) {
		t.Errorf("Vault was asked %v, want %v", count, want)
	}
	harness.Evidence{"Vault's audit log": v.AuditText(t)}.Search(t, "the provider's key", s.Standin.Key)
}

// TestDoctorTellsAGoodConfigFromABadOne looks at Vault as a sidecar does, and
// tells what it found but no secret.
func TestDoctorTellsAGoodConfigFromABadOne(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	path := unique("secret/e2e/doctor")
	s := vaultStage(t, v, path)
	s.Vault = vaultOption(v.Address, v, appRole(t, s, v, unique("doctor"), readPolicy(apiPath(path))))
	for _, tt := range []struct {
		credential string
		code       int
		want       string
	}{
		{"vault " + path + " api_key", 0, "0 FAIL"},
		{"vault " + path + " apikey", 1, "apikey"},
		{"vault " + path + "/none api_key", 1, path + "/none"},
	} {
		s.Credential = tt.credential
		got := s.Command("doctor", "--config", s.Caddyfile())
		if got.Code != tt.code || !strings.Contains(got.Stdout, tt.want) {
			t.Errorf("%s: got %+v", tt.credential, got)
		}
		shown := harness.Evidence{"what doctor prints": got.Stdout + got.Stderr}
		shown.Search(t, "the provider's key", s.Standin.Key)
		shown.Search(t, "the secret id", s.Read("secret-id"))
	}
	if calls := s.Standin.Calls(t, s.Provider); calls != 0 {
		t.Errorf("doctor asked the provider %d times", calls)
	}
}

// TestDevelopmentSourcesWorkAndWarnOnce is about sources other than Vault.
func TestDevelopmentSourcesWorkAndWarnOnce(t *testing.T) {
	t.Parallel()
	s := harness.NewStage(t, bin, "checkthatphone")
	port := harness.FreePort(t)
	s.Env = []string{"PROVIDER_KEY=" + s.Standin.Key}
	s.Sites = `http://:` + port + ` {
	bind 127.0.0.1
	ringward checkthatphone {
		upstream ` + s.Upstream() + `
		ca ` + s.Standin.CAFile + `
		credential env PROVIDER_KEY
	}
}`
	s.Run()
	s.Route = "limit number 1000/h"
	s.MustReload()
	for _, port := range []string{s.Port, port} {
		req := s.LookupRequest(s.Minimal.Key, harness.Number)
		req.URL.Host = "127.0.0.1:" + port
		if got := (harness.Client{}).MustDo(t, req); got.Status != 200 {
			t.Errorf("got %d %s", got.Status, got.Body)
		}
	}
	for _, source := range []string{"file", "env"} {
		warning := regexp.MustCompile(`"level":"warn".*meant for development.*"source":"` + source + `"`)
		if n := len(warning.FindAllString(s.Process.Stderr(), -1)); n != 1 {
			t.Errorf("%d warnings about %s", n, source)
		}
	}
	// A file is followed, as Kubernetes and Vault Agent change it in place.
	s.Credential += " {\n\t\t\trefresh 1s\n\t\t}"
	s.MustReload()
	next := harness.ProviderKey()
	s.Standin.SetKeys(t, s.Provider, s.Standin.Key, next)
	s.File("provider-key", next)
	usesKey(t, s, next)
}
