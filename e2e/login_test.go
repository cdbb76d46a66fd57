package e2e

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// loginStage is a stage whose key is in Vault, for a way to log in whose mount,
// policy and secret no other test uses.
type loginStage struct {
	*harness.Stage

	vault               *harness.Vault
	path, policy, mount string
}

// newLoginStage mounts an auth method for a test alone. The policy of those who
// log in allows what Ringward needs: to read the secret.
func newLoginStage(t *testing.T, kind string) *loginStage {
	t.Helper()
	v := realVault(t)
	l := &loginStage{vault: v, path: unique("secret/e2e/" + kind), policy: unique(kind), mount: unique(kind)}
	l.Stage = vaultStage(t, v, l.path)
	l.Credential += " {\n\t\t\trefresh 500ms\n\t\t}"
	v.Policy(t, l.policy, readPolicy(apiPath(l.path)))
	v.EnableAuth(t, l.mount, kind)
	return l
}

// auth is the option auth at the stage's mount.
func (l *loginStage) auth(method string, options ...string) {
	lines := append([]string{method + " {", "mount " + l.mount}, options...)
	l.Vault = vaultOption(l.vault.Address, l.vault, strings.Join(lines, "\n\t\t\t\t")+"\n\t\t\t}")
}

// token is what every role of the stage gives.
func (l *loginStage) token(more map[string]any) map[string]any {
	role := map[string]any{"token_policies": l.policy, "token_no_default_policy": true, "token_ttl": "1h"}
	maps.Copy(role, more)
	return role
}

func (l *loginStage) logins(t *testing.T) int {
	t.Helper()
	return l.vault.Count(t, l.policy, "auth/"+l.mount+"/login")
}

// servesFromVault starts Ringward and looks a number up with the key in Vault.
func (l *loginStage) servesFromVault(t *testing.T) {
	t.Helper()
	l.Run()
	l.AwaitHealth(http.StatusOK)
	got := l.Lookup(l.Minimal.Key, harness.Number)
	if got.Status != 200 || l.Entry(got).CredentialVersion != 1 {
		t.Fatalf("got %d %s, audited as %+v", got.Status, got.Body, l.Entry(got))
	}
	if received := l.Standin.Received(t); len(received) != 1 || received[0].Headers.Get("Authorization") != "Bearer "+l.Standin.Key {
		t.Errorf("the provider got %+v", received)
	}
	if n := l.logins(t); n != 1 {
		t.Errorf("%d logins instead of one", n)
	}
}

// survivesRevocation ends Ringward's token and writes a new key, which nobody
// can read without another login.
func (l *loginStage) survivesRevocation(t *testing.T) {
	t.Helper()
	before := l.logins(t)
	next := harness.ProviderKey()
	l.Standin.SetKeys(t, l.Provider, l.Standin.Key, next)
	l.vault.RevokeLogins(t, l.mount)
	l.vault.Put(t, l.path, map[string]string{"api_key": next})
	usesKey(t, l.Stage, next)
	if n := l.logins(t) - before; n != 1 {
		t.Errorf("%d logins after the token was revoked, instead of one", n)
	}
}

// appRoleStage is a login stage with an AppRole, and its role id.
func appRoleStage(t *testing.T, role map[string]any) (l *loginStage, roleID string) {
	t.Helper()
	l = newLoginStage(t, "approle")
	l.vault.Write(t, l.rolePath(), l.token(role))
	return l, l.vault.Field(t, l.rolePath()+"/role-id", "role_id")
}

func (l *loginStage) rolePath() string { return "auth/" + l.mount + "/role/ringward" }

func (l *loginStage) secretID(t *testing.T) string {
	t.Helper()
	id, _ := l.vault.Write(t, l.rolePath()+"/secret-id", nil)["secret_id"].(string)
	return id
}

func TestLoginByAppRoleSurvivesARevokedToken(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		options func(t *testing.T, l *loginStage, roleID string) []string
	}{
		{"secret id in a file", func(t *testing.T, l *loginStage, roleID string) []string {
			return []string{"role_id " + roleID, "secret_id_file " + l.File("secret-id", l.secretID(t)+"\n")}
		}},
		{"both ids in files", func(t *testing.T, l *loginStage, roleID string) []string {
			return []string{"role_id_file " + l.File("role-id", roleID+"\n"), "secret_id_file " + l.File("secret-id", l.secretID(t))}
		}},
		{"secret id in the environment", func(t *testing.T, l *loginStage, roleID string) []string {
			l.Env = []string{"RINGWARD_SECRET_ID=" + l.secretID(t)}
			return []string{"role_id " + roleID, "secret_id_env RINGWARD_SECRET_ID"}
		}},
		{"secret id wrapped", func(t *testing.T, l *loginStage, roleID string) []string {
			wrapped := l.vault.Wrap(t, l.rolePath()+"/secret-id", nil)
			return []string{"role_id " + roleID, "secret_id_file " + l.File("wrapped", wrapped+"\n"), "secret_id_wrapped"}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l, roleID := appRoleStage(t, nil)
			l.auth("approle", tt.options(t, l, roleID)...)
			l.servesFromVault(t)
			l.survivesRevocation(t)
		})
	}
}

