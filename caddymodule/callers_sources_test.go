package caddymodule

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/caller"
)

// callersFile writes callers, by name; each has a key that keyOf knows, and the
// members of its JSON object.
func (s *stage) callersFile(callers map[string]string) string {
	s.t.Helper()
	var list []string
	for name, members := range callers {
		if keyOf[name] == "" {
			sumOf(s.t, name)
		}
		list = append(list, `{"name":"`+name+`","keys":[{"digest":"`+caller.DigestOf(keyOf[name]).String()+`"}]`+members+`}`)
	}
	return s.file("callers.json", `{"callers":[`+strings.Join(list, ",\n")+`]}`)
}

func TestCallersComeAndGoWithoutAReload(t *testing.T) {
	quickly(t)
	s := newStage(t, "checkthatphone")
	s.App = "callers file " + s.callersFile(map[string]string{"file-a": "", "file-b": `,"release":["validity","location"]`})
	s.start()
	status := func(name string) int { return s.lookup(keyOf[name], canaryNumber).status }
	if got := s.lookup(keyOf["file-b"], canaryNumber); got.status != 200 || !strings.Contains(got.body, "geoState") || s.entry(got).Caller != "file-b" {
		t.Errorf("a caller of the file: got %d %s", got.status, got.body)
	}
	if got := status("file-a"); got != 200 {
		t.Errorf("another: got %d", got)
	}
	s.callersFile(map[string]string{"file-b": `,"release":["validity"]`, "file-c": `,"limits":["1/h"]`})
	s.await("the new caller", func() bool { return status("file-c") != 401 })
	if got := status("file-c"); got != 429 {
		t.Errorf("the limit of the new caller: got %d", got)
	}
	if got := status("file-a"); got != 401 {
		t.Errorf("the revoked caller: got %d", got)
	}
	if got := s.lookup(keyOf["file-b"], canaryNumber); strings.Contains(got.body, "geoState") {
		t.Errorf("the reduced release: got %s", got.body)
	}
	if got := s.lookup(s.Full, canaryNumber); got.status != 200 {
		t.Errorf("a caller of the config: got %d", got.status)
	}

	leaked, _ := newCaller(t)
	for name, bad := range map[string]string{
		"an unknown tier":     `,"tier":"gold"`,
		"an unknown member":   `,"limts":["1/h"]`,
		"an unknown class":    `,"release":["everything"]`,
		"a field of nobody's": `,"release":["/credits_used"]`,
		"a key for a class":   `,"release":["` + leaked + `"]`,
		"a key for a limit":   `,"limits":["` + leaked + ` 5/m"]`,
		"an unknown region":   `,"regions":["XX"]`,
	} {
		s.callersFile(map[string]string{"file-b": "", "file-d": bad})
		s.await("the fault of "+name, func() bool { return faults() > 0 })
		if b, d := status("file-b"), status("file-d"); b != 200 || d != 401 {
			t.Errorf("%s: the last good state is not in force: got %d and %d", name, b, d)
		}
		s.callersFile(map[string]string{"file-b": ""})
		s.await("the mended file after "+name, func() bool { return faults() == 0 })
	}
	// Later ones are folded into the first.
	if text := s.read("debug.log"); !strings.Contains(text, `"event":"source_failed"`) || !strings.Contains(text, `"event":"source_recovered"`) {
		t.Error("no events")
	}
	for _, secret := range []string{keyOf["file-b"], keyOf["file-d"], leaked} {
		if strings.Contains(s.read("debug.log"), secret) {
			t.Error("a key is in the log")
		}
	}
}

// faults counts the sources that have failed.
func faults() int {
	w := running.latest().watched
	w.mu.Lock()
	defer w.mu.Unlock()
	n := 0
	for _, text := range w.faults {
		if text != "" {
			n++
		}
	}
	return n
}

