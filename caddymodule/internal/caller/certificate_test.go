package caller

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// authority is a CA of the tests.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: today.AddDate(0, 0, -1), NotAfter: today.AddDate(1, 0, 0),
	}
	a := &authority{}
	a.cert, a.key = issue(t, template, template, nil)
	return a
}

func issue(t *testing.T, template, parent *x509.Certificate, signer *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}

// client issues a client certificate; change adjusts it.
func (a *authority) client(t *testing.T, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), NotBefore: today.Add(-time.Hour), NotAfter: today.Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if change != nil {
		change(template)
	}
	cert, _ := issue(t, template, a.cert, a.key)
	return cert
}

func (a *authority) file(t *testing.T) string {
	t.Helper()
	return writeFile(t, filepath.Join(t.TempDir(), "ca.pem"), string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})))
}

// verified is a connection whose listener verified the certificate.
func (a *authority) verified(cert *x509.Certificate) *tls.ConnectionState {
	return &tls.ConnectionState{
		PeerCertificates: []*x509.Certificate{cert}, VerifiedChains: [][]*x509.Certificate{{cert, a.cert}},
	}
}

func unverified(cert *x509.Certificate) *tls.ConnectionState {
	return &tls.ConnectionState{PeerCertificates: []*x509.Certificate{cert}}
}

func names(dns string, uris ...string) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		if dns != "" {
			c.DNSNames = []string{dns}
		}
		for _, text := range uris {
			u, err := url.Parse(text)
			if err != nil {
				panic(err)
			}
			c.URIs = append(c.URIs, u)
		}
	}
}

func pinOf(cert *x509.Certificate) string {
	sum := sha256.Sum256(cert.Raw)
	return "sha256:" + hex.EncodeToString(sum[:])
}

