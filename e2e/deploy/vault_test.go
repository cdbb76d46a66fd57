package deploy_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/hashicorp/vault/api"

	"github.com/ringward/ringward/e2e/harness"
)

// startVault starts a Vault server, and returns it with a client that may do
// everything.
func startVault(t *testing.T) (*harness.Vault, *api.Client) {
	t.Helper()
	binary := os.Getenv("RINGWARD_E2E_VAULT")
	if binary == "" {
		t.Skip("RINGWARD_E2E_VAULT does not name the Vault server for tests: run `make test`")
	}
	server, err := harness.StartVault(harness.Binaries{Vault: binary}, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Stop)
	return server, vaultClient(t, server, server.RootToken)
}

func vaultClient(t *testing.T, server *harness.Vault, token string) *api.Client {
	t.Helper()
	config := api.DefaultConfig()
	config.Address, config.MaxRetries = server.Address, 0
	if err := config.ConfigureTLS(&api.TLSConfig{CACert: server.CAFile}); err != nil {
		t.Fatal(err)
	}
	client, err := api.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	client.SetToken(token)
	return client
}

// runReadme does what the sh blocks of vault-policies/README.md say.
func runReadme(t *testing.T, client *api.Client) {
	t.Helper()
	lines := 0
	for _, block := range blocks(read(t, "vault-policies/README.md"), "sh") {
		for line := range strings.Lines(block) {
			lines++
			if err := runVault(t, client, strings.Fields(line)); err != nil {
				t.Fatalf("%s: %v", strings.TrimSpace(line), err)
			}
		}
	}
	if lines < 7 {
		t.Fatalf("only %d lines found in the README", lines)
	}
}

// runVault is the part of the vault command that the README uses.
func runVault(t *testing.T, client *api.Client, words []string) error {
	t.Helper()
	if len(words) < 4 || words[0] != "vault" {
		return errors.New("not a vault command")
	}
	switch words[1] + " " + words[2] {
	case "policy write":
		return client.Sys().PutPolicyWithContext(t.Context(), words[3], read(t, "vault-policies/"+words[4]))
	case "auth enable":
		return client.Sys().EnableAuthWithOptionsWithContext(t.Context(), words[3], &api.EnableAuthOptions{Type: words[3]})
	}
	if words[1] != "write" {
		return fmt.Errorf("the test does not know vault %s", words[1])
	}
	data := make(map[string]any)
	for _, word := range words[3:] {
		name, value, ok := strings.Cut(word, "=")
		if !ok {
			return fmt.Errorf("not a pair: %s", word)
		}
		data[name] = value
	}
	answer, err := client.Logical().WriteWithContext(t.Context(), words[2], data)
	if err == nil && answer != nil && len(answer.Warnings) > 0 {
		err = errors.New(strings.Join(answer.Warnings, "; "))
	}
	return err
}

