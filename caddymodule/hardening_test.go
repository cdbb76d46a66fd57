package caddymodule

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
)

// lockedBuffer is a log that a test reads while others write.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// TestSurplusBytesAreNotLogged: Go's HTTP client quotes in the standard log
// what a server sends beyond its answer.
func TestSurplusBytesAreNotLogged(t *testing.T) {
	s := newStage(t, "numverify")
	s.Upstream = s.rawServer(func(conn net.Conn) {
		body := `{"valid":true}`
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s{\"number\":\"%s\"}", len(body), body, canaryNumber)
	})
	s.start()
	old := log.Writer()
	defer log.SetOutput(old)
	var written lockedBuffer
	log.SetOutput(&written)
	guardStdLog()
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	eventually(t, "the line in the log", func() bool { return strings.Contains(written.String(), "withheld") })
	if strings.Contains(written.String(), canaryNumber) {
		t.Errorf("the log holds the surplus: %s", written.String())
	}
}

func TestStandardLogStaysGuardedOverReloads(t *testing.T) {
	s := newStage(t, "checkthatphone")
	for range 3 {
		s.Route += "\n limit ip 1000/" + []string{"s", "m", "h", "d"}[strings.Count(s.Route, "limit")]
		s.start()
		if _, guarded := log.Writer().(stdLogGuard); !guarded {
			t.Fatalf("the standard log writes to %T", log.Writer())
		}
	}
}

// rawServer answers each request over TLS with whatever answer writes.
func (s *stage) rawServer(answer func(net.Conn)) (url string) {
	s.t.Helper()
	return s.acceptTLS(func(conn net.Conn) {
		for readRequest(conn) {
			answer(conn)
		}
	})
}

func TestSwitchingProtocolsDoesNotEscapeTheTimeout(t *testing.T) {
	s := newStage(t, "numverify")
	s.Upstream = s.rawServer(func(conn net.Conn) {
		fmt.Fprint(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\nContent-Type: application/json\r\n\r\n")
	})
	s.Route = "timeout 5s"
	s.start()
	begun := time.Now()
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 502 {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if took := time.Since(begun); took > 4*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestRefusalDoesNotWaitForTheBody: a request without a key that announces a
// body and never sends it must not hold its connection.
func TestRefusalDoesNotWaitForTheBody(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	conn, err := net.Dial("tcp", "127.0.0.1:"+s.Port)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(bodyTimeout / 2))
	fmt.Fprint(conn, "POST /v1/lookup HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("no answer: %v", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != 401 {
		t.Errorf("got %d", resp.StatusCode)
	}
}

// TestARefusalSpoilsNoLaterRequest of a client that keeps its connections: what
// is refused before its body is read must not leave the connection in a state in
// which good requests fail.
func TestARefusalSpoilsNoLaterRequest(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	transport := new(http.Transport)
	defer transport.CloseIdleConnections()
	client := http.Client{Transport: transport}
	for i := range 200 { // it takes some luck
		want, key := 200, s.Minimal
		if i%2 == 0 {
			want, key = 401, "rwk_unknown"
		}
		resp, err := client.Do(s.lookupRequest(key, canaryNumber))
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body) // a connection whose answer was read is used again
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Fatalf("request %d: got %d %s", i+1, resp.StatusCode, body)
		}
	}
}

// TestNothingFollowsADisputedLength: with Transfer-Encoding and Content-Length in
// one request, a proxy in front may take what follows for its body.
func TestNothingFollowsADisputedLength(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	body := `{"phone":"` + canaryNumber + `"}`
	post := func(proto, fields, body string) string {
		return "POST /v1/lookup HTTP/" + proto + "\r\nHost: localhost\r\nContent-Type: application/json\r\nX-API-Key: " + s.Minimal + "\r\n" + fields + "\r\n" + body
	}
	next := post("1.1", fmt.Sprintf("Content-Length: %d\r\n", len(body)), body)
	for _, tt := range []struct {
		name, text string
		answers    int
	}{
		{"a length and chunks", post("1.1", fmt.Sprintf("Content-Length: %d\r\nTransfer-Encoding: chunked\r\n", 5+len(next)), "0\r\n\r\n"), 1},
		{"chunks", post("1.1", "Transfer-Encoding: chunked\r\n", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)), 1},
		{"chunks in HTTP/1.0", post("1.0", "Connection: keep-alive\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n", "{}"), 1},
		{"a length", post("1.1", "Content-Length: 2\r\n", "{}"), 2},
	} {
		conn, err := net.Dial("tcp", "127.0.0.1:"+s.Port)
		if err != nil {
			t.Fatal(err)
		}
		_ = conn.SetDeadline(time.Now().Add(bodyTimeout))
		fmt.Fprint(conn, tt.text+next)
		from, answers := bufio.NewReader(conn), 0
		for range 2 {
			resp, err := http.ReadResponse(from, nil)
			if err != nil {
				break
			}
			_, _ = io.Copy(io.Discard, resp.Body)
			_ = resp.Body.Close()
			answers++
		}
		_ = conn.Close()
		if answers != tt.answers {
			t.Errorf("%s: %d answers, want %d", tt.name, answers, tt.answers)
		}
	}
}

