package caddymodule

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/alert"
	"github.com/ringward/ringward/caddymodule/internal/demo"
)

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within 20 s", what)
		}
	}
}

func TestNewKeyIsUsedWhileRunning(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	s.lookup(s.Minimal, canaryNumber)
	s.provider.SetKeys("the-next-key")
	s.vault.Put("secret/phone/provider", map[string]string{"api_key": "the-next-key"})
	// The rejection of the old key asks Vault at once, long before the refresh.
	got := s.lookup(s.Minimal, canaryNumber)
	if got.status != 200 {
		t.Errorf("the request that met the rotation: got %d %s", got.status, got.body)
	}
	if e := s.entry(got); e.Decision != "answered" || e.UpstreamCalls != 2 || e.CredentialVersion != 2 {
		t.Errorf("audit entry %+v", e)
	}
	if e := s.entry(s.lookup(s.Minimal, canaryNumber)); e.UpstreamCalls != 1 {
		t.Errorf("the request after it: audit entry %+v", e)
	}
}

// TestPreviousKeyServesWhileTheProviderLags: Vault has a new version that the
// provider does not know yet.
func TestPreviousKeyServesWhileTheProviderLags(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Refresh = "100ms"
	s.start()
	s.vault.Put("secret/phone/provider", map[string]string{"api_key": "the-next-key"})
	eventually(t, "version 2", func() bool { return strings.Contains(s.admin("/ringward/status"), `"version":2`) })
	first := s.lookup(s.Minimal, canaryNumber)
	if e := s.entry(first); first.status != 200 || e.UpstreamCalls != 2 || e.CredentialVersion != 1 {
		t.Errorf("first: got %d, audit entry %+v", first.status, e)
	}
	second := s.lookup(s.Minimal, canaryNumber)
	if e := s.entry(second); second.status != 200 || e.UpstreamCalls != 1 || e.CredentialVersion != 1 {
		t.Errorf("second, while the new key cools down: got %d, audit entry %+v", second.status, e)
	}
	s.provider.SetKeys("the-next-key")
	third := s.lookup(s.Minimal, canaryNumber)
	if e := s.entry(third); third.status != 200 || e.CredentialVersion != 2 {
		t.Errorf("when the provider has caught up: got %d, audit entry %+v", third.status, e)
	}
}

func TestPreviousKeyIsNotUsedAfterItsGrace(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Refresh = "100ms\n rotation_grace 1ms"
	s.start()
	s.vault.Put("secret/phone/provider", map[string]string{"api_key": "the-next-key"})
	eventually(t, "version 2", func() bool { return strings.Contains(s.admin("/ringward/status"), `"version":2`) })
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 502 || s.entry(got).UpstreamCalls != 1 {
		t.Errorf("got %d, audit entry %+v", got.status, s.entry(got))
	}
}

// TestOnlyARefusedKeyIsTriedAgain: other errors are no reason to call twice.
func TestOnlyARefusedKeyIsTriedAgain(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Refresh = "100ms"
	s.start()
	s.vault.Put("secret/phone/provider", map[string]string{"api_key": s.Key + "2"})
	s.provider.SetKeys(s.Key, s.Key+"2")
	eventually(t, "version 2", func() bool { return strings.Contains(s.admin("/ringward/status"), `"version":2`) })
	for _, status := range []int{400, 402, 403, 404, 429, 500, 503} {
		s.provider.Reset()
		s.provider.SetFault(demo.Fault{Status: status, Body: `{"error":"x","detail":"y"}`})
		if got := s.lookup(s.Minimal, canaryNumber); got.status == 200 || s.provider.Calls() != 1 {
			t.Errorf("%d: got %d after %d calls", status, got.status, s.provider.Calls())
		}
	}
	s.provider.Reset()
	s.provider.SetFault(demo.Fault{Sticky: true, Status: 401, Body: `{"error":"x","detail":"y"}`})
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 502 || s.provider.Calls() != 2 {
		t.Errorf("both versions refused: got %d after %d calls", got.status, s.provider.Calls())
	}
}

