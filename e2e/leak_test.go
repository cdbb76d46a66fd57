package e2e

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// leakage is a Ringward that has secrets to give away, and what it gave.
type leakage struct {
	*harness.Stage
	t *testing.T
	v *harness.Vault // nil without a Vault server

	out      harness.Evidence // neither secrets nor numbers may be here
	answered harness.Evidence // a caller's own number may, secrets may not
	secrets  map[string]string
	way      *harness.Forward
	secretAt string // in Vault
	policy   string // in Vault
	deadEnds []string
	proxied  *atomic.Int64
}

// TestKeysAndNumbersLeaveNoTrace is the promise that the rest is for. With the
// log at DEBUG it makes happen what can happen to a request, collects
// everything that comes out of the process, and looks for the provider's keys,
// the callers', what opens Vault, and the numbers, in every form.
func TestKeysAndNumbersLeaveNoTrace(t *testing.T) {
	t.Parallel()
	for _, provider := range []string{"numverify", "checkthatphone"} {
		t.Run(provider, func(t *testing.T) {
			t.Parallel()
			l := newLeakage(t, provider)
			l.Run()
			l.provoke()
			l.provokeVault()
			l.collect()
			l.checkEvidence()
			for what, secret := range l.secrets {
				l.out.Search(t, what, secret)
				l.answered.Search(t, what, secret)
			}
			l.out.SearchNumber(t, harness.Number)
			l.out.SearchNumber(t, harness.OtherNumber)
			if n := l.proxied.Load(); n > 0 {
				t.Errorf("%d connections went to the proxy that the environment names", n)
			}
		})
	}
}

func newLeakage(t *testing.T, provider string) *leakage {
	t.Helper()
	l := &leakage{
		Stage: harness.NewStage(t, bin, provider), t: t,
		out: make(harness.Evidence), answered: make(harness.Evidence), secrets: make(map[string]string),
	}
	l.secrets["the provider's key"] = l.Standin.Key
	l.secrets["the caller key of minimal"] = l.Minimal.Key
	l.secrets["the caller key of full"] = l.Full.Key
	l.Log = "file " + l.Dir + "/debug.log"
	l.Route = "timeout 500ms"
	// Go's own HTTP/2 writes headers and bodies to the log with this.
	l.Env = append(l.Env, "GODEBUG=http2debug=2")
	l.spyProxy()
	l.useVault()
	l.addDeadEnds()
	return l
}

// spyProxy names a proxy in the environment, which nothing may use.
func (l *leakage) spyProxy() {
	l.t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() { _ = listener.Close() })
	l.proxied = new(atomic.Int64)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			l.proxied.Add(1)
			_ = conn.Close()
		}
	}()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		l.Env = append(l.Env, name+"=http://"+listener.Addr().String())
	}
}

// useVault keeps the secrets in Vault, where there is one to test with.
func (l *leakage) useVault() {
	l.t.Helper()
	if bin.Vault == "" {
		return
	}
	l.v = realVault(l.t)
	l.policy, l.secretAt = unique("leak"), unique("secret/e2e/leak/"+l.Provider)
	l.v.Put(l.t, l.secretAt, map[string]string{"api_key": l.Standin.Key})
	pseudonymKey := harness.RandomText()
	l.v.Put(l.t, l.secretAt+"-audit", map[string]string{"key": pseudonymKey})
	l.secrets["the pseudonym key"] = pseudonymKey
	auth := appRole(l.t, l.Stage, l.v, l.policy, readPolicy("secret/data/e2e/leak/*"))
	l.secrets["the secret id"] = l.Read("secret-id")
	l.way = harness.NewForward(l.t, l.v.Address)
	l.way.Open(l.t)
	l.Vault = vaultOption(l.way.URL(), l.v, auth)
	l.Credential = "vault " + l.secretAt + " api_key {\n\t\t\trefresh 1s\n\t\t}"
	l.Pseudonyms = "vault " + l.secretAt + "-audit key"
}

