package credential

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// tsaKey is a made-up key in base64.
var tsaKey = base64.StdEncoding.EncodeToString([]byte("a made-up key for signing, 32 by"))

// TestSignatureIsTheVendorsOwn compares with what generateTeleSignHeaders of npm
// telesignsdk 3.0.4 gave for the same input.
func TestSignatureIsTheVendorsOwn(t *testing.T) {
	for _, c := range []struct{ method, path, contentType, body, want string }{
		{
			"POST", "/v1/phoneid/15555550100", "application/json", `{"addons":{"contact":{}}}`,
			"7N94US6vO6ekeaaHPEWOvI8W5QQBB/+jyY3BJLKQFFo=",
		},
		{"POST", "/v1/phoneid/15555550100", "application/json", "", "RJXhl3dYNnnXCyFTCqTlyMdq7Q2GC9dynZrfgQe0Np4="},
		{"GET", "/v1/phoneid/live/15555550100", "", "", "eaf4TI9wPOh/MrAjkNm0eyKsNz63enBrM4TroL+OUDE="},
	} {
		req := request(t, "ucid=OTHR")
		req.Method, req.URL.Path = c.method, c.path
		req.Header = http.Header{
			"Date":             {"Fri, 27 Nov 2026 17:31:32 GMT"},
			"X-Ts-Auth-Method": {"HMAC-SHA256"},
			"X-Ts-Nonce":       {"00000000-0000-4000-8000-000000000001"},
		}
		if c.contentType != "" {
			req.Header.Set("Content-Type", c.contentType)
		}
		if got := tsaSignature(req, []byte(c.body), []byte("a made-up key for signing, 32 by")); got != c.want {
			t.Errorf("%s %s: another signature than the vendor's", c.method, c.path)
		}
	}
}

func TestRequestsAreSigned(t *testing.T) {
	now := time.Date(2026, 11, 27, 18, 31, 32, 0, time.FixedZone("CET", 3600))
	placer, err := NewPlacer([]provider.Placement{{In: provider.InTSA}}, PlacerOptions{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer placer.Close()
	nonces := make(map[string]bool)
	for _, body := range []string{"", `{"phone_number":"x"}`} {
		req := request(t, "a=b")
		req.Method, req.URL.Path, req.URL.RawPath = "POST", "/v1/a b/c", "/v1/a%20b/c"
		req.Header = http.Header{
			"authorization": {"Basic mine"}, "x_ts_nonce": {"mine"}, "X-Ts-Auth-Method": {"HMAC-SHA1"}, "date": {"mine"},
			"Content-Type": {"application/json"},
		}
		if _, err := placer.Place(t.Context(), req, []byte(body), valueOf(t, "CUSTOMER-1", tsaKey)); err != nil {
			t.Fatal(err)
		}
		nonce := req.Header.Get("X-Ts-Nonce")
		if len(req.Header) != 5 || len(nonce) < 20 || nonces[nonce] {
			t.Errorf("unexpected headers: %d of them, nonce %q", len(req.Header), nonce)
		}
		nonces[nonce] = true
		lines := []string{"POST", "application/json", "Fri, 27 Nov 2026 17:31:32 GMT", "x-ts-auth-method:HMAC-SHA256", "x-ts-nonce:" + nonce}
		if body != "" {
			lines = append(lines, body)
		}
		mac := hmac.New(sha256.New, []byte("a made-up key for signing, 32 by"))
		mac.Write([]byte(strings.Join(append(lines, "/v1/a%20b/c"), "\n")))
		if want := "TSA CUSTOMER-1:" + base64.StdEncoding.EncodeToString(mac.Sum(nil)); req.Header.Get("Authorization") != want {
			t.Errorf("body %q: not signed as the vendor asks", body)
		}
	}
}

func TestKeysThatCannotSignAreRefused(t *testing.T) {
	for _, key := range []string{sample, "====", tsaKey + "!"} {
		req := request(t, "")
		err := place(t, req, provider.Placement{In: provider.InTSA}, valueOf(t, "CUSTOMER-1", key))
		if !errors.Is(err, ErrPlacement) || strings.Contains(err.Error(), key) || len(req.Header) > 0 {
			t.Errorf("a key that is not base64: %v", err)
		}
	}
}