// TestLoginTakesUpANewWrappedSecretID: the old secret id is of no use any more
// when the new wrapping token is in its place.
func TestLoginTakesUpANewWrappedSecretID(t *testing.T) {
	t.Parallel()
	l, roleID := appRoleStage(t, nil)
	wrapped := l.vault.Wrap(t, l.rolePath()+"/secret-id", nil)
	l.auth("approle", "role_id "+roleID, "secret_id_file "+l.File("wrapped", wrapped), "secret_id_wrapped")
	l.servesFromVault(t)
	for _, accessor := range l.vault.List(t, l.rolePath()+"/secret-id") {
		l.vault.Write(t, l.rolePath()+"/secret-id-accessor/destroy", map[string]any{"secret_id_accessor": accessor})
	}
	l.File("wrapped", l.vault.Wrap(t, l.rolePath()+"/secret-id", nil))
	l.survivesRevocation(t)
}

// TestLoginWithAUsedUpWrappingTokenIsRefused: somebody else has seen the secret
// id, and the operator must know.
func TestLoginWithAUsedUpWrappingTokenIsRefused(t *testing.T) {
	t.Parallel()
	l, roleID := appRoleStage(t, nil)
	wrapped := l.vault.Wrap(t, l.rolePath()+"/secret-id", nil)
	l.vault.Unwrap(t, wrapped)
	l.auth("approle", "role_id "+roleID, "secret_id_file "+l.File("wrapped", wrapped), "secret_id_wrapped")
	got := l.Command("run", "--config", l.Caddyfile(), "--adapter", "caddyfile")
	if got.Code == 0 || !strings.Contains(got.Stderr, "used up") || !strings.Contains(got.Stderr, l.path) {
		t.Errorf("exit %d: %s", got.Code, got.Stderr)
	}
	harness.Evidence{"the error": got.Stderr}.Search(t, "the wrapping token", wrapped)
}

// kubernetesClaims are those of a projected service account token.
func kubernetesClaims(namespace, account, uid, id string) map[string]any {
	return map[string]any{
		"iss": "https://kubernetes.default.svc", "aud": []string{"vault"}, "jti": id,
		"sub": "system:serviceaccount:" + namespace + ":" + account,
		"iat": time.Now().Unix(), "nbf": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
		"kubernetes.io": map[string]any{
			"namespace": namespace, "serviceaccount": map[string]any{"name": account, "uid": uid},
		},
	}
}

// TestLoginByKubernetesReadsTheProjectedTokenAgain: the kubelet puts a new token
// in the file before the old one ends, and the API server soon knows that one
// alone.
func TestLoginByKubernetesReadsTheProjectedTokenAgain(t *testing.T) {
	t.Parallel()
	const namespace, account, uid = "phones", "ringward", "5f5a4c0e-1d3c-4a0e-9b7e-0d1e4b7a9c11"
	l := newLoginStage(t, "kubernetes")
	cluster, issuer := harness.NewTokenReview(t, namespace, account, uid), harness.NewIssuer(t)
	l.vault.Write(t, "auth/"+l.mount+"/config", map[string]any{
		"kubernetes_host": cluster.URL, "kubernetes_ca_cert": cluster.CA,
		"token_reviewer_jwt": cluster.Reviewer, "disable_local_ca_jwt": true,
	})
	l.vault.Write(t, l.rolePath(), l.token(map[string]any{
		"bound_service_account_names": account, "bound_service_account_namespaces": namespace, "audience": "vault",
	}))
	project := func(id string) string {
		token := issuer.Token(t, kubernetesClaims(namespace, account, uid, id))
		cluster.Accept(token)
		return l.File("projected", token)
	}
	l.auth("kubernetes ringward", "jwt_file "+project("first"))
	l.servesFromVault(t)
	project("second")
	l.survivesRevocation(t)
}

