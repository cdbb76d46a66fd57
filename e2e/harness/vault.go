package harness

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/vault/api"
)

// Vault is a running Vault server with KV version 2 at secret/ and version 1 at
// kv1/. It may be shared by tests that use names of their own.
type Vault struct {
	Address   string
	RootToken string
	CAFile    string

	audit   string
	process *Process
	client  *api.Client
}

// StartVault starts a Vault server that writes into dir. Stop ends it.
func StartVault(bin Binaries, dir string) (*Vault, error) {
	v := &Vault{CAFile: filepath.Join(dir, "vault-ca.pem"), audit: filepath.Join(dir, "vault-audit.jsonl")}
	var err error
	if v.process, err = launch(dir, []string{"HOME=" + dir, "TMPDIR=" + dir}, bin.Vault, "-ca-out", v.CAFile, "-audit", v.audit); err != nil {
		return nil, err
	}
	var ready struct {
		Address   string `json:"address"`
		RootToken string `json:"root_token"`
	}
	if err := v.process.awaitLine(&ready); err != nil {
		v.Stop()
		return nil, fmt.Errorf("e2e-vault: %w\n%s", err, v.process.Stderr())
	}
	v.Address, v.RootToken = ready.Address, ready.RootToken
	v.client, err = v.newClient()
	return v, err
}

func (v *Vault) newClient() (*api.Client, error) {
	config := api.DefaultConfig()
	if config.Error != nil {
		return nil, config.Error
	}
	config.Address = v.Address
	if err := config.ConfigureTLS(&api.TLSConfig{CACert: v.CAFile}); err != nil {
		return nil, err
	}
	client, err := api.NewClient(config)
	if err != nil {
		return nil, err
	}
	client.SetToken(v.RootToken)
	return client, nil
}

// Stop ends the server.
func (v *Vault) Stop() { v.process.kill() }

// Put writes a secret and returns its version: a new one at secret/, 0 at kv1/,
// which has no versions.
func (v *Vault) Put(t testing.TB, path string, data map[string]string) int {
	t.Helper()
	values := make(map[string]any, len(data))
	for name, text := range data {
		values[name] = text
	}
	mount, name, _ := strings.Cut(path, "/")
	if mount == "kv1" {
		if err := v.client.KVv1(mount).Put(t.Context(), name, values); err != nil {
			t.Fatalf("writing %s to Vault: %v", path, err)
		}
		return 0
	}
	secret, err := v.client.KVv2(mount).Put(t.Context(), name, values)
	if err != nil {
		t.Fatalf("writing %s to Vault: %v", path, err)
	}
	return secret.VersionMetadata.Version
}

// Policy writes a policy.
func (v *Vault) Policy(t testing.TB, name, rules string) {
	t.Helper()
	if err := v.client.Sys().PutPolicyWithContext(t.Context(), name, rules); err != nil {
		t.Fatalf("writing policy %s: %v", name, err)
	}
}

// Token makes a token with the policy alone.
func (v *Vault) Token(t testing.TB, policy string) string {
	t.Helper()
	secret, err := v.client.Auth().Token().CreateWithContext(t.Context(), &api.TokenCreateRequest{
		Policies: []string{policy}, TTL: "1h", NoParent: true,
	})
	if err != nil {
		t.Fatalf("making a token: %v", err)
	}
	return secret.Auth.ClientToken
}

// Revoke ends a token.
func (v *Vault) Revoke(t testing.TB, token string) {
	t.Helper()
	if err := v.client.Auth().Token().RevokeTreeWithContext(t.Context(), token); err != nil {
		t.Fatalf("revoking a token: %v", err)
	}
}

// AppRole makes a role with the policy alone, and returns what logs in to it.
func (v *Vault) AppRole(t testing.TB, role, policy string) (roleID, secretID string) {
	t.Helper()
	if err := v.enableAppRole(t.Context()); err != nil {
		t.Fatal(err)
	}
	path := "auth/approle/role/" + role
	v.write(t, path, map[string]any{"token_policies": policy, "token_no_default_policy": true, "token_ttl": "1h"})
	id, err := v.client.Logical().ReadWithContext(t.Context(), path+"/role-id")
	if err != nil {
		t.Fatal(err)
	}
	secret := v.write(t, path+"/secret-id", nil)
	roleID, _ = id.Data["role_id"].(string)
	secretID, _ = secret.Data["secret_id"].(string)
	return roleID, secretID
}

func (v *Vault) write(t testing.TB, path string, data map[string]any) *api.Secret {
	t.Helper()
	secret, err := v.client.Logical().WriteWithContext(t.Context(), path, data)
	if err != nil {
		t.Fatalf("writing %s to Vault: %v", path, err)
	}
	return secret
}

// enableAppRole mounts the auth method, unless another test has.
func (v *Vault) enableAppRole(ctx context.Context) error {
	err := v.client.Sys().EnableAuthWithOptionsWithContext(ctx, "approle", &api.EnableAuthOptions{Type: "approle"})
	if err != nil && !strings.Contains(err.Error(), "already in use") {
		return fmt.Errorf("enabling approle: %w", err)
	}
	return nil
}

// VaultRequest is a request that Vault's audit log tells of.
type VaultRequest struct{ Operation, Path string }

// Answered lists what Vault has answered to those who logged in to an AppRole,
// the logins included, as its own audit log has it.
func (v *Vault) Answered(t testing.TB, role string) []VaultRequest {
	t.Helper()
	type line struct {
		Type string
		Auth struct {
			Metadata struct {
				Role string `json:"role_name"`
			}
		}
		Request VaultRequest
	}
	var all []VaultRequest
	for _, l := range readLines[line](t, v.audit) {
		if l.Type == "response" && l.Auth.Metadata.Role == role {
			all = append(all, l.Request)
		}
	}
	return all
}

// AuditText is Vault's audit log as it stands.
func (v *Vault) AuditText(t testing.TB) string {
	t.Helper()
	text, err := os.ReadFile(v.audit)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
