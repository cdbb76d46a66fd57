package attacks

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// villain is a provider that answers with whatever bytes an attack wants.
type villain struct {
	url    string
	called atomic.Int64

	mu     sync.Mutex
	answer func(v visit)
	last   *http.Request
}

// visit is a request at the villain.
type visit struct {
	io.Writer // to the proxy, as it is, without a buffer

	key string // the provider's key that came with the request
}

func newVillain(t testing.TB, config *tls.Config) *villain {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	v := &villain{url: "https://" + listener.Addr().String()}
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go v.serve(conn)
		}
	}()
	return v
}

// serve answers one request a connection, then ends it.
func (v *villain) serve(conn net.Conn) {
	defer conn.Close()
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil { // such as a TLS handshake, where there is no TLS
		_, _ = io.WriteString(conn, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
		return
	}
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return
	}
	req.Body = io.NopCloser(bytes.NewReader(body))
	v.called.Add(1)
	v.mu.Lock()
	answer := v.answer
	v.last = req
	v.mu.Unlock()
	if answer == nil {
		answer = honest
	}
	key := strings.TrimPrefix(req.Header.Get("Authorization"), "Bearer ")
	if key == "" {
		key = req.URL.Query().Get("access_key")
	}
	answer(visit{conn, key})
}

// answers makes the villain answer in a way until the test ends.
func (v *villain) answers(t *testing.T, answer func(visit)) {
	t.Helper()
	v.set(answer)
	t.Cleanup(func() { v.set(nil) })
}

func (v *villain) set(answer func(visit)) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answer = answer
}

// got is the request that came last, body and all.
func (v *villain) got() (r *http.Request, body string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.last == nil {
		return new(http.Request), ""
	}
	text, _ := io.ReadAll(v.last.Body) // from memory
	v.last.Body = io.NopCloser(bytes.NewReader(text))
	return v.last, string(text)
}

func (v *villain) calls() int { return int(v.called.Load()) }

// upstream is the villain in a route's options.
func (v *villain) upstream(a *arena) string { return "upstream " + v.url + "\n ca " + a.authority.file }

// sends writes bytes as they are.
func (v visit) sends(text string) { _, _ = io.WriteString(v, text) } // the proxy may have had enough

// sendsJSON writes a good answer with a body.
func (v visit) sendsJSON(body string, fields ...string) {
	v.sends("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + headerLines(fields) +
		fmt.Sprintf("Content-Length: %d\r\nConnection: close\r\n\r\n%s", len(body), body))
}

func headerLines(fields []string) string {
	if len(fields) == 0 {
		return ""
	}
	return strings.Join(fields, "\r\n") + "\r\n"
}

// honest is a good answer of either provider.
func honest(v visit) { v.sendsJSON(answerWith("mobile")) }

// answerWith is an answer of both CheckThatPhone and Numverify whose line type
// is a text, written as JSON has it but for that text.
func answerWith(text string) string {
	return `{"success":true,"valid":true,"line_type":"` + text + `","data":{"deliverable":"true","nanpType":"` + text + `"}}`
}
