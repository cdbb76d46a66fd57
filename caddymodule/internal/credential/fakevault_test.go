package credential

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// marker stands in every answer of the fake that must not be quoted anywhere.
const marker = "MARKER-IN-VAULT-ANSWER"

// discardLog keeps a test server from reporting what the test provokes.
var discardLog = log.New(io.Discard, "", 0)

// fakeVault speaks the part of Vault's API that a session uses, scripted by the
// test. Tokens end after ttl, and in any case maxTTL after their login.
type fakeVault struct {
	mu     sync.Mutex
	calls  map[string]int // method and path
	bodies []string       // of logins
	tokens map[string]*fakeToken
	serial int

	ttl, maxTTL time.Duration // 0: without end
	renewable   bool

	mounts   map[string]string // path to version
	secrets  map[string]string // API path to the body of the answer
	statuses map[string]int    // path prefix to a status that is answered instead
	denied   map[string]bool   // path, or method and path, that no policy allows
	wrapped  map[string]string // wrapping token to secret id, used up once
	slow     time.Duration
	redirect string

	mayUpdate bool              // policy allows "update" of secrets beside "create"
	losing    int               // writes that are taken and not answered
	gate      func(call string) // holds requests up

	health string         // the body of sys/health
	lookup map[string]any // more of what lookup-self answers
}

type fakeToken struct{ ends, max time.Time }

func newFakeVault() *fakeVault {
	return &fakeVault{
		calls: map[string]int{}, tokens: map[string]*fakeToken{}, renewable: true,
		mounts:  map[string]string{"secret/": "2", "kv/": "1", "team/kv/": "2"},
		secrets: map[string]string{}, statuses: map[string]int{}, denied: map[string]bool{}, wrapped: map[string]string{},
	}
}

// putV2 writes a secret of KV version 2.
func (f *fakeVault) putV2(path string, version int, data, custom string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if custom == "" {
		custom = "null"
	}
	f.secrets[path] = fmt.Sprintf(`{"data":{"data":%s,"metadata":{"created_time":"2026-03-01T10:00:00.123456789Z",`+
		`"custom_metadata":%s,"deletion_time":"","destroyed":false,"version":%d}}}`, data, custom, version)
}

func (f *fakeVault) put(path, body string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secrets[path] = body
}

func (f *fakeVault) set(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
}

func (f *fakeVault) count(call string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for name, c := range f.calls {
		if strings.HasPrefix(name, call) {
			n += c
		}
	}
	return n
}

// revoke ends all tokens.
func (f *fakeVault) revoke() { f.set(func() { clear(f.tokens) }) }

