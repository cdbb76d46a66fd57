package faults

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// providerRig is a Ringward that reaches its provider through a port which a
// test can move to another server.
type providerRig struct {
	*Rig
	way   *harness.Forward
	own   *authority // trusted as well as the stand-in's
	trust *tls.Config
	real  string // where the stand-in is
}

func newProviderRig(t *testing.T) *providerRig {
	t.Helper()
	s := harness.NewStage(t, bin, "checkthatphone")
	p := &providerRig{real: s.Upstream(), own: newAuthority(t), way: harness.NewForward(t, s.Upstream())}
	standinCA, err := os.ReadFile(s.Standin.CAFile)
	if err != nil {
		t.Fatal(err)
	}
	p.trust = &tls.Config{RootCAs: x509.NewCertPool(), MinVersion: tls.VersionTLS12}
	p.trust.RootCAs.AppendCertsFromPEM(standinCA)
	s.Standin.CAFile = s.File("ca.pem", string(standinCA)+p.own.pem())
	s.Standin.URLs[s.Provider] = p.way.URL()
	p.way.Open(t)
	p.Rig = NewRig(t, "provider", s, *phase)
	return p
}

// behind puts another server behind the port.
func (p *providerRig) behind(t *testing.T, f Fault, server *Hostile) Fault {
	t.Helper()
	var way *harness.Forward
	f.Keys = server.Keys
	f.Break = func() {
		way = p.way.Replace(t, server.URL)
		way.Open(t)
	}
	f.Mend = func() {
		way.Close()
		p.way.Open(t)
	}
	return f
}

// answering lets the stand-in answer wrongly.
func (p *providerRig) answering(t *testing.T, f Fault, fault harness.Fault) Fault {
	t.Helper()
	fault["Sticky"] = true
	f.Break = func() { p.Standin.SetFault(t, p.Provider, fault) }
	f.Mend = func() { p.Standin.SetFault(t, p.Provider, nil) }
	return f
}

// TestProviderFaults: whatever a provider does, callers get an answer or an
// error of Ringward's own, within the time that the route gives it.
func TestProviderFaults(t *testing.T) { //nolint:paralleltest // it measures times
	p := newProviderRig(t)
	soon := time.Now().Add(time.Hour)
	good, expired := p.own.issue("127.0.0.1", soon), p.own.issue("127.0.0.1", time.Now().Add(-time.Hour))
	failed := []int{http.StatusBadGateway, http.StatusGatewayTimeout}
	late := []int{http.StatusGatewayTimeout, http.StatusBadGateway}

	p.Run(Fault{Name: "connections refused", Seen: failed, Break: p.way.Close, Mend: func() { p.way.Open(t) }})
	p.Run(p.behind(t, Fault{Name: "connections reset", Seen: failed}, startHostile(t, good, resetAll)))
	p.Run(p.behind(t, Fault{Name: "no header in time", Seen: late}, startHostile(t, good, neverAnswer)))
	p.Run(p.answering(t, Fault{Name: "a body that stalls", Seen: late}, harness.Fault{"Stall": true}))
	p.Run(p.answering(t, Fault{Name: "a truncated body", Seen: failed}, harness.Fault{"Truncate": 7}))
	p.Run(p.behind(t, Fault{Name: "garbage in place of HTTP", Seen: failed}, startHostile(t, good, noHTTP)))
	p.Run(p.answering(t, Fault{Name: "HTML in place of JSON", Seen: failed}, harness.Fault{"Gallery": "not json"}))
	p.Run(p.answering(t, Fault{Name: "an oversize body", Seen: failed}, harness.Fault{"PadMiB": 1}))
	p.Run(p.behind(t, Fault{Name: "a certificate of another authority", Seen: failed}, startHostile(t, newAuthority(t).issue("127.0.0.1", soon), neverAnswer)))
	p.Run(p.behind(t, Fault{Name: "a certificate for another host", Seen: failed}, startHostile(t, p.own.issue("127.0.0.2", soon), neverAnswer)))
	p.Run(p.behind(t, Fault{Name: "an expired certificate", Seen: failed}, startHostile(t, expired, neverAnswer)))
	p.Run(p.answering(t, Fault{Name: "103 with the key in it, ahead of the answer"}, harness.Fault{"Gallery": "early hints"}))
	p.Run(p.answering(t, Fault{Name: "307 to another host", Seen: failed}, harness.Fault{"Gallery": "replaying redirect"}))
	// What an HTTP/2 server has left undone fails: no lookup is sent twice.
	p.Run(p.behind(t, Fault{Name: "GOAWAY with every answer", May: failed}, startGoingAway(t, good, p.real, p.trust)))
	p.Run(p.behind(t, Fault{Name: "GOAWAY in place of every answer", Seen: failed}, startHostile(t, good, goAwayUnserved)))
}
