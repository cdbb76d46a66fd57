package caddymodule

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/demo"
)

// TestNothingPassesButTheProjection is invariant I2: whatever the provider
// does, no byte of it reaches the caller but released fields.
func TestNothingPassesButTheProjection(t *testing.T) {
	for _, preset := range []string{"checkthatphone", "numverify"} {
		s := newStage(t, preset)
		s.start()
		faults := demo.Gallery()
		for name, fault := range s.provider.DocumentedErrors() {
			faults["documented: "+name] = fault
		}
		for name, fault := range faults {
			t.Run(preset+"/"+name, func(t *testing.T) {
				s.provider.Reset()
				s.provider.SetFault(fault)
				var hints int
				req := s.lookupRequest(s.Full, canaryNumber)
				req = req.WithContext(httptrace.WithClientTrace(req.Context(), &httptrace.ClientTrace{
					Got1xxResponse: func(int, textprotoHeader) error { hints++; return nil },
				}))
				got := s.do(req)
				checkAnswer(t, s, got)
				if hints > 0 {
					t.Error("early hints reached the caller")
				}
				if calls := s.provider.Calls(); calls != 1 {
					t.Errorf("one request made %d upstream calls", calls)
				}
				if e := s.entry(got); e.UpstreamCalls != 1 || (e.Decision == "answered") != (got.status == 200) {
					t.Errorf("audit entry %+v", e)
				}
			})
		}
	}
}

type textprotoHeader = textproto.MIMEHeader

// checkAnswer holds an answer against the allow-lists.
func checkAnswer(t *testing.T, s *stage, got reply) {
	t.Helper()
	switch got.status {
	case 200, 422, 502, 503:
	default:
		t.Errorf("got status %d", got.status)
	}
	for name := range got.header {
		switch name {
		case "Cache-Control", "Content-Length", "Content-Type", "Date", "Retry-After", "Server", "X-Content-Type-Options", "X-Request-Id":
		default:
			t.Errorf("the header %s reached the caller", name)
		}
	}
	for _, form := range renderingsOf(s.Key) {
		if strings.Contains(got.body, form) {
			t.Errorf("the provider's key reached the caller: %s", got.body)
		}
	}
	for _, never := range []string{"credits_used", "maintenance", "elsewhere.example", "padding", "debug", "Support"} {
		if strings.Contains(got.body, never) {
			t.Errorf("%q reached the caller: %s", never, got.body)
		}
	}
	got.json(t)
}

