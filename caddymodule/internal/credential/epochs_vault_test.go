package credential_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/credential"
	"github.com/ringward/ringward/e2e/harness"
)

const epochFolder = "secret/ringward/production/pseudonyms"

// startRealVault starts a Vault server with the policies that Ringward ships.
func startRealVault(t *testing.T) *harness.Vault {
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
	for _, policy := range []string{"ringward-production", "ringward-privacy"} {
		rules, err := os.ReadFile(filepath.Join("..", "..", "..", "vault-policies", policy+".hcl"))
		if err != nil {
			t.Fatal(err)
		}
		server.Policy(t, policy, string(rules))
	}
	return server
}

// sessionFor opens a session with a new token of a policy.
func sessionFor(t *testing.T, server *harness.Vault, policy string) *credential.Session {
	t.Helper()
	session, err := credential.NewSession(credential.SessionConfig{
		Address: server.Address, CAFile: server.CAFile,
		Auth: credential.AuthConfig{Method: credential.MethodToken, Token: credential.SecretFromString(server.Token(t, policy))},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	return session
}

// load makes a replica that is loaded at a moment.
func load(t *testing.T, session *credential.Session, folder string, at time.Time) (*credential.Epochs, error) {
	t.Helper()
	epochs, err := credential.NewEpochs(credential.EpochsConfig{
		Session: session, Path: folder, Environment: "production", Now: func() time.Time { return at },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(epochs.Close)
	return epochs, epochs.Load(t.Context())
}

// TestEpochKeysInARealVault goes through the life of the keys with the policies
// that Ringward ships: one for the service, one for whoever forgets epochs.
func TestEpochKeysInARealVault(t *testing.T) {
	server := startRealVault(t)
	at := time.Date(2026, 12, 31, 12, 0, 0, 0, time.UTC)

	// A token that may update too is refused by check-and-set, not by its policy.
	server.Policy(t, "wide", `path "secret/data/ringward/production/pseudonyms/+" { capabilities = ["create", "read", "update"] }`)
	const replicas = 8
	var held [replicas]*credential.EpochKey
	var wg sync.WaitGroup
	for i := range held {
		session := sessionFor(t, server, []string{"ringward-production", "wide"}[i%2])
		wg.Go(func() {
			epochs, err := load(t, session, epochFolder, at)
			if err == nil {
				held[i], err = epochs.Current()
			}
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if t.Failed() {
		t.FailNow()
	}
	for _, key := range held {
		if key.Name != "2026-12" || !key.Created.Equal(held[0].Created) || !key.Secret.Equal(held[0].Secret) {
			t.Fatal("the replicas have different keys")
		}
	}

	service := sessionFor(t, server, "ringward-production")
	servicesKeys, err := credential.NewEpochKeys(service, epochFolder, "production")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := servicesKeys.List(t.Context()); !errors.Is(err, credential.ErrDenied) {
		t.Errorf("the service lists: %v", err)
	}
	if err := servicesKeys.Destroy(t.Context(), "2026-12"); !errors.Is(err, credential.ErrDenied) {
		t.Errorf("the service destroys: %v", err)
	}

	keys, err := credential.NewEpochKeys(sessionFor(t, server, "ringward-privacy"), epochFolder, "production")
	if err != nil {
		t.Fatal(err)
	}
	list, err := keys.List(t.Context())
	if err != nil || len(list) != 2 || list[0].Name != "2026-12" || list[1].Name != "2027-01" {
		t.Fatalf("got %v, %v", list, err)
	}
	if key, err := keys.Read(t.Context(), "2026-12"); err != nil || !key.Secret.Equal(held[0].Secret) {
		t.Fatalf("the key that Vault has is not the one in use: %v", err)
	}
	if _, err := keys.Read(t.Context(), "2026-10"); !errors.Is(err, credential.ErrNotFound) {
		t.Errorf("the key of an epoch that never was: %v", err)
	}
	if err := keys.Destroy(t.Context(), "2026-10"); !errors.Is(err, credential.ErrNotFound) {
		t.Errorf("destroyed what never was: %v", err)
	}
	for range 2 {
		if err := keys.Destroy(t.Context(), "2026-12"); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := keys.Read(t.Context(), "2026-12"); !errors.Is(err, credential.ErrDeleted) {
		t.Errorf("a destroyed key: %v", err)
	}
	if list, err := keys.List(t.Context()); err != nil || len(list) != 2 {
		t.Errorf("the destroyed key has left no trace: %v, %v", list, err)
	}
	if _, err := load(t, service, epochFolder, at); !errors.Is(err, credential.ErrDeleted) {
		t.Errorf("an epoch is used again after it was forgotten: %v", err)
	}
	if epochs, err := load(t, service, epochFolder, at.AddDate(0, 0, 1)); err != nil || epochs.Ready() != nil {
		t.Errorf("the epoch after it: %v", err)
	}
}

func TestEpochKeysThatARealVaultRefuses(t *testing.T) {
	server := startRealVault(t)
	server.Policy(t, "reader", `path "secret/data/ringward/production/pseudonyms/+" { capabilities = ["read"] }`)
	server.Policy(t, "old", `path "kv1/*" { capabilities = ["create", "read", "update", "list"] }`)
	for _, c := range []struct {
		policy, folder string
		want           error
		says           string
	}{
		{"reader", epochFolder, credential.ErrDenied, `grant "create" on secret/data/ringward/production/pseudonyms/2026-11`},
		{"ringward-production", "secret/ringward/staging/pseudonyms", credential.ErrDenied, `grant "read" on secret/data/ringward/staging/pseudonyms/2026-11`},
		{"old", "kv1/pseudonyms", credential.ErrInvalid, "KV version 1"},
	} {
		_, err := load(t, sessionFor(t, server, c.policy), c.folder, time.Date(2026, 11, 29, 0, 0, 0, 0, time.UTC))
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: got %v", c.policy, err)
		}
	}
}
