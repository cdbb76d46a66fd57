package demo

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"
)

// ErrPlaintext says that a server without a certificate was to listen where
// other machines could reach it.
var ErrPlaintext = errors.New("plaintext is for loopback addresses only")

// ServeOptions say where and how to serve. The zero value is plaintext on a
// free port of 127.0.0.1.
type ServeOptions struct {
	// Addr is the TCP address to listen on; default "127.0.0.1:0".
	Addr string

	// Certificate makes the server speak TLS, 1.2 or newer.
	Certificate *tls.Certificate

	// HTTP1 keeps a TLS server from offering HTTP/2.
	HTTP1 bool
}

// Server is a handler being served.
type Server struct {
	url    string
	addr   net.Addr
	http   *http.Server
	cancel context.CancelFunc
	done   chan struct{} // closed when serving has ended
}

// Serve starts to serve a handler, until Close.
func Serve(h http.Handler, o ServeOptions) (*Server, error) {
	if o.Addr == "" {
		o.Addr = "127.0.0.1:0"
	}
	listener, err := net.Listen("tcp", o.Addr)
	if err != nil {
		return nil, fmt.Errorf("serving demo: %w", err)
	}
	addr, isTCP := listener.Addr().(*net.TCPAddr)
	if o.Certificate == nil && (!isTCP || !addr.IP.IsLoopback()) {
		_ = listener.Close()
		return nil, fmt.Errorf("serving demo: %w", ErrPlaintext)
	}
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		url:    "http://" + listener.Addr().String(),
		addr:   listener.Addr(),
		http:   newHTTPServer(ctx, h),
		cancel: cancel,
		done:   make(chan struct{}),
	}
	if o.Certificate != nil {
		s.url = "https://" + listener.Addr().String()
		s.http.TLSConfig = &tls.Config{MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{*o.Certificate}}
		s.http.Protocols = new(http.Protocols)
		s.http.Protocols.SetHTTP1(true)
		s.http.Protocols.SetHTTP2(!o.HTTP1)
	}
	go s.serve(listener)
	return s, nil
}

func newHTTPServer(ctx context.Context, h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		BaseContext:       func(net.Listener) context.Context { return ctx },
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      2 * time.Minute, // a stalling answer is part of the demo
		IdleTimeout:       time.Minute,
		MaxHeaderBytes:    64 << 10,
		// Failed handshakes are the client's to report, and nothing that a
		// request holds may reach a log.
		ErrorLog: log.New(io.Discard, "", 0),
	}
}

func (s *Server) serve(listener net.Listener) {
	defer close(s.done)
	// Both return when Close is called; nothing else ends them.
	if s.http.TLSConfig != nil {
		_ = s.http.ServeTLS(listener, "", "")
		return
	}
	_ = s.http.Serve(listener)
}

// URL returns scheme, host and port, such as "https://127.0.0.1:49152".
func (s *Server) URL() string { return s.url }

// Addr returns the address that the server listens on.
func (s *Server) Addr() net.Addr { return s.addr }

// Close ends the server at once, with all requests in flight.
func (s *Server) Close() error {
	// Connections go first: a handler that ends because its request is
	// canceled must not look as if it had answered.
	err := s.http.Close()
	s.cancel()
	<-s.done
	if err != nil {
		return fmt.Errorf("closing demo server: %w", err)
	}
	return nil
}
