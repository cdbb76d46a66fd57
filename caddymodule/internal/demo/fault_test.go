package demo

import (
	"compress/gzip"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/textproto"
	"strings"
	"syscall"
	"testing"
)

// protocolVersions are the two ways in which a provider may be reached.
var protocolVersions = map[string]ServeOptions{"HTTP/1.1": {HTTP1: true}, "HTTP/2.0": {}}

// eachVersion runs a test over HTTP/1.1 and HTTP/2.
func eachVersion(t *testing.T, test func(t *testing.T, p *Provider, get func(context.Context) (*http.Response, error))) {
	for version, options := range protocolVersions {
		t.Run(version, func(t *testing.T) {
			p, _, client := startProvider(t, "numverify-marketplace", options)
			get := func(ctx context.Context) (*http.Response, error) {
				req, err := http.NewRequestWithContext(ctx, http.MethodGet, doors["numverify-marketplace"].url+"&number=14158586273", nil)
				if err != nil {
					return nil, err
				}
				req.Header = doors["numverify-marketplace"].header.Clone()
				resp, err := client.Do(req)
				if err == nil && resp.Proto != version {
					t.Errorf("got %s", resp.Proto)
				}
				return resp, err
			}
			test(t, p, get)
		})
	}
}

func read(t *testing.T, resp *http.Response, err error) string {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	raw, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func TestFaultsAreUsedInOrderAndStickyOnesStay(t *testing.T) {
	eachVersion(t, func(t *testing.T, p *Provider, get func(context.Context) (*http.Response, error)) {
		status := func() int {
			resp, err := get(t.Context())
			read(t, resp, err)
			return resp.StatusCode
		}
		p.SetFault(Fault{Status: 500}, Fault{Status: 429}, Fault{Status: 503, Sticky: true})
		for i, want := range []int{500, 429, 503, 503, 503} {
			if got := status(); got != want {
				t.Fatalf("request %d: got %d, want %d", i, got, want)
			}
		}
		p.SetFault(Fault{Status: 500})
		if first, second := status(), status(); first != 500 || second != 200 {
			t.Fatalf("got %d and %d, want 500 and 200", first, second)
		}
		p.SetFault(Fault{Status: 500, Sticky: true})
		p.Reset()
		if got := status(); got != 200 || p.Calls() != 1 {
			t.Fatalf("after Reset: got %d, %d calls", got, p.Calls())
		}
	})
}

func TestCredentialIsEchoedInEachRendering(t *testing.T) {
	renderings := map[string]string{
		"{credential}":        testKey,
		"{credential.base64}": base64.StdEncoding.EncodeToString([]byte(testKey)),
		"{credential.basic}":  base64.StdEncoding.EncodeToString([]byte(testKey + ":")),
		"{credential.hex}":    hex.EncodeToString([]byte(testKey)),
		"{credential.url}":    "%63%74%70%5F%6C%69%76%65%5F%30%31%32%33%34%35%36%37%38%39%61%62%63%64%65%66",
	}
	eachVersion(t, func(t *testing.T, p *Provider, get func(context.Context) (*http.Response, error)) {
		for placeholder, want := range renderings {
			p.SetFault(Fault{
				Status: http.StatusFound,
				Header: http.Header{"location": {"https://elsewhere.example/?k=" + placeholder}},
				Append: `"debug":"` + placeholder + `"`,
			})
			resp, err := get(t.Context())
			body := decodeObject(t, read(t, resp, err))
			if resp.StatusCode != http.StatusFound || resp.Header.Get("Location") != "https://elsewhere.example/?k="+want {
				t.Errorf("%s: got %d %v", placeholder, resp.StatusCode, resp.Header)
			}
			if body["debug"] != want || body["valid"] != true {
				t.Errorf("%s: got %v", placeholder, body)
			}
		}
		p.SetFault(Fault{Body: `{"k":"{credential.json}"}`})
		resp, err := get(t.Context())
		text := read(t, resp, err)
		if strings.Contains(text, testKey) || decodeObject(t, text)["k"] != testKey {
			t.Errorf("escaped: got %q", text)
		}
	})
}

func TestBrokenConnections(t *testing.T) {
	eachVersion(t, func(t *testing.T, p *Provider, get func(context.Context) (*http.Response, error)) {
		p.SetFault(Fault{Truncate: 5})
		resp, err := get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil || int64(len(raw)) != resp.ContentLength-5 {
			t.Errorf("truncated: got %d of %d bytes, %v", len(raw), resp.ContentLength, err)
		}

		before := p.Calls()
		p.SetFault(Fault{ResetConn: true, Sticky: true})
		resp, err = get(t.Context())
		if err == nil {
			_ = resp.Body.Close()
			t.Fatal("reset: got an answer")
		}
		if strings.HasSuffix(t.Name(), "HTTP/1.1") && !errors.Is(err, syscall.ECONNRESET) && !errors.Is(err, io.EOF) {
			t.Errorf("reset: got %v", err)
		}
		if p.Calls() == before {
			t.Error("reset: the request was not counted")
		}
	})
}

func TestDelaysEndByChannelOrWithTheRequest(t *testing.T) {
	eachVersion(t, func(t *testing.T, p *Provider, get func(context.Context) (*http.Response, error)) {
		for name, fault := range map[string]func(<-chan struct{}) Fault{
			"before the answer": func(c <-chan struct{}) Fault { return Fault{Wait: c} },
			"in the body":       func(c <-chan struct{}) Fault { return Fault{Stall: c} },
		} {
			open := make(chan struct{})
			p.SetFault(fault(open))
			done := make(chan string, 1)
			go func() {
				resp, err := get(t.Context())
				if err != nil {
					done <- err.Error()
					return
				}
				defer resp.Body.Close()
				raw, err := io.ReadAll(resp.Body)
				if err != nil {
					done <- err.Error()
					return
				}
				done <- string(raw)
			}()
			// A send is received only by a handler that waits.
			select {
			case open <- struct{}{}:
			case body := <-done:
				t.Fatalf("%s: it did not wait: %q", name, body)
			}
			if body := <-done; decodeObject(t, body)["valid"] != true {
				t.Errorf("%s: got %q", name, body)
			}

			// Nobody closes this channel: only the end of the request helps.
			p.SetFault(fault(make(chan struct{})))
			ctx, cancel := context.WithCancel(t.Context())
			finished := make(chan error, 1)
			go func() {
				resp, err := get(ctx)
				if err == nil {
					_, err = io.ReadAll(resp.Body)
					_ = resp.Body.Close()
				}
				finished <- err
			}()
			cancel()
			if err := <-finished; !errors.Is(err, context.Canceled) {
				t.Errorf("%s: got %v", name, err)
			}
			p.Reset()
		}
	})
}

func TestHeadersOutsideTheAnswer(t *testing.T) {
	eachVersion(t, func(t *testing.T, p *Provider, get func(context.Context) (*http.Response, error)) {
		var early http.Header
		ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{
			Got1xxResponse: func(code int, h textproto.MIMEHeader) error {
				if code == http.StatusEarlyHints {
					early = http.Header(h).Clone()
				}
				return nil
			},
		})
		p.SetFault(Fault{
			EarlyHints: http.Header{"X-Early": {"{credential}"}},
			Trailer:    http.Header{"x-late": {"{credential}"}},
		})
		resp, err := get(ctx)
		body := read(t, resp, err)
		if early.Get("X-Early") != testKey || resp.Header.Get("X-Early") != "" {
			t.Errorf("early hints: got %v, then %v", early, resp.Header)
		}
		if resp.Trailer.Get("X-Late") != testKey || resp.Header.Get("X-Late") != "" {
			t.Errorf("trailer: got %v after %v", resp.Trailer, resp.Header)
		}
		if resp.StatusCode != http.StatusOK || decodeObject(t, body)["valid"] != true {
			t.Errorf("got %d %q", resp.StatusCode, body)
		}
	})
}

