package attacks

import (
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestAttackHeadersReachProvider sends, with a lookup that is allowed, headers
// that would change what the provider does or whom it believes: credentials in
// all spellings, another host, another method, tracing, conditions. A proxy that
// copies headers passes them on, and lets credentials of the client through
// (GHSA-7r4p-vjf4-gxv4, Caddy's forward_auth).
func TestAttackHeadersReachProvider(t *testing.T) {
	a := enter(t)
	const mark = "smuggled-by-a-caller"
	var names []string
	for _, name := range []string{
		"Proxy-Authorization", "Cookie", "X-Apikey", "Api-Key", "Apikey", "X-Auth-Token", "X-RapidAPI-Key", "X-RapidAPI-Host",
		"X-Forwarded-Host", "X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method-Override",
		"X-Forwarded-User", "X-Remote-User", "X-Caller", "X-Request-Id", "Traceparent", "Tracestate", "Baggage", "Via", "Referer",
		"User-Agent", "Accept", "Accept-Encoding", "Accept-Language", "If-None-Match", "If-Modified-Since", "Range", "Cache-Control",
		"Upgrade-Insecure-Requests", "Max-Forwards", "TE", "Keep-Alive", "Content-Disposition", "Content-Language",
	} {
		names = append(names, name+": "+mark)
	}
	a.paid(1, func() {
		if got := a.reply(toVillain, a.lookup(names...)); got.Status != http.StatusOK || strings.Contains(got.Body, mark) {
			t.Errorf("got %d %s", got.Status, got.Body)
		}
	})
	received, body := a.villain.got()
	for name, values := range received.Header {
		if !slices.Contains([]string{"Accept", "Accept-Encoding", "Authorization", "Content-Length", "Content-Type", "User-Agent"}, name) ||
			strings.Contains(strings.Join(values, ""), mark) || len(values) != 1 {
			t.Errorf("the provider got %s: %q", name, values)
		}
	}
	if received.Header.Get("Authorization") != "Bearer "+a.Standin.Key || strings.Contains(body, mark) || "https://"+received.Host != a.villain.url {
		t.Error("the provider did not get Ringward's own request")
	}
}

// TestAttackHopByHopRemoval names the headers that matter in Connection. Proxies
// drop what is named there, the checks of a later hop with it (CVE-2021-33197,
// Go's ReverseProxy). Here it could drop the caller's key, and so make a request
// anonymous, or drop the provider's.
func TestAttackHopByHopRemoval(t *testing.T) {
	a := enter(t)
	for _, named := range []string{
		"X-API-Key", "close, X-API-Key", "Authorization", "X-API-Key, Authorization, Content-Type, Content-Length, Host",
		"Origin, Sec-Fetch-Site", "keep-alive, X-Forwarded-For",
	} {
		a.paid(1, func() {
			if got := a.reply(toVillain, a.lookup("Connection: "+named)); got.Status != http.StatusOK {
				t.Errorf("%s: got %d", named, got.Status)
			}
			if received, _ := a.villain.got(); received.Header.Get("Authorization") != "Bearer "+a.Standin.Key {
				t.Errorf("%s: the provider did not get its key", named)
			}
		})
		a.unpaid(func() {
			// A wrong key that is dropped would leave an anonymous request.
			got := a.reply(nameless, post("/v1/lookup", goodBody, "X-API-Key: wrong", "Connection: "+named))
			a.refused(named+", wrong key", got, http.StatusUnauthorized)
			got = a.reply("", a.lookup("Connection: "+named, "Origin: https://site.example"))
			a.refused(named+", browser", got, http.StatusForbidden)
			got = a.reply(nameless, post("/v1/lookup", goodBody, "X-Forwarded-For: 203.0.113.9", "Connection: "+named))
			a.refused(named+", through a proxy", got, http.StatusUnauthorized)
		})
	}
}

// TestAttackHeaderSyntax writes the key's header so that two readers disagree on
// it: twice, with an underscore (CVE-2025-64484, oauth2-proxy), with a space
// before the colon (CVE-2019-16276, Go), folded over lines (RFC 9112, section
// 5.2), with NUL or a lone CR. A proxy in front that checks or removes one
// reading would be passed by with the other.
func TestAttackHeaderSyntax(t *testing.T) {
	a := enter(t)
	key, other := a.Full.Key, a.Minimal.Key
	for name, fields := range map[string][]string{
		"twice, two keys":           {"X-API-Key: " + key, "X-API-Key: " + other},
		"twice, one key":            {"X-API-Key: " + key, "x-api-key: " + key},
		"twice, once empty":         {"X-API-Key: " + key, "X-API-Key:"},
		"a list":                    {"X-API-Key: " + key + ", " + other},
		"Bearer twice":              {"Authorization: Bearer " + key, "Authorization: Bearer " + key},
		"Bearer and Basic":          {"Authorization: Bearer " + key, "Authorization: Basic dTpw"},
		"two slots, two keys":       {"X-API-Key: " + key, "Authorization: Bearer " + other},
		"underscores":               {"X_API_Key: " + key},
		"dots":                      {"X.API.Key: " + key},
		"space before the colon":    {"X-API-Key : " + key},
		"tab before the colon":      {"X-API-Key\t: " + key},
		"space in front":            {"Accept: */*", " X-API-Key: " + key},
		"no name":                   {": " + key},
		"NUL in the value":          {"X-API-Key: " + key + "\x00"},
		"NUL in the name":           {"X-API-Key\x00: " + key},
		"lone CR":                   {"X-API-Key: " + key + "\rX-Other: x"},
		"vertical tab":              {"X-API-Key: \x0b" + key},
		"non-breaking space":        {"X-API-Key: \u00a0" + key},
		"a name that is not ASCII":  {"X-API-K\u00e9y: " + key},
		"Kelvin sign":               {"X-API-\u212aey: " + key},
		"no colon":                  {"X-API-Key " + key},
		"folded into another value": {"Accept: */*\r\n X-API-Key: " + key},
		"double Bearer":             {"Authorization: Bearer Bearer " + key},
		"quoted":                    {`X-API-Key: "` + key + `"`},
	} {
		a.unpaid(func() {
			got := a.reply("", post("/v1/lookup", goodBody, fields...))
			a.refused(name, got, http.StatusUnauthorized, http.StatusBadRequest)
		})
	}
	a.open("")
}

// TestAttackUnderscoreAlias sends another caller's key with an underscore beside
// the real one (CVE-2025-64484, oauth2-proxy). Who reads the one is called by
// another name than who reads the other.
func TestAttackUnderscoreAlias(t *testing.T) {
	a := enter(t)
	for _, alias := range []string{"X_Api-Key", "X_API_KEY", "X-API_Key", "X.API.Key", "x_api_key"} {
		got := a.reply("", a.lookup(alias+": "+a.Minimal.Key))
		if e := a.Entry(got); got.Status != http.StatusOK || e.Caller != "full" {
			t.Errorf("%s: got %d as %q", alias, got.Status, e.Caller)
		}
	}
}

// TestAttackHugeHeaders sends headers without end or measure, each request with
// a good key. If it worked, each connection would cost as much memory as its
// client likes.
func TestAttackHugeHeaders(t *testing.T) {
	a := enter(t)
	for name, fields := range map[string][]string{
		"one of 1 MiB":         {"X-Big: " + strings.Repeat("x", 1<<20)},
		"many":                 slices.Repeat([]string{"X-Many: x"}, 50_000),
		"a huge name":          {strings.Repeat("x", 1<<20) + ": x"},
		"a key of 1 MiB":       {"X-API-Key: " + strings.Repeat("k", 1<<20)},
		"folded without end":   {"X-Big: x" + strings.Repeat("\r\n x", 100_000)},
		"a huge Authorization": {"Authorization: Bearer " + strings.Repeat("a.", 500_000)},
	} {
		a.unpaid(func() {
			a.refused(name, a.reply("", a.lookup(fields...)), http.StatusRequestHeaderFieldsTooLarge, http.StatusBadRequest)
		})
	}
	a.unpaid(func() {
		got := a.reply("", post("/v1/lookup?"+strings.Repeat("x=1&", 100_000), goodBody, "X-API-Key: "+a.Full.Key))
		a.refused("a huge query", got, http.StatusRequestHeaderFieldsTooLarge, http.StatusRequestURITooLong, http.StatusBadRequest)
	})
	a.open("")
}
