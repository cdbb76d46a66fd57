package demo

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
	"github.com/hashicorp/vault/api/auth/approle"
)

// wantStatus checks that an error of Vault's client has a status and a text.
func wantStatus(t *testing.T, err error, status int, text string) {
	t.Helper()
	var re *api.ResponseError
	if !errors.As(err, &re) {
		t.Fatalf("got %v, want a response error with status %d", err, status)
	}
	if re.StatusCode != status || !strings.Contains(strings.Join(re.Errors, "\n"), text) {
		t.Fatalf("got status %d and %q, want %d and %q", re.StatusCode, re.Errors, status, text)
	}
}

func TestNewVaultsHaveTokensOfTheirOwn(t *testing.T) {
	if first, second := NewVault(), NewVault(); first.RootToken() == second.RootToken() {
		t.Fatal("two Vaults share a root token")
	}
}

func TestRequestsWithoutAValidTokenAreDenied(t *testing.T) {
	v, client := startVault(t)
	v.Put("secret/phone/x", map[string]string{"api_key": "k"})
	v.Put("kv1/phone/x", map[string]string{"api_key": "k"})
	for _, token := range []string{"", "hvs.wrong", v.RootToken() + "x"} {
		client.SetToken(token)
		for _, path := range []string{
			"secret/data/phone/x", "secret/metadata/phone/x", "kv1/phone/x", "secret/phone/x",
			"auth/token/lookup-self", "no/such/route",
		} {
			_, err := client.Logical().Read(path)
			wantStatus(t, err, http.StatusForbidden, "permission denied")
		}
		_, err := client.Logical().Read("sys/internal/ui/mounts/secret/phone/x")
		wantStatus(t, err, http.StatusForbidden, "preflight capability check returned 403")
		if _, err := client.Logical().Write("secret/data/phone/x", map[string]any{"data": map[string]any{}}); err == nil {
			t.Error("a write without a valid token went through")
		}
	}
}

func TestRootTokenLooksItselfUp(t *testing.T) {
	v, client := startVault(t)
	secret, err := client.Auth().Token().LookupSelf()
	if err != nil {
		t.Fatal(err)
	}
	wantFields(t, secret.Data, map[string]any{
		"id": v.RootToken(), "path": "auth/token/root", "display_name": "root",
		"ttl": json.Number("0"), "expire_time": nil, "type": "service",
	})
	_, err = client.Auth().Token().RenewSelf(0)
	wantStatus(t, err, http.StatusBadRequest, "lease is not renewable")
}

func TestMountsTellTheirVersion(t *testing.T) {
	_, client := startVault(t)
	for path, want := range map[string]any{"secret/phone/x": map[string]any{"version": "2"}, "secret/": map[string]any{"version": "2"}, "kv1/a": nil} {
		secret, err := client.Logical().Read("sys/internal/ui/mounts/" + path)
		if err != nil {
			t.Fatal(err)
		}
		mount, _, _ := strings.Cut(path, "/")
		wantFields(t, secret.Data, map[string]any{"path": mount + "/", "type": "kv", "options": want})
	}
	_, err := client.Logical().Read("sys/internal/ui/mounts/other/x")
	wantStatus(t, err, http.StatusForbidden, "preflight capability check returned 403")
}

func TestSealedVaultRefusesAllButHealth(t *testing.T) {
	v, client := startVault(t)
	v.Put("secret/a", map[string]string{"k": "v"})
	health, err := client.Sys().Health()
	if err != nil || health.Sealed || !health.Initialized {
		t.Fatalf("unsealed: got %+v, %v", health, err)
	}
	v.SetSealed(true)
	if health, err = client.Sys().Health(); err != nil || !health.Sealed {
		t.Fatalf("sealed: got %+v, %v", health, err)
	}
	_, err = client.KVv2("secret").Get(context.Background(), "a")
	wantStatus(t, err, http.StatusServiceUnavailable, "Vault is sealed")
	v.SetSealed(false)
	if _, err = client.KVv2("secret").Get(context.Background(), "a"); err != nil {
		t.Fatal(err)
	}
}

