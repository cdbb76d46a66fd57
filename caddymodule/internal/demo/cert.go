package demo

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"net/url"
	"time"
)

// certLifetime is how long an authority and its certificates are good.
const certLifetime = 24 * time.Hour

// clockSkew is how far back validity starts, for clocks that are behind.
const clockSkew = 5 * time.Minute

// Authority is a certificate authority in memory. Its key is never written
// anywhere and ends with the process.
type Authority struct {
	cert *x509.Certificate
	key  crypto.Signer
}

// NewAuthority returns a new authority with a key of its own (ECDSA P-256),
// good for 24 hours.
func NewAuthority() (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generating authority key: %w", err)
	}
	now := time.Now()
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "Ringward demo authority"},
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(certLifetime),
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
	}
	cert, err := sign(template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("signing authority: %w", err)
	}
	return &Authority{cert: cert, key: key}, nil
}

// PEM returns the authority's certificate, for those who are to trust it.
func (a *Authority) PEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// Pool returns a pool with the authority's certificate alone.
func (a *Authority) Pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	return pool
}

// Leaf describes a certificate for IssueLeaf.
type Leaf struct {
	// Hosts are the DNS names and IP addresses of a server.
	Hosts []string

	// Client, unless empty, makes the certificate that of a client with this
	// name; Hosts may then be empty.
	Client string

	// URIs are further names, such as a SPIFFE ID.
	URIs []*url.URL

	// NotBefore and NotAfter bound the validity; by default it starts a little
	// in the past and lasts 24 hours.
	NotBefore, NotAfter time.Time
}

// Issue returns a server certificate for DNS names and IP addresses, good for
// 24 hours.
func (a *Authority) Issue(hosts ...string) (tls.Certificate, error) {
	return a.IssueLeaf(Leaf{Hosts: hosts})
}

// IssueExpired is Issue for a certificate that ended an hour ago.
func (a *Authority) IssueExpired(hosts ...string) (tls.Certificate, error) {
	now := time.Now()
	return a.IssueLeaf(Leaf{Hosts: hosts, NotBefore: now.Add(-2 * time.Hour), NotAfter: now.Add(-time.Hour)})
}

// IssueLeaf returns a certificate with a key of its own (ECDSA P-256).
func (a *Authority) IssueLeaf(leaf Leaf) (tls.Certificate, error) {
	if len(leaf.Hosts) == 0 && leaf.Client == "" {
		return tls.Certificate{}, fmt.Errorf("issuing certificate: no host and no client")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("generating key: %w", err)
	}
	cert, err := sign(leaf.template(time.Now()), a.cert, key.Public(), a.key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("issuing certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}, nil
}

func (l Leaf) template(now time.Time) *x509.Certificate {
	template := &x509.Certificate{
		NotBefore:             now.Add(-clockSkew),
		NotAfter:              now.Add(certLifetime),
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		BasicConstraintsValid: true,
		URIs:                  l.URIs,
	}
	if l.Client != "" {
		template.Subject.CommonName = l.Client
		template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	if !l.NotBefore.IsZero() {
		template.NotBefore = l.NotBefore
	}
	if !l.NotAfter.IsZero() {
		template.NotAfter = l.NotAfter
	}
	for _, host := range l.Hosts {
		if ip := net.ParseIP(host); ip != nil {
			template.IPAddresses = append(template.IPAddresses, ip)
		} else {
			template.DNSNames = append(template.DNSNames, host)
		}
	}
	return template
}

// sign makes a certificate with a random serial number.
func sign(template, parent *x509.Certificate, public any, key crypto.Signer) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("choosing serial number: %w", err)
	}
	template.SerialNumber = serial
	der, err := x509.CreateCertificate(rand.Reader, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("creating certificate: %w", err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("reading certificate back: %w", err)
	}
	return cert, nil
}
