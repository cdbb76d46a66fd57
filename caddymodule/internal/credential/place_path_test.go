package credential

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// TestKeyInPathStaysOneSegment sends the request, since what counts is what the
// provider reads.
func TestKeyInPathStaysOneSegment(t *testing.T) {
	var got string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { got = r.RequestURI }))
	defer server.Close()
	for _, key := range []string{
		sample, "plain-key", "a/b", "../../admin", "/", "...", "%2e%2e", "100%", "a?b#c", "a;b", "with space", "{key}", "{number}", "\\..\\", "schlüssel",
	} {
		req, err := http.NewRequest(http.MethodGet, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.URL.Path, req.URL.RawPath = "/v1/{key}/a b/info/", "/v1/{key}/a%20b/info/"
		if err := place(t, req, provider.Placement{In: provider.InPath}, valueOf(t, key)); err != nil {
			t.Errorf("%q: %v", key, err)
			continue
		}
		if req.URL.Path != "/v1/"+key+"/a b/info/" {
			t.Errorf("%q: the path is %q", key, req.URL.Path)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		segments := strings.Split(got, "/")
		if len(segments) != 6 || segments[1] != "v1" || segments[3] != "a%20b" || segments[4] != "info" {
			t.Errorf("%q is sent as %q", key, got)
			continue
		}
		if seen := unescape(t, segments[2]); seen != key {
			t.Errorf("%q is read as %q", key, seen)
		}
	}
}

func unescape(t *testing.T, segment string) string {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, "http://api.example/"+segment, nil)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(req.URL.Path, "/")
}

func TestKeyIsNotPlacedInOtherPaths(t *testing.T) {
	for _, c := range []struct{ name, path, raw, key string }{
		{"dot", "/v1/{key}", "/v1/{key}", "."},
		{"dots", "/v1/{key}/info", "/v1/{key}/info", ".."},
		{"no segment", "/v1/info", "/v1/info", sample},
		{"twice", "/{key}/{key}", "/{key}/{key}", sample},
		{"a second one by escapes", "/{key}/{key}", "/{key}/%7Bkey%7D", sample},
		{"part of a segment", "/v1/{key}x", "/v1/{key}x", sample},
		{"end of a segment", "/v1/x{key}", "/v1/x{key}", sample},
		{"no escaped form", "/v1/{key}", "", sample},
	} {
		req := request(t, "")
		req.URL.Path, req.URL.RawPath = c.path, c.raw
		err := place(t, req, provider.Placement{In: provider.InPath}, valueOf(t, c.key))
		if !errors.Is(err, ErrPlacement) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		mustNotHold(t, c.name, err.Error())
		if req.URL.Path != c.path || req.URL.RawPath != c.raw {
			t.Errorf("%s: the path was changed", c.name)
		}
	}
}