func (f *fakeVault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	path := strings.TrimPrefix(r.URL.Path, "/v1/")
	f.mu.Lock()
	f.calls[r.Method+" "+path]++
	slow, gate := f.slow, f.gate
	f.mu.Unlock()
	if gate != nil {
		gate(r.Method + " " + path)
	}
	if slow > 0 {
		select {
		case <-time.After(slow):
		case <-r.Context().Done():
			return
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.redirect != "" {
		http.Redirect(w, r, f.redirect, http.StatusTemporaryRedirect)
		return
	}
	for prefix, status := range f.statuses {
		if strings.HasPrefix(path, prefix) {
			refuse(w, status)
			return
		}
	}
	switch {
	case strings.HasPrefix(path, "auth/") && strings.HasSuffix(path, "/login"):
		f.bodies = append(f.bodies, path+" "+string(body))
		if r.Header.Get("X-Vault-Token") != "" {
			refuse(w, 400) // a login must not carry the old token
			return
		}
		f.login(w)
	case path == "sys/wrapping/unwrap":
		f.unwrap(w, r, body)
	case path == "sys/wrapping/lookup":
		f.lookupWrapped(w, body)
	case path == "sys/health":
		_, _ = io.WriteString(w, f.health)
	default:
		f.withToken(w, r, path, body)
	}
}

// newToken makes a token. The lock is held.
func (f *fakeVault) newToken() string {
	f.serial++
	name := fmt.Sprintf("hvs.fake-token-%04d", f.serial)
	now := time.Now()
	token := &fakeToken{}
	if f.ttl > 0 {
		token.ends = now.Add(f.ttl)
	}
	if f.maxTTL > 0 {
		token.max = now.Add(f.maxTTL)
	}
	f.tokens[name] = token
	return name
}

func (f *fakeVault) login(w http.ResponseWriter) {
	name := f.newToken()
	answer(w, map[string]any{"auth": map[string]any{
		"client_token": name, "lease_duration": int(f.ttl / time.Second), "renewable": f.renewable && f.ttl > 0,
		"policies": []string{"phone-reader"},
	}})
}

func (f *fakeVault) unwrap(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct{ Token string }
	_ = json.Unmarshal(body, &in)
	if in.Token == "" {
		in.Token = r.Header.Get("X-Vault-Token")
	}
	id, ok := f.wrapped[in.Token]
	if !ok {
		refuse(w, 400)
		return
	}
	delete(f.wrapped, in.Token)
	answer(w, map[string]any{"data": map[string]any{"secret_id": id, "secret_id_accessor": "x"}})
}

func (f *fakeVault) lookupWrapped(w http.ResponseWriter, body []byte) {
	var in struct{ Token string }
	_ = json.Unmarshal(body, &in)
	if _, ok := f.wrapped[in.Token]; !ok {
		refuse(w, 400)
		return
	}
	answer(w, map[string]any{"data": map[string]any{"creation_ttl": 600}})
}

func (f *fakeVault) withToken(w http.ResponseWriter, r *http.Request, path string, body []byte) {
	token := f.tokens[r.Header.Get("X-Vault-Token")]
	ended := token == nil || (!token.ends.IsZero() && !time.Now().Before(token.ends))
	if ended || f.denied[path] || f.denied[r.Method+" "+path] {
		refuse(w, 403)
		return
	}
	switch {
	case path == "auth/token/lookup-self":
		ttl := 0
		if !token.ends.IsZero() {
			ttl = int(time.Until(token.ends) / time.Second)
		}
		data := map[string]any{"ttl": ttl, "renewable": f.renewable && ttl > 0}
		maps.Copy(data, f.lookup)
		answer(w, map[string]any{"data": data})
	case path == "auth/token/revoke-self":
		delete(f.tokens, r.Header.Get("X-Vault-Token"))
		w.WriteHeader(http.StatusNoContent)
	case path == "auth/token/renew-self":
		ends := time.Now().Add(f.ttl)
		if !token.max.IsZero() && ends.After(token.max) {
			ends = token.max
		}
		token.ends = ends
		answer(w, map[string]any{"auth": map[string]any{
			"client_token": r.Header.Get("X-Vault-Token"), "lease_duration": int(time.Until(ends) / time.Second), "renewable": true,
		}})
	case strings.HasPrefix(path, "sys/internal/ui/mounts/"):
		f.mount(w, strings.TrimPrefix(path, "sys/internal/ui/mounts/"))
	case f.serveKV(w, r, path, body):
	default:
		text, ok := f.secrets[path]
		if !ok {
			http.Error(w, `{"errors":[]}`, 404)
			return
		}
		if strings.Contains(text, `"data":{"data":null`) {
			w.WriteHeader(404) // what Vault answers for a deleted version
		}
		_, _ = io.WriteString(w, text)
	}
}

func (f *fakeVault) mount(w http.ResponseWriter, path string) {
	for mount, version := range f.mounts {
		if strings.HasPrefix(path+"/", mount) {
			answer(w, map[string]any{"data": map[string]any{"path": mount, "type": "kv", "options": map[string]any{"version": version}}})
			return
		}
	}
	refuse(w, 403) // what Vault answers for a mount that does not exist
}

func answer(w http.ResponseWriter, body any) { _ = json.NewEncoder(w).Encode(body) }

func refuse(w http.ResponseWriter, status int) {
	w.WriteHeader(status)
	fmt.Fprintf(w, `{"errors":["%s %s"]}`, marker, sample)
}

// cleanEnvironment takes all VAULT_* variables away for a test.
func cleanEnvironment(tb testing.TB) {
	tb.Helper()
	for _, name := range []string{
		"VAULT_ADDR", "VAULT_AGENT_ADDR", "VAULT_CACERT", "VAULT_CACERT_BYTES", "VAULT_CAPATH", "VAULT_CLIENT_CERT",
		"VAULT_CLIENT_KEY", "VAULT_HEADERS", "VAULT_SKIP_VERIFY", "VAULT_NAMESPACE", "VAULT_TLS_SERVER_NAME",
		"VAULT_WRAP_TTL", "VAULT_MAX_RETRIES", "VAULT_TOKEN", "VAULT_RATE_LIMIT", "VAULT_HTTP_PROXY",
		"VAULT_PROXY_ADDR", "VAULT_DISABLE_REDIRECTS", "VAULT_SRV_LOOKUP", "VAULT_CLIENT_TIMEOUT",
	} {
		tb.Setenv(name, "")
	}
}

// openSession starts the fake on loopback and a session that logs in by JWT.
func openSession(tb testing.TB, f *fakeVault, change ...func(*SessionConfig)) *Session {
	tb.Helper()
	cleanEnvironment(tb)
	server := httptest.NewServer(f)
	tb.Cleanup(server.Close)
	cfg := SessionConfig{
		Address: server.URL,
		Auth:    AuthConfig{Method: MethodJWT, Role: "phone", JWTFile: write(tb, tb.TempDir(), "jwt", "header.payload.signature\n", 0o600)},
	}
	for _, c := range change {
		c(&cfg)
	}
	s, err := NewSession(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// memoryNet is a network without sockets, for tests in a bubble of fake time.
type memoryNet struct {
	conns chan net.Conn
	done  chan struct{}
}

func newMemoryNet() *memoryNet {
	return &memoryNet{conns: make(chan net.Conn), done: make(chan struct{})}
}

func (m *memoryNet) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	ours, theirs := net.Pipe()
	select {
	case m.conns <- theirs:
		return ours, nil
	case <-m.done:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (m *memoryNet) Accept() (net.Conn, error) {
	select {
	case c := <-m.conns:
		return c, nil
	case <-m.done:
		return nil, net.ErrClosed
	}
}

func (m *memoryNet) Close() error   { close(m.done); return nil }
func (m *memoryNet) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// bubbleSession is openSession for a bubble; close it before the bubble ends.
func bubbleSession(tb testing.TB, f *fakeVault, jwtFile string) (s *Session, closeAll func()) {
	tb.Helper()
	network := newMemoryNet()
	server := &http.Server{Handler: f}
	go server.Serve(network)
	s, err := newSession(SessionConfig{
		Address: "http://127.0.0.1:8200",
		Auth:    AuthConfig{Method: MethodJWT, Role: "phone", JWTFile: jwtFile},
	}, network.dial)
	if err != nil {
		tb.Fatal(err)
	}
	return s, func() {
		s.Close()
		_ = server.Close()
	}
}
