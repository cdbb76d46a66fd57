package caddymodule

import (
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/caddymodule/internal/caller/jwt"
)

// JWTConfig says which tokens are taken in place of caller keys: JSON Web Tokens
// of one OpenID Connect or OAuth 2.0 issuer.
type JWTConfig struct {
	// Issuer is the exact value of the claim "iss", and where the issuer's keys
	// are discovered (https), unless JWKSFile or JWKSURL say where they are.
	Issuer   string `json:"issuer"`
	JWKSFile string `json:"jwks_file,omitempty"`
	JWKSURL  string `json:"jwks_url,omitempty"`

	// CAFile is a PEM file of the only authorities that may sign the certificate
	// of the issuer's server. Default: the system's.
	CAFile string `json:"ca_file,omitempty"`

	// Audiences are what the claim "aud" must be or hold, one of them. Required.
	Audiences []string `json:"audiences"`

	// Scopes must all be among the token's. A route can ask for more.
	Scopes []string `json:"scopes,omitempty"`

	// Claims must each be, or as an array hold, one of the values.
	Claims map[string][]string `json:"claims,omitempty"`

	// Algorithms are the signatures that are accepted. Default: RS256, PS256, ES256
	// and EdDSA. "none" and the HMAC algorithms are impossible.
	Algorithms []string `json:"algorithms,omitempty"`

	// Type is what the header "typ" must be, such as at+jwt. Default: that, JWT or
	// none.
	Type string `json:"type,omitempty"`

	// SubjectClaim is the claim that says who is calling. Default: sub.
	SubjectClaim string `json:"subject_claim,omitempty"`

	// TierClaim is the claim that names the tier of callers whose config names
	// none. A token without it has no tier, or that of Unlisted. Default: none does.
	TierClaim string `json:"tier_claim,omitempty"`

	// Skew is how far the issuer's clock may be off. Default: 1m; 5m at most.
	Skew caddy.Duration `json:"skew,omitempty"`

	// MaxLifetime refuses tokens that are made to be valid for longer. Default: 24h.
	MaxLifetime caddy.Duration `json:"max_lifetime,omitempty"`

	// MaxAge refuses tokens that were issued longer ago. Default: none.
	MaxAge caddy.Duration `json:"max_age,omitempty"`

	// Refresh is how often the issuer's keys are fetched. Default: 15m; 5s for a
	// file.
	Refresh caddy.Duration `json:"refresh,omitempty"`

	// MaxKeyAge is how long keys are used that cannot be fetched anew. Default: 24h.
	MaxKeyAge caddy.Duration `json:"max_key_age,omitempty"`

	// Unlisted, when set, serves tokens of callers that are not described: the
	// caller's name is "jwt:" and the subject then. Default: they are refused.
	Unlisted *AccessConfig `json:"unlisted,omitempty"`
}

// tokens judges tokens.
type tokens struct {
	verifier *jwt.Verifier
	unlisted *callerState // nil: callers have to be described
}

// config is the issuer's. Whose certificates count is read when it is needed.
func (c *JWTConfig) config() jwt.Config {
	return jwt.Config{
		Issuer: c.Issuer, JWKSFile: c.JWKSFile, JWKSURL: c.JWKSURL, Algorithms: c.Algorithms,
		Skew: time.Duration(c.Skew), MaxLifetime: time.Duration(c.MaxLifetime), MaxAge: time.Duration(c.MaxAge),
		Refresh: time.Duration(c.Refresh), MaxKeyAge: time.Duration(c.MaxKeyAge),
	}
}

func (c *JWTConfig) check() error {
	if err := c.policy(nil).Check(); err != nil {
		return err
	}
	return c.config().Check()
}

// policy is what a route with more scopes asks of a token.
func (c *JWTConfig) policy(scopes []string) *jwt.Policy {
	return &jwt.Policy{
		Audiences: c.Audiences, Scopes: slices.Concat(c.Scopes, scopes), Claims: maps.Clone(c.Claims), Type: c.Type,
		SubjectClaim: c.SubjectClaim, TierClaim: c.TierClaim,
	}
}

func (a *App) provisionTokens(caddy.Context) error {
	c := a.JWT
	if c == nil {
		return nil
	}
	if err := c.check(); err != nil {
		return err
	}
	t := new(tokens)
	if c.TierClaim != "" && len(a.Tiers) == 0 {
		return errors.New("a claim names the tier, but no tier is described: add `tier <name> { ... }` to the global ringward option")
	}
	var err error
	t.verifier, err = lease(a.leases, issuerPool, poolKey(c.config(), c.CAFile, digestOfFile(c.CAFile)), func() (*jwt.Verifier, func() error, error) {
		config := c.config()
		var err error
		if config.RootCAs, err = loadRoots(c.CAFile); err != nil {
			return nil, nil, err
		}
		verifier, err := jwt.New(config)
		if err != nil {
			return nil, nil, err
		}
		return verifier, func() error { verifier.Close(); return nil }, nil
	})
	if err != nil {
		return err
	}
	if c.Unlisted != nil {
		if t.unlisted, err = a.newCallerState("", c.Unlisted); err != nil {
			return fmt.Errorf("unlisted: %w", err)
		}
		t.unlisted.unlisted = true
	}
	a.watched.addSource("keys of "+c.Issuer, t.verifier.Fault)
	a.tokens = t
	return nil
}

// loadRoots reads authorities; nil, which is the system's, for no file.
func loadRoots(path string) (*x509.CertPool, error) {
	if path == "" {
		return nil, nil
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading authorities: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("%s holds no certificate", path)
	}
	return roots, nil
}

// CertificatesConfig says which TLS client certificates are taken. The listener
// has to ask for them: see Caddy's client_auth.
type CertificatesConfig struct {
	// CAFile is a PEM file of the authorities whose certificates are accepted.
	// Default: what the listener has verified (client_auth with a trust_pool);
	// what it has not is refused.
	CAFile string `json:"ca_file,omitempty"`

	// PinsSuffice accepts certificates of no authority whose digest is a caller's.
	PinsSuffice bool `json:"pins_suffice,omitempty"`
}

func (a *App) provisionCertificates(caddy.Context) error {
	c := a.Certificates
	if c == nil {
		return nil
	}
	var err error
	a.verifier, err = caller.NewCertificateVerifier(caller.CertificateConfig{CAFile: c.CAFile, PinsSuffice: c.PinsSuffice})
	return err
}
