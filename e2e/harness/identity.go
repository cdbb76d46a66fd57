package harness

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"testing"
	"time"
)

// Issuer signs what a workload proves its name with: tokens, and certificates
// for TLS clients.
type Issuer struct {
	key  *ecdsa.PrivateKey
	cert *x509.Certificate
}

// NewIssuer makes an issuer with a key of its own.
func NewIssuer(t testing.TB) *Issuer {
	t.Helper()
	i := &Issuer{key: newKey(t), cert: clientTemplate("Ringward e2e issuer")}
	i.cert.IsCA, i.cert.BasicConstraintsValid = true, true
	i.cert.KeyUsage = x509.KeyUsageCertSign
	var err error
	if i.cert.Raw, err = x509.CreateCertificate(rand.Reader, i.cert, i.cert, i.key.Public(), i.key); err != nil {
		t.Fatal(err)
	}
	return i
}

// PublicKey is what checks the issuer's tokens, in PEM.
func (i *Issuer) PublicKey(t testing.TB) string {
	t.Helper()
	der, err := x509.MarshalPKIXPublicKey(i.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	return encodePEM("PUBLIC KEY", der)
}

// Authority is what checks the issuer's certificates, in PEM.
func (i *Issuer) Authority() string { return encodePEM("CERTIFICATE", i.cert.Raw) }

// Token signs claims with ES256.
func (i *Issuer) Token(t testing.TB, claims map[string]any) string {
	t.Helper()
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	text := encode([]byte(`{"alg":"ES256","typ":"JWT"}`)) + "." + encode(body)
	digest := sha256.Sum256([]byte(text))
	r, s, err := ecdsa.Sign(rand.Reader, i.key, digest[:])
	if err != nil {
		t.Fatal(err)
	}
	signature := make([]byte, 64)
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return text + "." + encode(signature)
}

// ClientCertificate makes a certificate for a TLS client, and its key, in PEM.
func (i *Issuer) ClientCertificate(t testing.TB, name string) (cert, key string) {
	t.Helper()
	private := newKey(t)
	template := clientTemplate(name)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	der, err := x509.CreateCertificate(rand.Reader, template, i.cert, private.Public(), i.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return encodePEM("CERTIFICATE", der), encodePEM("PRIVATE KEY", keyDER)
}

func newKey(t testing.TB) *ecdsa.PrivateKey {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func clientTemplate(name string) *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: new(big.Int).SetBytes(random(8)),
		Subject:      pkix.Name{CommonName: name},
		NotBefore:    time.Now().Add(-time.Minute),
		NotAfter:     time.Now().Add(time.Hour),
	}
}

func encodePEM(kind string, der []byte) string {
	return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
}
