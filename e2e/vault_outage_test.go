package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

var (
	failedRefreshes = regexp.MustCompile(`(?m)^ringward_credential_failed_refreshes\{credential="checkthatphone".*\} [1-9]`)
	noFailure       = regexp.MustCompile(`(?m)^ringward_credential_failed_refreshes\{credential="checkthatphone".*\} 0$`)
	failureEvents   = regexp.MustCompile(`(?m)^ringward_events_total\{event="credential_refresh_failed"\} [1-9]`)
)

// awaitFailure waits until metrics, status and log tell of a failed refresh.
func awaitFailure(t *testing.T, s *harness.Stage, class string) {
	t.Helper()
	harness.Eventually(t, harness.Soon, "everything to tell of a failed refresh", func() error {
		metrics := s.Metrics()
		switch {
		case !failedRefreshes.MatchString(metrics):
			return errors.New("not the metric of failed refreshes")
		case !failureEvents.MatchString(metrics):
			return errors.New("not the metric of events")
		case !strings.Contains(s.AdminGet("/ringward/status").Body, `"last_error":"`+class+`"`):
			return fmt.Errorf("not the status: %s", s.AdminGet("/ringward/status").Body)
		case !strings.Contains(s.Process.Stderr(), `"event":"credential_refresh_failed"`):
			return errors.New("not the log")
		}
		return nil
	})
}

// outageStage is a stage with two sites that share a secret: the first uses its
// last good key for an hour, the second for two seconds.
type outageStage struct {
	*harness.Stage

	vault        *harness.Vault
	path, policy string
	strictPort   string
}

func newOutageStage(t *testing.T, v *harness.Vault) *outageStage {
	t.Helper()
	o := &outageStage{vault: v, path: unique("secret/e2e/outage"), policy: unique("outage"), strictPort: harness.FreePort(t)}
	o.Stage = vaultStage(t, v, o.path)
	reference := o.Credential
	o.Credential += " {\n\t\t\trefresh 500ms\n\t\t}"
	o.Sites = `http://:` + o.strictPort + ` {
	bind 127.0.0.1
	ringward checkthatphone {
		upstream ` + o.Upstream() + `
		ca ` + o.Standin.CAFile + `
		credential ` + reference + ` {
			refresh 500ms
			max_stale 2s
		}
	}
}`
	v.Policy(t, o.policy, readPolicy(apiPath(o.path)))
	o.Vault = vaultOption(v.Address, v, "token_file "+o.File("vault-token", v.Token(t, o.policy)))
	return o
}

// strictLookup asks the site that lets its key grow stale soon.
func (o *outageStage) strictLookup(t *testing.T) harness.Reply {
	t.Helper()
	req := o.LookupRequest(o.Minimal.Key, harness.Number)
	req.URL.Host = "127.0.0.1:" + o.strictPort
	return harness.Client{}.MustDo(t, req)
}

// working looks up at both sites and wants an answer.
func (o *outageStage) working(t *testing.T) {
	t.Helper()
	harness.Eventually(t, harness.Soon, "both sites to work", func() error {
		if !noFailure.MatchString(o.Metrics()) {
			return errors.New("the refresh fails")
		}
		for _, got := range []harness.Reply{o.Lookup(o.Minimal.Key, harness.Number), o.strictLookup(t)} {
			if got.Status != 200 {
				return fmt.Errorf("got %d %s", got.Status, got.Body)
			}
		}
		return nil
	})
	o.AwaitHealth(http.StatusOK)
}

// outage looks up at both sites while Vault gives nothing that can be used.
func (o *outageStage) outage(t *testing.T, class string, version int) {
	t.Helper()
	awaitFailure(t, o.Stage, class)
	fresh := func() {
		t.Helper()
		if got := o.Lookup(o.Minimal.Key, harness.Number); got.Status != 200 || o.Entry(got).CredentialVersion != version {
			t.Errorf("the last good key is not used: got %d %s", got.Status, got.Body)
		}
	}
	fresh()
	harness.Eventually(t, harness.Soon, "the key to be stale", func() error {
		got := o.strictLookup(t)
		switch {
		case got.Status == 200:
			return errors.New("it is used")
		case got.Status != 503 || got.Header.Get("Retry-After") == "":
			t.Fatalf("got %d %v %s", got.Status, got.Header, got.Body)
		}
		return nil
	})
	o.AwaitHealth(http.StatusServiceUnavailable)
	fresh()
	harness.Eventually(t, harness.Soon, "the log to tell of the stale key", func() error {
		if !strings.Contains(o.Process.Stderr(), `"event":"credential_stale"`) {
			return errors.New("it does not")
		}
		return nil
	})
}

