package e2e

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// provoke makes happen what callers and providers can do.
func (l *leakage) provoke() {
	l.t.Helper()
	l.keep("a lookup", l.Lookup(l.Minimal.Key, harness.Number))
	l.keep("a full lookup", l.Lookup(l.Full.Key, harness.OtherNumber))
	l.provokeRefusals()
	for _, fault := range l.Standin.Faults(l.t, l.Provider) {
		l.Standin.SetFault(l.t, l.Provider, fault)
		l.keep(fmt.Sprint(fault), l.Lookup(l.Full.Key, harness.Number))
	}
	l.Standin.SetFault(l.t, l.Provider, harness.Fault{"Stall": true})
	l.keep("a stalling answer", l.Lookup(l.Full.Key, harness.Number))
	l.Standin.Hold(l.t, l.Provider)
	l.keep("no answer", l.Lookup(l.Full.Key, harness.Number))
	l.Standin.Open(l.t, l.Provider)
	l.provokeCancel()
	for _, port := range l.deadEnds {
		req := l.LookupRequest(l.Minimal.Key, harness.Number)
		req.URL.Host = "127.0.0.1:" + port
		got := harness.Client{}.MustDo(l.t, req)
		if got.Status != http.StatusBadGateway && got.Status != http.StatusGatewayTimeout {
			l.t.Errorf("a provider that cannot be reached or trusted: got %d", got.Status)
		}
		l.keep("a dead end", got)
	}
	l.Route += "\n\t\tlimit number 100000/h"
	l.MustReload()
	l.keep("a lookup after a reload", l.Lookup(l.Minimal.Key, harness.Number))
}

// provokeRefusals sends what is refused at the front door.
func (l *leakage) provokeRefusals() {
	l.t.Helper()
	for name, change := range map[string]func(*http.Request){
		"a number in the path":      func(r *http.Request) { r.URL.Path += "/" + harness.Number },
		"a number in a parameter":   func(r *http.Request) { r.URL.RawQuery += "&" + harness.Number + "=" + harness.Number },
		"a key in a parameter":      func(r *http.Request) { r.URL.RawQuery += "&key=" + l.Full.Key },
		"two keys":                  func(r *http.Request) { r.Header.Set("X-API-Key", l.Full.Key) },
		"a browser":                 func(r *http.Request) { r.Header.Set("Origin", "https://"+harness.Number[1:]+".example") },
		"a method":                  func(r *http.Request) { r.Method = "DELETE" },
		"secrets in other headers":  func(r *http.Request) { r.Header.Set("X-Debug", harness.Number+l.Full.Key) },
		"a query that is malformed": func(r *http.Request) { r.URL.RawQuery += "&%zz" + harness.Number[1:] },
		"a cookie":                  func(r *http.Request) { r.Header.Set("Cookie", "key="+l.Full.Key) },
	} {
		req := l.LookupRequest(l.Minimal.Key, harness.Number)
		change(req)
		l.keep(name, harness.Client{}.MustDo(l.t, req))
	}
	// The provider's own key, sent by an application that was not changed yet,
	// often enough for an alert.
	for range 20 {
		l.keep("the provider's key", l.Lookup(l.Standin.Key, harness.Number))
	}
	l.keep("an impossible number", l.Lookup(l.Minimal.Key, harness.Number+"0000"))
	l.keep("a long number", l.Lookup(l.Minimal.Key, strings.Repeat(harness.Number, 1000)))
	for name, text := range map[string]string{
		"garbage":           "GET /" + harness.Number + "?access_key=" + l.Full.Key + " HTTP/9.9\r\n\r\n",
		"a header too long": "GET /" + harness.Number + " HTTP/1.1\r\nHost: x\r\nX-API-Key: " + strings.Repeat(l.Full.Key, 40000) + "\r\n\r\n",
		"TLS to plaintext":  "\x16\x03\x01" + harness.Number,
	} {
		l.out["answer to "+name] = l.raw(text)
	}
}

// raw sends bytes and returns what comes back.
func (l *leakage) raw(text string) string {
	l.t.Helper()
	conn, err := net.Dial("tcp", net.JoinHostPort(l.Bind, l.Port))
	if err != nil {
		l.t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(harness.Soon))
	_, _ = io.WriteString(conn, text) // the server may have had enough before the end
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.CloseWrite()
	}
	answer, _ := io.ReadAll(bufio.NewReader(conn))
	return string(answer)
}

// provokeCancel leaves in the middle of a lookup.
func (l *leakage) provokeCancel() {
	l.t.Helper()
	l.Standin.Hold(l.t, l.Provider)
	conn := rawRequest(l.t, l.Stage, l.LookupRequest(l.Minimal.Key, harness.Number))
	l.Standin.AwaitHeld(l.t, l.Provider)
	_ = conn.Close()
	l.Standin.Open(l.t, l.Provider)
}

// provokeVault rotates the key, and lets Vault fail in both of its ways.
func (l *leakage) provokeVault() {
	l.t.Helper()
	if l.v == nil {
		return
	}
	next := harness.ProviderKey()
	l.secrets["the provider's next key"] = next
	l.Standin.SetKeys(l.t, l.Provider, next)
	l.keep("the old key", l.Lookup(l.Minimal.Key, harness.Number))
	l.v.Put(l.t, l.secretAt, map[string]string{"api_key": next})
	l.awaitStatus(`"version":2`)
	l.keep("the next key", l.Lookup(l.Minimal.Key, harness.Number))
	l.v.Policy(l.t, l.policy, readPolicy("secret/data/e2e/nothing"))
	l.awaitStatus(`"last_error":"denied"`)
	l.way.Close()
	l.awaitStatus(`"last_error":"unavailable"`)
	l.keep("an outage of Vault", l.Lookup(l.Minimal.Key, harness.Number))
}

func (l *leakage) awaitStatus(want string) {
	l.t.Helper()
	harness.Eventually(l.t, harness.Soon, want, func() error {
		status := l.AdminGet("/ringward/status").Body
		l.out["the status"] += status
		if !strings.Contains(status, want) {
			return errors.New(status)
		}
		return nil
	})
}