func TestCallersOfTheFileAreBoundToIt(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.App = "tier small {\n limit 1/h\n }\n callers file " + s.callersFile(map[string]string{
		"op":       `,"operations":["lookup"]`,
		"other-op": `,"operations":["batch"]`,
		"provider": `,"providers":["numverify"]`,
		"region":   `,"regions":["US"]`,
		"abroad":   `,"regions":["CA","GB"]`,
		"range":    `,"ip_ranges":["192.0.2.0/24"]`,
		"old":      `,"expires":"2020-01-01"`,
		"tiered":   `,"tier":"small"`,
		"numbers":  `,"limits":["number 1/h","100/d"]`,
		"unserved": ``,
	})
	s.Route = "callers full op other-op provider region abroad range old tiered numbers"
	s.start()
	for _, tt := range []struct {
		name   string
		status int
		reason string
	}{
		{"op", 200, ""},
		{"other-op", 403, "forbidden"},
		{"provider", 403, "forbidden"},
		{"region", 200, ""},
		{"abroad", 403, "number_not_allowed"},
		{"range", 403, "forbidden"},
		{"old", 401, "unauthenticated"},
		{"tiered", 200, ""},
		{"tiered", 429, "rate_limited"},
		{"numbers", 200, ""},
		{"numbers", 429, "rate_limited"},
		{"unserved", 403, "forbidden"},
	} {
		calls := s.provider.Calls()
		got := s.lookup(keyOf[tt.name], canaryNumber)
		if e := s.entry(got); got.status != tt.status || e.Reason != tt.reason || (s.provider.Calls() == calls) != (tt.status != 200) {
			t.Errorf("%s: got %d %s, entry %+v", tt.name, got.status, got.body, e)
		}
	}
	s.callersFile(map[string]string{"typo": `,"tier":"large"`})
	if err := s.tryStart(); err == nil || !strings.Contains(err.Error(), "typo") {
		t.Errorf("a faulty file at the start: got %v", err)
	}
}

