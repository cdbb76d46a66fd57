package caddymodule

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/credential"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func init() {
	caddy.RegisterModule(Transport{})
}

// Defaults of the vault door.
const (
	defaultTimeout = 10 * time.Second
	defaultAnswer  = 256 << 10

	// maxUpstreamHeader bounds the headers of an answer, all of which are dropped.
	maxUpstreamHeader = 64 << 10

	// maxIdlePerHost keeps connections for bursts; Caddy's own default of 32
	// makes every request of a larger burst shake hands anew.
	maxIdlePerHost = 512

	// maxTried bounds the calls of one exchange: the version before while the
	// current one cools down, the current one, and one that was just fetched. A
	// fresh token for one of them counts as one more.
	maxTried = 3

	// maxAnswerCeiling bounds what MaxAnswer can be.
	maxAnswerCeiling = 64 << 20

	// retryAudit is the Retry-After while audit entries cannot be written.
	retryAudit = 5 * time.Second

	// retryCredential is the Retry-After while a secret is not loaded, or is
	// refused by the provider: the source is asked again after this time.
	retryCredential = 5 * time.Second

	// idleTimeout is shorter than what servers use, so that a connection is
	// rarely closed under a request. Such a request fails: sending it again
	// could be billed twice.
	idleTimeout = 30 * time.Second
)

// Transport is the vault door: the reverse_proxy transport that adds the
// provider's credential, asks the provider, and reduces the answer to what the
// caller may see. It serves nothing but requests from the front door.
type Transport struct {
	// Provider is the phone API, as at the front door.
	Provider ProviderConfig `json:"provider"`

	// Credential says where the provider's credential is kept.
	Credential CredentialConfig `json:"credential"`

	// CAFile is a PEM file with the authorities that may sign the provider's
	// certificate, in place of the system's. Verification cannot be turned off.
	CAFile string `json:"ca_file,omitempty"`

	// Timeout bounds a lookup from dialling to the last byte. Default: 10s.
	Timeout caddy.Duration `json:"timeout,omitempty"`

	// MaxAnswer bounds an answer in bytes, decompressed. Default: 256 KiB.
	MaxAnswer int64 `json:"max_answer,omitempty"`

	logger    *zap.Logger
	provider  *provider.Provider
	host      string // host:port, to dial
	authority string // as the base URL has it, for the Host header
	keeper    *credential.Keeper
	placer    *credential.Placer
	spent     *atomic.Pointer[credential.Value] // a version before the current one that was refused

	// A named field: embedding would promote its JSON fields, the one that
	// skips verification included.
	http *http.Transport
}

// CaddyModule returns the Caddy module information.
func (Transport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.reverse_proxy.transport.ringward",
		New: func() caddy.Module { return new(Transport) },
	}
}

// Provision builds the client and loads the credential. A reference that is
// wrong refuses the config; a source that cannot be reached leaves the route
// not ready until it can.
func (t *Transport) Provision(ctx caddy.Context) error {
	t.logger = ctx.Logger()
	t.spent = new(atomic.Pointer[credential.Value])
	if t.Timeout == 0 {
		t.Timeout = caddy.Duration(defaultTimeout)
	}
	if t.MaxAnswer == 0 {
		t.MaxAnswer = defaultAnswer
	}
	if t.Timeout < 0 || t.MaxAnswer < 0 || t.MaxAnswer > maxAnswerCeiling {
		return errors.New("timeout and max_answer must be positive, and max_answer 64 MiB at most")
	}
	app, err := appFrom(ctx)
	if err != nil {
		return err
	}
	if t.provider, err = t.Provider.resolve(); err != nil {
		return err
	}
	if t.host, err = t.provider.Host(); err != nil {
		return err
	}
	t.authority = hostHeader(t.provider.BaseURL)
	if t.http, err = t.client(ctx); err != nil {
		return fmt.Errorf("provider %s: %w", t.provider.Name, err)
	}
	if got, want := t.Credential.count(), t.provider.CredentialFields(); got != want {
		return fmt.Errorf("provider %s: the credential has %d fields, but the provider takes %d", t.provider.Name, got, want)
	}
	options := credential.PlacerOptions{Client: &http.Client{Transport: t.http}}
	if t.placer, err = credential.NewPlacer(t.provider.Placements, options); err != nil {
		return fmt.Errorf("provider %s: %w", t.provider.Name, err)
	}
	t.keeper, err = t.Credential.keep(ctx, app, t.provider.Name)
	if err != nil {
		return fmt.Errorf("provider %s: credential: %w", t.provider.Name, err)
	}
	app.secrets.watch(t.provider.Name, t.keeper)
	app.config.add(t)
	return nil
}