func TestApproleLoginGivesALimitedToken(t *testing.T) {
	v, client := startVault(t)
	v.Put("secret/phone/x", map[string]string{"api_key": "k"})
	v.Put("secret/other/x", map[string]string{"api_key": "k"})
	roleID, secretID := v.AddRole(Role{Name: "sidecar", Grants: map[string][]string{
		"secret/data/phone/*": {"read"}, "secret/data/phone/closed": {"deny"},
	}})
	login(t, client, roleID, secretID)

	if _, err := client.KVv2("secret").Get(context.Background(), "phone/x"); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"secret/data/other/x", "secret/data/phone/closed", "secret/metadata/phone/x", "kv1/x"} {
		_, err := client.Logical().Read(path)
		wantStatus(t, err, http.StatusForbidden, "permission denied")
	}
	_, err := client.KVv2("secret").Put(context.Background(), "phone/x", map[string]any{"api_key": "mine"})
	wantStatus(t, err, http.StatusForbidden, "permission denied")
	if _, err := client.Logical().Read("sys/internal/ui/mounts/secret/phone/x"); err != nil {
		t.Errorf("mount of a granted path: %v", err)
	}
	_, err = client.Logical().Read("sys/internal/ui/mounts/kv1/x")
	wantStatus(t, err, http.StatusForbidden, "preflight")

	for path, want := range map[string][]string{
		"secret/data/phone/x": {"read"}, "secret/data/other/x": {"deny"}, "secret/data/phone/closed": {"deny"},
		"auth/token/renew-self": {"update"},
	} {
		got, err := client.Sys().CapabilitiesSelf(path)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("capabilities at %s: got %v, %v, want %v", path, got, err, want)
		}
	}
	client.SetToken(v.RootToken())
	if got, err := client.Sys().CapabilitiesSelf("secret/data/phone/x"); err != nil || !slices.Equal(got, []string{"root"}) {
		t.Errorf("capabilities of root: got %v, %v", got, err)
	}
}

// login logs the client in by AppRole and returns the answer.
func login(t *testing.T, client *api.Client, roleID, secretID string) *api.Secret {
	t.Helper()
	auth, err := approle.NewAppRoleAuth(roleID, &approle.SecretID{FromString: secretID})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := client.Auth().Login(context.Background(), auth)
	if err != nil {
		t.Fatal(err)
	}
	return secret
}

func TestApproleLoginRefusesWrongIDs(t *testing.T) {
	v, client := startVault(t)
	roleID, secretID := v.AddRole(Role{Name: "sidecar"})
	gone, goneSecret := v.AddRole(Role{Name: "gone"})
	v.RemoveRole(gone)
	for name, c := range map[string]struct{ body, want string }{
		"no ids":          {`{}`, "missing role_id"},
		"no secret id":    {`{"role_id":"` + roleID + `"}`, "missing secret_id"},
		"wrong secret id": {`{"role_id":"` + roleID + `","secret_id":"x"}`, "invalid role or secret ID"},
		"wrong role id":   {`{"role_id":"x","secret_id":"` + secretID + `"}`, "invalid role or secret ID"},
		"removed role":    {`{"role_id":"` + gone + `","secret_id":"` + goneSecret + `"}`, "invalid role or secret ID"},
	} {
		_, err := client.Logical().WriteBytes("auth/approle/login", []byte(c.body))
		t.Run(name, func(t *testing.T) { wantStatus(t, err, http.StatusBadRequest, c.want) })
	}
}

func TestTokensExpireAndRenewalIsCapped(t *testing.T) {
	v, client := startVault(t)
	var mu sync.Mutex
	now := time.Now()
	v.SetClock(func() time.Time { mu.Lock(); defer mu.Unlock(); return now })
	pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }

	roleID, secretID := v.AddRole(Role{Name: "sidecar", TTL: 10 * time.Minute, MaxTTL: 15 * time.Minute})
	secret := login(t, client, roleID, secretID)
	if !secret.Auth.Renewable || secret.Auth.LeaseDuration != 600 || !slices.Contains(secret.Auth.Policies, "sidecar") {
		t.Fatalf("got %+v", secret.Auth)
	}

	pass(9 * time.Minute)
	self, err := client.Auth().Token().LookupSelf()
	if err != nil {
		t.Fatal(err)
	}
	wantFields(t, self.Data, map[string]any{"ttl": json.Number("60"), "renewable": true, "creation_ttl": json.Number("600")})

	renewed, err := client.Auth().Token().RenewSelf(0)
	if err != nil {
		t.Fatal(err)
	}
	if renewed.Auth.LeaseDuration != 360 || len(renewed.Warnings) != 1 {
		t.Fatalf("renewal past the maximum: got %d s and warnings %q", renewed.Auth.LeaseDuration, renewed.Warnings)
	}
	if renewed, err = client.Auth().Token().RenewSelf(30); err != nil || renewed.Auth.LeaseDuration != 30 {
		t.Fatalf("renewal by an increment: got %+v, %v", renewed, err)
	}

	pass(30 * time.Second)
	_, err = client.Auth().Token().LookupSelf()
	wantStatus(t, err, http.StatusForbidden, "permission denied")
	_, err = client.Auth().Token().RenewSelf(0)
	wantStatus(t, err, http.StatusForbidden, "permission denied")
}

