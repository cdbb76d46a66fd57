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

// CertificateRule says that certificates of a name are a caller's.
type CertificateRule struct {
	Caller string
	Name   CertificateName
}

// CertificateConfig describes how client certificates are judged.
type CertificateConfig struct {
	Rules []CertificateRule

	// CAFile, if set, is a PEM file of the CAs whose certificates are accepted.
	// Without it, the TLS listener must verify certificates (Caddy's client_auth
	// with a trust pool); a certificate that was not verified is refused.
	CAFile string

	// PinsSuffice accepts a certificate that no CA vouches for if its digest is
	// in a rule. Its holder has proved in the handshake to have the key.
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

// CertificateMatcher tells who is calling from a client certificate. It is
// immutable, and safe for concurrent use. Revocation lists are not looked at:
// certificates should be short-lived, or a rule be taken away.
type CertificateMatcher struct {
	rules       []CertificateRule
	cas         *x509.CertPool // nil: those of the listener
	pinsSuffice bool
}

// NewCertificateMatcher makes a matcher. It refuses a CA file that cannot be
// read or has no CA, names of callers that are not possible, names of
// certificates that are there twice, and a config without a rule.
func NewCertificateMatcher(cfg CertificateConfig) (*CertificateMatcher, error) {
	m := &CertificateMatcher{rules: slices.Clone(cfg.Rules), pinsSuffice: cfg.PinsSuffice}
	if len(m.rules) == 0 {
		return nil, errors.New("no certificate names a caller")
	}
	for i, rule := range m.rules {
		if err := checkName(rule.Caller); err != nil {
			return nil, err
		}
		if rule.Name == (CertificateName{}) {
			return nil, fmt.Errorf("caller %q: the name of the certificate is missing", rule.Caller)
		}
		isSame := func(other CertificateRule) bool { return other.Name == rule.Name }
		if slices.ContainsFunc(m.rules[:i], isSame) {
			return nil, fmt.Errorf("caller %q: a certificate's name is there twice", rule.Caller)
		}
	}
	if cfg.CAFile != "" {
		var err error
		if m.cas, err = loadCAs(cfg.CAFile); err != nil {
			return nil, fmt.Errorf("loading client CAs: %w", err)
		}
	}
	return m, nil
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

// Identify tells whose certificate was presented, and names it for the audit by
// the first 8 hexadecimal digits of its digest. The time is checked even where a
// session was resumed, which may be long after the handshake.
func (m *CertificateMatcher) Identify(state *tls.ConnectionState, now time.Time) (caller, certificateID string, err error) {
	if state == nil || len(state.PeerCertificates) == 0 {
		return "", "", ErrNoCertificate
	}
	leaf := state.PeerCertificates[0]
	pin := sha256.Sum256(leaf.Raw)
	certificateID = hex.EncodeToString(pin[:4])
	if !isCurrent(leaf, now) {
		return "", certificateID, ErrCertificateTime
	}
	verified := m.verify(state, now) == nil
	if !verified && !m.pinsSuffice {
		return "", certificateID, ErrCertificateUnverified
	}
	for _, rule := range m.rules {
		if !verified && rule.Name.kind != namePin || !rule.Name.matches(leaf, pin) {
			continue
		}
		if caller != "" && caller != rule.Caller {
			return "", certificateID, ErrCertificateAmbiguous
		}
		caller = rule.Caller
	}
	switch {
	case caller != "":
		return caller, certificateID, nil
	case !verified:
		return "", certificateID, ErrCertificateUnverified
	default:
		return "", certificateID, ErrCertificateUnknown
	}
}

// verify holds the certificate against the CAs of the config, or takes the
// listener's word, if one of the chains it found is in date as a whole.
func (m *CertificateMatcher) verify(state *tls.ConnectionState, now time.Time) error {
	if m.cas != nil {
		between := x509.NewCertPool()
		for _, cert := range state.PeerCertificates[1:] {
			between.AddCert(cert)
		}
		_, err := state.PeerCertificates[0].Verify(x509.VerifyOptions{
			Roots: m.cas, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		})
		return err
	}
	for _, chain := range state.VerifiedChains {
		isOf := len(chain) > 0 && chain[0].Equal(state.PeerCertificates[0])
		if isOf && !slices.ContainsFunc(chain, func(cert *x509.Certificate) bool { return !isCurrent(cert, now) }) {
			return nil
		}
	}
	return ErrCertificateUnverified
}

func isCurrent(cert *x509.Certificate, now time.Time) bool {
	return !now.Before(cert.NotBefore) && !now.After(cert.NotAfter)
}
