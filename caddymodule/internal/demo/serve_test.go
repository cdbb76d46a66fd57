package demo

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"
)

var okHandler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	name := "nobody"
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		name = r.TLS.PeerCertificates[0].Subject.CommonName
	}
	_, _ = w.Write([]byte(name))
})

func newAuthority(t testing.TB) *Authority {
	t.Helper()
	a, err := NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func TestClientsTrustGoodCertificatesOnly(t *testing.T) {
	a, stranger := newAuthority(t), newAuthority(t)
	for name, c := range map[string]struct {
		issue  func() (tls.Certificate, error)
		refuse any // a target for errors.As; nil means trusted
	}{
		"good":         {func() (tls.Certificate, error) { return a.Issue("other.example", "api.example") }, nil},
		"address":      {func() (tls.Certificate, error) { return a.Issue("127.0.0.1") }, new(x509.HostnameError)},
		"wrong host":   {func() (tls.Certificate, error) { return a.Issue("wrong.example") }, new(x509.HostnameError)},
		"expired":      {func() (tls.Certificate, error) { return a.IssueExpired("api.example") }, new(x509.CertificateInvalidError)},
		"not a server": {func() (tls.Certificate, error) { return a.IssueLeaf(Leaf{Hosts: []string{"api.example"}, Client: "c"}) }, new(x509.CertificateInvalidError)},
		"other's":      {func() (tls.Certificate, error) { return stranger.Issue("api.example") }, new(x509.UnknownAuthorityError)},
		"not yet valid": {func() (tls.Certificate, error) {
			return a.IssueLeaf(Leaf{Hosts: []string{"api.example"}, NotBefore: time.Now().Add(time.Hour)})
		}, new(x509.CertificateInvalidError)},
	} {
		t.Run(name, func(t *testing.T) {
			cert, err := c.issue()
			if err != nil {
				t.Fatal(err)
			}
			s := serveWith(t, okHandler, ServeOptions{Certificate: &cert})
			resp, err := providerClient(t, a, s).Get("https://api.example/")
			if err == nil {
				_ = resp.Body.Close()
			}
			if c.refuse == nil && err != nil || c.refuse != nil && !errors.As(err, c.refuse) {
				t.Fatalf("got %v", err)
			}
		})
	}
}

func TestCertificatesAreShortLived(t *testing.T) {
	a := newAuthority(t)
	cert, err := a.Issue("api.example")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []*x509.Certificate{a.cert, cert.Leaf} {
		if life := time.Until(c.NotAfter); life <= 23*time.Hour || life > 24*time.Hour {
			t.Errorf("%q lives %v", c.Subject.CommonName, life)
		}
	}
	if cert.Leaf.IsCA || !a.cert.IsCA {
		t.Error("only the authority may sign")
	}
	if _, err := a.Issue(); err == nil {
		t.Error("a certificate for nothing was issued")
	}
}

func TestAuthorityIsTrustedByItsPEM(t *testing.T) {
	a := newAuthority(t)
	cert, err := a.Issue("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(a.PEM()) {
		t.Fatal("the PEM holds no certificate")
	}
	s := serveWith(t, okHandler, ServeOptions{Certificate: &cert})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}}
	defer transport.CloseIdleConnections()
	if got := do(t, &http.Client{Transport: transport}, http.MethodGet, s.URL()+"/", "", nil); got.status != http.StatusOK {
		t.Fatalf("got %d", got.status)
	}
	if strings.Contains(string(a.PEM()), "PRIVATE") {
		t.Fatal("the PEM holds a key")
	}
}

func TestClientCertificatesNameTheClient(t *testing.T) {
	a := newAuthority(t)
	cert, err := a.IssueLeaf(Leaf{Client: "signup"})
	if err != nil {
		t.Fatal(err)
	}
	chains, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: a.Pool(), KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil || len(chains) != 1 || cert.Leaf.Subject.CommonName != "signup" {
		t.Fatalf("got %v, %v", chains, err)
	}
}

func TestServersRefuseOldTLS(t *testing.T) {
	a := newAuthority(t)
	cert, err := a.Issue("api.example")
	if err != nil {
		t.Fatal(err)
	}
	s := serveWith(t, okHandler, ServeOptions{Certificate: &cert})
	old := &tls.Config{RootCAs: a.Pool(), ServerName: "api.example", MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	if conn, err := tls.Dial("tcp", s.Addr().String(), old); err == nil {
		_ = conn.Close()
		t.Fatal("TLS 1.1 was accepted")
	}
}

func TestPlaintextStaysOnLoopback(t *testing.T) {
	for _, addr := range []string{":0", "0.0.0.0:0", "[::]:0"} {
		if s, err := Serve(okHandler, ServeOptions{Addr: addr}); !errors.Is(err, ErrPlaintext) {
			_ = s.Close()
			t.Errorf("%s: got %v", addr, err)
		}
	}
	s := serve(t, okHandler)
	if !strings.HasPrefix(s.URL(), "http://127.0.0.1:") {
		t.Fatalf("got %s", s.URL())
	}
	if got := do(t, http.DefaultClient, http.MethodGet, s.URL(), "", nil); got.body != "nobody" {
		t.Fatalf("got %q", got.body)
	}
	if _, err := Serve(okHandler, ServeOptions{Addr: s.Addr().String()}); err == nil {
		t.Fatal("a taken address was served twice")
	}
}

func TestCloseEndsRequestsInFlight(t *testing.T) {
	arrived, left := make(chan struct{}), make(chan struct{})
	s := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		close(arrived)
		<-r.Context().Done()
		close(left)
	}))
	failed := make(chan error, 1)
	go func() {
		resp, err := http.Get(s.URL())
		if err == nil {
			_ = resp.Body.Close()
		}
		failed <- err
	}()
	<-arrived
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	<-left
	if err := <-failed; err == nil {
		t.Fatal("the request was answered")
	}
	if _, err := http.Get(s.URL()); err == nil {
		t.Fatal("the closed server still answers")
	}
}