func TestLoginByJWTReadsTheTokenAgain(t *testing.T) {
	t.Parallel()
	for _, role := range []string{"ringward", ""} {
		t.Run(cmp.Or(role, "default role"), func(t *testing.T) {
			t.Parallel()
			l := newLoginStage(t, "jwt")
			issuer := harness.NewIssuer(t)
			l.vault.Write(t, "auth/"+l.mount+"/config", map[string]any{
				"jwt_validation_pubkeys": issuer.PublicKey(t), "bound_issuer": "https://ci.example", "default_role": "ringward",
			})
			bind := func(subject string) {
				l.vault.Write(t, l.rolePath(), l.token(map[string]any{
					"role_type": "jwt", "user_claim": "sub", "bound_audiences": "vault", "bound_subject": subject,
				}))
			}
			sign := func(subject string) string {
				bind(subject) // and to no other
				return l.File("jwt", issuer.Token(t, map[string]any{
					"iss": "https://ci.example", "aud": "vault", "sub": subject,
					"iat": time.Now().Unix(), "exp": time.Now().Add(time.Hour).Unix(),
				})+"\n")
			}
			l.auth(strings.TrimSpace("jwt "+role), "jwt_file "+sign("first"))
			l.servesFromVault(t)
			sign("second")
			l.survivesRevocation(t)
		})
	}
}

// certStage is a login stage with a client certificate in client.crt, which the
// returned function writes for a name; Vault lets that name in and no other.
func certStage(t *testing.T) (l *loginStage, enroll func(name string)) {
	t.Helper()
	l = newLoginStage(t, "cert")
	issuer := harness.NewIssuer(t)
	enroll = func(name string) {
		l.vault.Write(t, "auth/"+l.mount+"/certs/ringward", l.token(map[string]any{
			"certificate": issuer.Authority(), "allowed_common_names": name,
		}))
		cert, key := issuer.ClientCertificate(t, name)
		l.File("client.key", key)
		l.File("client.crt", cert)
	}
	enroll("first.ringward.example")
	l.auth("cert ringward")
	l.Vault = strings.Replace(l.Vault, "vault "+l.vault.Address+" {", "vault "+l.vault.Address+" {\n\t\t\tclient_cert "+
		filepath.Join(l.Dir, "client.crt")+" "+filepath.Join(l.Dir, "client.key"), 1)
	return l, enroll
}

func TestLoginByClientCertificateSurvivesARevokedToken(t *testing.T) {
	t.Parallel()
	l, _ := certStage(t)
	l.servesFromVault(t)
	l.survivesRevocation(t)
}

// TestLoginIsRenewedAndRepeatedAtMaxTTL lets a token live for three seconds, and
// for eight with renewals. No refresh may fail meanwhile.
func TestLoginIsRenewedAndRepeatedAtMaxTTL(t *testing.T) {
	t.Parallel()
	l, roleID := appRoleStage(t, map[string]any{"token_ttl": "3s", "token_max_ttl": "8s"})
	l.vault.Policy(t, l.policy, readPolicy(apiPath(l.path))+"path \"auth/token/renew-self\" { capabilities = [\"update\"] }\n")
	l.auth("approle", "role_id "+roleID, "secret_id_file "+l.File("secret-id", l.secretID(t)))
	l.servesFromVault(t)
	harness.Eventually(t, harness.Soon, "a second login", func() error {
		if got := l.Lookup(l.Minimal.Key, harness.Number); got.Status != 200 {
			t.Fatalf("got %d %s", got.Status, got.Body)
		}
		if n := l.logins(t); n != 2 {
			return fmt.Errorf("%d logins", n)
		}
		return nil
	})
	if n := l.vault.Count(t, l.policy, "auth/token/renew-self"); n < 2 {
		t.Errorf("the token was renewed %d times before its end", n)
	}
	if metrics := l.Metrics(); !strings.Contains(metrics, `ringward_events_total{event="credential_refresh_failed"} 0`) {
		t.Error("a refresh failed while the token was replaced")
	}
}