func TestOperationsAndRegionsOfACaller(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.App = "caller us {\n key " + sumOf(t, "only-us") + "\n operations lookup\n regions US\n }\n caller gb {\n key " + sumOf(t, "only-gb") + "\n regions GB\n }"
	s.start()
	for name, want := range map[string]int{"only-us": 200, "only-gb": 403} {
		if got := s.lookup(keyOf[name], canaryNumber); got.status != want {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
	for _, app := range []string{"operations lokup", "providers chekthatphone"} {
		s.App = "caller us {\n key " + sumOf(t, "typo") + "\n " + app + "\n }"
		if err := s.tryStart(); err == nil || !strings.Contains(err.Error(), app[len(app)-5:]) {
			t.Errorf("%s: got %v", app, err)
		}
	}
}

// TestCallersInVaultSurviveItsOutage also over a reload, and are revoked there.
func TestCallersInVaultSurviveItsOutage(t *testing.T) {
	quickly(t)
	s := newStage(t, "checkthatphone")
	object := func(name string) string {
		if keyOf[name] == "" {
			sumOf(t, name)
		}
		text, _ := json.Marshal(map[string]any{"keys": []map[string]string{{"digest": caller.DigestOf(keyOf[name]).String()}}})
		return string(text)
	}
	put := func(names ...string) {
		fields := make(map[string]string)
		for _, name := range names {
			fields[name] = object(name)
		}
		s.vault.Put("secret/ringward/callers", fields)
	}
	status := func(name string) int { return s.lookup(keyOf[name], canaryNumber).status }
	s.App = "callers vault secret/ringward/callers {\n refresh 5ms\n }"
	object("in-vault")
	if err := s.tryStart(); err == nil {
		t.Error("a secret that is not there is accepted")
	}
	put("in-vault", "to-go")
	s.start()
	if a, b := status("in-vault"), status("to-go"); a != 200 || b != 200 {
		t.Fatalf("got %d and %d", a, b)
	}
	put("in-vault", "to-come")
	s.await("the new caller", func() bool { return status("to-come") == 200 })
	if got := status("to-go"); got != 401 {
		t.Errorf("the revoked caller: got %d", got)
	}
	s.vault.Put("secret/ringward/callers", map[string]string{"in-vault": "{"})
	s.await("the fault", func() bool { return faults() > 0 })
	s.vault.SetSealed(true)
	s.await("the event", func() bool { return strings.Contains(s.read("debug.log"), `"event":"source_failed"`) })
	s.Route = "limit caller 1000/h" // a reload that changes something
	s.start()
	if a, b := status("in-vault"), status("to-go"); a != 200 || b != 401 {
		t.Errorf("after a reload without Vault: got %d and %d", a, b)
	}
	s.vault.SetSealed(false)
	put("in-vault", "to-go")
	s.await("Vault again", func() bool { return status("to-go") == 200 })
}

// TestUnknownCallersAreNotRefusedBeforeVaultWasRead: they may be known there, and
// must not be locked out for it.
func TestUnknownCallersAreNotRefusedBeforeVaultWasRead(t *testing.T) {
	quickly(t)
	s, i := tokenStage(t, "unlisted {\n release validity\n }", "callers vault secret/ringward/callers {\n refresh 5ms\n }\n lockout {\n after 3/m\n }")
	sumOf(t, "late")
	s.vault.Put("secret/ringward/callers", map[string]string{"late": `{"keys":[{"digest":"` + caller.DigestOf(keyOf["late"]).String() + `"}]}`})
	health := freePort(t)
	s.Sites = "http://:" + health + " {\n bind 127.0.0.1\n ringward_health\n }"
	s.start()                                                                                // the credential is loaded, and stays
	s.App = strings.Replace(s.App, "secret/ringward/callers", "/secret/ringward/callers", 1) // another place, to a pool
	s.vault.SetSealed(true)
	s.start()
	ready := func() int {
		req := s.request("GET", "/", "")
		req.URL.Host = "127.0.0.1:" + health
		return s.do(req).status
	}
	if got := ready(); got != 503 {
		t.Errorf("ready without callers: got %d", got)
	}
	for _, credential := range []string{keyOf["late"], keyOf["late"], keyOf["late"], i.token(map[string]any{"sub": "late"}), "rwk_nobody"} {
		got := s.lookup(credential, canaryNumber)
		if e := s.entry(got); got.status != 503 || e.Reason != "callers_unavailable" || got.header.Get("Retry-After") == "" {
			t.Fatalf("before Vault was read: got %d %s", got.status, got.body)
		}
	}
	if got := s.lookup(s.Full, canaryNumber); got.status != 200 {
		t.Errorf("a caller of the config, meanwhile: got %d", got.status)
	}
	s.vault.SetSealed(false)
	s.await("the callers", func() bool { return ready() == 200 })
	if got := s.lookup(keyOf["late"], canaryNumber); got.status != 200 {
		t.Errorf("afterwards: got %d %s", got.status, got.body)
	}
	if got := s.lookup(i.token(map[string]any{"sub": "late"}), canaryNumber); s.entry(got).Caller != "jwt:late" {
		t.Errorf("a token of the caller's name is %q", s.entry(got).Caller)
	}
}

// TestTiersOfNobodyAreChecked: they are somebody's as soon as a source says so.
func TestTiersOfNobodyAreChecked(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.App = "tier odd {\n limit 1/h\n limit 2/h\n }"
	if err := s.tryStart(); err == nil || !strings.Contains(err.Error(), "odd") {
		t.Errorf("got %v", err)
	}
}

// TestIdentityHeadersAreNobodys: what a client says of itself reaches neither the
// provider nor a log, in any spelling.
func TestIdentityHeadersAreNobodys(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	const said = "smuggled-identity"
	headers := []string{
		"X-Caller", "X_Caller", "X-Forwarded-User", "X-Forwarded-Client-Cert", "X-Ringward-Caller", "X-Authenticated-Userid", "Remote-User", "Remote_User",
		"X-Consumer-Username", "X-Amzn-Mtls-Clientcert-Subject", "X-Ssl-Client-Dn",
	}
	req := s.lookupRequest(s.Full, canaryNumber)
	for _, name := range headers {
		req.Header[name] = []string{said}
	}
	if got := s.do(req); got.status != 200 || s.entry(got).Caller != "full" {
		t.Errorf("got %d %s", got.status, got.body)
	}
	requests, err := s.record.Requests()
	if err != nil || len(requests) == 0 {
		t.Fatalf("%d requests, %v", len(requests), err)
	}
	for _, sent := range requests {
		if text := headerText(sent.Headers); strings.Contains(text, said) {
			t.Errorf("the provider was told: %s", text)
		}
	}
	if strings.Contains(s.read("debug.log")+s.read("audit.jsonl"), said) {
		t.Error("it is in a log")
	}
	req = s.lookupRequest("", canaryNumber)
	req.Header.Del("Authorization")
	req.Header.Set("X-Caller", "full")
	if got := s.do(req); got.status != 401 {
		t.Errorf("a header alone: got %d", got.status)
	}
}

func headerText(h http.Header) string {
	var text strings.Builder
	_ = h.Write(&text)
	return text.String()
}
