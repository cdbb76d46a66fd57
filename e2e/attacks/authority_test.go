package attacks

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// authority signs the certificates of providers. Ringward trusts it.
type authority struct {
	file string
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

func newAuthority(t testing.TB, s *harness.Stage) *authority {
	a := &authority{key: newECKey(t), cert: template(func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage = true, x509.KeyUsageCertSign
	})}
	var err error
	if a.cert.Raw, err = x509.CreateCertificate(rand.Reader, a.cert, a.cert, a.key.Public(), a.key); err != nil {
		t.Fatal(err)
	}
	a.file = s.File("authority.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})))
	return a
}

// server is the TLS config of a provider whose certificate is good, but for
// what is changed.
func (a *authority) server(t testing.TB, changes ...func(*x509.Certificate)) *tls.Config {
	return serverConfig(t, a.cert, a.key, changes...)
}

// serverConfig makes a certificate that is signed by a parent, or by itself for
// nil.
func serverConfig(t testing.TB, parent *x509.Certificate, signer *ecdsa.PrivateKey, changes ...func(*x509.Certificate)) *tls.Config {
	key, cert := newECKey(t), template(changes...)
	if parent == nil {
		parent, signer = cert, key
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
}

func template(changes ...func(*x509.Certificate)) *x509.Certificate {
	c := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()),
		Subject:      pkix.Name{CommonName: "Ringward attacks"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(time.Hour),
		KeyUsage:     x509.KeyUsageDigitalSignature,
		ExtKeyUsage:  []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},

		BasicConstraintsValid: true,
	}
	for _, change := range changes {
		change(c)
	}
	return c
}

func newECKey(t testing.TB) *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}
