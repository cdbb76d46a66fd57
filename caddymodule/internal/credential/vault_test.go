package credential

import (
	"context"
	"errors"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// fetch reads a reference; every error it returns is checked for what must not be
// in it.
func fetch(t *testing.T, s *Session, ref Reference) (*Value, error) {
	t.Helper()
	if ref.Fields == nil {
		ref.Fields = []string{"api_key"}
	}
	source, err := NewVaultSource(s, ref)
	if err != nil {
		t.Fatal(err)
	}
	v, err := source.Fetch(context.Background())
	if err != nil {
		mustNotHold(t, "an error", err.Error())
		for _, bad := range []string{marker, "hvs.", "http://", "127.0.0.1", "header.payload"} {
			if strings.Contains(err.Error(), bad) {
				t.Errorf("an error quotes %s: %v", bad, err)
			}
		}
		if !strings.Contains(err.Error(), ref.Path) {
			t.Errorf("an error does not name the path: %v", err)
		}
	}
	return v, err
}

func TestSecretsOfBothVersionsAreRead(t *testing.T) {
	f := newFakeVault()
	f.putV2("secret/data/phone/ctp", 7, `{"api_key":"`+sample+`","user":"u1","pin":12345678901234567890}`, "")
	f.putV2("team/kv/data/ctp", 2, `{"api_key":"team-key-1"}`, "")
	f.put("kv/phone/ctp", `{"data":{"api_key":"old-style-key"}}`)
	f.putV2("secret/data/my app/schlüssel+1", 1, `{"api_key":"spaced-key"}`, "")
	s := openSession(t, f)
	for _, c := range []struct {
		ref     Reference
		want    []string
		version int
	}{
		{Reference{Path: "secret/phone/ctp"}, []string{sample}, 7},
		{Reference{Path: "secret/data/phone/ctp"}, []string{sample}, 7},
		{Reference{Path: "/secret/phone/ctp/", KV: 2}, []string{sample}, 7},
		{Reference{Path: "secret/data/phone/ctp", KV: 2}, []string{sample}, 7},
		{Reference{Path: "secret/phone/ctp", Fields: []string{"user", "api_key", "pin"}}, []string{"u1", sample, "12345678901234567890"}, 7},
		{Reference{Path: "secret/my app/schlüssel+1"}, []string{"spaced-key"}, 1},
		{Reference{Path: "team/kv/ctp"}, []string{"team-key-1"}, 2},
		{Reference{Path: "team/kv/ctp", KV: 2, Mount: "team/kv"}, []string{"team-key-1"}, 2},
		{Reference{Path: "kv/phone/ctp"}, []string{"old-style-key"}, 0},
		{Reference{Path: "kv/phone/ctp", KV: 1}, []string{"old-style-key"}, 0},
	} {
		v, err := fetch(t, s, c.ref)
		if err != nil {
			t.Errorf("%v: %v", c.ref, err)
			continue
		}
		for i, want := range c.want {
			if v.Fields[i].Secret.Reveal() != want {
				t.Errorf("%v: field %d has another value", c.ref, i)
			}
		}
		if v.Version != c.version || v.FetchedAt.IsZero() {
			t.Errorf("%v: version %d, want %d", c.ref, v.Version, c.version)
		}
		if want := time.Date(2026, 3, 1, 10, 0, 0, 123456789, time.UTC); c.version > 0 && !v.Created.Equal(want) {
			t.Errorf("%v: created %v", c.ref, v.Created)
		}
	}
	if n := f.count("GET sys/internal/ui/mounts/"); n != 3 {
		t.Errorf("Vault was asked %d times for 3 mounts", n)
	}
	if n := f.count("PUT auth/"); n != 1 {
		t.Errorf("%d logins", n)
	}
}

func TestWhatIsWrongInVaultIsTold(t *testing.T) {
	f := newFakeVault()
	f.putV2("secret/data/good", 1, `{"api_key":"x-good","empty":"","null":null,"object":{"a":1},"list":[1],"bool":true,"line":"`+sample+`\n"}`, "")
	f.putV2("secret/data/marked", 1, `{"api_key":"x-marked"}`, `{"environment":"production"}`)
	f.put("secret/data/deleted", `{"data":{"data":null,"metadata":{"deletion_time":"2026-01-01T00:00:00Z","destroyed":false,"version":3}}}`)
	f.put("secret/data/destroyed", `{"data":{"data":null,"metadata":{"destroyed":true,"version":3}}}`)
	f.putV2("secret/data/forbidden", 1, `{"api_key":"x"}`, "")
	f.put("secret/data/flat", `{"data":{"api_key":"x"}}`)
	f.put("secret/data/junk", `<html>`+sample)
	f.put("secret/data/huge", `{"data":"`+strings.Repeat("x", maxAnswer)+`"}`)
	f.denied["secret/data/forbidden"] = true
	maps.Copy(f.statuses, map[string]int{
		"secret/data/sealed": 503, "secret/data/broken": 500, "secret/data/busy": 429, "secret/data/gateway": 502,
		"secret/data/malformed": 400, "secret/data/standby": 473,
	})
	s := openSession(t, f)
	for _, c := range []struct {
		ref  Reference
		want error
		says string
	}{
		{Reference{Path: "secret/nothing"}, ErrNotFound, "secret/data/nothing"},
		{Reference{Path: "secret/good", KV: 1}, ErrNotFound, "KV version 1"},
		{Reference{Path: "secret/deleted"}, ErrDeleted, "version 3"},
		{Reference{Path: "secret/destroyed"}, ErrDeleted, "version 3"},
		{Reference{Path: "secret/good", Fields: []string{"API_KEY"}}, ErrFieldMissing, `"API_KEY"`},
		{Reference{Path: "secret/good", Fields: []string{"api_key", "other"}}, ErrFieldMissing, `"other"`},
		{Reference{Path: "secret/good", Fields: []string{"empty"}}, ErrEmpty, `"empty"`},
		{Reference{Path: "secret/good", Fields: []string{"null"}}, ErrEmpty, `"null"`},
		{Reference{Path: "secret/good", Fields: []string{"object"}}, ErrInvalid, `"object"`},
		{Reference{Path: "secret/good", Fields: []string{"list"}}, ErrInvalid, `"list"`},
		{Reference{Path: "secret/good", Fields: []string{"bool"}}, ErrInvalid, `"bool"`},
		{Reference{Path: "secret/good", Fields: []string{"line"}}, ErrInvalid, "trailing newline"},
		{Reference{Path: "secret/marked", Environment: "staging"}, ErrEnvironment, `"production"`},
		{Reference{Path: "secret/flat"}, ErrInvalid, "KV version 2"},
		{Reference{Path: "secret/forbidden"}, ErrDenied, `grant "read" on secret/data/forbidden`},
		{Reference{Path: "nowhere/ctp"}, ErrDenied, "mount exists"},
		{Reference{Path: "secret/sealed"}, ErrUnavailable, "sealed"},
		{Reference{Path: "secret/broken"}, ErrUnavailable, "500"},
		{Reference{Path: "secret/gateway"}, ErrUnavailable, "502"},
		{Reference{Path: "secret/busy"}, ErrUnavailable, "429"},
		{Reference{Path: "secret/standby"}, ErrUnavailable, "473"},
		{Reference{Path: "secret/malformed"}, ErrInvalid, "400"},
		{Reference{Path: "secret/junk"}, ErrUnavailable, "no usable answer"},
		{Reference{Path: "secret/huge"}, ErrUnavailable, "too large"},
	} {
		v, err := fetch(t, s, c.ref)
		if !errors.Is(err, c.want) || v != nil {
			t.Errorf("%v: %v, want %v", c.ref, err, c.want)
			continue
		}
		if !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: the error does not say %q: %v", c.ref, c.says, err)
		}
		kinds := 0
		for _, class := range classes[:9] {
			if errors.Is(err, class.err) {
				kinds++
			}
		}
		if kinds != 1 {
			t.Errorf("%v: the error is of %d kinds", c.ref, kinds)
		}
	}
}

