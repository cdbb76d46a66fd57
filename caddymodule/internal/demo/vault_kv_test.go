package demo

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
)

func TestVersionedSecretsRoundTrip(t *testing.T) {
	v, client := startVault(t)
	ctx, kv := context.Background(), client.KVv2("secret")

	if version := v.Put("secret/phone/x", map[string]string{"api_key": "one"}); version != 1 {
		t.Fatalf("Put returned version %d, want 1", version)
	}
	// The API's own spelling of the path is the same secret.
	if version := v.Put("secret/data/phone/x", map[string]string{"api_key": "two"}); version != 2 {
		t.Fatalf("Put returned version %d, want 2", version)
	}
	written, err := kv.Put(ctx, "phone/x", map[string]any{"api_key": "three", "n": 7})
	if err != nil || written.VersionMetadata.Version != 3 {
		t.Fatalf("got %+v, %v", written, err)
	}

	latest, err := kv.Get(ctx, "phone/x")
	if err != nil {
		t.Fatal(err)
	}
	wantFields(t, latest.Data, map[string]any{"api_key": "three", "n": json.Number("7")})
	if m := latest.VersionMetadata; m.Version != 3 || m.CreatedTime.IsZero() || m.Destroyed || !m.DeletionTime.IsZero() {
		t.Fatalf("got %+v", m)
	}
	first, err := kv.GetVersion(ctx, "phone/x", 1)
	if err != nil || first.Data["api_key"] != "one" {
		t.Fatalf("version 1: got %+v, %v", first, err)
	}
	if _, err := kv.GetVersion(ctx, "phone/x", 9); !errors.Is(err, api.ErrSecretNotFound) {
		t.Fatalf("a version that is not there: got %v", err)
	}
	if _, err := kv.Get(ctx, "phone/y"); !errors.Is(err, api.ErrSecretNotFound) {
		t.Fatalf("a secret that is not there: got %v", err)
	}
	if raw := latest.Raw; raw.RequestID == "" || raw.LeaseID != "" || raw.Renewable || raw.MountType != "kv" {
		t.Fatalf("envelope: got %+v", raw)
	}
}

func TestMissingSecretIsA404WithoutErrors(t *testing.T) {
	v := NewVault()
	s := serve(t, v)
	got := do(t, http.DefaultClient, http.MethodGet, s.URL()+"/v1/secret/data/none", "", http.Header{"X-Vault-Token": {v.RootToken()}})
	if got.status != http.StatusNotFound || got.body != "{\"errors\":[]}\n" {
		t.Fatalf("got %d %q", got.status, got.body)
	}
	got = do(t, http.DefaultClient, http.MethodGet, s.URL()+"/v1/secret/data/none", "", nil)
	if got.status != http.StatusForbidden || got.body != "{\"errors\":[\"permission denied\"]}\n" {
		t.Fatalf("without a token: got %d %q", got.status, got.body)
	}
}

func TestDeletedVersionIsA404WithMetadata(t *testing.T) {
	v, client := startVault(t)
	ctx, kv := context.Background(), client.KVv2("secret")
	v.Put("secret/a", map[string]string{"k": "one"})
	v.Put("secret/a", map[string]string{"k": "two"})

	gone := func(step string, version int, destroyed bool) {
		t.Helper()
		got, err := kv.GetVersion(ctx, "a", version)
		if err != nil {
			t.Fatalf("%s: %v", step, err)
		}
		if got.Data != nil || got.VersionMetadata.Destroyed != destroyed || (!destroyed && got.VersionMetadata.DeletionTime.IsZero()) {
			t.Fatalf("%s: got data %v, metadata %+v", step, got.Data, got.VersionMetadata)
		}
	}
	there := func(step string, version int) {
		t.Helper()
		if got, err := kv.GetVersion(ctx, "a", version); err != nil || got.Data == nil {
			t.Fatalf("%s: got %+v, %v", step, got, err)
		}
	}
	steps := []struct {
		name string
		do   func() error
	}{
		{"delete latest", func() error { return kv.Delete(ctx, "a") }},
		{"undelete", func() error { return kv.Undelete(ctx, "a", []int{2}) }},
		{"delete one", func() error { return kv.DeleteVersions(ctx, "a", []int{1}) }},
		{"destroy", func() error { return kv.Destroy(ctx, "a", []int{2, 77}) }},
		{"undelete destroyed", func() error { return kv.Undelete(ctx, "a", []int{2}) }},
	}
	checks := []func(string){
		func(s string) { gone(s, 2, false); there(s, 1) },
		func(s string) { there(s, 2) },
		func(s string) { gone(s, 1, false); there(s, 2) },
		func(s string) { gone(s, 2, true) },
		func(s string) { gone(s, 2, true) },
	}
	for i, step := range steps {
		if err := step.do(); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		checks[i](step.name)
	}
	if err := kv.DeleteMetadata(ctx, "a"); err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Get(ctx, "a"); !errors.Is(err, api.ErrSecretNotFound) {
		t.Fatalf("after deleting the metadata: got %v", err)
	}
}

