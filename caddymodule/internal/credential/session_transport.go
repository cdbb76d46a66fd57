package credential

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const (
	dialTimeout    = 5 * time.Second
	maxAnswer      = 1 << 20 // bytes of one answer of Vault
	maxHeaderBytes = 64 << 10
	maxCAFile      = 1 << 20
)

// errTooLarge ends the reading of an answer that is longer than maxAnswer.
var errTooLarge = errors.New("answer too large")

// errRedirect ends a redirect to where no token may go.
var errRedirect = errors.New("redirect to an address that is not allowed")

// dialFunc opens a connection. Tests put a network of their own in its place.
type dialFunc func(ctx context.Context, network, addr string) (net.Conn, error)

// newTransport makes the HTTP transport to Vault.
func newTransport(cfg SessionConfig, to endpoint, dial dialFunc) (*http.Transport, error) {
	tlsConfig, err := newTLSConfig(cfg)
	if err != nil {
		return nil, err
	}
	proxy, err := newProxy(cfg.Proxy, to)
	if err != nil {
		return nil, err
	}
	if dial == nil {
		dial = newDial(to)
	}
	return &http.Transport{
		Proxy:                  proxy,
		DialContext:            dial,
		TLSClientConfig:        tlsConfig,
		TLSHandshakeTimeout:    dialTimeout,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           4,
		MaxIdleConnsPerHost:    4,
		MaxConnsPerHost:        16,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: maxHeaderBytes,
	}, nil
}

// newProxy returns the proxy function for a proxy that is named for Vault. Plain
// http stays on this machine and never takes one.
func newProxy(proxy string, to endpoint) (func(*http.Request) (*url.URL, error), error) {
	if proxy == "" || to.plain {
		return nil, nil
	}
	u, err := url.Parse(proxy)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, fmt.Errorf("the proxy for Vault is not an http or https URL: %w", ErrInvalid)
	}
	return http.ProxyURL(u), nil
}

func newDial(to endpoint) dialFunc {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: 30 * time.Second}
	switch {
	case to.socket != "":
		return func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", to.socket)
		}
	case to.plain:
		return func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, addr)
			if err == nil && !isLoopbackConn(conn) {
				_ = conn.Close()
				return nil, errRedirect
			}
			return conn, err
		}
	default:
		return dialer.DialContext
	}
}

func newTLSConfig(cfg SessionConfig) (*tls.Config, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: cfg.TLSServerName}
	roots, err := loadRoots(cfg)
	if err != nil {
		return nil, err
	}
	config.RootCAs = roots
	cert, key := cfg.ClientCertFile, cfg.ClientKeyFile
	if cert == "" && key == "" {
		return config, nil
	}
	if cert == "" || key == "" {
		return nil, fmt.Errorf("a client certificate for Vault needs both client_cert_file and client_key_file: %w", ErrInvalid)
	}
	if _, err := loadKeyPair(cert, key); err != nil {
		return nil, err
	}
	// Read at each handshake, so that a renewed certificate is taken up. The
	// server's list of authorities is not asked: Vault's cert method knows more
	// certificates than the listener names.
	config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
		return loadKeyPair(cert, key)
	}
	return config, nil
}

// loadKeyPair hides the library's error, which might quote the files.
func loadKeyPair(cert, key string) (*tls.Certificate, error) {
	pair, err := tls.LoadX509KeyPair(cert, key)
	if err != nil {
		return nil, fmt.Errorf("the client certificate %s with key %s cannot be loaded: check that both exist, are PEM and belong together: %w",
			cert, key, ErrInvalid)
	}
	return &pair, nil
}

// loadRoots returns the authorities to trust, nil for the system's. An authority
// that is named and cannot be loaded is an error: falling back to the system's
// would trust more than was asked for.
func loadRoots(cfg SessionConfig) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	switch {
	case cfg.CAFile != "":
		return pool, addRoots(pool, cfg.CAFile)
	case len(cfg.caPEM) > 0:
		if !pool.AppendCertsFromPEM(cfg.caPEM) {
			return nil, fmt.Errorf("VAULT_CACERT_BYTES holds no PEM certificate: %w", ErrInvalid)
		}
		return pool, nil
	case cfg.CAPath != "":
		return pool, addRootsOf(pool, cfg.CAPath)
	default:
		return nil, nil
	}
}

func addRoots(pool *x509.CertPool, path string) error {
	pem, _, err := readSmallFile(path, maxCAFile)
	if err != nil {
		return fmt.Errorf("loading the authority of Vault: %w", err)
	}
	if !pool.AppendCertsFromPEM(pem) {
		return fmt.Errorf("the authority of Vault, file %s, holds no PEM certificate: %w", path, ErrInvalid)
	}
	return nil
}

func addRootsOf(pool *x509.CertPool, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("loading the authorities of Vault: %w", fileError(dir, err))
	}
	loaded := 0
	for _, entry := range entries {
		if entry.IsDir() || strings.HasPrefix(entry.Name(), ".") { // Kubernetes links its data as "..data"
			continue
		}
		if err := addRoots(pool, filepath.Join(dir, entry.Name())); err != nil {
			return err
		}
		loaded++
	}
	if loaded == 0 {
		return fmt.Errorf("the directory %s holds no authority of Vault: %w", dir, ErrInvalid)
	}
	return nil
}

// guard is the last door before the network. It refuses to send a token to where
// it must not go, bounds what comes back, and ends every request with the session,
// also those that vault/api makes without a context.
type guard struct {
	next http.RoundTripper
	to   endpoint
	life context.Context //nolint:containedctx // the session's lifetime
}

// RoundTrip implements http.RoundTripper.
func (g *guard) RoundTrip(req *http.Request) (*http.Response, error) {
	if !g.allowed(req.URL) {
		return nil, errRedirect
	}
	ctx, cancel := context.WithCancel(req.Context())
	stop := context.AfterFunc(g.life, cancel)
	resp, err := g.next.RoundTrip(req.WithContext(ctx))
	if err != nil {
		stop()
		cancel()
		return nil, err
	}
	resp.Body = &boundedBody{body: resp.Body, left: maxAnswer, release: func() { stop(); cancel() }}
	return resp, nil
}

// allowed holds plain requests to the configured place, and the others to TLS: a
// standby of Vault may redirect to the active server, over https only.
func (g *guard) allowed(u *url.URL) bool {
	if g.to.plain {
		return u.Scheme == "http" && u.Host == g.to.host
	}
	return u.Scheme == "https"
}

// boundedBody fails once more than left bytes are read.
type boundedBody struct {
	body    io.ReadCloser
	left    int64
	release func()
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLarge
	}
	n, err := b.body.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}

func (b *boundedBody) Close() error {
	defer b.release()
	return b.body.Close()
}