// onlyKeys checks that the provider was never shown another key.
func (o *outageStage) onlyKeys(t *testing.T, keys ...string) {
	t.Helper()
	good := make(map[string]bool)
	for _, key := range keys {
		good["Bearer "+key] = true
	}
	all := o.Standin.Received(t)
	if len(all) == 0 {
		t.Error("the provider got nothing")
	}
	for i, received := range all {
		if !good[received.Headers.Get("Authorization")] {
			t.Errorf("request %d has a key that is none of the good ones", i)
		}
	}
}

// TestVaultOutageByABadSecretKeepsTheLastGoodKey breaks what Vault gives while
// Ringward runs, and mends it.
func TestVaultOutageByABadSecretKeepsTheLastGoodKey(t *testing.T) {
	t.Parallel()
	put := func(data map[string]string) func(*testing.T, *outageStage) {
		return func(t *testing.T, o *outageStage) { t.Helper(); o.vault.Put(t, o.path, data) }
	}
	write := func(t *testing.T, o *outageStage) {
		t.Helper()
		o.vault.Put(t, o.path, map[string]string{"api_key": o.Standin.Key})
	}
	for _, tt := range []struct {
		name, class  string
		break_, mend func(t *testing.T, o *outageStage)
	}{
		{
			"policy taken away", "denied",
			func(t *testing.T, o *outageStage) { o.vault.Policy(t, o.policy, readPolicy("secret/data/e2e/nothing")) },
			func(t *testing.T, o *outageStage) { o.vault.Policy(t, o.policy, readPolicy(apiPath(o.path))) },
		},
		{
			"version deleted", "deleted",
			func(t *testing.T, o *outageStage) { o.vault.Delete(t, o.path) },
			func(t *testing.T, o *outageStage) { o.vault.Undelete(t, o.path, 1) },
		},
		{"version destroyed", "deleted", func(t *testing.T, o *outageStage) { o.vault.Destroy(t, o.path, 1) }, write},
		{"secret removed", "not_found", func(t *testing.T, o *outageStage) { o.vault.Forget(t, o.path) }, write},
		{"field missing", "field_missing", put(map[string]string{"apikey": "of-another-name"}), write},
		{"value empty", "empty", put(map[string]string{"api_key": ""}), write},
		{"value with a line end", "invalid", put(map[string]string{"api_key": "pasted\n"}), write},
		{
			"marked for another environment", "environment",
			func(t *testing.T, o *outageStage) { o.vault.Mark(t, o.path, "production") },
			func(t *testing.T, o *outageStage) { o.vault.Mark(t, o.path, "") },
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			o := newOutageStage(t, realVault(t))
			o.Run()
			o.working(t)
			tt.break_(t, o)
			o.outage(t, tt.class, 1)
			tt.mend(t, o)
			o.working(t)
			o.onlyKeys(t, o.Standin.Key)
		})
	}
}