func TestCheckAndSet(t *testing.T) {
	_, client := startVault(t)
	ctx, kv := context.Background(), client.KVv2("secret")
	if _, err := kv.Put(ctx, "a", map[string]any{"k": 1}, api.WithCheckAndSet(0)); err != nil {
		t.Fatal(err)
	}
	_, err := kv.Put(ctx, "a", map[string]any{"k": 2}, api.WithCheckAndSet(0))
	wantStatus(t, err, http.StatusBadRequest, "did not match the current version")
	if err := kv.PutMetadata(ctx, "a", api.KVMetadataPutInput{CASRequired: true}); err != nil {
		t.Fatal(err)
	}
	_, err = kv.Put(ctx, "a", map[string]any{"k": 2})
	wantStatus(t, err, http.StatusBadRequest, "check-and-set parameter required")
	// The client's patch and rollback read, change and write with a check.
	if _, err := kv.Patch(ctx, "a", map[string]any{"l": 2}); err != nil {
		t.Fatal(err)
	}
	if _, err := kv.Rollback(ctx, "a", 1); err != nil {
		t.Fatal(err)
	}
	_, err = client.Logical().Write("secret/data/a", map[string]any{"k": 1})
	wantStatus(t, err, http.StatusBadRequest, "no data provided")
}

// TestCreateAloneWritesOnce is what a key that must never be replaced needs.
func TestCreateAloneWritesOnce(t *testing.T) {
	v, client := startVault(t)
	roleID, secretID := v.AddRole(Role{Name: "service", Grants: map[string][]string{"secret/data/keys/*": {"create", "read"}}})
	login(t, client, roleID, secretID)
	ctx, kv := context.Background(), client.KVv2("secret")
	if _, err := kv.Put(ctx, "keys/a", map[string]any{"k": 1}, api.WithCheckAndSet(0)); err != nil {
		t.Fatal(err)
	}
	refused := func(what string) {
		t.Helper()
		for _, options := range [][]api.KVOption{nil, {api.WithCheckAndSet(0)}, {api.WithCheckAndSet(1)}} {
			_, err := kv.Put(ctx, "keys/a", map[string]any{"k": 2}, options...)
			if err == nil {
				t.Fatal(what + " is written over")
			}
			wantStatus(t, err, http.StatusForbidden, "permission denied")
		}
	}
	refused("what is there")
	service := client.Token()
	client.SetToken(v.RootToken())
	if err := kv.Destroy(ctx, "keys/a", []int{1}); err != nil {
		t.Fatal(err)
	}
	_, err := kv.Put(ctx, "keys/a", map[string]any{"k": 2}, api.WithCheckAndSet(0))
	wantStatus(t, err, http.StatusBadRequest, "did not match the current version")
	client.SetToken(service)
	refused("what is destroyed")
	_, err = client.Logical().List("secret/metadata/keys")
	wantStatus(t, err, http.StatusForbidden, "permission denied")
}

func TestFoldersAreListed(t *testing.T) {
	v, client := startVault(t)
	for _, path := range []string{"secret/keys/b", "secret/keys/a", "secret/keys/old/x", "secret/keys/old/y", "secret/keyring"} {
		v.Put(path, map[string]string{"k": "v"})
	}
	if err := client.KVv2("secret").Destroy(context.Background(), "keys/a", []int{1}); err != nil {
		t.Fatal(err)
	}
	for _, folder := range []string{"secret/metadata/keys", "secret/metadata/keys/"} {
		list, err := client.Logical().List(folder)
		if err != nil || fmt.Sprint(list.Data["keys"]) != "[a b old/]" {
			t.Errorf("%s: got %+v, %v", folder, list, err)
		}
	}
	if list, err := client.Logical().List("secret/metadata/none"); list != nil || err != nil {
		t.Errorf("an empty folder: got %+v, %v", list, err)
	}
	_, err := client.Logical().List("secret/data/keys")
	wantStatus(t, err, http.StatusMethodNotAllowed, "unsupported operation")
}

