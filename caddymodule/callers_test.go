package caddymodule

import (
	"testing"
	"time"
)

func TestCallersAreBoundToTheirConfig(t *testing.T) {
	s := newStage(t, "checkthatphone")
	past, future := time.Now().Add(-time.Hour).UTC().Format(time.RFC3339), time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339)
	for name, options := range map[string]string{
		"in-time":        "key " + sumOf(t, "in-time") + " expires " + future + "\n expires " + future,
		"key-expired":    "key " + sumOf(t, "key-expired") + " expires " + past,
		"expired":        "key " + sumOf(t, "expired") + "\n expires " + past,
		"from-here":      "key " + sumOf(t, "from-here") + "\n ip 192.0.2.0/24 127.0.0.1",
		"from-elsewhere": "key " + sumOf(t, "from-elsewhere") + "\n ip 192.0.2.0/24",
		"this-provider":  "key " + sumOf(t, "this-provider") + "\n providers numverify checkthatphone",
		"other-provider": "key " + sumOf(t, "other-provider") + "\n providers numverify",
	} {
		s.App += "caller " + name + " {\n " + options + "\n }\n"
	}
	s.start()
	for name, want := range map[string]struct {
		status int
		reason string
	}{
		"in-time": {200, ""}, "key-expired": {401, "unauthenticated"}, "expired": {401, "unauthenticated"},
		"from-here": {200, ""}, "from-elsewhere": {403, "forbidden"},
		"this-provider": {200, ""}, "other-provider": {403, "forbidden"},
	} {
		calls := s.provider.Calls()
		got := s.lookup(keyOf[name], canaryNumber)
		if e := s.entry(got); got.status != want.status || e.Reason != want.reason || (want.status != 200) != (s.provider.Calls() == calls) {
			t.Errorf("%s: got %d %s, entry %+v", name, got.status, got.body, e)
		}
	}
	s.Route = "callers other-provider"
	if err := s.tryStart(); err == nil {
		t.Error("a route names a caller that may not ask it, and nobody says so")
	}
}

// TestUnderscoreAliasesIdentifyNobody: proxies differ on whether X_API_Key is
// X-API-Key. Caddy drops such headers, and the caller room would refuse them.
func TestUnderscoreAliasesIdentifyNobody(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	for _, name := range []string{"X_api_key", "X_Api_Key", "X-Api_Key"} {
		req := s.lookupRequest("", canaryNumber)
		req.Header.Del("Authorization")
		req.Header[name] = []string{s.Full}
		if got := s.do(req); got.status != 401 || s.entry(got).Caller != "" || s.provider.Calls() != 0 {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
}

func TestTierBoundsEachOfItsCallers(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.App = "tier small {\n limit 2/h\n budget daily 100\n }\n"
	for _, name := range []string{"tier-a", "tier-b", "tier-c"} {
		s.App += "caller " + name + " {\n tier small\n key " + sumOf(t, name) + "\n"
		if name == "tier-c" {
			s.App += " limit 1/m\n"
		}
		s.App += "}\n"
	}
	s.start()
	for i, tt := range []struct {
		caller string
		want   int
	}{{"tier-a", 200}, {"tier-a", 200}, {"tier-a", 429}, {"tier-b", 200}, {"tier-c", 200}, {"tier-c", 429}} {
		if got := s.lookup(keyOf[tt.caller], canaryNumber); got.status != tt.want {
			t.Errorf("request %d: got %d %s", i+1, got.status, got.body)
		}
	}
	s.App += "caller lost {\n tier gold\n key " + sumOf(t, "lost") + "\n }"
	if err := s.tryStart(); err == nil {
		t.Error("a tier that does not exist is accepted")
	}
}
