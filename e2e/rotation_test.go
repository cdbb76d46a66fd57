package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

const (
	// refetchInterval is the least time between two reads of Vault that refused
	// keys cause, as docs/operations.md has it.
	refetchInterval = 5 * time.Second

	// rotationSlack is added to a refresh interval: for the read of Vault
	// itself, and for lookups in flight, on a machine that does other work too.
	rotationSlack = 500 * time.Millisecond
)

// noneFailed fails the test when a lookup of the load did, and returns how many
// calls the provider refused: each lookup makes one call that it accepts.
func noneFailed(t *testing.T, s *harness.Stage, outcomes []harness.Outcome) (refused int) {
	t.Helper()
	failed := 0
	for _, o := range outcomes {
		if o.Failed() {
			if failed++; failed <= 3 {
				t.Errorf("a lookup got %d %s, %v", o.Status, o.Body, o.Err)
			}
		}
	}
	if failed > 0 {
		t.Errorf("%d of %d lookups failed", failed, len(outcomes))
	}
	return s.Standin.Calls(t, s.Provider) - len(outcomes)
}

// awaitVersion waits until the status tells of a version.
func awaitVersion(t *testing.T, s *harness.Stage, version int) {
	t.Helper()
	harness.Eventually(t, harness.Soon, fmt.Sprintf("version %d", version), func() error {
		credentials, _ := s.AdminGet("/ringward/status").JSON(t)["credentials"].([]any)
		for _, c := range credentials {
			if c, ok := c.(map[string]any); ok && c["name"] == s.Provider && c["version"] == float64(version) {
				return nil
			}
		}
		return errors.New("another one is in use")
	})
}

// bearers lists the keys that reached the provider, oldest first.
func bearers(t *testing.T, s *harness.Stage) []string {
	t.Helper()
	var keys []string
	for _, r := range s.Standin.Received(t) {
		keys = append(keys, strings.TrimPrefix(r.Headers.Get("Authorization"), "Bearer "))
	}
	return keys
}

// countOf counts the keys among those sent.
func countOf(sent []string, keys ...string) int {
	n := 0
	for _, key := range sent {
		if slices.Contains(keys, key) {
			n++
		}
	}
	return n
}

// rotatingStage is a running stage whose key is in the real Vault.
func rotatingStage(t *testing.T, refresh string) (s *harness.Stage, v *harness.Vault, path, role string) {
	t.Helper()
	v = realVault(t)
	role = unique("rotating")
	path = "secret/e2e/" + role
	s = vaultStage(t, v, path)
	s.Credential += " {\n\t\t\trefresh " + refresh + "\n\t\t}"
	s.Vault = vaultOption(v.Address, v, appRole(t, s, v, role, readPolicy(apiPath(path))))
	s.Run()
	s.AwaitHealth(http.StatusOK)
	return s, v, path, role
}

// retired is a key that the provider accepts no more.
type retired struct {
	key     string
	version int
	put     time.Time // when Vault got the key after it: not before
	due     time.Time // when nobody may use it any more
	calls   int       // that had reached the provider by then
}

// TestTwentyRotationsUnderLoadLoseNothing rotates as it is done: the provider
// accepts both keys, and one refresh interval later the new one alone. Nothing
// runs beside it: it measures a rate.
func TestTwentyRotationsUnderLoadLoseNothing(t *testing.T) { //nolint:paralleltest // see above
	const (
		rotations = 20
		workers   = 16
		wantRate  = 200
		refresh   = 500 * time.Millisecond
	)
	s, v, path, _ := rotatingStage(t, refresh.String())
	l := harness.StartLoad(t, s, workers, wantRate*5/4)
	l.AwaitAnswers(t, wantRate)

	var old []retired
	key := s.Standin.Key
	for i := range rotations {
		next := harness.ProviderKey()
		s.Standin.SetKeys(t, s.Provider, key, next)
		r := retired{key: key, version: i + 1, put: time.Now()}
		v.Put(t, path, map[string]string{"api_key": next})
		r.due = time.Now().Add(refresh*11/10 + rotationSlack) // a refresh may be a tenth late
		time.Sleep(time.Until(r.due))                         // the time is what is promised
		r.calls = s.Standin.Calls(t, s.Provider)
		s.Standin.SetKeys(t, s.Provider, next)
		old, key = append(old, r), next
		l.AwaitAnswers(t, 20) // with the new key alone
	}
	outcomes, rate := l.Finish()

	refused := noneFailed(t, s, outcomes)
	if refused != 0 {
		t.Errorf("the provider refused %d calls", refused)
	}
	if rate < wantRate {
		t.Errorf("%.0f lookups/s, want %d at least", rate, wantRate)
	}
	late := usesWhenDead(t, s, old)
	if late != 0 {
		t.Errorf("%d calls were made with a dead key", late)
	}
	awaitVersion(t, s, rotations+1)
	t.Logf("%d lookups, %.0f/s, %d rotations, %d calls refused, %d with a dead key; a new key was in use after %s at most; p50 %s, p99 %s, longest %s",
		len(outcomes), rate, len(old), refused, late, longestUse(t, s, old).Round(time.Millisecond),
		harness.Percentile(outcomes, 50), harness.Percentile(outcomes, 99), harness.Percentile(outcomes, 100))
}