func TestUnreadableAnswersAreBadGateways(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	for _, name := range []string{
		"not json", "json array", "json scalar", "text after json", "not utf-8", "truncated", "huge", "compressed huge",
		"false content encoding", "unknown content encoding", "connection reset", "duplicate names", "redirect", "replaying redirect",
		"echo in known fields", "echo, escaped",
	} {
		s.provider.SetFault(demo.Gallery()[name])
		if got := s.lookup(s.Full, canaryNumber); got.status != 502 {
			// Some of these append to the top level of the answer, where
			// CheckThatPhone has no released field.
			if got.status == 200 && strings.HasPrefix(name, "echo") && !strings.Contains(got.body, "canary") {
				continue
			}
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
	s.provider.SetFault(demo.Fault{Encoding: "gzip"})
	if got := s.lookup(s.Full, canaryNumber); got.status != 200 {
		t.Errorf("gzip is fine: got %d", got.status)
	}
}

func TestEchoInAReleasedFieldIsABadGateway(t *testing.T) {
	s := newStage(t, "numverify")
	s.start()
	for _, form := range []string{"{credential}", "{credential.base64}", "{credential.basic}", "{credential.hex}", "{credential.url}", "{credential.json}"} {
		s.provider.SetFault(demo.Fault{Body: `{"valid":true,"carrier":"x ` + form + ` y"}`, Header: http.Header{"Content-Type": {"application/json"}}})
		if got := s.lookup(s.Full, canaryNumber); got.status != 502 {
			t.Errorf("%s: got %d %s", form, got.status, got.body)
		}
	}
}

func TestProvidersErrorsAreHidden(t *testing.T) {
	s := newStage(t, "numverify")
	s.start()
	for _, tt := range []struct {
		name, body string
		status     int
		want       int
	}{
		{"bad key", `{"success":false,"error":{"code":101,"type":"invalid_access_key","info":"secret text"}}`, 200, 502},
		{"quota", `{"success":false,"error":{"code":104,"type":"usage_limit_reached","info":"secret text"}}`, 200, 503},
		{"rate limit", `{"success":false,"error":{"code":106,"type":"rate_limit_reached","info":"secret text"}}`, 200, 503},
		{"no HTTPS on this plan", `{"success":false,"error":{"code":105,"type":"https_access_restricted","info":"secret text"}}`, 200, 502},
		{"number refused", `{"success":false,"error":{"code":211,"type":"non_numeric_phone_number_provided","info":"secret text"}}`, 400, 422},
		{"unknown error", `{"success":false,"error":{"code":999,"type":"new","info":"secret text"}}`, 200, 502},
		{"server error", `{"message":"secret text"}`, 500, 502},
		{"gateway's error", `{"message":"secret text"}`, 200, 502},
	} {
		s.provider.SetFault(demo.Fault{Status: tt.status, Body: tt.body, Header: http.Header{"Content-Type": {"application/json"}}})
		got := s.lookup(s.Full, canaryNumber)
		if got.status != tt.want || strings.Contains(got.body, "secret text") {
			t.Errorf("%s: got %d %s", tt.name, got.status, got.body)
		}
		if tt.want == 503 && got.header.Get("Retry-After") == "" {
			t.Errorf("%s: no Retry-After", tt.name)
		}
	}
}

func TestSlowProviderIsATimeout(t *testing.T) {
	for name, fault := range map[string]func(<-chan struct{}) demo.Fault{
		"before the answer": func(c <-chan struct{}) demo.Fault { return demo.Fault{Wait: c} },
		"within the answer": func(c <-chan struct{}) demo.Fault { return demo.Fault{Stall: c} },
	} {
		s := newStage(t, "checkthatphone")
		s.Route = "timeout 300ms"
		s.start()
		never := make(chan struct{})
		s.provider.SetFault(fault(never))
		if got := s.lookup(s.Minimal, canaryNumber); got.status != 504 || s.provider.Calls() != 1 {
			t.Errorf("%s: got %d %s after %d calls", name, got.status, got.body, s.provider.Calls())
		}
		close(never)
	}
}

// TestBrokenConnectionIsNotRetried counts calls where net/http retries on its
// own: a GET on a reused connection that breaks.
func TestBrokenConnectionIsNotRetried(t *testing.T) {
	s := newStage(t, "numverify")
	calls := make(chan struct{}, 10)
	s.Upstream = s.breakingServer(calls)
	s.start()
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 200 {
		t.Fatalf("first: got %d %s", got.status, got.body)
	}
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 502 {
		t.Errorf("second: got %d %s", got.status, got.body)
	}
	if n := len(calls); n != 2 {
		t.Errorf("two requests made %d upstream calls", n)
	}
}

// TestHeadersAndBodyLeaveTogether: one record on the wire costs less than two.
func TestHeadersAndBodyLeaveTogether(t *testing.T) {
	s := newStage(t, "checkthatphone")
	read := make(chan string, 1)
	s.Upstream = s.acceptTLS(func(conn net.Conn) {
		record := make([]byte, 16<<10) // of TLS; one Read returns no more than one
		n, _ := conn.Read(record)
		read <- string(record[:n])
	})
	s.start()
	s.lookup(s.Minimal, canaryNumber)
	if record := <-read; !strings.HasPrefix(record, "POST ") || !strings.HasSuffix(record, "}") {
		t.Errorf("the first record is no whole request: it has %d bytes", len(record))
	}
}

// breakingServer answers the first request of a connection and breaks the
// connection on the second.
func (s *stage) breakingServer(calls chan<- struct{}) (url string) {
	s.t.Helper()
	return s.acceptTLS(func(conn net.Conn) { serveOnce(conn, calls) })
}

// acceptTLS serves connections one by one, as bytes.
func (s *stage) acceptTLS(serve func(net.Conn)) (url string) {
	s.t.Helper()
	certificate, err := s.authority.Issue("127.0.0.1")
	if err != nil {
		s.t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS12})
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	return "https://" + listener.Addr().String()
}

func serveOnce(conn net.Conn, calls chan<- struct{}) {
	for first := true; ; first = false {
		if !readRequest(conn) {
			return
		}
		calls <- struct{}{}
		if !first {
			return
		}
		body := `{"valid":true}`
		fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	}
}

func readRequest(conn net.Conn) bool {
	var seen []byte
	buf := make([]byte, 4096)
	for !bytes.Contains(seen, []byte("\r\n\r\n")) {
		_ = conn.SetReadDeadline(time.Now().Add(10 * time.Second))
		n, err := conn.Read(buf)
		if err != nil {
			return false
		}
		seen = append(seen, buf[:n]...)
	}
	return true
}

func TestUpstreamMustProveItself(t *testing.T) {
	s := newStage(t, "checkthatphone")
	expired, err := s.authority.IssueExpired("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	other, err := s.authority.Issue("elsewhere.example")
	if err != nil {
		t.Fatal(err)
	}
	strangers, err := demo.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	strange, err := strangers.Issue("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	for name, certificate := range map[string]tls.Certificate{"expired": expired, "another name": other, "unknown authority": strange} {
		s.Upstream = s.serve(s.provider, demo.ServeOptions{Certificate: &certificate})
		s.start()
		if got := s.lookup(s.Minimal, canaryNumber); got.status != 502 {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
	s.Upstream = s.oldTLS()
	s.start()
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 502 {
		t.Errorf("TLS 1.1: got %d %s", got.status, got.body)
	}
	if strings.Contains(s.record.String(), "canary") {
		t.Error("the key was sent to somebody who is not the provider")
	}
}

// oldTLS serves the provider with TLS 1.1 at most.
func (s *stage) oldTLS() (url string) {
	s.t.Helper()
	certificate, err := s.authority.Issue("127.0.0.1")
	if err != nil {
		s.t.Fatal(err)
	}
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{certificate}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11,
	})
	if err != nil {
		s.t.Fatal(err)
	}
	server := &http.Server{Handler: s.provider, ReadHeaderTimeout: time.Second}
	server.ErrorLog = discardLog()
	go func() { _ = server.Serve(listener) }()
	s.t.Cleanup(func() { _ = server.Close() })
	return "https://" + listener.Addr().String()
}

func TestTransportServesOnlyTheFrontDoor(t *testing.T) {
	req, _ := http.NewRequest("GET", "https://127.0.0.1/v1/lookup", nil)
	resp, err := new(Transport).RoundTrip(req)
	if err == nil {
		_, _ = io.Copy(io.Discard, resp.Body)
		_ = resp.Body.Close()
		t.Error("a health check, or a request of another handler, was served")
	}
}