// addDeadEnds adds routes whose provider cannot be reached or not be trusted.
func (l *leakage) addDeadEnds() {
	l.t.Helper()
	stranger := harness.NewCertificate(l.t, l.Dir, "127.0.0.1")
	for _, end := range []struct{ upstream, ca string }{
		{"https://127.0.0.1:" + harness.FreePort(l.t), l.Standin.CAFile},
		{l.Upstream(), stranger.CertFile},
		{"https://provider.invalid", l.Standin.CAFile}, // would be a proxy's: Go takes none for loopback
	} {
		port := harness.FreePort(l.t)
		l.deadEnds = append(l.deadEnds, port)
		l.Sites += `
http://:` + port + ` {
	bind 127.0.0.1
	log
	ringward ` + l.Provider + ` {
		upstream ` + end.upstream + `
		ca ` + end.ca + `
		credential ` + l.Credential + `
		timeout 2s
	}
}
`
	}
}

// keep files an answer.
func (l *leakage) keep(name string, got harness.Reply) {
	var header strings.Builder
	for field, values := range got.Header {
		fmt.Fprintf(&header, "%s: %s\n", field, strings.Join(values, ", "))
	}
	l.out["headers of "+name] = header.String()
	if got.Status == http.StatusOK {
		l.answered["answer to "+name] = got.Body
	} else {
		l.out["answer to "+name] = got.Body
	}
}

// collect gathers what the process shows, writes and has written.
func (l *leakage) collect() {
	l.t.Helper()
	for _, path := range []string{
		"/config/", "/ringward/status", "/metrics", "/reverse_proxy/upstreams", "/debug/vars",
		"/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1", "/debug/pprof/allocs?debug=1",
	} {
		l.out["admin "+path] = l.AdminGet(path).Body
	}
	l.out["the metrics"] = l.Metrics()
	if runtime.GOOS == "linux" {
		for _, name := range []string{"environ", "cmdline", "comm", "status"} {
			text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(l.Process.PID()), name))
			if err != nil {
				l.t.Fatal(err)
			}
			l.out["/proc "+name] = string(text)
		}
	}
	l.out["standard output"], l.out["standard error"] = l.Process.Stdout(), l.Process.Stderr()
	// All that is in its directories but what the test itself put there.
	l.out.AddTree(l.t, l.Process.Home())
	l.out.AddTree(l.t, l.Dir, "provider-key", "pseudonym-key", "secret-id", "site-key.pem")
}

// checkEvidence makes sure that the search can find something, in enough.
func (l *leakage) checkEvidence() {
	l.t.Helper()
	var received strings.Builder
	for _, r := range l.Standin.Received(l.t) {
		fmt.Fprintln(&received, r)
	}
	upstream := harness.Evidence{"what the provider got": received.String()}
	if len(upstream.Find(l.Standin.Key)) == 0 || len(upstream.Find(harness.Number[2:])) == 0 {
		l.t.Error("the search does not even find what was sent to the provider")
	}
	log := l.Read("debug.log") + l.Process.Stderr() // Go's own lines go there
	for _, line := range []string{`"level":"debug"`, "upstream roundtrip", `"logger":"http.handlers.ringward"`, "upstream_timeout", "http2: "} {
		if !strings.Contains(log, line) {
			l.t.Errorf("the log is not all of it: no %s", line)
		}
	}
	if !strings.Contains(l.out["the metrics"], "ringward_upstream_calls_total") || !strings.Contains(l.out["admin /config/"], `"protocol":"ringward"`) {
		l.t.Error("metrics or config are not among what was searched")
	}
	if n := len(l.Entries()); n < 50 {
		l.t.Errorf("the audit log has %d entries only", n)
	}
	// The token that Ringward got from Vault is known to nobody else.
	for place, text := range l.out {
		if at := strings.Index(text, "hvs."); at >= 0 {
			l.t.Errorf("a token of Vault is in %s: ...%.200s", place, text[max(0, at-100):])
		}
	}
}
