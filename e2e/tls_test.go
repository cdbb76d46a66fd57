package e2e

import (
	"crypto/tls"
	"net"
	"net/http"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// outsideAddress is an address of this machine that is not loopback: whoever
// connects to it comes from another host, as far as a server can see.
func outsideAddress(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if network, ok := a.(*net.IPNet); ok && network.IP.IsGlobalUnicast() && network.IP.To4() != nil {
			return network.IP.String()
		}
	}
	t.Skip("this machine has no address but loopback")
	return ""
}

func TestOtherHostsAreServedOverTLSOnly(t *testing.T) {
	t.Parallel()
	address := outsideAddress(t)
	s := harness.NewStage(t, bin, "checkthatphone")
	certificate := harness.NewCertificate(t, s.Dir, address)
	secure := harness.FreePort(t)
	s.Bind = address
	s.Route = "anonymous validity"
	s.Sites = tlsSite(s, address, secure, certificate)
	s.Run()

	for _, forged := range [][2]string{
		{"X-Nothing", "forged"}, {"X-Forwarded-Proto", "https"}, {"X-Forwarded-For", "127.0.0.1"}, {"Forwarded", "for=127.0.0.1;proto=https"},
	} {
		req := s.LookupRequest(s.Minimal.Key, harness.Number)
		req.Header.Set(forged[0], forged[1])
		if got := (harness.Client{}).MustDo(t, req); got.Status != 403 || s.Entry(got).Reason != "plaintext" {
			t.Errorf("plaintext with %s: got %d %s", forged[0], got.Status, got.Body)
		}
	}
	if calls := s.Standin.Calls(t, s.Provider); calls != 0 {
		t.Errorf("plaintext requests made %d calls", calls)
	}

	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		client := harness.Client{TLS: &tls.Config{RootCAs: certificate.Roots, MaxVersion: version}}
		lookup := func(header ...string) *http.Request {
			return harness.Request(t, http.MethodPost, "https://"+net.JoinHostPort(address, secure)+"/v1/lookup",
				`{"phone":"`+harness.Number+`"}`, append([]string{"Content-Type", "application/json"}, header...)...)
		}
		got := client.MustDo(t, lookup("X-API-Key", s.Minimal.Key))
		if got.Status != 200 || s.Entry(got).ClientIP != address {
			t.Errorf("%s: got %d %s, %+v", tls.VersionName(version), got.Status, got.Body, s.Entry(got))
		}
		if got := client.MustDo(t, lookup()); got.Status != 401 {
			t.Errorf("anonymous from another host: got %d", got.Status)
		}
	}
	old := harness.Client{TLS: &tls.Config{RootCAs: certificate.Roots, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}}
	if _, err := old.Do(harness.Request(t, http.MethodGet, "https://"+net.JoinHostPort(address, secure)+"/", "")); err == nil {
		t.Error("TLS 1.1 was accepted")
	}
}

// tlsSite is a site like the stage's first, but over TLS.
func tlsSite(s *harness.Stage, address, port string, c harness.Certificate) string {
	return "https://" + net.JoinHostPort(address, port) + ` {
	bind ` + address + `
	tls ` + c.CertFile + ` ` + c.KeyFile + `
	log
	ringward ` + s.Provider + ` {
		upstream ` + s.Upstream() + `
		ca ` + s.Standin.CAFile + `
		credential ` + s.Credential + `
		anonymous validity
	}
}
`
}
