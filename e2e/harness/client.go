package harness

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// requestTimeout bounds one request of a test.
const requestTimeout = 30 * time.Second

// Reply is an answer as a caller gets it.
type Reply struct {
	Status int
	Header http.Header
	Body   string
}

// JSON decodes the answer's object.
func (r Reply) JSON(t testing.TB) map[string]any {
	t.Helper()
	var object map[string]any
	if err := json.Unmarshal([]byte(r.Body), &object); err != nil {
		t.Fatalf("the answer %d %q is not a JSON object: %v", r.Status, r.Body, err)
	}
	return object
}

// Client sends requests. The zero value sends them over TCP and trusts the
// system's authorities.
type Client struct {
	Socket string      // path of a unix socket to use for every host
	TLS    *tls.Config // for https
}

// Do sends a request on a connection of its own and reads the whole answer.
// Redirects are not followed.
func (c Client) Do(req *http.Request) (Reply, error) {
	transport := &http.Transport{DisableKeepAlives: true, TLSClientConfig: c.TLS, ForceAttemptHTTP2: true}
	if c.Socket != "" {
		transport.DialContext = func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", c.Socket)
		}
	}
	client := http.Client{
		Transport:     transport,
		Timeout:       requestTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return Reply{}, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return Reply{}, fmt.Errorf("reading the answer: %w", err)
	}
	return Reply{resp.StatusCode, resp.Header, string(body)}, nil
}

// MustDo is Do for requests that must be answered.
func (c Client) MustDo(t testing.TB, req *http.Request) Reply {
	t.Helper()
	got, err := c.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// Request makes a request; headers come as names and values in turn.
func Request(t testing.TB, method, url, body string, header ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Add(header[i], header[i+1])
	}
	return req
}

// Get asks for a URL and wants an answer.
func (c Client) Get(t testing.TB, url string) Reply {
	t.Helper()
	return c.MustDo(t, Request(t, http.MethodGet, url, ""))
}

var (
	portsMu sync.Mutex
	ports   = make(map[string]bool)
)

// FreePort returns a TCP port of loopback that nobody listens on, and that no
// other test gets. It is none of those that the kernel gives to outgoing
// connections, so it stays free until it is used.
func FreePort(t testing.TB) string {
	t.Helper()
	portsMu.Lock()
	defer portsMu.Unlock()
	for range 100 {
		port := fmt.Sprint(15000 + rand.IntN(15000))
		if ports[port] {
			continue
		}
		listener, err := net.Listen("tcp", ":"+port)
		if err != nil {
			continue
		}
		_ = listener.Close()
		ports[port] = true
		return port
	}
	t.Fatal("no free port found")
	return ""
}

// Refused returns nil when nobody listens at a TCP address.
func Refused(address string) error {
	conn, err := net.DialTimeout("tcp", address, time.Second)
	if err == nil {
		_ = conn.Close()
		return fmt.Errorf("somebody listens at %s", address)
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return err
	}
	return nil
}