func TestOldSecretIsFoundInAnswersToo(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	s.vault.Put("secret/phone/provider", map[string]string{"api_key": "the-next-key"})
	s.provider.SetFault(
		demo.Fault{Status: 401, Body: `{"error":"x"}`},
		demo.Fault{Body: `{"success":true,"data":{"dipCarrier":"` + strings.ReplaceAll(s.Key, `"`, `\"`) + `"}}`},
	)
	s.provider.SetKeys("the-next-key")
	if got := s.lookup(s.Full, canaryNumber); got.status != 502 || s.provider.Calls() != 2 {
		t.Errorf("got %d %s after %d calls", got.status, got.body, s.provider.Calls())
	}
}

func TestSecretOfAnotherEnvironmentRefusesTheConfig(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.vault.SetMetadata("secret/phone/provider", map[string]string{"environment": "production"})
	for _, own := range []string{"", "environment staging"} {
		s.App = own
		err := s.tryStart()
		if err == nil || !strings.Contains(err.Error(), "production") || (own != "" && !strings.Contains(err.Error(), "staging")) {
			t.Errorf("with %q: %v", own, err)
		}
	}
	s.App = "environment production"
	s.start()
}

func TestWrongReferenceRefusesTheConfig(t *testing.T) {
	for name, tt := range map[string]struct{ from, to, want string }{
		"path":  {"secret/phone/provider", "secret/phone/nothing", "secret/phone/nothing"},
		"field": {"provider api_key", "provider token", "token"},
	} {
		s := newStage(t, "checkthatphone")
		s.start()
		config := strings.Replace(s.caddyfile(), tt.from, tt.to, 1)
		if err := loadCaddyfile(config); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v", name, err)
		}
		if got := s.lookup(s.Minimal, canaryNumber); got.status != 200 {
			t.Errorf("%s: the running config answers %d", name, got.status)
		}
	}
}

func TestUnreachableVaultStartsNotReady(t *testing.T) {
	s := newStage(t, "checkthatphone")
	port := freePort(t)
	s.Sites = "http://:" + port + " {\n bind 127.0.0.1\n ringward_health\n }"
	health := func() int {
		req := s.request("GET", "/", "")
		req.URL.Host = "127.0.0.1:" + port
		return s.do(req).status
	}
	s.vault.SetSealed(true)
	s.start()
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 503 || got.header.Get("Retry-After") == "" {
		t.Errorf("a request: got %d %v", got.status, got.header)
	}
	if got := health(); got != 503 {
		t.Errorf("health: got %d", got)
	}
	if s.provider.Calls() != 0 {
		t.Error("the provider was called without a credential")
	}
	s.vault.SetSealed(false)
	eventually(t, "ready", func() bool { return health() == 200 })
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 200 {
		t.Errorf("after the outage: got %d %s", got.status, got.body)
	}
}

func TestReloadDuringAnOutageKeepsTheCredential(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	s.vault.SetSealed(true)
	s.Route = "timeout 9s"
	s.start()
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.body)
	}
	s.Refresh = "20s"
	s.start()
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 200 {
		t.Errorf("with another refresh: got %d %s", got.status, got.body)
	}
}

func TestReloadDoesNotAskVaultAgain(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	before := s.vault.Calls()
	for i := range 5 {
		s.Route = "timeout " + strconv.Itoa(i+1) + "s"
		s.start()
	}
	if after := s.vault.Calls(); after != before {
		t.Errorf("5 reloads made %d requests to Vault", after-before)
	}
}

