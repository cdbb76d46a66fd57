package faults

import (
	"bufio"
	"crypto/tls"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// Hostile is a TLS server that behaves as no server should.
type Hostile struct {
	URL string

	mu   sync.Mutex
	keys []string
}

// behaviour is what a server does with a connection after the handshake. It
// returns when the connection is to be closed.
type behaviour struct {
	protocol string // of ALPN
	serve    func(h *Hostile, conn *tls.Conn)
}

// startHostile starts a server, until the test ends. The port before it is what
// ends its connections.
func startHostile(t testing.TB, cert tls.Certificate, b behaviour) *Hostile {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}, NextProtos: []string{b.protocol},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	h := &Hostile{URL: "https://" + listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go h.greet(conn.(*tls.Conn), b)
		}
	}()
	return h
}

func (h *Hostile) greet(conn *tls.Conn, b behaviour) {
	defer conn.Close()
	if conn.Handshake() == nil {
		b.serve(h, conn)
	}
}

// Keys lists the keys that it was shown.
func (h *Hostile) Keys() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.keys
}

func (h *Hostile) saw(authorization string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.keys = append(h.keys, strings.TrimPrefix(authorization, "Bearer "))
}

// onHTTP1 reads one request and then does what it is told.
func onHTTP1(then func(conn *tls.Conn)) behaviour {
	return behaviour{"http/1.1", func(h *Hostile, conn *tls.Conn) {
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		h.saw(req.Header.Get("Authorization"))
		then(conn)
	}}
}

// The things to be told.
var (
	neverAnswer = onHTTP1(func(conn *tls.Conn) { _, _ = io.Copy(io.Discard, conn) })
	resetAll    = onHTTP1(func(conn *tls.Conn) {
		raw := conn.NetConn().(*net.TCPConn)
		_ = raw.SetLinger(0) // close with a reset
		_ = raw.Close()
	})
	noHTTP = onHTTP1(func(conn *tls.Conn) { _, _ = conn.Write([]byte("\x00\x16 503 no HTTP at all\r\n\r\n")) })
)

// goAwayUnserved speaks HTTP/2, and sends a GOAWAY in place of every answer: it
// says that it has done nothing.
var goAwayUnserved = behaviour{"h2", func(h *Hostile, conn *tls.Conn) {
	preface := make([]byte, len(http2.ClientPreface))
	if _, err := io.ReadFull(conn, preface); err != nil {
		return
	}
	framer := http2.NewFramer(conn, conn)
	framer.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if framer.WriteSettings() != nil {
		return
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		if headers, ok := frame.(*http2.MetaHeadersFrame); ok {
			for _, field := range headers.RegularFields() {
				if field.Name == "authorization" {
					h.saw(field.Value)
				}
			}
			_ = framer.WriteGoAway(0, http2.ErrCodeNo, nil)
			return
		}
	}
}}

// startGoingAway starts a server that answers as another does, and sends a
// GOAWAY with every answer.
func startGoingAway(t testing.TB, cert tls.Certificate, target string, trust *tls.Config) *Hostile {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	proxy := &httputil.ReverseProxy{
		Rewrite:   func(r *httputil.ProxyRequest) { r.SetURL(to) },
		Transport: &http.Transport{TLSClientConfig: trust, ForceAttemptHTTP2: true},
		ErrorLog:  log.New(io.Discard, "", 0),
	}
	server := &http.Server{
		ReadHeaderTimeout: time.Minute, ErrorLog: log.New(io.Discard, "", 0),
		TLSConfig: &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{cert}},
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Connection", "close") // Go sends a GOAWAY for it
			proxy.ServeHTTP(w, r)
		}),
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	go func() { _ = server.ServeTLS(listener, "", "") }() // until it is closed
	return &Hostile{URL: "https://" + listener.Addr().String()}
}