func writeFile(t testing.TB, path, content string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rules are of callers and certificate names in turn.
type rules []string

// matcher judges certificates and finds their callers.
type matcher struct {
	verifier  *CertificateVerifier
	directory *Directory[string]
}

func (r rules) directory() (*Directory[string], error) {
	at := make(map[string]int)
	var callers []Caller[string]
	for i := 0; i < len(r); i += 2 {
		name, err := ParseCertificateName(r[i+1])
		if err != nil {
			return nil, err
		}
		if _, known := at[r[i]]; !known {
			at[r[i]] = len(callers)
			callers = append(callers, Caller[string]{Name: r[i], Value: r[i]})
		}
		c := &callers[at[r[i]]]
		c.Certificates = append(c.Certificates, name)
	}
	return NewDirectory(callers)
}

func newMatcher(t *testing.T, cfg CertificateConfig, r ...string) matcher {
	t.Helper()
	v, err := NewCertificateVerifier(cfg)
	if err != nil {
		t.Fatal(err)
	}
	d, err := rules(r).directory()
	if err != nil {
		t.Fatal(err)
	}
	return matcher{v, d}
}

func (m matcher) Identify(state *tls.ConnectionState, now time.Time) (name, id string, err error) {
	c, err := m.verifier.Judge(state, now)
	if err != nil {
		return "", c.ID, err
	}
	found, err := m.directory.ByCertificate(c, now)
	if err != nil {
		return "", c.ID, err
	}
	return found.Value, c.ID, nil
}

func TestCertificatesFindTheirCallers(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	pinned := ca.client(t, nil)
	m := newMatcher(t, CertificateConfig{},
		"signup", "dns:Signup.example.com", "billing", "uri:spiffe://example.org/ns/prod/billing",
		"batch", "uri:spiffe://example.org/ns/batch/*", "web", "uri:https://web.example.com/client", "pinned", pinOf(pinned))
	tests := []struct {
		name   string
		change func(*x509.Certificate)
		caller string
		err    error
	}{
		{"DNS name", names("signup.example.com"), "signup", nil},
		{"DNS name in upper case", names("SIGNUP.example.com"), "signup", nil},
		{"DNS name below", names("a.signup.example.com"), "", ErrCertificateUnknown},
		{"wildcard in the certificate", names("*.example.com"), "", ErrCertificateUnknown},
		{"common name alone", func(c *x509.Certificate) { c.Subject.CommonName = "signup.example.com" }, "", ErrCertificateUnknown},
		{"SPIFFE ID", names("", "spiffe://example.org/ns/prod/billing"), "billing", nil},
		{"SPIFFE ID in another case", names("", "spiffe://example.org/ns/prod/Billing"), "", ErrCertificateUnknown},
		{"SPIFFE ID longer", names("", "spiffe://example.org/ns/prod/billing2"), "", ErrCertificateUnknown},
		{"SPIFFE ID of another domain", names("", "spiffe://example.com/ns/prod/billing"), "", ErrCertificateUnknown},
		{"SPIFFE ID below a path", names("", "spiffe://example.org/ns/batch/a/b"), "batch", nil},
		{"the path itself", names("", "spiffe://example.org/ns/batch"), "", ErrCertificateUnknown},
		{"no border of a segment", names("", "spiffe://example.org/ns/batch2/a"), "", ErrCertificateUnknown},
		{"dot segments", names("", "spiffe://example.org/ns/batch/../prod/billing"), "", ErrCertificateUnknown},
		{"encoded dot segments", names("", "spiffe://example.org/ns/batch/%2e%2e/x"), "", ErrCertificateUnknown},
		{"empty segment", names("", "spiffe://example.org/ns/batch//x"), "", ErrCertificateUnknown},
		{"query", names("", "spiffe://example.org/ns/batch/x?y"), "", ErrCertificateUnknown},
		{"user", names("", "spiffe://a@example.org/ns/batch/x"), "", ErrCertificateUnknown},
		{"SPIFFE ID after another URI", names("", "https://web.example.com/client", "spiffe://example.org/ns/batch/a"), "", ErrCertificateUnknown},
		{"SPIFFE ID before another URI", names("", "spiffe://example.org/ns/batch/a", "https://web.example.com/client"), "", ErrCertificateUnknown},
		{"two SPIFFE IDs", names("", "spiffe://example.org/ns/batch/a", "spiffe://example.org/ns/prod/x"), "", ErrCertificateUnknown},
		{"other URI", names("", "https://web.example.com/client"), "web", nil},
		{"names of two callers", names("signup.example.com", "spiffe://example.org/ns/batch/a"), "", ErrCertificateAmbiguous},
		{"no name", nil, "", ErrCertificateUnknown},
	}
	for _, test := range tests {
		cert := ca.client(t, test.change)
		got, id, err := m.Identify(ca.verified(cert), today)
		if got != test.caller || err != test.err || id != pinOf(cert)[7:15] {
			t.Errorf("%s: got %q, %q, %v", test.name, got, id, err)
		}
		if got, _, err := m.Identify(unverified(cert), today); got != "" || err != ErrCertificateUnverified {
			t.Errorf("%s, not verified: got %q, %v", test.name, got, err)
		}
	}
	if got, _, err := m.Identify(ca.verified(pinned), today); got != "pinned" || err != nil {
		t.Errorf("digest: got %q, %v", got, err)
	}
	for name, state := range map[string]*tls.ConnectionState{"plain": nil, "without a certificate": {}} {
		if got, _, err := m.Identify(state, today); got != "" || err != ErrNoCertificate {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestCertificateOfAnExpiredCallerIsRefused(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	v, err := NewCertificateVerifier(CertificateConfig{})
	if err != nil {
		t.Fatal(err)
	}
	certificates, err := ParseCertificateNames([]string{"dns:signup.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	d, err := NewDirectory([]Caller[int]{{Name: "signup", Certificates: certificates, Expires: Expiry(today)}})
	if err != nil {
		t.Fatal(err)
	}
	judged, err := v.Judge(ca.verified(ca.client(t, names("signup.example.com"))), today)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := d.ByCertificate(judged, today); c != nil || err != ErrCallerExpired {
		t.Errorf("got %v", err)
	}
}

func TestChainOfAnotherCertificateDoesNotCount(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	m := newMatcher(t, CertificateConfig{}, "signup", "dns:signup.example.com")
	state := ca.verified(ca.client(t, nil))
	state.PeerCertificates[0] = newAuthority(t).client(t, names("signup.example.com"))
	if got, _, err := m.Identify(state, today); got != "" || err != ErrCertificateUnverified {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestCertificatesOfTheFileOfCAsAreVerifiedHere(t *testing.T) {
	t.Parallel()
	ca, other := newAuthority(t), newAuthority(t)
	m := newMatcher(t, CertificateConfig{CAFile: ca.file(t)}, "signup", "dns:signup.example.com")
	good := ca.client(t, names("signup.example.com"))
	if got, _, err := m.Identify(unverified(good), today); got != "signup" || err != nil {
		t.Errorf("good: got %q, %v", got, err)
	}
	server := ca.client(t, func(c *x509.Certificate) {
		names("signup.example.com")(c)
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	for name, state := range map[string]*tls.ConnectionState{
		"of another CA": unverified(other.client(t, names("signup.example.com"))),
		"of another CA that the listener accepts": other.verified(other.client(t, names("signup.example.com"))),
		"of a server": unverified(server),
	} {
		if got, _, err := m.Identify(state, today); got != "" || err != ErrCertificateUnverified {
			t.Errorf("%s: got %q, %v", name, got, err)
		}
	}
}

func TestPinsSufficeOnlyWhereTheConfigSaysSo(t *testing.T) {
	t.Parallel()
	cert := newAuthority(t).client(t, names("signup.example.com"))
	for suffice, want := range map[bool]string{true: "pinned", false: ""} {
		m := newMatcher(t, CertificateConfig{PinsSuffice: suffice}, "signup", "dns:signup.example.com", "pinned", pinOf(cert))
		got, _, err := m.Identify(unverified(cert), today)
		if got != want || (err == nil) != suffice {
			t.Errorf("%t: got %q, %v", suffice, got, err)
		}
	}
	m := newMatcher(t, CertificateConfig{PinsSuffice: true}, "signup", "dns:signup.example.com")
	if got, _, err := m.Identify(unverified(cert), today); got != "" || err != ErrCertificateUnverified {
		t.Errorf("a name without a CA: got %q, %v", got, err)
	}
}

// TestExpiredCertificateIsRefusedOnAResumedSession: the chains were found when
// the session began.
func TestExpiredCertificateIsRefusedOnAResumedSession(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	cert := ca.client(t, names("signup.example.com"))
	long := ca.client(t, func(c *x509.Certificate) {
		names("signup.example.com")(c)
		c.NotAfter = today.AddDate(10, 0, 0)
	})
	for _, caFile := range []string{"", ca.file(t)} {
		m := newMatcher(t, CertificateConfig{CAFile: caFile}, "signup", "dns:signup.example.com")
		for _, test := range []struct {
			name string
			cert *x509.Certificate
			now  time.Time
			want error
		}{
			{"valid", cert, today, nil},
			{"expired", cert, today.Add(time.Hour + time.Second), ErrCertificateTime},
			{"not valid yet", cert, today.Add(-time.Hour - time.Second), ErrCertificateTime},
			{"CA expired", long, today.AddDate(2, 0, 0), ErrCertificateUnverified},
		} {
			state := ca.verified(test.cert)
			state.DidResume = true
			if _, _, err := m.Identify(state, test.now); err != test.want {
				t.Errorf("%s, CA file %q: got %v", test.name, caFile, err)
			}
		}
	}
}

func TestVerifierFailsClosedWithoutItsCA(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, path := range map[string]string{
		"missing":   filepath.Join(dir, "missing.pem"),
		"directory": dir,
		"empty":     writeFile(t, filepath.Join(dir, "empty.pem"), ""),
		"no PEM":    writeFile(t, filepath.Join(dir, "text.pem"), "hello"),
		"a key":     writeFile(t, filepath.Join(dir, "key.pem"), "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"),
		"broken":    writeFile(t, filepath.Join(dir, "broken.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
	} {
		if v, err := NewCertificateVerifier(CertificateConfig{CAFile: path}); err == nil || v != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestFaultyCertificateNamesAreRefused(t *testing.T) {
	t.Parallel()
	for name, r := range map[string]rules{
		"bad caller":      {"Sign Up", "dns:a.example.com"},
		"same name twice": {"a", "dns:a.example.com", "b", "dns:A.example.com"},
		"twice of one":    {"a", "dns:a.example.com", "a", "dns:a.example.com"},
	} {
		if _, err := r.directory(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := NewDirectory([]Caller[string]{{Name: "a", Certificates: make([]CertificateName, 1)}}); err == nil {
		t.Error("a certificate without a name: accepted")
	}
	for _, text := range []string{
		"", "a.example.com", "dns:", "dns:*.example.com", "dns:a b", "dns:.a", "cn:a", "ip:192.0.2.1",
		"uri:", "uri:a", "uri:https://example.com/*", "uri:spiffe://example.org", "uri:spiffe://example.org/", "uri:spiffe://example.org/*/a",
		"uri:spiffe://example.org/a*", "uri:spiffe://Example.org/a", "uri:spiffe://example.org/../a", "uri:spiffe://example.org/a//b",
		"uri:spiffe://example.org/%61", "uri:spiffe://example.org:1/a", "uri:spiffe://*",
		"sha256:", "sha256:" + strings.Repeat("0", 63), "sha256:" + strings.Repeat("g", 64), "sha1:" + strings.Repeat("0", 40),
	} {
		if n, err := ParseCertificateName(text); err == nil || n != (CertificateName{}) {
			t.Errorf("%q: accepted", text)
		}
	}
	if _, err := ParseCertificateName("uri:spiffe://example.org/*"); err != nil {
		t.Errorf("a trust domain: %v", err)
	}
}

// TestHostileChainsCostNothing: a client chooses what it presents.
func TestHostileChainsCostNothing(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	m := newMatcher(t, CertificateConfig{CAFile: ca.file(t)}, "signup", "dns:signup.example.com")
	state := unverified(ca.client(t, names("signup.example.com")))
	for len(state.PeerCertificates) <= maxChain {
		state.PeerCertificates = append(state.PeerCertificates, newAuthority(t).cert)
	}
	if got, _, err := m.Identify(state, today); got != "" || err != ErrCertificateUnverified {
		t.Errorf("a chain of %d: got %q, %v", len(state.PeerCertificates), got, err)
	}
}

// TestJudgedChainsAreRememberedWithinTheirTime and no longer.
func TestJudgedChainsAreRememberedWithinTheirTime(t *testing.T) {
	t.Parallel()
	var cache chainCache
	ca := newAuthority(t)
	chain := []*x509.Certificate{ca.client(t, nil)}
	asked := 0
	verify := func(until time.Time, err error) func([]*x509.Certificate, time.Time) (time.Time, error) {
		return func([]*x509.Certificate, time.Time) (time.Time, error) { asked++; return until, err }
	}
	for _, step := range []struct {
		name  string
		now   time.Time
		until time.Time
		err   error // of a verification
		want  error
		asked int
	}{
		{"first", today, today.Add(time.Minute), nil, nil, 1},
		{"remembered", today.Add(time.Minute - 1), today, ErrCertificateUnverified, nil, 1},
		{"at the end of the chain", today.Add(time.Minute), today, ErrCertificateUnverified, ErrCertificateUnverified, 2},
		{"a bad one is remembered too", today.Add(2 * time.Minute), today.Add(time.Hour), nil, ErrCertificateUnverified, 2},
		{"but not for long", today.Add(time.Minute + chainTime), today.Add(time.Hour), nil, nil, 3},
		{"nor is a good one", today.Add(time.Minute + 2*chainTime), today.Add(time.Hour), nil, nil, 4},
	} {
		if err := cache.find(chain, step.now, verify(step.until, step.err)); err != step.want || asked != step.asked {
			t.Errorf("%s: got %v after %d verifications", step.name, err, asked)
		}
	}
	for i := range maxChains * 2 {
		cache.put(chainDigest{byte(i), byte(i >> 8), byte(i >> 16)}, judgement{})
	}
	if n := len(cache.young) + len(cache.old); n > maxChains {
		t.Errorf("%d chains are remembered", n)
	}
}

func BenchmarkByCertificate(b *testing.B) {
	names := make([]CertificateName, 10_000)
	for i := range names {
		names[i] = CertificateName{kind: nameURI, value: fmt.Sprintf("spiffe://example.org/ns/%d", i)}
	}
	d, err := NewDirectory([]Caller[int]{{Name: "signup", Certificates: names}})
	if err != nil {
		b.Fatal(err)
	}
	id, err := url.Parse("spiffe://example.org/ns/77")
	if err != nil {
		b.Fatal(err)
	}
	c := Certificate{leaf: &x509.Certificate{URIs: []*url.URL{id}}, verified: true}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := d.ByCertificate(c, today); err != nil {
			b.Fatal(err)
		}
	}
}