func TestMetadataListsVersions(t *testing.T) {
	v, client := startVault(t)
	ctx, kv := context.Background(), client.KVv2("secret")
	err := kv.PutMetadata(ctx, "a", api.KVMetadataPutInput{MaxVersions: 3, CustomMetadata: map[string]any{"owner": "signup"}})
	if err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		v.Put("secret/a", map[string]string{"k": fmt.Sprint(i)})
	}
	meta, err := kv.GetMetadata(ctx, "a")
	if err != nil {
		t.Fatal(err)
	}
	if meta.CurrentVersion != 5 || meta.OldestVersion != 3 || meta.MaxVersions != 3 || len(meta.Versions) != 3 {
		t.Fatalf("got %+v", meta)
	}
	if meta.CustomMetadata["owner"] != "signup" || meta.Versions["5"].CreatedTime.IsZero() {
		t.Fatalf("got %+v", meta)
	}
	got, err := kv.Get(ctx, "a")
	if err != nil || got.CustomMetadata["owner"] != "signup" {
		t.Fatalf("custom metadata with the secret: got %+v, %v", got, err)
	}
	if _, err := kv.GetMetadata(ctx, "none"); err == nil {
		t.Fatal("metadata of nothing")
	}
}

func TestOldVersionsAreDroppedByDefault(t *testing.T) {
	v := NewVault()
	for range 100 {
		v.Put("secret/a", map[string]string{"k": "v"})
	}
	if n := len(v.versioned["a"].versions); n != defaultMaxVersions {
		t.Fatalf("%d versions are kept, want %d", n, defaultMaxVersions)
	}
}

func TestVersionsEndAtTheirTime(t *testing.T) {
	v, client := startVault(t)
	ctx, kv := context.Background(), client.KVv2("secret")
	start := time.Now()
	if err := kv.PutMetadata(ctx, "a", api.KVMetadataPutInput{DeleteVersionAfter: time.Hour}); err != nil {
		t.Fatal(err)
	}
	v.Put("secret/a", map[string]string{"k": "v"})
	if got, err := kv.Get(ctx, "a"); err != nil || got.Data["k"] != "v" || got.VersionMetadata.DeletionTime.IsZero() {
		t.Fatalf("before: got %+v, %v", got, err)
	}
	v.SetClock(func() time.Time { return start.Add(2 * time.Hour) })
	if got, err := kv.Get(ctx, "a"); err != nil || got.Data != nil {
		t.Fatalf("after: got %+v, %v", got, err)
	}
}

func TestUnversionedSecretsRoundTrip(t *testing.T) {
	v, client := startVault(t)
	ctx, kv := context.Background(), client.KVv1("kv1")
	if version := v.Put("kv1/phone/x", map[string]string{"api_key": "one"}); version != 0 {
		t.Fatalf("Put returned version %d, want 0", version)
	}
	got, err := kv.Get(ctx, "phone/x")
	if err != nil || got.Data["api_key"] != "one" || got.Raw.LeaseDuration != 2764800 {
		t.Fatalf("got %+v, %v", got, err)
	}
	if err := kv.Put(ctx, "phone/x", map[string]any{"api_key": "two"}); err != nil {
		t.Fatal(err)
	}
	if got, err = kv.Get(ctx, "phone/x"); err != nil || got.Data["api_key"] != "two" {
		t.Fatalf("got %+v, %v", got, err)
	}
	if err := kv.Delete(ctx, "phone/x"); err != nil {
		t.Fatal(err)
	}
	if _, err = kv.Get(ctx, "phone/x"); !errors.Is(err, api.ErrSecretNotFound) {
		t.Fatalf("got %v", err)
	}
}

func TestUnversionedPathOnVersionedMountIsAWarning(t *testing.T) {
	v, client := startVault(t)
	v.Put("secret/a", map[string]string{"k": "v"})
	secret, err := client.Logical().Read("secret/a")
	if err != nil || secret == nil || secret.Data != nil || len(secret.Warnings) != 1 {
		t.Fatalf("got %+v, %v; want a secret without data, with a warning", secret, err)
	}
}

func TestUnknownMethodsAndRoutes(t *testing.T) {
	v := NewVault()
	s := serve(t, v)
	header := http.Header{"X-Vault-Token": {v.RootToken()}}
	for _, c := range []struct {
		method, path string
		status       int
	}{
		{http.MethodPatch, "/v1/secret/data/a", http.StatusMethodNotAllowed},
		{http.MethodGet, "/v1/secret/delete/a", http.StatusMethodNotAllowed},
		{http.MethodPost, "/v1/auth/token/lookup-self", http.StatusMethodNotAllowed},
		{http.MethodGet, "/v1/sys/capabilities-self", http.StatusMethodNotAllowed},
		{http.MethodGet, "/v1/nothing/here", http.StatusNotFound},
		{http.MethodGet, "/v1/secret/", http.StatusNotFound},
		{http.MethodGet, "/ui/", http.StatusNotFound},
	} {
		if got := do(t, http.DefaultClient, c.method, s.URL()+c.path, "", header); got.status != c.status {
			t.Errorf("%s %s: got %d, want %d", c.method, c.path, got.status, c.status)
		}
	}
}