// putSecrets writes what the roles are about.
func putSecrets(t *testing.T, client *api.Client) {
	t.Helper()
	for _, environment := range []string{"production", "staging"} {
		for path, field := range map[string]string{"phone/%s/checkthatphone": "api_key", "phone/%s/numverify": "api_key", "ringward/%s/audit": "pseudonym_key", "ringward/%s/callers": "signup", "ringward/%s/pseudonyms/2026-11": "key"} {
			path = fmt.Sprintf(path, environment)
			if _, err := client.KVv2("secret").Put(t.Context(), path, map[string]any{field: strings.Repeat("0123456789abcdef", 4)}); err != nil {
				t.Fatal(err)
			}
			mark := api.KVMetadataPutInput{CustomMetadata: map[string]any{"environment": environment}}
			if err := client.KVv2("secret").PutMetadata(t.Context(), path, mark); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := client.KVv2("secret").Put(t.Context(), "payroll", map[string]any{"x": "y"}); err != nil {
		t.Fatal(err)
	}
}

// TestEachRoleMayDoItsWorkAndNothingElse loads the policies as the README says
// and tries them out.
func TestEachRoleMayDoItsWorkAndNothingElse(t *testing.T) {
	server, admin := startVault(t)
	runReadme(t, admin)
	putSecrets(t, admin)
	const (
		read = http.MethodGet
		list = "LIST"
		put  = http.MethodPut
		del  = http.MethodDelete
	)
	value := map[string]any{"data": map[string]any{"api_key": "written by a test"}}
	for _, tt := range []struct {
		policy, method, path string
		allowed              bool
	}{
		{"ringward-production", read, "secret/data/phone/production/checkthatphone", true},
		{"ringward-production", read, "secret/data/phone/production/numverify", true},
		{"ringward-production", read, "secret/data/ringward/production/audit", true},
		{"ringward-production", read, "secret/data/ringward/production/callers", true},
		{"ringward-production", put, "secret/data/ringward/production/callers", false},
		{"ringward-production", read, "secret/data/ringward/staging/callers", false},
		{"ringward-production", put, "secret/data/ringward/production/pseudonyms/2026-10", true}, // makes it
		{"ringward-production", put, "secret/data/ringward/production/pseudonyms/2026-11", false},
		{"ringward-production", read, "secret/data/ringward/production/pseudonyms/2026-11", true},
		{"ringward-production", del, "secret/data/ringward/production/pseudonyms/2026-11", false},
		{"ringward-production", put, "secret/destroy/ringward/production/pseudonyms/2026-11", false},
		{"ringward-production", put, "secret/undelete/ringward/production/pseudonyms/2026-11", false},
		{"ringward-production", read, "secret/metadata/ringward/production/pseudonyms/2026-11", false},
		{"ringward-production", del, "secret/metadata/ringward/production/pseudonyms/2026-11", false},
		{"ringward-production", list, "secret/metadata/ringward/production/pseudonyms", false},
		{"ringward-production", put, "secret/data/ringward/staging/pseudonyms/2026-10", false},
		{"ringward-production", read, "secret/data/ringward/staging/pseudonyms/2026-11", false},
		{"ringward-production", read, "sys/internal/ui/mounts/secret/phone/production/checkthatphone", true},
		{"ringward-production", put, "auth/token/renew-self", true},
		{"ringward-production", put, "sys/capabilities-self", true},
		{"ringward-production", put, "secret/data/phone/production/checkthatphone", false},
		{"ringward-production", del, "secret/data/phone/production/checkthatphone", false},
		{"ringward-production", read, "secret/metadata/phone/production/checkthatphone", false},
		{"ringward-production", list, "secret/metadata/phone/production", false},
		{"ringward-production", read, "secret/data/phone/production/team/checkthatphone", false},
		{"ringward-production", read, "secret/data/phone/staging/checkthatphone", false},
		{"ringward-production", read, "secret/data/ringward/staging/audit", false},
		{"ringward-production", read, "secret/data/payroll", false},
		{"ringward-production", read, "cubbyhole/x", false},
		{"ringward-production", read, "sys/policies/acl/ringward-production", false},
		{"ringward-production", put, "auth/token/create", false},
		{"ringward-staging", read, "secret/data/phone/staging/checkthatphone", true},
		{"ringward-staging", read, "secret/data/ringward/staging/audit", true},
		{"ringward-staging", read, "secret/data/phone/production/checkthatphone", false},
		{"ringward-staging", put, "secret/data/ringward/staging/pseudonyms/2026-10", true},
		{"ringward-staging", put, "secret/data/ringward/staging/pseudonyms/2026-11", false},
		{"ringward-staging", read, "secret/data/ringward/production/pseudonyms/2026-11", false},
		{"ringward-operator", put, "secret/data/phone/production/checkthatphone", true},
		{"ringward-operator", put, "secret/data/phone/staging/newprovider", true},
		{"ringward-operator", put, "secret/data/ringward/production/audit", true},
		{"ringward-operator", read, "secret/metadata/phone/production/checkthatphone", true},
		{"ringward-operator", read, "secret/data/phone/production/checkthatphone", false},
		{"ringward-operator", read, "secret/data/ringward/production/audit", false},
		{"ringward-operator", del, "secret/data/phone/production/checkthatphone", false},
		{"ringward-operator", del, "secret/metadata/phone/production/checkthatphone", false},
		{"ringward-operator", put, "secret/destroy/phone/production/checkthatphone", false},
		{"ringward-operator", put, "secret/data/payroll", false},
		{"ringward-operator", put, "secret/data/ringward/production/callers", false},
		{"ringward-operator", put, "secret/data/ringward/production/limits", true},
		{"ringward-operator", read, "secret/data/ringward/production/callers", false},
		{"ringward-operator", put, "secret/data/ringward/production/pseudonyms/2026-10", false},
		{"ringward-operator", read, "secret/data/ringward/production/pseudonyms/2026-11", false},
		{"ringward-privacy", list, "secret/metadata/ringward/production/pseudonyms", true},
		{"ringward-privacy", list, "secret/metadata/ringward/production", false},
		{"ringward-privacy", read, "secret/metadata/ringward/production/pseudonyms/2026-11", true},
		{"ringward-privacy", read, "secret/data/ringward/staging/pseudonyms/2026-11", true},
		{"ringward-privacy", put, "secret/destroy/ringward/staging/pseudonyms/2026-11", true},
		{"ringward-privacy", put, "secret/data/ringward/production/pseudonyms/2026-11", false},
		{"ringward-privacy", put, "secret/data/ringward/production/pseudonyms/2026-12", false},
		{"ringward-privacy", del, "secret/data/ringward/production/pseudonyms/2026-11", false},
		{"ringward-privacy", del, "secret/metadata/ringward/production/pseudonyms/2026-11", false},
		{"ringward-privacy", put, "secret/metadata/ringward/production/pseudonyms/2026-11", false},
		{"ringward-privacy", read, "secret/data/ringward/production/audit", false},
		{"ringward-privacy", read, "secret/data/ringward/production/callers", false},
		{"ringward-privacy", read, "secret/data/phone/production/checkthatphone", false},
		{"ringward-callers", put, "secret/data/ringward/production/callers", true},
		{"ringward-callers", read, "secret/data/ringward/production/callers", true},
		{"ringward-callers", read, "secret/metadata/ringward/production/callers", true},
		{"ringward-callers", del, "secret/data/ringward/production/callers", false},
		{"ringward-callers", read, "secret/data/ringward/production/audit", false},
		{"ringward-callers", put, "secret/data/ringward/production/audit", false},
		{"ringward-callers", read, "secret/data/phone/production/checkthatphone", false},
	} {
		t.Run(tt.policy+" "+tt.method+" "+tt.path, func(t *testing.T) {
			client := vaultClient(t, server, tokenFor(t, admin, tt.policy))
			err := try(t, client, tt.method, tt.path, value)
			var answer *api.ResponseError
			denied := errors.As(err, &answer) && answer.StatusCode == http.StatusForbidden
			if err != nil && !denied {
				t.Fatalf("neither allowed nor denied: %v", err)
			}
			if denied == tt.allowed {
				t.Errorf("allowed is %v", !denied)
			}
		})
	}
}

// tokenFor makes a token with the policy and, as the roles have it, without
// Vault's default policy.
func tokenFor(t *testing.T, admin *api.Client, policy string) string {
	t.Helper()
	secret, err := admin.Auth().Token().CreateWithContext(t.Context(), &api.TokenCreateRequest{
		Policies: []string{policy}, NoDefaultPolicy: true, TTL: "5m",
	})
	if err != nil {
		t.Fatal(err)
	}
	return secret.Auth.ClientToken
}

func try(t *testing.T, client *api.Client, method, path string, value map[string]any) error {
	t.Helper()
	request := client.NewRequest(method, "/v1/"+path)
	if method == http.MethodPut {
		switch {
		case strings.HasPrefix(path, "secret/destroy/"):
			value = map[string]any{"versions": []int{1}}
		case path == "sys/capabilities-self":
			value = map[string]any{"paths": []string{"secret/data/x"}}
		case strings.HasPrefix(path, "auth/token/"):
			value = map[string]any{}
		}
		if err := request.SetJSONBody(value); err != nil {
			return err
		}
	}
	resp, err := client.RawRequestWithContext(t.Context(), request) //nolint:staticcheck // the one call that takes any method
	if resp != nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
	}
	return err
}

// TestRingwardIsReadyWithTheProductionRole logs in by AppRole as the README
// sets it up, and waits until every secret is loaded.
func TestRingwardIsReadyWithTheProductionRole(t *testing.T) {
	server, admin := startVault(t)
	runReadme(t, admin)
	putSecrets(t, admin)
	dir := t.TempDir()
	role, err := admin.Logical().ReadWithContext(t.Context(), "auth/approle/role/ringward-production/role-id")
	if err != nil {
		t.Fatal(err)
	}
	wrapping := vaultClient(t, server, server.RootToken)
	wrapping.SetWrappingLookupFunc(func(string, string) string { return "10m" })
	wrapped, err := wrapping.Logical().WriteWithContext(t.Context(), "auth/approle/role/ringward-production/secret-id", nil)
	if err != nil {
		t.Fatal(err)
	}
	secretID := filepath.Join(dir, "secret-id")
	if err := os.WriteFile(secretID, []byte(wrapped.WrapInfo.Token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	port := harness.FreePort(t)
	config, _ := adapt(t, `{
	admin off
	persist_config off
	storage file_system `+dir+`
	ringward {
		environment production
		vault `+server.Address+` {
			auth approle `+role.Data["role_id"].(string)+` {
				secret_id_file `+secretID+`
				secret_id_wrapped
			}
			ca `+server.CAFile+`
		}
		audit file `+dir+`/audit.jsonl {
			pseudonym_key vault secret/ringward/production/audit pseudonym_key
		}
	}
}
http://:`+port+` {
	bind 127.0.0.1
	ringward_health /ready
	ringward checkthatphone {
		credential vault secret/phone/production/checkthatphone api_key
		anonymous
	}
}
`)
	t.Cleanup(func() { _ = caddy.Stop() })
	if err := caddy.Load(config, true); err != nil {
		t.Fatal(err)
	}
	waitForReady(t, port)
}
