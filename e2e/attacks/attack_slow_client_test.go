package attacks

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/http2"

	"github.com/ringward/ringward/e2e/harness"
)

// drip sends a text one byte at a time, and then nothing, until the server ends
// the connection. It returns what came back.
func (a *arena) drip(at site, fast, slow string) string {
	a.t.Helper()
	conn := a.dial(at)
	_, _ = io.WriteString(conn, fast) // the server may have had enough
	stop := make(chan struct{})
	go func() {
		for i := range len(slow) {
			select {
			case <-stop:
				return
			case <-time.After(200 * time.Millisecond):
				_, _ = io.WriteString(conn, slow[i:i+1])
			}
		}
	}()
	answer, err := io.ReadAll(conn)
	close(stop)
	if timeout := net.Error(nil); errors.As(err, &timeout) && timeout.Timeout() {
		a.t.Errorf("the connection was held for %s", harness.Soon)
	}
	return string(answer)
}

// TestAttackSlowHeaders sends a request's head byte by byte (Slowloris,
// CVE-2007-6750): each connection would be held for as long as its client likes.
func TestAttackSlowHeaders(t *testing.T) {
	a := enter(t)
	t.Parallel()
	answer := a.drip(toIdle, "POST /v1/lookup HTTP/1.1\r\nHost: localhost\r\nX-API-Key: "+a.Full.Key+"\r\nX-Slow: ", strings.Repeat("x", 1000))
	a.tellsNothing("the answer", answer)
	a.neverAsked()
}

// TestAttackSlowBody sends a request's body byte by byte (R-U-Dead-Yet), with a
// length and in chunks: a connection, and all that the request has opened, would be
// held.
func TestAttackSlowBody(t *testing.T) {
	for name, head := range map[string]string{"length": "Content-Length: 1000", "chunks": "Transfer-Encoding: chunked"} {
		t.Run(name, func(t *testing.T) {
			a := enter(t)
			t.Parallel()
			answer := a.drip(toIdle, a.head(head), "3e8\r\n"+strings.Repeat(" ", 1000))
			if !strings.HasPrefix(answer, "HTTP/1.1 400 ") {
				t.Errorf("got %.60q", answer)
			}
			a.tellsNothing("the answer", answer)
			a.neverAsked()
		})
	}
}

// TestAttackSilentRefusal never sends the body of a request that is refused
// without it. A server that waits for it holds the connection.
func TestAttackSilentRefusal(t *testing.T) {
	a := enter(t)
	answer := a.drip(toIdle, "POST /v1/lookup HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n", "")
	if !strings.HasPrefix(answer, "HTTP/1.1 401 ") {
		t.Errorf("got %.60q", answer)
	}
}

// TestAttackClosedWindow asks in HTTP/2 with a window of no bytes, so that no
// answer can be sent (CVE-2019-9517; "slow read", S. Shekyan, 2012). Each stream
// would hold its answer, and the goroutine that writes it. In HTTP/1.1 answers are
// smaller than what the kernel takes at once, so that none is held.
func TestAttackClosedWindow(t *testing.T) {
	a := enter(t)
	t.Parallel()
	c := a.speakH2(overTLS, http2.Setting{ID: http2.SettingInitialWindowSize, Val: 0})
	fields := []field{{":method", "GET"}, {":scheme", "https"}, {":authority", "127.0.0.1"}, {":path", "/"}}
	const streams = 50
	for i := range streams {
		c.request(uint32(2*i+1), fields, "")
	}
	if got := c.answer(1); got.Status != http.StatusUnauthorized || got.Body != "" {
		t.Errorf("got %d %q", got.Status, got.Body)
	}
	harness.Eventually(t, harness.Soon, "the writes to end", func() error {
		if n := strings.Count(a.AdminGet("/debug/pprof/goroutine?debug=2").Body, "caddymodule.(*Edge).write("); n > 0 {
			return fmt.Errorf("%d go on", n)
		}
		return nil
	})
}
