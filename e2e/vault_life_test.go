package e2e

import (
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// usesKey waits until a lookup reaches the provider with a key.
func usesKey(t *testing.T, s *harness.Stage, key string) {
	t.Helper()
	harness.Eventually(t, harness.Soon, "the new key to be used", func() error {
		if got := s.Lookup(s.Full.Key, harness.Number); got.Status != 200 {
			return fmt.Errorf("got %d %s", got.Status, got.Body)
		}
		received := s.Standin.Received(t)
		if received[len(received)-1].Headers.Get("Authorization") != "Bearer "+key {
			return errors.New("the provider still gets another key")
		}
		return nil
	})
}

// TestRotationLosesNothing rotates as it is done: both keys work for a while,
// and then the new one alone.
func TestRotationLosesNothing(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	path := unique("secret/e2e/rotation")
	s := vaultStage(t, v, path)
	s.Credential += " {\n\t\t\trefresh 1s\n\t\t}"
	logIn(t, s, v, readPolicy(apiPath(path)))
	s.Run()
	next := harness.ProviderKey()
	loadRunning(t, s, func() {
		s.Standin.SetKeys(t, s.Provider, s.Standin.Key, next)
		v.Put(t, path, map[string]string{"api_key": next})
		harness.Eventually(t, harness.Soon, "the new version to be used", func() error {
			if !strings.Contains(s.AdminGet("/ringward/status").Body, `"version":2`) {
				return errors.New("the old one is in use")
			}
			return nil
		})
		s.Standin.SetKeys(t, s.Provider, next)
	})
	got := s.Lookup(s.Minimal.Key, harness.Number)
	if got.Status != 200 || s.Entry(got).CredentialVersion != 2 {
		t.Errorf("got %d %s, audited as %+v", got.Status, got.Body, s.Entry(got))
	}
}

// TestRefusedKeyIsFetchedAnew: when the provider refuses a key, Vault is asked
// at once, not at the next refresh, which is far away here.
func TestRefusedKeyIsFetchedAnew(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	path := unique("secret/e2e/refused")
	s := vaultStage(t, v, path)
	s.Credential += " {\n\t\t\trefresh 20m\n\t\t}"
	logIn(t, s, v, readPolicy(apiPath(path)))
	s.Run()
	next := harness.ProviderKey()
	v.Put(t, path, map[string]string{"api_key": next})
	s.Standin.SetKeys(t, s.Provider, next)
	got := s.Lookup(s.Minimal.Key, harness.Number)
	if e := s.Entry(got); got.Status != 200 || e.UpstreamCalls != 2 || e.CredentialVersion != 2 {
		t.Errorf("got %d %s, audited as %+v", got.Status, got.Body, e)
	}
	// A key that is bad for good is not asked for at every request.
	s.Standin.SetKeys(t, s.Provider, "another")
	before := s.Standin.Calls(t, s.Provider)
	for range 5 {
		if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != 502 {
			t.Errorf("with a key that is bad for good: got %d %s", got.Status, got.Body)
		}
	}
	if calls := s.Standin.Calls(t, s.Provider) - before; calls > 10 {
		t.Errorf("5 lookups made %d calls", calls)
	}
}

// TestTokenFileIsReadAgain is Vault Agent putting a new token in its sink.
func TestTokenFileIsReadAgain(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	path := unique("secret/e2e/sink")
	s := vaultStage(t, v, path)
	s.Credential += " {\n\t\t\trefresh 1s\n\t\t}"
	logIn(t, s, v, readPolicy(apiPath(path)))
	s.Run()
	first := strings.TrimSpace(s.Read("vault-token"))
	second := unique("second")
	v.Policy(t, second, readPolicy(apiPath(path)))
	s.File("vault-token", v.Token(t, second))
	v.Revoke(t, first)
	next := harness.ProviderKey()
	s.Standin.SetKeys(t, s.Provider, s.Standin.Key, next)
	v.Put(t, path, map[string]string{"api_key": next})
	usesKey(t, s, next)
}

// TestReadyWhenVaultIs follows Vault's availability: not there at the start,
// there, and away for longer than the key may be used.
func TestReadyWhenVaultIs(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	path := unique("secret/e2e/outage")
	s := vaultStage(t, v, path)
	logIn(t, s, v, readPolicy(apiPath(path)))
	way := harness.NewForward(t, v.Address)
	s.Vault = strings.Replace(s.Vault, v.Address, way.URL(), 1)
	s.Credential += " {\n\t\t\trefresh 1s\n\t\t\tmax_stale 2s\n\t\t}"
	s.Run()

	refused := func(when string) {
		t.Helper()
		s.AwaitHealth(http.StatusServiceUnavailable)
		before := s.Standin.Calls(t, s.Provider)
		got := s.Lookup(s.Minimal.Key, harness.Number)
		if got.Status != 503 || got.Header.Get("Retry-After") == "" || s.Standin.Calls(t, s.Provider) != before {
			t.Errorf("%s: got %d %v %s", when, got.Status, got.Header, got.Body)
		}
		if e := s.Entry(got); e.Reason != "credential_unavailable" || e.UpstreamCalls != 0 {
			t.Errorf("%s: audited as %+v", when, e)
		}
		if status := s.AdminGet("/ringward/status").JSON(t); status["ready"] != false {
			t.Errorf("%s: the status is %v", when, status)
		}
	}
	served := func(when string) {
		t.Helper()
		s.AwaitHealth(http.StatusOK)
		harness.Eventually(t, harness.Soon, when, func() error {
			if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != 200 {
				return fmt.Errorf("got %d %s", got.Status, got.Body)
			}
			return nil
		})
	}
	refused("before Vault is there")
	way.Open(t)
	served("once Vault is there")
	way.Close()
	refused("when the key is stale")
	way.Open(t)
	served("after the outage")
}

// TestOutageOfVaultCostsNothingWhileTheKeyIsFresh: Vault is not on the path of
// a request.
func TestOutageOfVaultCostsNothingWhileTheKeyIsFresh(t *testing.T) {
	t.Parallel()
	v := realVault(t)
	path := unique("secret/e2e/away")
	s := vaultStage(t, v, path)
	logIn(t, s, v, readPolicy(apiPath(path)))
	way := harness.NewForward(t, v.Address)
	way.Open(t)
	s.Vault = strings.Replace(s.Vault, v.Address, way.URL(), 1)
	s.Credential += " {\n\t\t\trefresh 1s\n\t\t}"
	s.Run()
	s.AwaitHealth(http.StatusOK)
	way.Close()
	harness.Eventually(t, harness.Soon, "a refresh to fail", func() error {
		if !strings.Contains(s.AdminGet("/ringward/status").Body, `"last_error":"unavailable"`) {
			return errors.New("none has")
		}
		return nil
	})
	if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != 200 {
		t.Errorf("got %d %s", got.Status, got.Body)
	}
	s.AwaitHealth(http.StatusOK)
	failures := regexp.MustCompile(`(?m)^ringward_credential_failed_refreshes\{credential="checkthatphone".*\} [1-9]`)
	harness.Eventually(t, harness.Soon, "metrics and log to tell of it", func() error {
		if !failures.MatchString(s.Metrics()) || !strings.Contains(s.Process.Stderr(), "credential_refresh_failed") {
			return errors.New("they do not")
		}
		return nil
	})
	// A reload during the outage keeps the key that there is.
	s.Route = "timeout 5s"
	s.MustReload()
	if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != 200 {
		t.Errorf("after a reload: got %d %s", got.Status, got.Body)
	}
}
