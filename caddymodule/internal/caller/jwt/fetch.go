package jwt

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/ringward/ringward/caddymodule/internal/caller"
)

// maxDocument bounds metadata and keys.
const maxDocument = 1 << 20

// The faults of a fetch. They hold nothing of what was answered.
var (
	errRedirect  = errors.New("the issuer's keys: the server redirects, which is not followed")
	errFetch     = errors.New("the issuer's keys could not be fetched")
	errDiscovery = errors.New("the issuer's metadata could not be fetched, or is of another issuer")
	errDocument  = errors.New("the issuer answers too much")
)

// fetcher gets an issuer's keys over the network.
type fetcher struct {
	cfg    *Config
	client *http.Client

	mu   sync.Mutex
	jwks string // where the keys are; empty until it is known
}

func newFetcher(cfg *Config) *fetcher {
	transport := cfg.Transport
	if transport == nil {
		transport = &http.Transport{
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: cfg.RootCAs},
			TLSHandshakeTimeout:    fetchTime,
			IdleConnTimeout:        time.Minute,
			MaxIdleConns:           2,
			MaxResponseHeaderBytes: 32 << 10,
			ForceAttemptHTTP2:      true,
		}
	}
	return &fetcher{cfg: cfg, jwks: cfg.JWKSURL, client: &http.Client{
		Transport: bounded{transport},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errRedirect
		},
	}}
}

// load fetches the keys. Where they are is discovered again after a failure, as
// the issuer may have moved them.
func (f *fetcher) load(ctx context.Context) ([]byte, error) {
	address, err := f.address(ctx)
	if err != nil {
		return nil, err
	}
	content, err := f.get(ctx, address)
	if err != nil && f.cfg.JWKSURL == "" {
		f.remember("")
	}
	return content, err
}

func (f *fetcher) address(ctx context.Context) (string, error) {
	f.mu.Lock()
	known := f.jwks
	f.mu.Unlock()
	if known != "" {
		return known, nil
	}
	// Its errors quote the body, so they are not passed on.
	issuer, err := oidc.NewProvider(oidc.ClientContext(ctx, f.client), f.cfg.Issuer)
	if err != nil {
		return "", errDiscovery
	}
	var metadata struct {
		JWKS string `json:"jwks_uri"`
	}
	if err := issuer.Claims(&metadata); err != nil {
		return "", errDiscovery
	}
	if err := f.cfg.checkURL(metadata.JWKS); err != nil {
		return "", err
	}
	f.remember(metadata.JWKS)
	return metadata.JWKS, nil
}

func (f *fetcher) remember(address string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.jwks = address
}

func (f *fetcher) get(ctx context.Context, address string) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, errFetch
	}
	request.Header.Set("Accept", "application/json, application/jwk-set+json")
	response, err := f.client.Do(request)
	if errors.Is(err, errRedirect) {
		return nil, errRedirect
	}
	if err != nil {
		return nil, errFetch
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, errFetch
	}
	content, err := io.ReadAll(response.Body)
	if errors.Is(err, errDocument) {
		return nil, errDocument
	}
	if err != nil {
		return nil, errFetch
	}
	return content, nil
}

// bounded ends bodies at maxDocument with an error.
type bounded struct{ http.RoundTripper }

// CloseIdleConnections is what http.Client looks for.
func (b bounded) CloseIdleConnections() {
	if closer, ok := b.RoundTripper.(interface{ CloseIdleConnections() }); ok {
		closer.CloseIdleConnections()
	}
}

func (b bounded) RoundTrip(request *http.Request) (*http.Response, error) {
	response, err := b.RoundTripper.RoundTrip(request)
	if err != nil {
		return nil, err
	}
	response.Body = &boundedBody{ReadCloser: response.Body, left: maxDocument}
	return response, nil
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errDocument
	}
	return n, err
}

// loadFile reads the keys from a local file; content is nil if it is unchanged.
func loadFile(path string) func(context.Context) ([]byte, error) {
	file := caller.NewFile(path, maxDocument)
	return func(context.Context) ([]byte, error) {
		content, changed, err := file.Poll()
		if err != nil || !changed {
			return nil, err
		}
		if _, err := parseKeys(content); err != nil {
			file.Forget() // a bad file stays a fault until it is mended
			return nil, err
		}
		return content, nil
	}
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}
