package attacks

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// untrusted are providers that cannot prove themselves.
var untrusted = make(map[site]*villain)

func (a *arena) addUntrusted() {
	old := a.authority.server(a.t)
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	for name, config := range map[site]*tls.Config{
		noTLS12: old,
		wrongName: a.authority.server(a.t, func(c *x509.Certificate) {
			c.IPAddresses, c.DNSNames = []net.IP{net.IPv4(127, 0, 0, 2)}, []string{"127.0.0.1", "localhost"}
		}),
		expired:   a.authority.server(a.t, func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }),
		selfMade:  serverConfig(a.t, nil, nil),
		plaintext: nil,
	} {
		untrusted[name] = newVillain(a.t, config)
		a.addSite(name, "checkthatphone", untrusted[name].upstream(a))
	}
}

// TestAttackUntrustedUpstream stands between Ringward and the provider, with an
// old TLS that can be broken (CVE-2011-3389, BEAST), a certificate of another
// name, as clients that do not compare it accept (CVE-2012-5783, Apache
// HttpClient), an expired or a self-made one, or no TLS at all. Were it
// believed, it would get the provider's key with the first lookup.
func TestAttackUntrustedUpstream(t *testing.T) {
	a := enter(t)
	for name, provider := range untrusted {
		got := a.reply(name, a.lookup())
		a.refused(string(name), got, http.StatusBadGateway)
		if provider.calls() != 0 {
			t.Errorf("%s: the provider got the key", name)
		}
		if e := a.Entry(got); e.UpstreamCalls != 0 {
			t.Errorf("%s: the audit log has %d calls", name, e.UpstreamCalls)
		}
	}
	a.open(toVillain)
	// Who speaks the old TLS does get through to that provider.
	conn, err := tls.Dial("tcp", strings.TrimPrefix(untrusted[noTLS12].url, "https://"), &tls.Config{
		InsecureSkipVerify: true, MinVersion: tls.VersionTLS10,
	})
	if err != nil {
		t.Fatalf("the provider with the old TLS serves nobody: %v", err)
	}
	_ = conn.Close()
}

// TestAttackOldTLS connects to Ringward with TLS 1.0 and 1.1 (CVE-2011-3389,
// BEAST; RFC 8996 forbids both). If it worked, a caller's key would travel under
// a cipher that can be broken.
func TestAttackOldTLS(t *testing.T) {
	a := enter(t)
	for _, version := range []uint16{tls.VersionTLS10, tls.VersionTLS11} {
		client := harness.Client{TLS: &tls.Config{RootCAs: a.roots, MinVersion: version, MaxVersion: version}}
		a.unpaid(func() {
			if got, err := client.Do(a.tlsLookup()); err == nil {
				t.Errorf("%s was accepted: %d", tls.VersionName(version), got.Status)
			}
		})
	}
	if got := (harness.Client{TLS: &tls.Config{RootCAs: a.roots}}).MustDo(t, a.tlsLookup()); got.Status != http.StatusOK {
		t.Errorf("a good TLS client: got %d", got.Status)
	}
}

func (a *arena) tlsLookup() *http.Request {
	return harness.Request(a.t, http.MethodPost, "https://"+a.address(overTLS)+"/v1/lookup", goodBody,
		"Content-Type", "application/json", "X-API-Key", a.Full.Key)
}
