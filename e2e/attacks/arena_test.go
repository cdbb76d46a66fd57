package attacks

import (
	"crypto/x509"
	"fmt"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// arena is a running Ringward with something to lose.
type arena struct {
	*harness.Stage
	t testing.TB

	authority *authority // of all providers but the stand-in
	villain   *villain   // answers as an attack wants
	idle      *villain   // is never to be asked: for attacks that run at the same time
	issuer    *issuer    // of tokens
	canary    string     // in the environment of Ringward
	roots     *x509.CertPool

	sites map[site]string // the port of each
}

// site is one of the places where Ringward listens, besides the stage's own.
type site string

const (
	toVillain site = "villain"  // asks the villain
	toIdle    site = "idle"     // must never ask
	toQuery   site = "query"    // Numverify: the provider's key is in the query
	overTLS   site = "tls"      // HTTP/2, before the stand-in
	scarce    site = "scarce"   // HTTP/2, before the villain, three lookups an hour for each caller
	nameless  site = "nameless" // serves without a key
	counted   site = "counted"  // three lookups an hour for each address
	denied    site = "denied"   // this host's address is denied
	elsewhere site = "elsewhere"

	noTLS12   site = "TLS 1.1"
	wrongName site = "certificate of another name"
	expired   site = "expired certificate"
	selfMade  site = "self-signed certificate"
	plaintext site = "no TLS"
)

// countedLimit is how many lookups the sites counted and scarce allow.
const countedLimit = 3

// enter returns the arena for one attack.
func enter(t *testing.T) *arena {
	t.Helper()
	start()
	same := *running
	same.t, same.Stage = t, running.For(t)
	return &same
}

func newArena(t testing.TB) *arena {
	a := &arena{Stage: harness.NewStage(t, bin, "checkthatphone"), t: t, sites: make(map[site]string)}
	a.Log = "file " + a.Dir + "/debug.log"
	a.canary = harness.RandomText()
	a.Env = append(a.Env, "ATTACK_CANARY="+a.canary)
	// As in Caddyfile.example.
	a.Global = "grace_period 1s\nservers {\n max_header_size 16KB\n timeouts {\n read_header 2s\n idle 2m\n }\n }"
	a.authority = newAuthority(t, a.Stage)
	a.villain, a.idle = newVillain(t, a.authority.server(t)), newVillain(t, a.authority.server(t))
	a.issuer = newIssuer(t)
	a.App = "jwt " + issuerName + " {\n audience " + audience + "\n keys file " + a.File("jwks.json", a.issuer.keySet(t)) + "\n }\n" +
		"caller tokens {\n token " + subject + "\n }\n" +
		"caller ended {\n key " + endedCaller.Digest + " expires 2020-01-01\n }"
	a.addSites()
	a.addUntrusted()
	return a
}

// endedCaller had a key once.
var endedCaller = harness.NewCaller()

func (a *arena) addSites() {
	standin := "upstream " + a.Upstream() + "\n ca " + a.Standin.CAFile
	a.addSite(toVillain, "checkthatphone", a.villain.upstream(a)+"\n timeout 1s\n max_answer 64KB")
	a.addSite(toIdle, "checkthatphone", a.idle.upstream(a))
	a.addSite(toQuery, "numverify", a.villain.upstream(a))
	a.addSite(nameless, "checkthatphone", standin+"\n anonymous validity")
	a.addSite(counted, "checkthatphone", standin+fmt.Sprintf("\n limit ip %d/h", countedLimit))
	a.addSite(denied, "checkthatphone", a.idle.upstream(a)+"\n deny_ip 127.0.0.0/8 ::1")
	a.addSite(elsewhere, "checkthatphone", a.idle.upstream(a)+"\n allow_ip 203.0.113.0/24")

	certificate := harness.NewCertificate(a.t, a.Dir, "127.0.0.1")
	a.roots = certificate.Roots
	a.addSite(overTLS, "checkthatphone", standin)
	a.addSite(scarce, "checkthatphone", a.villain.upstream(a)+fmt.Sprintf("\n limit caller %d/h", countedLimit))
	for _, name := range []site{overTLS, scarce} {
		a.Sites = strings.Replace(a.Sites, "http://:"+a.sites[name]+" {",
			"https://127.0.0.1:"+a.sites[name]+" {\n tls "+certificate.CertFile+" "+certificate.KeyFile, 1)
	}
}

// addSite adds a site with a route and its options to the config.
func (a *arena) addSite(name site, provider, options string) {
	port := harness.FreePort(a.t)
	a.sites[name] = port
	a.Sites += "\nhttp://:" + port + " {\n bind 127.0.0.1\n log\n ringward " + provider +
		" {\n credential " + a.Credential + "\n " + options + "\n }\n}\n"
}

// address is where a site listens; the first one's for "".
func (a *arena) address(at site) string {
	port := a.Port
	if at != "" {
		port = a.sites[at]
	}
	return "127.0.0.1:" + port
}

// searchTraces looks for what was at stake in all that Ringward wrote.
func (a *arena) searchTraces() {
	out := make(harness.Evidence)
	out["the metrics"] = a.Metrics()
	out["the status"] = a.AdminGet("/ringward/status").Body
	out["the config"] = a.AdminGet("/config/").Body
	out["standard output"], out["standard error"] = a.Process.Stdout(), a.Process.Stderr()
	out["the log"], out["the audit log"] = a.Read("debug.log"), a.Read("audit.jsonl")
	for what, secret := range a.secrets() {
		out.Search(a.t, what, secret)
	}
	out.SearchNumber(a.t, harness.Number)
	out.SearchNumber(a.t, harness.OtherNumber)
	if !strings.Contains(out["the log"], `"level":"debug"`) || len(a.Entries()) < 10 {
		a.t.Errorf("the search has nothing to search")
	}
}

// secrets are what no attack may bring out.
func (a *arena) secrets() map[string]string {
	return map[string]string{
		"the provider's key": a.Standin.Key, "a caller's key": a.Minimal.Key, "the other caller's key": a.Full.Key,
		"the environment": a.canary,
	}
}