// usesWhenDead counts the calls in the provider's record that were made with a
// key after its time.
func usesWhenDead(t *testing.T, s *harness.Stage, old []retired) int {
	t.Helper()
	sent, n := bearers(t, s), 0
	for _, r := range old {
		if countOf(sent[:r.calls], r.key) == 0 {
			t.Errorf("version %d was never used", r.version)
		}
		n += countOf(sent[r.calls:], r.key)
	}
	return n
}

// longestUse is the longest time for which Ringward used a version after the
// next one was in Vault, by the audit log. It fails the test for those who came
// too late to be served with it.
func longestUse(t *testing.T, s *harness.Stage, old []retired) time.Duration {
	t.Helper()
	last := make(map[int]time.Time) // when the last caller came, by version
	for line := range strings.Lines(s.Read("audit.jsonl")) {
		var e struct {
			Time    time.Time
			Version int `json:"credential_version"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Time.After(last[e.Version]) {
			last[e.Version] = e.Time
		}
	}
	var longest time.Duration
	for _, r := range old {
		if last[r.version].After(r.due) {
			t.Errorf("version %d was used %s too long", r.version, last[r.version].Sub(r.due))
		}
		longest = max(longest, last[r.version].Sub(r.put))
	}
	return longest
}

// switchTo gives Vault a new key and lets the provider forget all others.
func switchTo(t *testing.T, s *harness.Stage, v *harness.Vault, path, key string) {
	t.Helper()
	v.Put(t, path, map[string]string{"api_key": key})
	s.Standin.SetKeys(t, s.Provider, key)
}

// readsOf counts how often Vault gave the secret to a role.
func readsOf(t *testing.T, v *harness.Vault, role, path string) (n int) {
	t.Helper()
	for _, r := range v.Answered(t, role) {
		if r.Path == apiPath(path) {
			n++
		}
	}
	return n
}

// TestKeyThatDiesAtOnceLosesNothing is a provider that knows no overlap, with a
// refresh that is far away: the lookups that it refuses wait for one read of
// Vault, and are sent again.
func TestKeyThatDiesAtOnceLosesNothing(t *testing.T) {
	t.Parallel()
	const workers = 8
	s, v, path, role := rotatingStage(t, "20m")
	l := harness.StartLoad(t, s, workers, 100)
	l.AwaitAnswers(t, 50)
	switchTo(t, s, v, path, harness.ProviderKey())
	awaitVersion(t, s, 2)
	l.AwaitAnswers(t, 100)
	outcomes, _ := l.Finish()
	refused, reads := noneFailed(t, s, outcomes), readsOf(t, v, role, path)
	if refused < 1 || refused > workers { // no more than were in flight
		t.Errorf("%d calls were refused, want 1 to %d", refused, workers)
	}
	if reads != 2 {
		t.Errorf("%d reads of Vault, want one at the start and one for all who were refused", reads)
	}
	t.Logf("%d lookups, 0 may fail, %d calls refused, longest %s", len(outcomes), refused, harness.Percentile(outcomes, 100))
}

// TestSecondSwitchIsMetWithinFiveSeconds: refused keys make Ringward read Vault
// every 5 s at most. So callers may get 502 when a key dies without overlap so
// soon after another, but no longer than that.
func TestSecondSwitchIsMetWithinFiveSeconds(t *testing.T) {
	t.Parallel()
	const workers = 8
	s, v, path, role := rotatingStage(t, "20m")
	switchTo(t, s, v, path, harness.ProviderKey())
	if got := s.Lookup(s.Minimal.Key, harness.Number); got.Status != http.StatusOK {
		t.Fatalf("the first switch: got %d %s", got.Status, got.Body)
	}
	read := time.Now() // or a little earlier
	calls := s.Standin.Calls(t, s.Provider)

	l := harness.StartLoad(t, s, workers, 100)
	l.AwaitAnswers(t, 20)
	switchTo(t, s, v, path, harness.ProviderKey())
	awaitVersion(t, s, 3)
	l.AwaitAnswers(t, 100)
	outcomes, _ := l.Finish()
	calls = s.Standin.Calls(t, s.Provider) - calls

	failed, last := 0, time.Duration(0)
	for _, o := range outcomes {
		since := o.Begun.Sub(read)
		if !o.Failed() {
			continue
		}
		failed, last = failed+1, max(last, since)
		if o.Status != http.StatusBadGateway || since > refetchInterval {
			t.Errorf("%s after the read of Vault a lookup got %d %s, %v", since, o.Status, o.Body, o.Err)
		}
	}
	// Each lookup makes one call. Those in flight when the key dies may make one
	// more, with the version before, and those in flight when Vault is read too.
	if calls > len(outcomes)+2*workers {
		t.Errorf("%d lookups made %d calls", len(outcomes), calls)
	}
	if reads := readsOf(t, v, role, path); reads != 3 {
		t.Errorf("%d reads of Vault, want one at the start and one for each switch", reads)
	}
	t.Logf("%d lookups, %d got 502, the last one came %s after the read before, %d calls", len(outcomes), failed, last, calls)
}

// TestProviderThatLagsBehindVaultLosesNothing: Vault has a key that the provider
// does not know yet, so the version before serves, and people are told.
func TestProviderThatLagsBehindVaultLosesNothing(t *testing.T) {
	t.Parallel()
	const workers = 8
	s, v, path, _ := rotatingStage(t, "500ms")
	next := harness.ProviderKey()
	l := harness.StartLoad(t, s, workers, 100)
	l.AwaitAnswers(t, 50)

	lagging := time.Now()
	v.Put(t, path, map[string]string{"api_key": next})
	awaitVersion(t, s, 2)
	l.AwaitAnswers(t, 100)
	told := regexp.MustCompile(`(?m)^ringward_events_total\{event="credential_previous_used"\} [1-9]`)
	harness.Eventually(t, harness.Soon, "people to be told", func() error {
		if !strings.Contains(s.Process.Stderr(), `"event":"credential_previous_used"`) || !told.MatchString(s.Metrics()) {
			return errors.New("they are not")
		}
		return nil
	})
	s.Standin.SetKeys(t, s.Provider, s.Standin.Key, next)
	// The new version is tried by those in flight, once in 5 s.
	tries := workers * (1 + int(time.Since(lagging)/refetchInterval))
	if refused := countOf(bearers(t, s), next); refused < 1 || refused > tries {
		t.Errorf("%d calls were refused, want 1 to %d", refused, tries)
	}
	harness.Eventually(t, harness.Soon, "the new key to be used", func() error {
		if sent := bearers(t, s); countOf(sent[len(sent)-20:], next) < 20 {
			return errors.New("it is cooling down")
		}
		return nil
	})
	s.Standin.SetKeys(t, s.Provider, next)
	l.AwaitAnswers(t, 100)
	outcomes, _ := l.Finish()
	refused := noneFailed(t, s, outcomes)
	if entries := s.Entries(); entries[len(entries)-1].CredentialVersion != 2 {
		t.Errorf("in the end a lookup is audited as %+v", entries[len(entries)-1])
	}
	t.Logf("%d lookups, 0 may fail, %d calls refused, longest %s", len(outcomes), refused, harness.Percentile(outcomes, 100))
}