// TestNoAnswerWithoutItsEntry is invariant I4.
func TestNoAnswerWithoutItsEntry(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	path := filepath.Join(s.Dir, "audit.jsonl")
	s.lookup(s.Full, canaryNumber) // the first entry makes the file
	if err := os.Rename(path, path+".away"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	got := s.lookup(s.Full, canaryNumber)
	if got.status != 503 || strings.Contains(got.body, "nanpType") || got.header.Get("Retry-After") == "" {
		t.Errorf("got %d %v %s", got.status, got.header, got.body)
	}
	calls := s.provider.Calls()
	for range 3 {
		if got := s.lookup(s.Full, canaryNumber); got.status != 503 || s.provider.Calls() != calls {
			t.Errorf("while it is known to fail: got %d after %d more calls", got.status, s.provider.Calls()-calls)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	eventually(t, "lookups when the log can be written again", func() bool { return s.lookup(s.Full, canaryNumber).status == 200 })
}

func TestDevelopmentSourcesWorkAndWarnOnce(t *testing.T) {
	s := newStage(t, "checkthatphone")
	t.Setenv("RINGWARD_TEST_KEY", s.Key)
	warned.Clear()
	file := s.file("key", s.Key+"\n")
	for _, source := range []string{"env RINGWARD_TEST_KEY", "file " + file} {
		config := strings.Replace(s.caddyfile(), "credential vault secret/phone/provider api_key", "credential "+source, 1)
		t.Cleanup(func() { s.tryStop() })
		if err := loadCaddyfile(config); err != nil {
			t.Fatal(err)
		}
		if err := loadCaddyfile(config + "\n# again"); err != nil {
			t.Fatal(err)
		}
		if got := s.lookup(s.Minimal, canaryNumber); got.status != 200 {
			t.Errorf("%s: got %d %s", source, got.status, got.body)
		}
	}
	if warnings := strings.Count(s.read("debug.log"), "meant for development"); warnings != 2 {
		t.Errorf("%d warnings for two sources", warnings)
	}
}

func TestMissingDevelopmentSourceRefusesTheConfig(t *testing.T) {
	s := newStage(t, "checkthatphone")
	for _, source := range []string{"env RINGWARD_TEST_UNSET", "file " + s.file("empty", "\n")} {
		config := strings.Replace(s.caddyfile(), "credential vault secret/phone/provider api_key", "credential "+source, 1)
		if err := loadCaddyfile(config); err == nil {
			s.tryStop()
			t.Errorf("%s was accepted", source)
		}
	}
}

func TestEventsReachCaddysEventHandlers(t *testing.T) {
	s := newStage(t, "checkthatphone")
	// Like events are folded together across tests: this one is about a
	// credential of its own.
	path := "secret/phone/events-" + randomText()
	s.vault.Put(path, map[string]string{"api_key": s.Key})
	config := strings.Replace(s.caddyfile(), "secret/phone/provider", path, 1)
	t.Cleanup(s.tryStop)
	if err := loadCaddyfile(config); err != nil {
		t.Fatal(err)
	}
	s.provider.SetFault(demo.Fault{Status: 401, Body: `{"error":"unauthorized"}`})
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 502 {
		t.Errorf("got %d", got.status)
	}
	eventually(t, "the event in the log", func() bool {
		return strings.Contains(s.read("debug.log"), `"name":"ringward.credential_rejected"`)
	})
}

func TestStatusTellsNoSecret(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	status := s.admin("/ringward/status")
	if !strings.Contains(status, `"ready":true`) || !strings.Contains(status, "secret/phone/provider") || strings.Contains(status, s.Key) {
		t.Errorf("got %s", status)
	}
}

func TestMetricsCount(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	s.lookup(s.Minimal, canaryNumber)
	s.lookup(s.Minimal, "nonsense")
	metrics := s.admin("/metrics")
	for _, event := range alert.Names() {
		if !strings.Contains(metrics, `ringward_events_total{event="`+event+`"}`) {
			t.Errorf("the event %s is not counted from the start", event)
		}
	}
	for _, line := range []string{
		`ringward_requests_total{caller="minimal",operation="lookup",outcome="answered",provider="checkthatphone"}`,
		`ringward_refusals_total{provider="checkthatphone",reason="invalid_number"}`,
		`ringward_upstream_calls_total{class="2xx",operation="lookup",provider="checkthatphone"}`,
		`ringward_request_duration_seconds_count{provider="checkthatphone"}`,
		`ringward_upstream_duration_seconds_count{provider="checkthatphone"}`,
		`ringward_credential_age_seconds{credential="checkthatphone",source="vault secret/phone/provider#api_key"}`,
		`ringward_credential_ready{credential="checkthatphone",source="vault secret/phone/provider#api_key"} 1`,
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("no %s in:\n%s", line, metrics)
		}
	}
}
