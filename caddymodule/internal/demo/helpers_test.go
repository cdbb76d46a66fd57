package demo

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hashicorp/vault/api"
)

// serve serves a handler in plaintext for the time of a test.
func serve(t testing.TB, h http.Handler) *Server {
	t.Helper()
	return serveWith(t, h, ServeOptions{})
}

func serveWith(t testing.TB, h http.Handler, o ServeOptions) *Server {
	t.Helper()
	s, err := Serve(h, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// vaultClient returns Vault's own client with the given token.
func vaultClient(t testing.TB, url, token string) *api.Client {
	t.Helper()
	config := api.DefaultConfig()
	config.Address = url
	config.MaxRetries = 0
	config.Timeout = time.Minute
	client, err := api.NewClient(config)
	if err != nil {
		t.Fatal(err)
	}
	client.SetToken(token)
	return client
}

// startVault serves a new Vault and returns a client with its root token.
func startVault(t testing.TB) (*Vault, *api.Client) {
	t.Helper()
	v := NewVault()
	return v, vaultClient(t, serve(t, v).URL(), v.RootToken())
}

// providerClient trusts an authority and reaches a server under any name.
func providerClient(t testing.TB, a *Authority, s *Server) *http.Client {
	t.Helper()
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: a.Pool()},
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, network, s.Addr().String())
		},
		ForceAttemptHTTP2:  true,
		DisableCompression: true,
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport:     transport,
		Timeout:       time.Minute, // a bound for busy machines, not a promise
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

const testKey = "ctp_live_0123456789abcdef"

// formedKeys are made once: an RSA key takes its time.
var (
	formedMu   sync.Mutex
	formedKeys = map[string]string{}
)

// keyOf returns the key with which startProvider starts a provider: testKey,
// unless its keys have a form of their own.
func keyOf(t testing.TB, name string) string {
	t.Helper()
	if protocols[name](time.Now).newKey == nil {
		return testKey
	}
	formedMu.Lock()
	defer formedMu.Unlock()
	if formedKeys[name] == "" {
		formedKeys[name] = freshKey(t, name)
	}
	return formedKeys[name]
}

// freshKey makes a key or fails.
func freshKey(t testing.TB, name string) string {
	t.Helper()
	key, err := NewKey(name)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// startProvider serves a provider over TLS under its name "api.example". Its
// key is keyOf.
func startProvider(t testing.TB, name string, o ServeOptions) (*Provider, *Recording, *http.Client) {
	t.Helper()
	record := new(Recording)
	p, err := NewProvider(name, keyOf(t, name), record)
	if err != nil {
		t.Fatal(err)
	}
	a, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := a.Issue("api.example")
	if err != nil {
		t.Fatal(err)
	}
	o.Certificate = &cert
	return p, record, providerClient(t, a, serveWith(t, p, o))
}

// answer is a response whose body has been read.
type answer struct {
	status int
	header http.Header
	body   string
	json   map[string]any
}

// do sends a request and reads the answer. An empty body sends none.
func do(t testing.TB, c *http.Client, method, url, body string, header http.Header) answer {
	t.Helper()
	req, err := http.NewRequest(method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header.Clone()
	resp, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	a := answer{status: resp.StatusCode, header: resp.Header, body: string(raw)}
	_ = json.Unmarshal(raw, &a.json) // stays nil where the body is no object
	return a
}

// wantFields compares some fields of an object.
func wantFields(t testing.TB, got map[string]any, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if have, ok := got[name]; !ok || !reflect.DeepEqual(have, value) {
			t.Errorf("field %q: got %#v (present: %v), want %#v", name, have, ok, value)
		}
	}
}

// ask asks a provider and fails unless the status is the wanted one.
func ask(t testing.TB, c *http.Client, method, path, body string, header http.Header, want int) answer {
	t.Helper()
	got := do(t, c, method, "https://api.example"+path, body, header)
	if got.status != want {
		t.Fatalf("%s %s: got %d %q, want %d", method, path, got.status, got.body, want)
	}
	return got
}

// member follows names into nested objects; nil where there is none.
func member(object map[string]any, names ...string) any {
	var value any = object
	for _, name := range names {
		nested, _ := value.(map[string]any)
		value = nested[name]
	}
	return value
}
