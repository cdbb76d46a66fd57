package faults

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// refresh is how often Ringward reads its secret here.
const refresh = 500 * time.Millisecond

// Where the secret is, and the policy that allows to read it.
const (
	secretPath = "secret/e2e/faults"
	policyName = "faults"
	mayRead    = `path "secret/data/e2e/faults" { capabilities = ["read"] }`
	mayNothing = `path "secret/data/e2e/nothing" { capabilities = ["read"] }`
)

// vaultRig is a Ringward that reaches a Vault of its own through a port.
type vaultRig struct {
	*Rig
	vault *harness.Vault
	way   *harness.Forward
}

// newVaultRig runs a Ringward whose key is good for maxStale without Vault.
func newVaultRig(t *testing.T, maxStale time.Duration) *vaultRig {
	t.Helper()
	if bin.Vault == "" {
		t.Skip("NO FAULTS OF VAULT ARE TESTED: there is no Vault server. Build one with `make e2e-vault`, or name one in RINGWARD_E2E_VAULT")
	}
	vault, err := harness.StartVault(bin, harness.ShortDir(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(vault.Stop)
	v := &vaultRig{vault: vault, way: harness.NewForward(t, vault.Address)}
	s := harness.NewStage(t, bin, "checkthatphone")
	vault.Put(t, secretPath, map[string]string{"api_key": s.Standin.Key})
	vault.Policy(t, policyName, mayRead)
	s.Credential = fmt.Sprintf("vault %s api_key {\n refresh %s\n max_stale %s\n }", secretPath, refresh, maxStale)
	s.Vault = fmt.Sprintf("vault %s {\n ca %s\n auth token_file %s\n }", v.way.URL(), vault.CAFile, s.File("vault-token", vault.Token(t, policyName)))
	v.way.Open(t)
	v.Rig = NewRig(t, "Vault", s, *phase)
	return v
}

var failures = regexp.MustCompile(`"failures":[1-9]`)

// awaitRefresh waits until a read of Vault has failed in a way, or, for "", has
// succeeded.
func (v *vaultRig) awaitRefresh(t *testing.T, kind string) {
	t.Helper()
	harness.Eventually(t, harness.Soon, "a refresh to end as "+cmp.Or(kind, "it should"), func() error {
		status := v.AdminGet("/ringward/status").Body
		works := !failures.MatchString(status)
		if works != (kind == "") || !works && !strings.Contains(status, `"last_error":"`+kind+`"`) {
			return errors.New(status)
		}
		return nil
	})
}

// failing completes a fault whose reads fail in a way.
func (v *vaultRig) failing(t *testing.T, f Fault, kind string) Fault {
	t.Helper()
	breakIt, mend := f.Break, f.Mend
	f.Break = func() {
		breakIt()
		v.awaitRefresh(t, kind)
	}
	f.Mend = func() {
		mend()
		v.awaitRefresh(t, "")
	}
	return f
}

// TestVaultFaults: no lookup waits for Vault, or notices it, while the key is
// fresh.
func TestVaultFaults(t *testing.T) { //nolint:paralleltest // it measures times
	v := newVaultRig(t, time.Hour)
	open := func() { v.way.Open(t) }
	put := func(key string) func() {
		return func() { v.vault.Put(t, secretPath, map[string]string{"api_key": key}) }
	}
	v.Run(v.failing(t, Fault{Name: "down", Break: v.way.Close, Mend: open}, "unavailable"))
	v.Run(v.failing(t, Fault{Name: "sealed", Break: func() { v.vault.Seal(t) }, Mend: func() { v.vault.Unseal(t) }}, "unavailable"))
	v.Run(Fault{
		Name:  "slow, 0.5 s a packet",
		Break: func() { v.way.Slow(500 * time.Millisecond) }, Mend: func() { v.way.Slow(0) },
	})
	v.Run(Fault{Name: "hanging", Break: func() { v.vault.Freeze(t) }, Mend: func() { v.vault.Thaw(t) }})
	v.Run(v.failing(t, Fault{
		Name:  "403, the policy is gone",
		Break: func() { v.vault.Policy(t, policyName, mayNothing) }, Mend: func() { v.vault.Policy(t, policyName, mayRead) },
	}, "denied"))
	v.Run(v.failing(t, Fault{Name: "wrong data, an empty key", Break: put(""), Mend: put(v.Standin.Key)}, "empty"))
	v.Run(v.failing(t, Fault{Name: "wrong data, a key with a line end", Break: put("pasted\n"), Mend: put(v.Standin.Key)}, "invalid"))
}

// TestStaleKeyFaults: a key that is too old is not used.
func TestStaleKeyFaults(t *testing.T) { //nolint:paralleltest // it measures times
	v := newVaultRig(t, 2*time.Second)
	v.Run(v.failing(t, Fault{
		Name: "down, past `max_stale`", Seen: []int{http.StatusServiceUnavailable},
		Break: v.way.Close, Mend: func() { v.way.Open(t) },
		During: func() { v.AwaitHealth(http.StatusServiceUnavailable); time.Sleep(phaseOf(*phase)) }, // as of any fault
	}, "unavailable"))
}

// TestRotationFaults rotates once a second. The provider takes both keys for
// one refresh interval, as those do that know rotations.
func TestRotationFaults(t *testing.T) { //nolint:paralleltest // it measures times
	v := newVaultRig(t, time.Hour)
	key := v.Standin.Key
	v.Run(Fault{
		Name: "the key is rotated every second", Break: func() {}, Mend: func() {},
		During: func() {
			for range max(3, int(phaseOf(*phase).Seconds())) {
				next := harness.ProviderKey()
				v.Allow(next)
				v.Standin.SetKeys(t, v.Provider, key, next)
				v.vault.Put(t, secretPath, map[string]string{"api_key": next})
				time.Sleep(refresh + refresh/10 + 450*time.Millisecond) // the time is what is promised
				v.Retire(key, v.Standin.Calls(t, v.Provider))
				v.Standin.SetKeys(t, v.Provider, next)
				key = next
			}
		},
	})
}
