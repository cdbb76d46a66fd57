package caddymodule

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// maxPolicyAllocs is what a request may allocate from the front door to the vault
// door and back, without Caddy's own.
const maxPolicyAllocs = 60

// BenchmarkPolicy measures what Ringward does with a request besides asking the
// provider: everything on, and the audit log without a disk.
func BenchmarkPolicy(b *testing.B) {
	p := newPolicy(b)
	b.ReportAllocs()
	for b.Loop() {
		p.serve()
	}
}

// TestPolicyAllocatesLittle counts the allocations of other goroutines too, so
// those of the audit log's writer.
func TestPolicyAllocatesLittle(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector allocates")
	}
	p := newPolicy(t)
	if got := testing.AllocsPerRun(1000, p.serve); got > maxPolicyAllocs {
		t.Errorf("a request makes %.0f allocations, more than %d", got, maxPolicyAllocs)
	}
}

// policy is the front door of a running config, with nothing before it and a
// vault door behind it that has its answer already.
type policy struct {
	tb      testing.TB
	edge    *Edge
	request *http.Request
	body    *strings.Reader
	writer  deafWriter
}

const policyCaddyfile = `{
	admin off
	auto_https off
	persist_config off
	storage file_system DIR/caddy
	log {
		output discard
	}
	ringward {
		audit stdout {
			pseudonym_key file DIR/pseudonym-key
		}
		caller signup {
			key DIGEST
			limit 100000000/h
		}
	}
}
http://:PORT {
	bind 127.0.0.1
	ringward checkthatphone {
		credential file DIR/provider-key
		regions US CA
		limit ip 100000000/h
		limit number 100000000/h
		limit provider 100000000/h
	}
}
`

const (
	policyRequest = `{"phone":"+14158586273"}`
	policyAnswer  = `{"success":true,"credits_used":1,"data":{"subscriber":"4158586273","deliverable":"true",` +
		`"nanpType":"mobile","dipCarrierType":"wireless","dipCarrier":"T-MOBILE USA, INC.","dipOcn":"6529",` +
		`"dipPorted":"false","smsEligible":"true","geoCountry":"US","geoState":"CA","geoCity":"San Francisco",` +
		`"geoMetro":807,"timezone":"America/Los_Angeles","tzOffset":-8}}`
)

func newPolicy(tb testing.TB) *policy {
	tb.Helper()
	dir := tb.TempDir()
	for _, name := range []string{"provider-key", "pseudonym-key"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(randomText()+randomText()), 0o600); err != nil {
			tb.Fatal(err)
		}
	}
	key, digest := newCaller(tb)
	text := strings.NewReplacer("DIR", dir, "DIGEST", digest, "PORT", freePort(tb)).Replace(policyCaddyfile)
	loadWithoutOutput(tb, text)

	p := &policy{tb: tb, edge: running.latest().edges[0], body: strings.NewReader(policyRequest), writer: deafWriter{make(http.Header)}}
	p.request = httptest.NewRequest(http.MethodPost, "/v1/lookup", io.NopCloser(p.body))
	p.request.ContentLength = int64(len(policyRequest))
	p.request.RemoteAddr = "127.0.0.1:40000"
	p.request.Header = http.Header{"Authorization": {"Bearer " + key}, "Content-Type": {"application/json"}}
	ctx := context.WithValue(tb.Context(), http.LocalAddrContextKey, net.Addr(&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 8080}))
	ctx = context.WithValue(ctx, caddyhttp.VarsCtxKey, map[string]any{caddyhttp.ClientIPVarKey: "127.0.0.1"})
	p.request = p.request.WithContext(ctx)
	return p
}

// loadWithoutOutput loads a config whose audit log goes to nobody.
func loadWithoutOutput(tb testing.TB, caddyfile string) {
	tb.Helper()
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = null
	defer func() { os.Stdout = stdout }()
	tb.Cleanup(func() {
		_ = caddy.Stop()
		_ = null.Close()
	})
	if err := loadCaddyfile(caddyfile); err != nil {
		tb.Fatal(err)
	}
}

func (p *policy) serve() {
	p.body.Reset(policyRequest)
	clear(p.writer.header)
	var served *exchange
	err := p.edge.ServeHTTP(p.writer, p.request, caddyhttp.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		served = exchangeFrom(r.Context())
		served.upstreamCalls, served.upstreamStatus = 1, http.StatusOK
		result, err := served.plan.Apply(nil, http.StatusOK, []byte(policyAnswer))
		served.answered, served.answer, served.released = true, result.Body, result.Released
		return err
	}))
	const told = 3 // of the limits; that by number is none of the caller's business
	if err != nil || served == nil || served.problem != nil || len(served.answer) == 0 || len(served.limits) != told {
		p.tb.Fatal("the request was not answered, or not limited")
	}
}

// deafWriter is a response writer to nobody, with the deadlines of a connection.
type deafWriter struct{ header http.Header }

func (w deafWriter) Header() http.Header                { return w.header }
func (w deafWriter) WriteHeader(int)                    {}
func (w deafWriter) Write(p []byte) (int, error)        { return len(p), nil }
func (w deafWriter) FlushError() error                  { return nil }
func (w deafWriter) SetReadDeadline(_ time.Time) error  { return nil }
func (w deafWriter) SetWriteDeadline(_ time.Time) error { return nil }
