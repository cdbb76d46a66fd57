package credential

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var ctpRef = Reference{Path: "secret/ctp", KV: 2}

// vaultWithKey is a fake with one secret.
func vaultWithKey() *fakeVault {
	f := newFakeVault()
	f.putV2("secret/data/ctp", 1, `{"api_key":"`+sample+`"}`, "")
	return f
}

func TestLoginMethodsPresentWhatTheyShould(t *testing.T) {
	dir := t.TempDir()
	jwt := write(t, dir, "jwt", "header.payload.signature\n", 0o600)
	secretID := write(t, dir, "secret-id", "the-secret-id\n", 0o600)
	roleID := write(t, dir, "role-id", "role-from-file\n", 0o600)
	t.Setenv("RINGWARD_TEST_SECRET_ID", "id-from-env")
	for _, c := range []struct {
		name string
		auth AuthConfig
		want string
	}{
		{"kubernetes", AuthConfig{Method: MethodKubernetes, Role: "phone", JWTFile: jwt}, `auth/kubernetes/login {"jwt":"header.payload.signature","role":"phone"}`},
		{"kubernetes elsewhere", AuthConfig{Method: MethodKubernetes, Mount: "/k8s/prod/", Role: "phone", JWTFile: jwt}, `auth/k8s/prod/login {"jwt":"header.payload.signature","role":"phone"}`},
		{"jwt", AuthConfig{Method: MethodJWT, Role: "phone", JWTFile: jwt}, `auth/jwt/login {"jwt":"header.payload.signature","role":"phone"}`},
		{"jwt without role", AuthConfig{Method: MethodJWT, Mount: "oidc", JWTFile: jwt}, `auth/oidc/login {"jwt":"header.payload.signature"}`},
		{"approle", AuthConfig{Method: MethodAppRole, RoleID: "r1", SecretIDFile: secretID}, `auth/approle/login {"role_id":"r1","secret_id":"the-secret-id"}`},
		{"approle, role file", AuthConfig{Method: MethodAppRole, RoleIDFile: roleID, SecretIDFile: secretID}, `auth/approle/login {"role_id":"role-from-file","secret_id":"the-secret-id"}`},
		{"approle, environment", AuthConfig{Method: MethodAppRole, RoleID: "r1", SecretIDEnv: "RINGWARD_TEST_SECRET_ID"}, `auth/approle/login {"role_id":"r1","secret_id":"id-from-env"}`},
		{"approle, program", AuthConfig{Method: MethodAppRole, RoleID: "r1", SecretID: SecretFromString("literal-id")}, `auth/approle/login {"role_id":"r1","secret_id":"literal-id"}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := vaultWithKey()
			s := openSession(t, f, func(cfg *SessionConfig) { cfg.Auth = c.auth })
			if f.count("") != 0 {
				t.Error("a session that is not used must not log in")
			}
			v, err := fetch(t, s, ctpRef)
			if err != nil || v.Fields[0].Secret.Reveal() != sample {
				t.Fatalf("%v", err)
			}
			if len(f.bodies) != 1 || f.bodies[0] != c.want {
				t.Errorf("login was %q", f.bodies)
			}
			if st := s.Status(); !st.LoggedIn || st.Method != c.auth.Method || st.LoggedInAt.IsZero() || st.LastError != "" {
				t.Errorf("status: %+v", st)
			}
			mustNotHold(t, "the session", fmt.Sprintf("%+v", s.Status()))
		})
	}
}

func TestRefusedLoginsAreTold(t *testing.T) {
	dir := t.TempDir()
	jwt := write(t, dir, "jwt", "header.payload.signature", 0o600)
	words := write(t, dir, "words", "two words", 0o600)
	none := filepath.Join(dir, "none")
	for _, c := range []struct {
		name   string
		auth   AuthConfig
		status int
		want   error
		says   string
	}{
		{"refused", AuthConfig{Method: MethodKubernetes, Role: "r", JWTFile: jwt}, 403, ErrLogin, "method kubernetes"},
		{"bad role", AuthConfig{Method: MethodJWT, Role: "r", JWTFile: jwt}, 400, ErrLogin, "status 400"},
		{"no such mount", AuthConfig{Method: MethodJWT, Mount: "other", Role: "r", JWTFile: jwt}, 404, ErrLogin, `"other"`},
		{"sealed", AuthConfig{Method: MethodJWT, Role: "r", JWTFile: jwt}, 503, ErrUnavailable, "sealed"},
		{"broken", AuthConfig{Method: MethodAppRole, RoleID: "r", SecretIDFile: jwt}, 500, ErrUnavailable, "500"},
		{"no service account", AuthConfig{Method: MethodKubernetes, Role: "r", JWTFile: none}, 0, ErrLogin, none},
		{"no jwt", AuthConfig{Method: MethodJWT, JWTFile: none}, 0, ErrLogin, none},
		{"no secret id", AuthConfig{Method: MethodAppRole, RoleID: "r", SecretIDFile: none}, 0, ErrLogin, none},
		{"no role id", AuthConfig{Method: MethodAppRole, RoleIDFile: none, SecretIDFile: jwt}, 0, ErrLogin, none},
		{"secret id not set", AuthConfig{Method: MethodAppRole, RoleID: "r", SecretIDEnv: "RINGWARD_TEST_NOT_SET"}, 0, ErrLogin, "RINGWARD_TEST_NOT_SET"},
		{"token file with words", AuthConfig{Method: MethodTokenFile, TokenFile: words}, 0, ErrLogin, words},
		{"token file not there yet", AuthConfig{Method: MethodTokenFile, TokenFile: none}, 0, ErrUnavailable, "Vault Agent"},
		{"wrapped id that nobody wrapped", AuthConfig{Method: MethodAppRole, RoleID: "r", SecretIDFile: jwt, SecretIDWrapped: true}, 0, ErrLogin, "wrapping token"},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := vaultWithKey()
			if c.status != 0 {
				f.statuses["auth/"] = c.status
			}
			s := openSession(t, f, func(cfg *SessionConfig) { cfg.Auth = c.auth })
			ref := ctpRef
			ref.KV = 0 // a failed login must not be taken for an old Vault
			_, err := fetch(t, s, ref)
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v, want %v with %q", err, c.want, c.says)
			}
			if st := s.Status(); st.LoggedIn {
				t.Errorf("status: %+v", st)
			}
		})
	}
}

func TestLoginWithoutTokenIsRefused(t *testing.T) {
	cleanEnvironment(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		answer(w, map[string]any{"auth": map[string]any{"mfa_requirement": map[string]any{"mfa_request_id": marker}}})
	}))
	defer server.Close()
	s, err := NewSession(SessionConfig{Address: server.URL, Auth: AuthConfig{
		Method: MethodJWT, JWTFile: write(t, t.TempDir(), "jwt", "a.b.c", 0o600),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := fetch(t, s, ctpRef); !errors.Is(err, ErrLogin) {
		t.Errorf("%v", err)
	}
}

func TestTokenOfTheEnvironmentIsForItsMethodOnly(t *testing.T) {
	f := vaultWithKey()
	var static string
	f.set(func() { static = f.newToken() })
	s := openSession(t, f, func(cfg *SessionConfig) {
		t.Setenv("VAULT_TOKEN", static)
		t.Setenv("VAULT_WRAP_TTL", "60")
		cfg.Auth = AuthConfig{}
	})
	if _, err := fetch(t, s, ctpRef); err != nil {
		t.Fatal(err)
	}
	if f.count("PUT auth/") != 0 {
		t.Error("the token of the environment needs no login")
	}
	s = openSession(t, f, func(*SessionConfig) { t.Setenv("VAULT_TOKEN", static) })
	if _, err := fetch(t, s, ctpRef); err != nil { // the fake refuses a login with a token
		t.Fatal(err)
	}
	if f.count("PUT auth/jwt/login") != 1 {
		t.Error("the token of the environment took the place of a login")
	}
}

func TestEndedStaticTokenIsDenied(t *testing.T) {
	f := vaultWithKey()
	var static string
	f.set(func() { static = f.newToken() })
	s := openSession(t, f, func(cfg *SessionConfig) {
		cfg.Auth = AuthConfig{Method: MethodToken, Token: SecretFromString(static)}
	})
	if _, err := fetch(t, s, ctpRef); err != nil {
		t.Fatal(err)
	}
	f.revoke()
	if _, err := fetch(t, s, ctpRef); !errors.Is(err, ErrDenied) {
		t.Errorf("%v", err)
	}
}

func TestTokenFileIsFollowed(t *testing.T) {
	f := vaultWithKey()
	var first, second string
	f.set(func() { first, second = f.newToken(), f.newToken() })
	dir := t.TempDir()
	path := write(t, dir, "token", first+"\n", 0o600)
	s := openSession(t, f, func(cfg *SessionConfig) { cfg.Auth = AuthConfig{Method: MethodTokenFile, TokenFile: path} })
	for range 3 {
		if _, err := fetch(t, s, ctpRef); err != nil {
			t.Fatal(err)
		}
	}
	if n := f.count("GET auth/token/lookup-self"); n != 1 {
		t.Errorf("an unchanged token was looked up %d times", n)
	}
	f.set(func() { delete(f.tokens, first) })
	if _, err := fetch(t, s, ctpRef); !errors.Is(err, ErrDenied) {
		t.Errorf("%v", err)
	}
	write(t, dir, "token", second, 0o600)
	if _, err := fetch(t, s, ctpRef); err != nil {
		t.Errorf("the new token is not used: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := fetch(t, s, ctpRef); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

func TestWrappedSecretIDServesSeveralLogins(t *testing.T) {
	f := vaultWithKey()
	f.wrapped["hvs.wrapping-1"] = "id-1"
	f.wrapped["hvs.wrapping-2"] = "id-2"
	dir := t.TempDir()
	path := write(t, dir, "wrapped", "hvs.wrapping-1\n", 0o600)
	s := openSession(t, f, func(cfg *SessionConfig) {
		cfg.Auth = AuthConfig{Method: MethodAppRole, RoleID: "r", SecretIDFile: path, SecretIDWrapped: true}
	})
	ctx := context.Background()
	for i, file := range []string{"hvs.wrapping-1", "hvs.wrapping-1", "hvs.wrapping-2"} {
		write(t, dir, "wrapped", file, 0o600)
		if err := s.sharedLogin(ctx, i); err != nil {
			t.Fatalf("login %d: %v", i+1, err)
		}
	}
	if f.count("PUT sys/wrapping/unwrap") != 2 {
		t.Error("each wrapping token must be unwrapped once")
	}
	for i, want := range []string{"id-1", "id-1", "id-2"} {
		if !strings.Contains(f.bodies[i], `"secret_id":"`+want+`"`) {
			t.Errorf("login %d presents another secret id", i+1)
		}
	}
}

func TestRevokedTokenIsReplacedWithinOneFetch(t *testing.T) {
	f := vaultWithKey()
	s := openSession(t, f)
	if _, err := fetch(t, s, ctpRef); err != nil {
		t.Fatal(err)
	}
	f.revoke()
	if _, err := fetch(t, s, ctpRef); err != nil {
		t.Errorf("%v", err)
	}
	if n := f.count("PUT auth/jwt/login"); n != 2 {
		t.Errorf("%d logins, want 2", n)
	}
}

func TestDeniedPathDoesNotCauseALoginEachTime(t *testing.T) {
	f := vaultWithKey()
	f.denied["secret/data/ctp"] = true
	s := openSession(t, f)
	for range 5 {
		if _, err := fetch(t, s, ctpRef); !errors.Is(err, ErrDenied) {
			t.Fatalf("%v", err)
		}
	}
	if n := f.count("PUT auth/jwt/login"); n != 2 {
		t.Errorf("%d logins, want the first and one more", n)
	}
	if n := f.count("GET secret/data/ctp"); n != 6 {
		t.Errorf("%d reads, want 6", n)
	}
}

func TestSourcesShareOneLogin(t *testing.T) {
	f := vaultWithKey()
	f.slow = 20 * time.Millisecond
	s := openSession(t, f)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if _, err := fetch(t, s, ctpRef); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	f.revoke()
	for range 20 {
		wg.Go(func() {
			if _, err := fetch(t, s, ctpRef); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := f.count("PUT auth/jwt/login"); n != 2 {
		t.Errorf("%d logins, want 2", n)
	}
}

func TestNamespaceIsSentAlways(t *testing.T) {
	cleanEnvironment(t)
	var mu sync.Mutex
	seen := map[string]int{}
	f := vaultWithKey()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		seen[r.Header.Get("X-Vault-Namespace")+" "+r.Header.Get("X-Vault-Request")]++
		mu.Unlock()
		f.ServeHTTP(w, r)
	}))
	defer server.Close()
	t.Setenv("VAULT_NAMESPACE", "wrong")
	s, err := NewSession(SessionConfig{Address: server.URL, Namespace: "team/phone", Auth: AuthConfig{
		Method: MethodJWT, JWTFile: write(t, t.TempDir(), "jwt", "a.b.c", 0o600),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := fetch(t, s, ctpRef); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(seen) != 1 || seen["team/phone true"] != 2 {
		t.Errorf("namespaces: %v", seen)
	}
}

func TestUnixSocketIsUsed(t *testing.T) {
	cleanEnvironment(t)
	socket := filepath.Join(t.TempDir(), "agent.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(vaultWithKey())
	_ = server.Listener.Close()
	server.Listener = listener
	server.Start()
	defer server.Close()
	s, err := NewSession(SessionConfig{Address: "unix://" + socket, Auth: AuthConfig{
		Method: MethodJWT, JWTFile: write(t, t.TempDir(), "jwt", "a.b.c", 0o600),
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := fetch(t, s, ctpRef); err != nil {
		t.Error(err)
	}
}

func TestCloseEndsEverything(t *testing.T) {
	before := runtime.NumGoroutine()
	f := vaultWithKey()
	f.ttl = time.Hour
	server := httptest.NewServer(f)
	cleanEnvironment(t)
	s, err := NewSession(SessionConfig{Address: server.URL, Auth: AuthConfig{
		Method: MethodJWT, JWTFile: write(t, t.TempDir(), "jwt", "a.b.c", 0o600),
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fetch(t, s, ctpRef); err != nil {
		t.Fatal(err)
	}
	f.set(func() { f.slow = time.Hour }) // a fetch that only Close ends
	ended := make(chan error)
	go func() {
		_, err := fetch(t, s, ctpRef)
		ended <- err
	}()
	for f.count("GET secret/data/ctp") < 2 {
		runtime.Gosched()
	}
	s.Close()
	s.Close()
	if err := <-ended; !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if _, err := fetch(t, s, ctpRef); !errors.Is(err, ErrUnavailable) {
		t.Errorf("a closed session answers: %v", err)
	}
	if s.reader.Token() != "" || !s.state.token.Empty() {
		t.Error("the token is kept")
	}
	server.Close()
	for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
		if time.Now().After(deadline) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("goroutines are left:\n%s", stacks[:runtime.Stack(stacks, true)])
		}
	}
}

// inBubble runs a test with fake time, a fake Vault and a session.
func inBubble(t *testing.T, f *fakeVault, test func(t *testing.T, s *Session)) {
	t.Helper()
	cleanEnvironment(t)
	jwt := write(t, t.TempDir(), "jwt", "a.b.c", 0o600)
	synctest.Test(t, func(t *testing.T) {
		s, closeAll := bubbleSession(t, f, jwt)
		defer closeAll()
		test(t, s)
	})
}

func TestTokenIsRenewedAndReplacedAtItsEnd(t *testing.T) {
	f := vaultWithKey()
	f.ttl, f.maxTTL = 10*time.Minute, time.Hour
	inBubble(t, f, func(t *testing.T, s *Session) {
		for minute := range 6 * 60 {
			if _, err := fetch(t, s, ctpRef); err != nil {
				t.Fatalf("after %d minutes: %v", minute, err)
			}
			if st := s.Status(); !st.LoggedIn || !st.Expires.After(time.Now()) {
				t.Fatalf("after %d minutes: %+v", minute, st)
			}
			time.Sleep(time.Minute)
		}
		logins, renewals := f.count("PUT auth/jwt/login"), f.count("PUT auth/token/renew-self")
		if logins < 6 || logins > 8 {
			t.Errorf("%d logins in 6 hours of at most 1 hour each", logins)
		}
		if renewals < 6*6 || renewals > 150 {
			t.Errorf("%d renewals in 6 hours of 10 minutes each", renewals)
		}
		if n := f.count("GET secret/data/ctp"); n != 6*60 {
			t.Errorf("%d reads for %d fetches: some were refused", n, 6*60)
		}
	})
}

func TestTokenThatCannotBeRenewedIsReplaced(t *testing.T) {
	f := vaultWithKey()
	f.ttl, f.renewable = 10*time.Minute, false
	inBubble(t, f, func(t *testing.T, s *Session) {
		for range 60 {
			if _, err := fetch(t, s, ctpRef); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Minute)
		}
		if n := f.count("PUT auth/jwt/login"); n < 6 || n > 12 {
			t.Errorf("%d logins in an hour of 10 minutes each", n)
		}
		if n := f.count("PUT auth/token/renew-self"); n != 0 {
			t.Errorf("%d renewals of a token that cannot be renewed", n)
		}
		if n := f.count("GET secret/data/ctp"); n != 60 {
			t.Errorf("%d reads for 60 fetches: some were refused", n)
		}
	})
}

func TestTokenSurvivesAnOutageOfVault(t *testing.T) {
	f := vaultWithKey()
	f.ttl, f.maxTTL = 10*time.Minute, time.Hour
	inBubble(t, f, func(t *testing.T, s *Session) {
		if _, err := fetch(t, s, ctpRef); err != nil {
			t.Fatal(err)
		}
		f.set(func() { f.statuses[""] = 503 })
		for range 60 {
			if _, err := fetch(t, s, ctpRef); !errors.Is(err, ErrUnavailable) {
				t.Fatalf("%v", err)
			}
			time.Sleep(time.Minute)
		}
		if n := f.count("PUT "); n > 200 {
			t.Errorf("%d renewals and logins in an hour without Vault", n)
		}
		f.set(func() { delete(f.statuses, "") })
		time.Sleep(maxLoginBackoff * 2)
		if _, err := fetch(t, s, ctpRef); err != nil {
			t.Errorf("after the outage: %v", err)
		}
	})
}

func TestShortTokensDoNotMakeLoginsFollowEachOther(t *testing.T) {
	f := vaultWithKey()
	f.ttl, f.maxTTL = time.Second, time.Second
	inBubble(t, f, func(t *testing.T, s *Session) {
		if _, err := fetch(t, s, ctpRef); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if n := f.count("PUT auth/jwt/login"); n < 2 || n > 13 {
			t.Errorf("%d logins in a minute", n)
		}
	})
}

func TestFailedLoginIsRememberedForAWhile(t *testing.T) {
	f := vaultWithKey()
	f.statuses["auth/jwt/login"] = 403
	inBubble(t, f, func(t *testing.T, s *Session) {
		for range 10 * 60 {
			if _, err := fetch(t, s, ctpRef); !errors.Is(err, ErrLogin) {
				t.Fatalf("%v", err)
			}
			time.Sleep(time.Second)
		}
		if n := f.count("PUT auth/jwt/login"); n < 10 || n > 26 {
			t.Errorf("%d refused logins in 10 minutes", n)
		}
		if st := s.Status(); st.LastError != "login" || st.LoggedIn {
			t.Errorf("status: %+v", st)
		}
		f.set(func() { clear(f.statuses) })
		time.Sleep(maxLoginBackoff)
		if _, err := fetch(t, s, ctpRef); err != nil {
			t.Errorf("%v", err)
		}
		if st := s.Status(); st.LastError != "" {
			t.Errorf("status: %+v", st)
		}
	})
}

func TestLoginIsBounded(t *testing.T) {
	f := vaultWithKey()
	f.slow = time.Hour
	inBubble(t, f, func(t *testing.T, s *Session) {
		begun := time.Now()
		if _, err := fetch(t, s, ctpRef); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%v", err)
		}
		if took := time.Since(begun); took != vaultTimeout {
			t.Errorf("a login took %s", took)
		}
	})
}

func TestDeniedPathIsTriedAgainAfterAWhile(t *testing.T) {
	f := vaultWithKey()
	f.denied["secret/data/ctp"] = true
	inBubble(t, f, func(t *testing.T, s *Session) {
		for range 60 {
			if _, err := fetch(t, s, ctpRef); !errors.Is(err, ErrDenied) {
				t.Fatalf("%v", err)
			}
			time.Sleep(time.Second)
		}
		if n := f.count("PUT auth/jwt/login"); n < 2 || n > 13 {
			t.Errorf("%d logins in a minute, want one in 5 s at most", n)
		}
	})
}

func TestRenewalFailuresAreNotRepeatedWithoutPause(t *testing.T) {
	for status, most := range map[int]int{503: 60, 429: 60, 400: 60, 403: 2} {
		f := vaultWithKey()
		f.ttl = time.Hour
		f.statuses["auth/token/renew-self"] = status
		inBubble(t, f, func(t *testing.T, s *Session) {
			if _, err := fetch(t, s, ctpRef); err != nil {
				t.Fatal(err)
			}
			time.Sleep(59 * time.Minute)
			if n := f.count("PUT auth/token/renew-self"); n < 1 || n > most {
				t.Errorf("status %d: %d renewals", status, n)
			}
			time.Sleep(2 * time.Minute)
			if st := s.Status(); !st.LoggedIn {
				t.Errorf("status %d: the token was not replaced: %+v", status, st)
			}
		})
	}
}

func TestTokenWithoutEndIsNotTended(t *testing.T) {
	f := vaultWithKey()
	inBubble(t, f, func(t *testing.T, s *Session) {
		for range 3 {
			if _, err := fetch(t, s, ctpRef); err != nil {
				t.Fatal(err)
			}
			time.Sleep(1000 * time.Hour)
		}
		if n := f.count("PUT "); n != 1 {
			t.Errorf("%d logins and renewals", n)
		}
	})
}

func TestStaticTokenIsRenewed(t *testing.T) {
	f := vaultWithKey()
	f.ttl = time.Hour
	cleanEnvironment(t)
	synctest.Test(t, func(t *testing.T) {
		network := newMemoryNet()
		server := &http.Server{Handler: f}
		go server.Serve(network)
		defer server.Close()
		var static string
		f.set(func() { static = f.newToken() })
		s, err := newSession(SessionConfig{
			Address: "http://127.0.0.1:8200", Auth: AuthConfig{Method: MethodToken, Token: SecretFromString(static)},
		}, network.dial)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		for range 24 {
			if _, err := fetch(t, s, ctpRef); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Hour)
		}
		f.revoke()
		time.Sleep(2 * time.Hour)
		if _, err := fetch(t, s, ctpRef); !errors.Is(err, ErrDenied) {
			t.Errorf("%v", err)
		}
		if n := f.count("PUT auth/jwt"); n != 0 {
			t.Errorf("%d logins of a static token", n)
		}
	})
}
