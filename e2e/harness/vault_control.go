package harness

import (
	"encoding/json"
	"path"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hashicorp/vault/api"
)

// EnableAuth mounts an auth method at a mount that is free.
func (v *Vault) EnableAuth(t testing.TB, mount, kind string) {
	t.Helper()
	if err := v.client.Sys().EnableAuthWithOptionsWithContext(t.Context(), mount, &api.EnableAuthOptions{Type: kind}); err != nil {
		t.Fatalf("enabling %s: %v", kind, err)
	}
}

// Write writes to a path of Vault's API and returns the data of the answer.
func (v *Vault) Write(t testing.TB, path string, data map[string]any) map[string]any {
	t.Helper()
	if answer := v.write(t, path, data); answer != nil {
		return answer.Data
	}
	return nil
}

// Field reads one text at a path of Vault's API.
func (v *Vault) Field(t testing.TB, path, name string) string {
	t.Helper()
	answer, err := v.client.Logical().ReadWithContext(t.Context(), path)
	if err != nil || answer == nil {
		t.Fatalf("reading %s of Vault: %v", path, err)
	}
	text, _ := answer.Data[name].(string)
	return text
}

// List lists the names below a path of Vault's API.
func (v *Vault) List(t testing.TB, path string) []string {
	t.Helper()
	answer, err := v.client.Logical().ListWithContext(t.Context(), path)
	if err != nil || answer == nil {
		t.Fatalf("listing %s of Vault: %v", path, err)
	}
	var names []string
	all, _ := answer.Data["keys"].([]any)
	for _, one := range all {
		if name, ok := one.(string); ok {
			names = append(names, name)
		}
	}
	return names
}

// Wrap writes as Write does, and returns a token that gives the answer once.
func (v *Vault) Wrap(t testing.TB, path string, data map[string]any) string {
	t.Helper()
	client, err := v.newClient()
	if err != nil {
		t.Fatal(err)
	}
	client.SetWrappingLookupFunc(func(string, string) string { return "10m" })
	answer, err := client.Logical().WriteWithContext(t.Context(), path, data)
	if err != nil || answer == nil || answer.WrapInfo == nil {
		t.Fatalf("wrapping the answer of %s: %v", path, err)
	}
	return answer.WrapInfo.Token
}

// Unwrap uses a wrapping token up.
func (v *Vault) Unwrap(t testing.TB, token string) {
	t.Helper()
	client, err := v.newClient()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Logical().UnwrapWithContext(t.Context(), token); err != nil {
		t.Fatalf("unwrapping: %v", err)
	}
}

// RevokeLogins ends all tokens that were given out at a mount.
func (v *Vault) RevokeLogins(t testing.TB, mount string) {
	t.Helper()
	if err := v.client.Sys().RevokePrefixWithContext(t.Context(), "auth/"+mount+"/login"); err != nil {
		t.Fatalf("revoking the tokens of %s: %v", mount, err)
	}
}

// Count returns how many requests for a path Vault has granted to tokens with a
// policy, as its own audit log has it. A login counts for the token it gives.
func (v *Vault) Count(t testing.TB, policy, path string) int {
	t.Helper()
	type line struct {
		Type, Error string
		Auth        struct{ Policies []string }
		Request     VaultRequest
	}
	count := 0
	for _, l := range readLines[line](t, v.audit) {
		if l.Type == "response" && l.Error == "" && l.Request.Path == path && slices.Contains(l.Auth.Policies, policy) {
			count++
		}
	}
	return count
}

// kv2 splits the path of a secret of KV version 2.
func (v *Vault) kv2(secret string) (engine *api.KVv2, name string) {
	mount, name, _ := strings.Cut(secret, "/")
	return v.client.KVv2(mount), name
}

// Delete deletes the newest version of a secret, so that it can be brought back.
func (v *Vault) Delete(t testing.TB, secret string) {
	t.Helper()
	engine, name := v.kv2(secret)
	if err := engine.Delete(t.Context(), name); err != nil {
		t.Fatalf("deleting %s: %v", secret, err)
	}
}

// Undelete brings a deleted version back.
func (v *Vault) Undelete(t testing.TB, secret string, version int) {
	t.Helper()
	engine, name := v.kv2(secret)
	if err := engine.Undelete(t.Context(), name, []int{version}); err != nil {
		t.Fatalf("undeleting %s: %v", secret, err)
	}
}

// Destroy destroys a version for good.
func (v *Vault) Destroy(t testing.TB, secret string, version int) {
	t.Helper()
	engine, name := v.kv2(secret)
	if err := engine.Destroy(t.Context(), name, []int{version}); err != nil {
		t.Fatalf("destroying %s: %v", secret, err)
	}
}

// Forget removes a secret with all its versions and metadata.
func (v *Vault) Forget(t testing.TB, secret string) {
	t.Helper()
	engine, name := v.kv2(secret)
	if err := engine.DeleteMetadata(t.Context(), name); err != nil {
		t.Fatalf("removing %s: %v", secret, err)
	}
}

// Mark writes the environment into a secret's custom metadata; "" removes it.
func (v *Vault) Mark(t testing.TB, secret, environment string) {
	t.Helper()
	marks := map[string]any{}
	if environment != "" {
		marks["environment"] = environment
	}
	mount, name, _ := strings.Cut(secret, "/")
	v.write(t, path.Join(mount, "metadata", name), map[string]any{"custom_metadata": marks})
}

// Seal makes Vault refuse everything until Unseal.
func (v *Vault) Seal(t testing.TB) {
	t.Helper()
	if err := v.client.Sys().SealWithContext(t.Context()); err != nil {
		t.Fatalf("sealing: %v", err)
	}
}

// Unseal opens a sealed Vault with the key that it printed at its start.
func (v *Vault) Unseal(t testing.TB) {
	t.Helper()
	var ready struct {
		UnsealKey string `json:"unseal_key"`
	}
	line, _, _ := strings.Cut(v.process.Stdout(), "\n")
	if err := json.Unmarshal([]byte(line), &ready); err != nil {
		t.Fatal(err)
	}
	status, err := v.client.Sys().UnsealWithContext(t.Context(), ready.UnsealKey)
	if err != nil || status.Sealed {
		t.Fatalf("unsealing: %+v, %v", status, err)
	}
}

// Freeze stops the server in its tracks: it takes connections and answers none.
// Thaw lets it go on.
func (v *Vault) Freeze(t testing.TB) {
	t.Helper()
	v.process.Signal(t, syscall.SIGSTOP)
	t.Cleanup(func() { v.Thaw(t) }) // a stopped process cannot end itself
}

// Thaw lets a frozen server go on.
func (v *Vault) Thaw(t testing.TB) {
	t.Helper()
	v.process.Signal(t, syscall.SIGCONT)
}