func TestEnvironmentOfTheSecretMustMatch(t *testing.T) {
	f := newFakeVault()
	f.putV2("secret/data/marked", 1, `{"api_key":"x"}`, `{"environment":"production","owner":"me"}`)
	f.putV2("secret/data/unmarked", 1, `{"api_key":"x"}`, `{"owner":"me"}`)
	s := openSession(t, f)
	for _, c := range []struct {
		path, environment string
		want              error
	}{
		{"secret/marked", "production", nil},
		{"secret/marked", "", ErrEnvironment},
		{"secret/unmarked", "", nil},
		{"secret/unmarked", "staging", nil},
		{"secret/marked", "Production", ErrEnvironment},
		{"secret/marked", "staging", ErrEnvironment},
	} {
		if _, err := fetch(t, s, Reference{Path: c.path, Environment: c.environment}); !errors.Is(err, c.want) {
			t.Errorf("%s in %q: %v", c.path, c.environment, err)
		}
	}
}

func TestUpgradedEngineIsNoticed(t *testing.T) {
	f := newFakeVault()
	f.put("kv/ctp", `{"data":{"api_key":"version-1"}}`)
	s := openSession(t, f)
	if v, err := fetch(t, s, Reference{Path: "kv/ctp"}); err != nil || v.Version != 0 {
		t.Fatalf("%v, %v", v, err)
	}
	f.set(func() { delete(f.secrets, "kv/ctp"); f.mounts["kv/"] = "2" })
	f.putV2("kv/data/ctp", 1, `{"api_key":"version-2"}`, "")
	if _, err := fetch(t, s, Reference{Path: "kv/ctp"}); !errors.Is(err, ErrNotFound) {
		t.Fatalf("%v", err)
	}
	if v, err := fetch(t, s, Reference{Path: "kv/ctp"}); err != nil || v.Version != 1 {
		t.Errorf("the new version is not found: %v", err)
	}
}