func TestEncodedAndLargeBodies(t *testing.T) {
	eachVersion(t, func(t *testing.T, p *Provider, get func(context.Context) (*http.Response, error)) {
		p.SetFault(Fault{Encoding: "gzip", PadMiB: 3})
		resp, err := get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if resp.Header.Get("Content-Encoding") != "gzip" {
			t.Fatalf("got %v", resp.Header)
		}
		gz, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := io.ReadAll(gz)
		_ = resp.Body.Close()
		if err != nil || len(raw) < 3<<20 || decodeObject(t, string(raw))["valid"] != true {
			t.Errorf("compressed: got %d bytes, %v", len(raw), err)
		}

		p.SetFault(Fault{PadMiB: 2}, Fault{PadMiB: 1, Body: "x"}, Fault{Header: http.Header{"Content-Encoding": {"gzip"}}})
		resp, err = get(t.Context())
		if text := read(t, resp, err); len(text) < 2<<20 || decodeObject(t, text)["valid"] != true {
			t.Errorf("padded object: got %d bytes", len(text))
		}
		resp, err = get(t.Context())
		if text := read(t, resp, err); len(text) != 1<<20+1 {
			t.Errorf("padded text: got %d bytes", len(text))
		}
		resp, err = get(t.Context())
		if text := read(t, resp, err); resp.Header.Get("Content-Encoding") != "gzip" || !json.Valid([]byte(text)) {
			t.Errorf("false encoding: got %v", resp.Header)
		}
	})
}

func TestDuplicateNamesAreSent(t *testing.T) {
	p, _, client := startProvider(t, "numverify", ServeOptions{})
	p.SetFault(Fault{Append: `"valid":false`})
	got := do(t, client, http.MethodGet, doors["numverify"].url+"&number=14158586273", "", nil)
	if strings.Count(got.body, `"valid"`) != 2 || !json.Valid([]byte(got.body)) {
		t.Fatalf("got %q", got.body)
	}
}

// TestGalleryDoesWhatItsNamesSay holds the gallery to its purpose: the faults
// about echoes do bring the key, or a rendering of it, to the client.
func TestGalleryDoesWhatItsNamesSay(t *testing.T) {
	eachVersion(t, func(t *testing.T, p *Provider, get func(context.Context) (*http.Response, error)) {
		for name, fault := range Gallery() {
			p.SetFault(fault)
			var raw []byte
			resp, err := get(t.Context())
			if err == nil {
				raw, err = io.ReadAll(resp.Body)
				_ = resp.Body.Close()
			}
			// A client may try again after a reset, and then get its answer.
			if broken := name == "truncated"; (err != nil) != broken && name != "connection reset" {
				t.Errorf("%s: got %v", name, err)
			}
			if strings.HasPrefix(name, "echo in") && name != "echo in a header" && !strings.Contains(string(raw), testKey) {
				t.Errorf("%s: the key is not in the body", name)
			}
			p.Reset()
		}
	})
}