func TestFailedReloadKeepsTheRunningConfigInSight(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	bad := s.caddyfile() + "\nhttp://:" + strings.Split(taken.Addr().String(), ":")[1] + " {\n bind 127.0.0.1\n ringward_health\n}\n"
	for range 5 {
		if err := loadCaddyfile(bad); err == nil {
			t.Fatal("a config with a taken port was loaded")
		}
		if status := s.admin("/ringward/status"); !strings.Contains(status, `"ready":true`) {
			t.Fatalf("got %s", status)
		}
	}
}

func TestDoorsOfDifferentProvidersDoNotFit(t *testing.T) {
	s := newStage(t, "numverify")
	config := strings.Replace(s.adapt(), `"protocol":"ringward","provider":{"name":"numverify"`, `"protocol":"ringward","provider":{"name":"numverify-net"`, 1)
	t.Cleanup(s.tryStop)
	if err := caddy.Load([]byte(config), true); err != nil {
		t.Fatal(err)
	}
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 500 || s.provider.Calls() != 0 {
		t.Errorf("got %d %s after %d calls", got.status, got.body, s.provider.Calls())
	}
}

// TestRefusedKeysAreNotTriedForEver: with the new key wrong and the old one
// revoked, requests stop trying both.
func TestRefusedKeysAreNotTriedForEver(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Refresh = "100ms"
	s.start()
	s.vault.Put("secret/phone/provider", map[string]string{"api_key": "a-mistyped-key"})
	eventually(t, "version 2", func() bool { return strings.Contains(s.admin("/ringward/status"), `"version":2`) })
	s.provider.SetKeys("something-else")
	s.lookup(s.Minimal, canaryNumber)
	s.provider.Reset()
	for range 5 {
		if got := s.lookup(s.Minimal, canaryNumber); got.status != 502 {
			t.Errorf("got %d", got.status)
		}
	}
	if calls := s.provider.Calls(); calls != 5 {
		t.Errorf("5 requests made %d calls", calls)
	}
}

func TestCallsThatWereNotSentAreNotCounted(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Upstream = "https://127.0.0.1:" + freePort(t)
	s.start()
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 502 || s.entry(got).UpstreamCalls != 0 {
		t.Errorf("got %d, audit entry %+v", got.status, s.entry(got))
	}
}

func TestWhatCountsAsJSON(t *testing.T) {
	for contentType, want := range map[string]bool{
		"application/json":                            true,
		"application/json; charset=utf-8":             true,
		"application/json; charset=UTF-8; profile=x":  true,
		"Application/Problem+JSON":                    true,
		"application/json; profile=x; charset=latin1": false,
		"application/json; charset=utf-16":            false,
		"text/json":                                   false,
		"application/xml":                             false,
		"application/jsonp":                           false,
		"":                                            false,
	} {
		if got := isJSONAnswer([]string{contentType}); got != want {
			t.Errorf("%q: %v", contentType, got)
		}
	}
	if isJSONAnswer(nil) || isJSONAnswer([]string{"application/json", "application/json"}) {
		t.Error("no content type, or two, count")
	}
}

func TestRetryAfterOfTheProviderIsBounded(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"7": 7 * time.Second, "999999": time.Hour, "-1": time.Minute, "1m": time.Minute, "": time.Minute,
		"Sun, 22 Nov 2026 07:28:00 GMT": time.Minute,
	} {
		if got := retryAfter(http.Header{"Retry-After": {text}}); got != want {
			t.Errorf("%q: %s", text, got)
		}
	}
}

func TestNationalFormNeedsOneCallingCode(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Preset = "custom acme"
	s.Route = "place query token\n operation lookup GET /v1/l {\n number query n national\n field validity /valid\n }"
	if err := s.tryStart(); err == nil || !strings.Contains(err.Error(), "calling code") {
		t.Errorf("got %v", err)
	}
	s.Route += "\n regions GB GG"
	if err := s.tryStart(); err != nil {
		t.Errorf("with regions of one calling code: %v", err)
	}
}
