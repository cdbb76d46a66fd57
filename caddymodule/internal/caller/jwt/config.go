// Package jwt finds out who is calling from a JSON Web Token of an OpenID
// Connect or OAuth 2.0 issuer.
//
// A Verifier knows one issuer: it holds the issuer's keys, and remembers good
// tokens for a while. A Policy is what one route asks of a token: its audience,
// scopes and claims. Policies share a Verifier, and each is checked at every
// use, so a token that one route accepted is worth nothing at another.
package jwt

import (
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

// Config describes an issuer.
type Config struct {
	// Issuer is the exact value of the claim "iss". Without JWKSFile and JWKSURL
	// it is also the URL under which the issuer's metadata is discovered.
	Issuer string

	// JWKSFile is a local file of the issuer's keys, watched for change. The
	// network is not used then.
	JWKSFile string

	// JWKSURL is where the issuer's keys are, for issuers without discovery.
	JWKSURL string

	// Algorithms are the signature algorithms that are accepted. Default: RS256,
	// PS256, ES256 and EdDSA. "none" and the HMAC algorithms are impossible.
	Algorithms []string

	// Skew is how far the issuer's clock may be off. Default: 60 s; at most 5 min.
	Skew time.Duration

	// MaxLifetime refuses tokens that are made to be valid for longer. Default: 24 h.
	MaxLifetime time.Duration

	// MaxAge, if not zero, refuses tokens that were issued longer ago.
	MaxAge time.Duration

	// Refresh is how often the keys are fetched anew, and so how long a key that
	// the issuer takes back stays good. Default: 15 min, at least 10 s; 5 s for a
	// file.
	Refresh time.Duration

	// MaxKeyAge is how long keys are used while they cannot be fetched anew;
	// afterwards no token is good. Default: 24 h.
	MaxKeyAge time.Duration

	// AllowHTTP allows http for loopback addresses. It is for tests.
	AllowHTTP bool

	// RootCAs are who may sign the certificate of the issuer's server. Default:
	// the system's.
	RootCAs *x509.CertPool

	// Transport fetches metadata and keys. Default: TLS 1.2 or later, RootCAs, no
	// proxy.
	Transport http.RoundTripper

	now func() time.Time
}

var (
	defaultAlgorithms  = []string{"RS256", "PS256", "ES256", "EdDSA"}
	possibleAlgorithms = append([]string{"RS384", "RS512", "PS384", "PS512", "ES384", "ES512"}, defaultAlgorithms...)
)

// Check reports the fault of a config. Nothing is read or fetched.
func (c Config) Check() error { return c.complete() }

// complete sets the defaults and reports the first fault.
func (c *Config) complete() error {
	if c.Issuer == "" {
		return errors.New("the issuer is missing")
	}
	if c.JWKSFile != "" && c.JWKSURL != "" {
		return errors.New("the keys are in a file or at a URL, not both")
	}
	if c.JWKSFile == "" {
		if err := c.checkURL(c.address()); err != nil {
			return err
		}
	}
	if len(c.Algorithms) == 0 {
		c.Algorithms = defaultAlgorithms
	}
	for _, name := range c.Algorithms {
		if !slices.Contains(possibleAlgorithms, name) {
			return fmt.Errorf("the algorithm %q is not possible: use some of %q", name, possibleAlgorithms)
		}
	}
	refresh := 15 * time.Minute
	if c.JWKSFile != "" {
		refresh = 5 * time.Second
	}
	setDefault(&c.Skew, time.Minute)
	setDefault(&c.MaxLifetime, 24*time.Hour)
	setDefault(&c.Refresh, refresh)
	setDefault(&c.MaxKeyAge, 24*time.Hour)
	if c.now == nil {
		c.now = time.Now
	}
	return c.checkTimes()
}

func setDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

func (c *Config) checkTimes() error {
	if c.Skew < 0 || c.Skew > 5*time.Minute {
		return errors.New("the clock skew is not between 0 and 5 minutes")
	}
	if c.MaxLifetime < 0 || c.MaxAge < 0 || c.Refresh < 0 {
		return errors.New("a time is negative")
	}
	if c.JWKSFile == "" && c.Refresh < fetchGap {
		return errors.New("the keys would be fetched more often than every 10 s")
	}
	if c.MaxKeyAge <= c.Refresh {
		return errors.New("the keys would be too old before they are fetched anew")
	}
	return nil
}

// address is where the network is asked first.
func (c *Config) address() string {
	if c.JWKSURL != "" {
		return c.JWKSURL
	}
	return c.Issuer
}

// checkURL holds what is fetched to https, so that nobody on the way can put
// keys of their own there.
func (c *Config) checkURL(text string) error {
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.Fragment != "":
		return errors.New("the URL of an issuer or of its keys is not https://host/path")
	case u.Scheme == "https", u.Scheme == "http" && c.AllowHTTP && isLoopback(u.Hostname()):
		return nil
	default:
		return errors.New("the URL of an issuer or of its keys does not begin with https://")
	}
}
