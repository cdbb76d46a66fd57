package credential

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"testing"
	"time"
)

func TestServerIsDescribedWithoutALogin(t *testing.T) {
	f := newFakeVault()
	for _, tt := range []struct {
		name, health string
		want         ServerDiagnosis
	}{
		{"active", `{"version":"1.21.1","sealed":false,"standby":false}`, ServerDiagnosis{Version: "1.21.1"}},
		{"standby", `{"version":"1.21.1","standby":true}`, ServerDiagnosis{Version: "1.21.1", Standby: true}},
		{"sealed", `{"version":"1.21.1","sealed":true}`, ServerDiagnosis{Version: "1.21.1", Sealed: true}},
		{"not Vault's own answer", `<html>` + marker, ServerDiagnosis{}},
		{"a terminal's commands", `{"version":"1\u001b[2J"}`, ServerDiagnosis{Version: "1?[2J"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := openSession(t, f)
			f.set(func() { f.health = tt.health })
			got, err := s.DiagnoseServer(t.Context())
			tt.want.Address = s.Status().Address
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v", got, err)
			}
			mustBeDiscreet(t, "a diagnosis", got, err)
		})
	}
	if n := f.count("POST auth/") + f.count("PUT auth/"); n != 0 {
		t.Errorf("%d logins", n)
	}
}

func TestCertificateOfTheServerIsDescribed(t *testing.T) {
	cleanEnvironment(t)
	ca := newAuthority(t)
	cfg := SessionConfig{
		CAFile: write(t, t.TempDir(), "ca.pem", ca.pem(), 0o600),
		Auth:   AuthConfig{Method: MethodJWT, JWTFile: write(t, t.TempDir(), "jwt", "a.b.c", 0o600)},
	}
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		cfg.Address = serveTLS(t, vaultWithKey(), ca, "loopback", func(c *tls.Config) { c.MaxVersion = version })
		s, err := NewSession(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		got, err := s.DiagnoseServer(t.Context())
		if err != nil || got.TLS != version || got.Address != cfg.Address {
			t.Errorf("got %+v, %v", got, err)
		}
		if left, life := time.Until(got.Expires), got.Expires.Sub(got.Issued); left < 58*time.Minute || left > time.Hour || life != 2*time.Hour {
			t.Errorf("the certificate's life is %s to %s", got.Issued, got.Expires)
		}
	}
	cfg.Address = serveTLS(t, vaultWithKey(), newAuthority(t), "loopback", nil)
	s, err := NewSession(cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if got, err := s.DiagnoseServer(t.Context()); !errors.Is(err, ErrUnavailable) || got.TLS != 0 {
		t.Errorf("a certificate that nobody trusts: got %+v, %v", got, err)
	}
}

func TestSocketOfTheServerIsNamed(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "vault.sock")
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: newFakeVault()}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	s := openSession(t, newFakeVault(), func(c *SessionConfig) { c.Address = "unix://" + socket })
	if got, err := s.DiagnoseServer(t.Context()); err != nil || got != (ServerDiagnosis{Address: "unix://" + socket}) {
		t.Errorf("got %+v, %v", got, err)
	}
	server.Close()
	s.transport.CloseIdleConnections()
	if got, err := s.DiagnoseServer(t.Context()); !errors.Is(err, ErrUnavailable) || got.Address != "unix://"+socket {
		t.Errorf("without a server: got %+v, %v", got, err)
	}
}
