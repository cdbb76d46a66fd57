package caller

import (
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

// CertificateConfig describes how client certificates are judged.
type CertificateConfig struct {
	// CAFile, if set, is a PEM file of the CAs whose certificates are accepted.
	// Without it, the TLS listener must verify certificates (Caddy's client_auth
	// with a trust pool); a certificate that was not verified is refused.
	CAFile string

	// PinsSuffice accepts a certificate that no CA vouches for if a caller is
	// known by its digest. Its holder has proved in the handshake to have the key.
	PinsSuffice bool
}

// The reasons for which a certificate names no caller. The texts are fixed; they
// are for the audit.
var (
	ErrNoCertificate         = errors.New("no client certificate was presented")
	ErrCertificateUnverified = errors.New("the client certificate is not of an accepted CA")
	ErrCertificateTime       = errors.New("the client certificate has expired or is not valid yet")
	ErrCertificateUnknown    = errors.New("the client certificate is no caller's")
	ErrCertificateAmbiguous  = errors.New("the client certificate is of several callers")
)

// CertificateVerifier judges client certificates. It is safe for concurrent use. Revocation lists are not looked at: certificates should be
// short-lived, or their names be taken from the caller.
type CertificateVerifier struct {
	cas         *x509.CertPool // nil: those of the listener
	pinsSuffice bool
	judged      chainCache // only with cas
}

// NewCertificateVerifier makes a verifier. It refuses a CA file that cannot be
// read or has no CA.
func NewCertificateVerifier(cfg CertificateConfig) (*CertificateVerifier, error) {
	v := &CertificateVerifier{pinsSuffice: cfg.PinsSuffice}
	if cfg.CAFile == "" {
		return v, nil
	}
	var err error
	if v.cas, err = loadCAs(cfg.CAFile); err != nil {
		return nil, fmt.Errorf("loading client CAs: %w", err)
	}
	return v, nil
}

const maxCABytes = 1 << 20

// loadCAs never returns an empty pool: x509 takes the lack of one for the
// system's, whose certificates everybody can buy.
func loadCAs(path string) (*x509.CertPool, error) {
	content, _, err := NewFile(path, maxCABytes).Poll()
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(content) {
		return nil, fmt.Errorf("file %s holds no certificate", path)
	}
	return pool, nil
}

// Certificate is a client certificate that was presented.
type Certificate struct {
	// ID names it for the audit: the first 8 hexadecimal digits of its digest.
	ID string

	leaf     *x509.Certificate
	pin      [sha256.Size]byte
	verified bool
}

// Judge tells what is known of the certificate that was presented. The time is
// checked even where a session was resumed, which may be long after the
// handshake. The errors are ErrNoCertificate, ErrCertificateTime and
// ErrCertificateUnverified; with the last two comes the certificate, for the audit.
func (v *CertificateVerifier) Judge(state *tls.ConnectionState, now time.Time) (Certificate, error) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return Certificate{}, ErrNoCertificate
	}
	leaf := state.PeerCertificates[0]
	c := Certificate{leaf: leaf, pin: sha256.Sum256(leaf.Raw)}
	c.ID = hex.EncodeToString(c.pin[:4])
	if !isCurrent(leaf, now) {
		return c, ErrCertificateTime
	}
	c.verified = v.verify(state, now) == nil
	if !c.verified && !v.pinsSuffice {
		return c, ErrCertificateUnverified
	}
	return c, nil
}

// ByCertificate is the caller that a judged certificate names. The errors are
// ErrCertificateUnverified, ErrCertificateUnknown, ErrCertificateAmbiguous and
// ErrCallerExpired. The caller must not be changed.
func (d *Directory[T]) ByCertificate(c Certificate, now time.Time) (*Caller[T], error) {
	if len(d.byCertificate) == 0 {
		return nil, ErrCertificateUnknown
	}
	var found *Caller[T]
	for name := range c.names {
		named := d.byCertificate[name]
		if named == nil {
			continue
		}
		if found != nil && found != named {
			return nil, ErrCertificateAmbiguous
		}
		found = named
	}
	switch {
	case found == nil && !c.verified:
		return nil, ErrCertificateUnverified
	case found == nil:
		return nil, ErrCertificateUnknown
	case found.Expires.Passed(now):
		return nil, ErrCallerExpired
	default:
		return found, nil
	}
}

// maxChain bounds how many certificates a client may present: verifying tries
// each as the issuer of each.
const maxChain = 8

// verify holds the certificate against the CAs of the config, or takes the
// listener's word, if one of the chains it found is in date as a whole.
func (v *CertificateVerifier) verify(state *tls.ConnectionState, now time.Time) error {
	if v.cas != nil {
		if len(state.PeerCertificates) > maxChain {
			return ErrCertificateUnverified
		}
		return v.judged.find(state.PeerCertificates, now, v.verifyChain)
	}
	for _, chain := range state.VerifiedChains {
		isOf := len(chain) > 0 && chain[0].Equal(state.PeerCertificates[0])
		if isOf && !slices.ContainsFunc(chain, func(cert *x509.Certificate) bool { return !isCurrent(cert, now) }) {
			return nil
		}
	}
	return ErrCertificateUnverified
}

// verifyChain returns until when the chains that it found are all good.
func (v *CertificateVerifier) verifyChain(presented []*x509.Certificate, now time.Time) (until time.Time, err error) {
	between := x509.NewCertPool()
	for _, cert := range presented[1:] {
		between.AddCert(cert)
	}
	chains, err := presented[0].Verify(x509.VerifyOptions{
		Roots: v.cas, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return time.Time{}, ErrCertificateUnverified
	}
	until = presented[0].NotAfter
	for _, chain := range chains {
		for _, cert := range chain {
			if cert.NotAfter.Before(until) {
				until = cert.NotAfter
			}
		}
	}
	return until, nil
}

func isCurrent(cert *x509.Certificate, now time.Time) bool {
	return !now.Before(cert.NotBefore) && !now.After(cert.NotAfter)
}