func TestLifetimeWatcherRenews(t *testing.T) {
	v, client := startVault(t)
	roleID, secretID := v.AddRole(Role{Name: "sidecar"})
	watcher, err := client.NewLifetimeWatcher(&api.LifetimeWatcherInput{Secret: login(t, client, roleID, secretID)})
	if err != nil {
		t.Fatal(err)
	}
	go watcher.Start()
	defer watcher.Stop()
	select {
	case renewal := <-watcher.RenewCh():
		if renewal.Secret.Auth == nil || renewal.Secret.Auth.LeaseDuration < 3590 {
			t.Fatalf("got %+v", renewal.Secret)
		}
	case err := <-watcher.DoneCh():
		t.Fatalf("the watcher gave up: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("no renewal")
	}
}

func TestRevokedTokensAreDenied(t *testing.T) {
	v, client := startVault(t)
	roleID, secretID := v.AddRole(Role{Name: "sidecar"})
	v.RevokeToken(login(t, client, roleID, secretID).Auth.ClientToken)
	_, err := client.Auth().Token().LookupSelf()
	wantStatus(t, err, http.StatusForbidden, "permission denied")

	login(t, client, roleID, secretID)
	if err := client.Auth().Token().RevokeSelf(""); err != nil {
		t.Fatal(err)
	}
	_, err = client.Auth().Token().LookupSelf()
	wantStatus(t, err, http.StatusForbidden, "permission denied")
}

func TestRepeatedLoginsDoNotPileUpTokens(t *testing.T) {
	v := NewVault()
	now := time.Now()
	v.SetClock(func() time.Time { return now })
	roleID, secretID := v.AddRole(Role{Name: "sidecar", TTL: time.Minute})
	body := `{"role_id":"` + roleID + `","secret_id":"` + secretID + `"}`
	for range 20 {
		now = now.Add(time.Minute)
		w := httptest.NewRecorder()
		v.ServeHTTP(w, httptest.NewRequest(http.MethodPut, "/v1/auth/approle/login", strings.NewReader(body)))
		if w.Code != http.StatusOK {
			t.Fatal(w.Code)
		}
	}
	if n := len(v.tokens); n != 2 {
		t.Fatalf("%d tokens are kept, want the root token and the last", n)
	}
}

func TestVaultBoundsBodies(t *testing.T) {
	v, client := startVault(t)
	big := `{"data":{"k":"` + strings.Repeat("x", maxVaultBody) + `"}}`
	_, err := client.Logical().WriteBytes("secret/data/a", []byte(big))
	wantStatus(t, err, http.StatusRequestEntityTooLarge, "")
	_, err = client.Logical().WriteBytes("secret/data/a", []byte(`{"data":`))
	wantStatus(t, err, http.StatusBadRequest, "error parsing JSON")
	if v.Calls() != 2 {
		t.Fatalf("got %d calls, want 2", v.Calls())
	}
}

func TestPutRefusesUnknownMounts(t *testing.T) {
	for _, path := range []string{"", "secret", "secret/", "other/x"} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("Put to %q went through", path)
				}
			}()
			NewVault().Put(path, nil)
		}()
	}
}

func FuzzVault(f *testing.F) {
	f.Add("PUT", "secret/data/a", "", `{"data":{"k":"v"},"options":{"cas":0}}`)
	f.Add("GET", "secret/data/a", "version=1", ``)
	f.Add("POST", "secret/metadata/a", "", `{"max_versions":-1,"delete_version_after":"1s","custom_metadata":null}`)
	f.Add("POST", "secret/destroy/a", "", `{"versions":["1",2,null,{}]}`)
	f.Add("POST", "sys/capabilities-self", "", `{"paths":[1,"a"],"path":"b,c"}`)
	f.Add("POST", "auth/token/renew-self", "", `{"increment":9223372036854775807}`)
	f.Add("PUT", "kv1/a", "", `{"a":[]}`)
	f.Add("GET", "sys/internal/ui/mounts//", "", ``)
	f.Fuzz(func(t *testing.T, method, path, query, body string) {
		v := NewVault()
		v.Put("secret/a", map[string]string{"k": "v"})
		r := httptest.NewRequest(http.MethodGet, "/", io.NopCloser(strings.NewReader(body)))
		r.Method, r.URL.Path, r.URL.RawQuery = method, "/v1/"+path, query
		r.Header.Set("X-Vault-Token", v.RootToken())
		w := httptest.NewRecorder()
		v.ServeHTTP(w, r)
		if w.Body.Len() > 0 && !json.Valid(w.Body.Bytes()) {
			t.Fatalf("status %d with a body that is not JSON", w.Code)
		}
		if w.Code >= 500 && w.Code != http.StatusServiceUnavailable {
			t.Fatalf("status %d", w.Code)
		}
	})
}
