package credential

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// authority issues certificates for a test.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &authority{cert, key}
}

func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// issue makes a certificate for a name and writes it; it returns the two paths.
func (a *authority) issue(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(time.Now().UnixNano()), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
	}
	if name == "loopback" {
		template.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.cert, key.Public(), a.key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return write(t, dir, name+".crt", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})), 0o600),
		write(t, dir, name+".key", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: keyDER})), 0o600)
}

// serveTLS starts the fake behind TLS with a certificate of ca.
func serveTLS(t *testing.T, f *fakeVault, ca *authority, name string, change func(*tls.Config)) string {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(ca.issue(t, t.TempDir(), name))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(f)
	server.Config.ErrorLog = discardLog
	server.TLS = &tls.Config{Certificates: []tls.Certificate{cert}}
	if change != nil {
		change(server.TLS)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func TestCertificateOfVaultIsChecked(t *testing.T) {
	cleanEnvironment(t)
	ca, other := newAuthority(t), newAuthority(t)
	dir := t.TempDir()
	caDir := t.TempDir()
	caFile := write(t, dir, "ca.pem", ca.pem(), 0o600)
	write(t, caDir, "ca.pem", ca.pem(), 0o600)
	write(t, caDir, "..data", "junk", 0o600)
	otherFile := write(t, dir, "other.pem", other.pem(), 0o600)
	url := serveTLS(t, vaultWithKey(), ca, "loopback", nil)
	named := serveTLS(t, vaultWithKey(), ca, "vault.test", nil)
	old := serveTLS(t, vaultWithKey(), ca, "loopback", func(c *tls.Config) { c.MaxVersion = tls.VersionTLS11 })
	for _, c := range []struct {
		name string
		env  map[string]string
		cfg  SessionConfig
		says string
	}{
		{"file", nil, SessionConfig{Address: url, CAFile: caFile}, ""},
		{"directory", nil, SessionConfig{Address: url, CAPath: caDir}, ""},
		{"file before directory", nil, SessionConfig{Address: url, CAFile: caFile, CAPath: dir}, ""},
		{"variable", map[string]string{"VAULT_CACERT": caFile}, SessionConfig{Address: url}, ""},
		{"variable with the bytes", map[string]string{"VAULT_CACERT_BYTES": ca.pem()}, SessionConfig{Address: url}, ""},
		{"config before variable", map[string]string{"VAULT_CACERT": otherFile}, SessionConfig{Address: url, CAFile: caFile}, ""},
		{"system's authorities", nil, SessionConfig{Address: url}, "not signed by a trusted authority"},
		{"another authority", nil, SessionConfig{Address: url, CAFile: otherFile}, "not signed by a trusted authority"},
		{"another name", nil, SessionConfig{Address: named, CAFile: caFile}, "for another name"},
		{"the name given", nil, SessionConfig{Address: named, CAFile: caFile, TLSServerName: "vault.test"}, ""},
		{"TLS 1.1", nil, SessionConfig{Address: old, CAFile: caFile}, "no usable answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			c.cfg.Auth = AuthConfig{Method: MethodJWT, JWTFile: write(t, t.TempDir(), "jwt", "a.b.c", 0o600)}
			s, err := NewSession(c.cfg)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			_, err = fetch(t, s, ctpRef)
			switch {
			case c.says == "" && err != nil:
				t.Error(err)
			case c.says != "" && (!errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), c.says)):
				t.Errorf("%v, want %q", err, c.says)
			}
		})
	}
}

func TestClientCertificateIsPresentedAndReadAgain(t *testing.T) {
	cleanEnvironment(t)
	ca := newAuthority(t)
	dir := t.TempDir()
	caFile := write(t, dir, "ca.pem", ca.pem(), 0o600)
	certFile, keyFile := ca.issue(t, dir, "sidecar")
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	serials := make(chan string, 10)
	f := vaultWithKey()
	url := serveTLS(t, f, ca, "loopback", func(c *tls.Config) {
		c.ClientAuth, c.ClientCAs = tls.RequireAndVerifyClientCert, pool
		c.VerifyConnection = func(state tls.ConnectionState) error {
			serials <- state.PeerCertificates[0].SerialNumber.String()
			return nil
		}
	})
	s, err := NewSession(SessionConfig{
		Address: url, CAFile: caFile, ClientCertFile: certFile, ClientKeyFile: keyFile,
		Auth: AuthConfig{Method: MethodCert, Role: "phone"},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := fetch(t, s, ctpRef); err != nil {
		t.Fatal(err)
	}
	if len(f.bodies) != 1 || f.bodies[0] != `auth/cert/login {"name":"phone"}` {
		t.Errorf("login was %q", f.bodies)
	}
	first := <-serials
	ca.issue(t, dir, "sidecar") // renewed in place
	s.transport.CloseIdleConnections()
	if _, err := fetch(t, s, ctpRef); err != nil {
		t.Fatal(err)
	}
	if second := <-serials; second == first {
		t.Error("the renewed certificate is not used")
	}
}