// client builds the HTTP client through Caddy's own transport.
func (t *Transport) client(ctx caddy.Context) (*http.Transport, error) {
	tlsConfig := &reverseproxy.TLSConfig{HandshakeTimeout: caddy.Duration(5 * time.Second)}
	if t.CAFile != "" {
		tlsConfig.CARaw = caddyconfig.JSON(map[string]any{"provider": "file", "pem_files": []string{t.CAFile}}, nil)
	}
	base := &reverseproxy.HTTPTransport{
		TLS:                   tlsConfig,
		NetworkProxyRaw:       json.RawMessage(`{"from":"none"}`), // the environment names no proxy for keys
		DialTimeout:           caddy.Duration(5 * time.Second),
		ResponseHeaderTimeout: t.Timeout,
		MaxResponseHeaderSize: maxUpstreamHeader,
		KeepAlive:             &reverseproxy.KeepAlive{MaxIdleConnsPerHost: maxIdlePerHost, IdleConnTimeout: caddy.Duration(idleTimeout)},
		Versions:              []string{"1.1", "2"},
	}
	client, err := base.NewTransport(ctx)
	if err != nil {
		return nil, fmt.Errorf("building the client: %w", err)
	}
	if client.TLSClientConfig == nil {
		client.TLSClientConfig = new(tls.Config)
	}
	client.TLSClientConfig.MinVersion = tls.VersionTLS12
	return client, nil
}

// Cleanup ends the fetching of tokens and lets go of idle connections. Those of
// requests that are still under way follow when they are idle.
func (t *Transport) Cleanup() error {
	t.placer.Close()
	if t.http != nil {
		t.http.CloseIdleConnections()
	}
	return nil
}

var (
	errNoExchange    = errors.New("the ringward transport serves requests from the ringward handler only")
	errOtherProvider = errors.New("the ringward handler and the ringward transport are of different providers")
	errSecond        = errors.New("a lookup is never sent twice")
)

// RoundTrip asks the provider. req is the front door's stand-in: the real
// request is in the exchange, and so is the answer. What reverse_proxy gets
// back, and logs, is empty.
func (t *Transport) RoundTrip(req *http.Request) (*http.Response, error) {
	ex := exchangeFrom(req.Context())
	if ex == nil || ex.plan == nil {
		return nil, errNoExchange // a health check, or another handler's request
	}
	if ex.provider.Name != t.provider.Name {
		return nil, errOtherProvider
	}
	if !ex.claim() {
		return nil, errSecond
	}
	t.lookUp(req.Context(), ex)
	return &http.Response{
		StatusCode: http.StatusNoContent,
		Proto:      "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header:  make(http.Header),
		Body:    http.NoBody,
		Request: req,
	}, nil
}

// lookUp makes the call of an exchange. It makes another only when the provider
// has refused the credential, which it does not charge for, and there is
// another credential, or a fresh token for the same one, to try.
func (t *Transport) lookUp(ctx context.Context, ex *exchange) {
	value, err := t.firstChoice()
	if err != nil {
		ex.fail(&problem{reason: provider.ReasonCredentialUnavailable, cause: err, retry: retryCredential})
		return
	}
	ctx, cancel := context.WithTimeout(upstreamContext{ctx}, time.Duration(t.Timeout))
	defer cancel()
	var made attempts
	for value != nil && len(made.tried) < maxTried {
		made.tried = append(made.tried, value)
		shown, refused := t.attempt(ctx, ex, &made)
		if !refused {
			return
		}
		if again := t.placer.Refused(shown); !again {
			value = t.nextChoice(ctx, made.tried)
		}
	}
	ex.fail(&problem{reason: provider.ReasonUpstreamError, cause: verdictError(provider.BadCredential), retry: retryCredential})
}

// hostHeader is the authority of the base URL as the provider expects it: the
// port only where the URL names one.
func hostHeader(baseURL string) string {
	u, err := url.Parse(baseURL)
	if err != nil {
		return ""
	}
	return u.Host
}

// Interface guards.
var (
	_ caddy.Provisioner  = (*Transport)(nil)
	_ caddy.CleanerUpper = (*Transport)(nil)
	_ http.RoundTripper  = (*Transport)(nil)
)
