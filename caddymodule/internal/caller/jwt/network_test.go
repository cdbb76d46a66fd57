package jwt

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
)

// TestKeysComeOverARealConnection discovers and fetches with the transport that
// is the default.
func TestKeysComeOverARealConnection(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	server := httptest.NewServer(mux)
	defer server.Close()
	mux.HandleFunc("GET /.well-known/openid-configuration", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, server.URL, server.URL+"/keys")
	})
	mux.HandleFunc("GET /keys", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, allKeys()) })
	mux.HandleFunc("GET /moved", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/keys", http.StatusFound) })
	for name, test := range map[string]struct {
		cfg  Config
		want error
	}{
		"discovery": {Config{Issuer: server.URL}, nil},
		"URL":       {Config{Issuer: server.URL, JWKSURL: server.URL + "/keys"}, nil},
		"redirect":  {Config{Issuer: server.URL, JWKSURL: server.URL + "/moved"}, ErrUnavailable},
		"missing":   {Config{Issuer: server.URL, JWKSURL: server.URL + "/missing"}, ErrUnavailable},
	} {
		test.cfg.AllowHTTP = true
		v, err := New(test.cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer v.Close()
		if err := verify(v, signRSA(with(map[string]any{"iss": server.URL})), policy); err != test.want {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
	}
}

// TestServerThatIsNotTrustedGivesNoKeys: its certificate is of no known CA.
func TestServerThatIsNotTrustedGivesNoKeys(t *testing.T) {
	t.Parallel()
	asked := false
	server := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	defer server.Close()
	v, err := New(Config{Issuer: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if err := verify(v, signRSA(with(map[string]any{"iss": server.URL})), policy); err != ErrUnavailable || asked {
		t.Errorf("got %v, asked %t", err, asked)
	}
}