func TestOldVaultHasVersion1(t *testing.T) {
	f := newFakeVault()
	f.statuses["sys/internal/ui/mounts/"] = 404
	f.put("kv/ctp", `{"data":{"api_key":"x"}}`)
	if _, err := fetch(t, openSession(t, f), Reference{Path: "kv/ctp"}); err != nil {
		t.Error(err)
	}
}

func TestNetworkTroubleIsUnavailable(t *testing.T) {
	cleanEnvironment(t)
	token := AuthConfig{Method: MethodToken, Token: SecretFromString("hvs.static")}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	_ = listener.Close()
	plain := httptest.NewServer(newFakeVault())
	defer plain.Close()
	tlsServer := httptest.NewUnstartedServer(newFakeVault())
	tlsServer.Config.ErrorLog = discardLog
	tlsServer.StartTLS()
	defer tlsServer.Close()
	for _, c := range []struct{ address, says string }{
		{"http://" + closed, "connection refused"},
		{"unix://" + filepath.Join(t.TempDir(), "none.sock"), "socket does not exist"},
		{strings.Replace(plain.URL, "http:", "https:", 1), "does not speak TLS"},
		{tlsServer.URL, "not signed by a trusted authority"},
	} {
		s, err := NewSession(SessionConfig{Address: c.address, Auth: token})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := fetch(t, s, Reference{Path: "secret/x"}); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("want %q: %v", c.says, err)
		}
		s.Close()
	}
}

func TestFetchEndsWithItsContext(t *testing.T) {
	f := newFakeVault()
	f.putV2("secret/data/ctp", 1, `{"api_key":"x"}`, "")
	s := openSession(t, f)
	if _, err := fetch(t, s, Reference{Path: "secret/ctp"}); err != nil {
		t.Fatal(err)
	}
	f.set(func() { f.slow = time.Minute })
	source, err := NewVaultSource(s, Reference{Path: "secret/ctp", Fields: []string{"api_key"}})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	begun := time.Now()
	if _, err := source.Fetch(ctx); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "timeout") {
		t.Errorf("%v", err)
	}
	if time.Since(begun) > 5*time.Second {
		t.Error("the fetch outlived its context")
	}
}

func TestTokensAreNotSentElsewhere(t *testing.T) {
	var mu sync.Mutex
	seen := 0
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen++
	}))
	defer elsewhere.Close()
	f := newFakeVault()
	f.putV2("secret/data/ctp", 1, `{"api_key":"x"}`, "")
	s := openSession(t, f)
	if _, err := fetch(t, s, Reference{Path: "secret/ctp"}); err != nil {
		t.Fatal(err)
	}
	f.set(func() { f.redirect = elsewhere.URL + "/v1/secret/data/ctp" })
	if _, err := fetch(t, s, Reference{Path: "secret/ctp"}); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "redirect") {
		t.Errorf("%v", err)
	}
	mu.Lock()
	defer mu.Unlock()
	if seen != 0 {
		t.Error("a redirect was followed over plain http to another place")
	}
}

func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY"} {
		t.Setenv(name, "http://127.0.0.1:1")
	}
	t.Setenv("NO_PROXY", "")
	cleanEnvironment(t)
	token := AuthConfig{Method: MethodToken, Token: SecretFromString("hvs.x")}
	for address, want := range map[string]bool{"https://vault.example": true, "http://127.0.0.1:8200": false} {
		s, err := NewSession(SessionConfig{Address: address, Auth: token})
		if err != nil {
			t.Fatal(err)
		}
		if s.transport.Proxy != nil {
			t.Errorf("%s: a proxy is used that was not named for Vault", address)
		}
		s.Close()
		if s, err = NewSession(SessionConfig{Address: address, Proxy: "http://proxy.example:3128", Auth: token}); err != nil {
			t.Fatal(err)
		}
		if (s.transport.Proxy != nil) != want {
			t.Errorf("%s: a named proxy is used: %v, want %v", address, !want, want)
		}
		s.Close()
	}
}