// ownVault starts a Vault server for one test.
func ownVault(t *testing.T) *harness.Vault {
	t.Helper()
	if bin.Vault == "" {
		realVault(t) // says why not
	}
	v, err := harness.StartVault(bin, harness.ShortDir(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Stop)
	return v
}

// TestVaultOutageBySealing seals Vault, reloads meanwhile, and unseals it.
func TestVaultOutageBySealing(t *testing.T) {
	t.Parallel()
	v := ownVault(t)
	o := newOutageStage(t, v)
	o.Run()
	o.working(t)
	v.Seal(t)
	o.outage(t, "unavailable", 1)
	// A reload keeps the key: of an unchanged reference, and of one that is only
	// to be refreshed at other times.
	o.Route = "timeout 5s"
	o.MustReload()
	for _, refresh := range []string{"500ms", "700ms"} {
		o.Credential = strings.Replace(o.Credential, "500ms", refresh, 1)
		o.MustReload()
		if got := o.Lookup(o.Minimal.Key, harness.Number); got.Status != 200 {
			t.Errorf("after a reload with refresh %s: got %d %s", refresh, got.Status, got.Body)
		}
	}
	if got := o.strictLookup(t); got.Status != 503 {
		t.Errorf("the reload made a stale key fresh: got %d", got.Status)
	}
	v.Unseal(t)
	o.working(t)
	o.onlyKeys(t, o.Standin.Key)
}

// TestVaultOutageByAFrozenServer: a Vault that takes connections and does not
// answer is as good as none, and no lookup waits for it.
func TestVaultOutageByAFrozenServer(t *testing.T) {
	t.Parallel()
	v := ownVault(t)
	o := newOutageStage(t, v)
	o.Run()
	o.working(t)
	v.Freeze(t)
	o.outage(t, "unavailable", 1)
	v.Thaw(t)
	o.working(t)
	o.onlyKeys(t, o.Standin.Key)
}

// mirror gives a Vault the AppRole, with ids that are known before.
func mirror(t *testing.T, v *harness.Vault, path, roleID, secretID string) {
	t.Helper()
	v.Policy(t, "ringward", readPolicy(apiPath(path)))
	v.EnableAuth(t, "approle", "approle")
	const role = "auth/approle/role/ringward"
	v.Write(t, role, map[string]any{"token_policies": "ringward", "token_no_default_policy": true, "token_ttl": "1h"})
	v.Write(t, role+"/role-id", map[string]any{"role_id": roleID})
	v.Write(t, role+"/custom-secret-id", map[string]any{"secret_id": secretID})
}

// TestVaultOutageByARestartWithNewData puts another Vault at the same address.
// It is sealed at first; then it knows the role but no token that the first one
// gave, and has a secret with fewer versions.
func TestVaultOutageByARestartWithNewData(t *testing.T) {
	t.Parallel()
	first, second := ownVault(t), ownVault(t)
	o := newOutageStage(t, first)
	version := first.Put(t, o.path, map[string]string{"api_key": o.Standin.Key})
	roleID, secretID, next := harness.RandomText(), harness.RandomText(), harness.ProviderKey()
	mirror(t, first, o.path, roleID, secretID)
	mirror(t, second, o.path, roleID, secretID)
	second.Put(t, o.path, map[string]string{"api_key": next})
	o.Standin.SetKeys(t, o.Provider, o.Standin.Key, next)

	way := harness.NewForward(t, first.Address)
	way.Open(t)
	o.Vault = "vault " + way.URL() + " {\n\t\t\tca " + o.bothAuthorities(t, first, second) +
		"\n\t\t\tauth approle " + roleID + " {\n\t\t\t\tsecret_id_file " + o.File("secret-id", secretID) + "\n\t\t\t}\n\t\t}"
	o.Run()
	o.working(t)

	second.Seal(t)
	first.Stop()
	way = way.Replace(t, second.Address)
	way.Open(t)
	o.outage(t, "unavailable", version)
	o.onlyKeys(t, o.Standin.Key)
	second.Unseal(t)
	o.working(t)
	usesKey(t, o.Stage, next)
	if n := second.Count(t, "ringward", "auth/approle/login"); n != 1 {
		t.Errorf("%d logins to the new Vault instead of one", n)
	}
}

// bothAuthorities writes the authorities of two servers into one file.
func (o *outageStage) bothAuthorities(t *testing.T, servers ...*harness.Vault) string {
	t.Helper()
	var all strings.Builder
	for _, v := range servers {
		text, err := os.ReadFile(filepath.Clean(v.CAFile))
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return o.File("authorities.pem", all.String())
}

// TestVaultMarkOfAnotherEnvironmentRefusesTheConfig: a config of one environment
// that names another's secret is found out before it serves.
func TestVaultMarkOfAnotherEnvironmentRefusesTheConfig(t *testing.T) {
	t.Parallel()
	o := newOutageStage(t, realVault(t))
	o.vault.Mark(t, o.path, "production")
	for _, tt := range []struct {
		name, app string
		want      []string
	}{
		{"another environment", "environment staging", []string{`production\"`, `staging\"`, o.path}},
		{"no environment", "", []string{`production\"`, "names none", o.path}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			edited := *o.Stage
			edited.App = tt.app
			for _, command := range []string{"validate", "run"} {
				got := o.Command(command, "--config", edited.Caddyfile(), "--adapter", "caddyfile")
				if got.Code == 0 {
					t.Errorf("%s takes the config", command)
				}
				for _, want := range tt.want {
					if !strings.Contains(got.Stderr, want) && !strings.Contains(got.Stderr, strings.ReplaceAll(want, `\`, "")) {
						t.Errorf("%s: %q is not in the error: %s", command, want, got.Stderr)
					}
				}
				harness.Evidence{"the error": got.Stderr}.Search(t, "the provider's key", o.Standin.Key)
			}
		})
	}
	o.App = "environment production"
	o.Run()
	o.working(t)
}

// TestVaultKeyThatIsOverdueForRotationIsReported: by event, age and status, until
// it is rotated.
func TestVaultKeyThatIsOverdueForRotationIsReported(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	path := unique("secret/e2e/overdue")
	s := vaultStage(t, v, path)
	s.Credential += " {\n\t\t\trefresh 500ms\n\t\t\trotate_every 1s\n\t\t}"
	logIn(t, s, v, readPolicy(apiPath(path)))
	s.Run()
	age := regexp.MustCompile(`(?m)^ringward_credential_age_seconds\{credential="checkthatphone".*\} ([1-9][0-9]*(\.[0-9]+)?)$`)
	events := regexp.MustCompile(`(?m)^ringward_events_total\{event="credential_overdue"\} [1-9]`)
	harness.Eventually(t, harness.Soon, "everything to tell that the key is overdue", func() error {
		metrics := s.Metrics()
		switch {
		case !age.MatchString(metrics):
			return errors.New("not the metric of its age")
		case !events.MatchString(metrics):
			return errors.New("not the metric of events")
		case !strings.Contains(s.AdminGet("/ringward/status").Body, `"overdue":true`):
			return errors.New("not the status")
		case !strings.Contains(s.Process.Stderr(), `"event":"credential_overdue"`):
			return errors.New("not the log")
		}
		return nil
	})
	if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != 200 {
		t.Errorf("an overdue key is not used: got %d %s", got.Status, got.Body)
	}
	s.AwaitHealth(http.StatusOK)
	// Rotated, and not asked to be rotated soon again, it is in order.
	s.Credential = strings.Replace(s.Credential, "rotate_every 1s", "rotate_every 1h", 1)
	v.Put(t, path, map[string]string{"api_key": s.Standin.Key})
	s.MustReload()
	harness.Eventually(t, harness.Soon, "the status to be in order", func() error {
		if body := s.AdminGet("/ringward/status").Body; !strings.Contains(body, `"overdue":false`) || strings.Contains(body, `"overdue":true`) {
			return errors.New(body)
		}
		return nil
	})
}

// TestVaultOutageByANewAuthorityEndsWithAReload: the authority of Vault is
// replaced, and its file with it.
func TestVaultOutageByANewAuthorityEndsWithAReload(t *testing.T) {
	t.Parallel()
	first, second := ownVault(t), ownVault(t)
	o := newOutageStage(t, first)
	roleID, secretID := harness.RandomText(), harness.RandomText()
	mirror(t, first, o.path, roleID, secretID)
	mirror(t, second, o.path, roleID, secretID)
	second.Put(t, o.path, map[string]string{"api_key": o.Standin.Key})
	ca := func(v *harness.Vault) string {
		text, err := os.ReadFile(v.CAFile)
		if err != nil {
			t.Fatal(err)
		}
		return o.File("ca.pem", string(text))
	}
	way := harness.NewForward(t, first.Address)
	way.Open(t)
	o.Vault = "vault " + way.URL() + " {\n\t\t\tca " + ca(first) +
		"\n\t\t\tauth approle " + roleID + " {\n\t\t\t\tsecret_id_file " + o.File("secret-id", secretID) + "\n\t\t\t}\n\t\t}"
	o.Run()
	o.working(t)
	first.Stop()
	way = way.Replace(t, second.Address)
	way.Open(t)
	awaitFailure(t, o.Stage, "unavailable")
	ca(second)
	o.Route = "timeout 5s"
	o.MustReload()
	o.AwaitHealth(http.StatusOK)
	o.working(t)
}