// TestLoginFollowsVaultVariables sets everything as for the vault command. The
// address is one that the certificate is not for, unless the name is given.
func TestLoginFollowsVaultVariables(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	path, policy := unique("secret/e2e/variables"), unique("variables")
	v.Policy(t, policy, readPolicy(apiPath(path)))
	token := v.Token(t, policy)
	stage := func(t *testing.T, more ...string) *harness.Stage {
		t.Helper()
		s := vaultStage(t, v, path+"/"+harness.RandomText())
		v.Policy(t, policy, readPolicy(apiPath(path)+"/*"))
		way := harness.NewForwardAt(t, "127.0.0.2", v.Address)
		way.Open(t)
		s.Env = append([]string{"VAULT_ADDR=" + way.URL(), "VAULT_TOKEN=" + token}, more...)
		return s
	}
	authority, err := os.ReadFile(v.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	for name, env := range map[string]string{"file": "VAULT_CACERT=" + v.CAFile, "bytes": "VAULT_CACERT_BYTES=" + string(authority)} {
		t.Run("authority by "+name, func(t *testing.T) {
			t.Parallel()
			s := stage(t, env, "VAULT_TLS_SERVER_NAME=localhost")
			s.Run()
			s.AwaitHealth(http.StatusOK)
			if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != 200 {
				t.Errorf("got %d %s", got.Status, got.Body)
			}
		})
	}
	t.Run("unchecked certificate", func(t *testing.T) {
		t.Parallel()
		s := stage(t, "VAULT_CACERT="+v.CAFile, "VAULT_SKIP_VERIFY=true")
		got := s.Command("run", "--config", s.Caddyfile(), "--adapter", "caddyfile")
		if got.Code == 0 || !strings.Contains(got.Stderr, "VAULT_SKIP_VERIFY") {
			t.Errorf("exit %d: %s", got.Code, got.Stderr)
		}
		harness.Evidence{"the error": got.Stderr}.Search(t, "the token", token)
	})
	t.Run("no authority", func(t *testing.T) {
		t.Parallel()
		refusesToTalk(t, stage(t, "VAULT_TLS_SERVER_NAME=localhost"), token, "not signed by a trusted authority")
	})
	t.Run("no server name", func(t *testing.T) {
		t.Parallel()
		refusesToTalk(t, stage(t, "VAULT_CACERT="+v.CAFile), token, "certificate is for another name")
	})
}

// refusesToTalk starts Ringward before a Vault that it must not trust. That is
// an outage, about which the operator learns what is wrong and no secret.
func refusesToTalk(t *testing.T, s *harness.Stage, token, why string) {
	t.Helper()
	s.Run()
	s.AwaitHealth(http.StatusServiceUnavailable)
	if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != 503 || got.Header.Get("Retry-After") == "" {
		t.Errorf("got %d %v %s", got.Status, got.Header, got.Body)
	}
	harness.Eventually(t, harness.Soon, "the log to say why", func() error {
		if !strings.Contains(s.Process.Stderr(), why) {
			return fmt.Errorf("%q is not in it", why)
		}
		return nil
	})
	evidence := harness.Evidence{
		"the log": s.Process.Stderr(), "the metrics": s.Metrics(), "the status": s.AdminGet("/ringward/status").Body,
	}
	evidence.Search(t, "the token", token)
	evidence.Search(t, "the provider's key", s.Standin.Key)
}

// TestLoginWaitsForAVaultOfTheNamedAuthority: the option ca names the only
// authority, and a certificate of another one gets no token.
func TestLoginWaitsForAVaultOfTheNamedAuthority(t *testing.T) {
	t.Parallel()
	l, roleID := appRoleStage(t, nil)
	secretID := l.secretID(t)
	l.auth("approle", "role_id "+roleID, "secret_id_file "+l.File("secret-id", secretID))
	l.Vault = strings.Replace(l.Vault, "ca "+l.vault.CAFile, "ca "+l.Standin.CAFile, 1)
	refusesToTalk(t, l.Stage, secretID, "not signed by a trusted authority")
	if n := l.logins(t); n != 0 {
		t.Errorf("%d logins", n)
	}
	l.Vault = strings.Replace(l.Vault, "ca "+l.Standin.CAFile, "ca "+l.vault.CAFile, 1)
	l.MustReload()
	l.AwaitHealth(http.StatusOK)
}

// TestLoginByTokenCannotBeRepeated: nobody can log in again with a token that is
// revoked, so the last key is used and the operator is told.
func TestLoginByTokenCannotBeRepeated(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	path, policy := unique("secret/e2e/token"), unique("token")
	s := vaultStage(t, v, path)
	s.Credential += " {\n\t\t\trefresh 500ms\n\t\t}"
	v.Policy(t, policy, readPolicy(apiPath(path)))
	token := v.Token(t, policy)
	s.Env = []string{"VAULT_TOKEN=" + token}
	s.Vault = vaultOption(v.Address, v, "token")
	s.Run()
	s.AwaitHealth(http.StatusOK)
	v.Revoke(t, token)
	awaitFailure(t, s, "denied")
	if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != 200 {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
}

// TestLoginTakesUpARenewedClientCertificate: certificates are renewed in place,
// while connections to Vault stay open for as long as Ringward refreshes.
func TestLoginTakesUpARenewedClientCertificate(t *testing.T) {
	t.Parallel()
	l, enroll := certStage(t)
	l.servesFromVault(t)
	enroll("second.ringward.example")
	l.survivesRevocation(t)
}
