package attacks

import (
	"net/http"
	"slices"
	"testing"
)

// TestAttackHTTP2Fields sends fields that HTTP/2 forbids, or that become several
// lines where they are written as HTTP/1.1 ("HTTP/2: The Sequel is Always Worse",
// J. Kettle, 2021; CVE-2021-33193, Apache, with a crafted method). A request of
// the attacker's own would go to the provider, with its key.
func TestAttackHTTP2Fields(t *testing.T) {
	a := enter(t)
	good := a.lookupFields()
	with := func(more ...field) []field { return append(slices.Clone(good), more...) }
	replaced := func(name, value string) []field {
		fields := slices.Clone(good)
		for i := range fields {
			if fields[i][0] == name {
				fields[i][1] = value
			}
		}
		return fields
	}
	const crlf = "\r\nX-Key: x\r\n\r\nGET /v1/account HTTP/1.1\r\n"
	for name, fields := range map[string][]field{
		"line feeds in a value": with(field{"x-other", "x" + crlf}), "line feeds in a name": with(field{"x-other: x" + crlf, "x"}), "NUL": with(field{"x-other", "x\x00"}),
		"line feeds in the path": replaced(":path", "/v1/lookup HTTP/1.1"+crlf), "in the method": replaced(":method", "POST /v1/account HTTP/1.1"+crlf), "in the host": replaced(":authority", "x"+crlf), "in the scheme": replaced(":scheme", "https://x/v1/account?"),
		"space in the method": replaced(":method", "POST /v1/account"), "space in the path": replaced(":path", "/v1/lookup /v1/account"), "path without slash": replaced(":path", "v1/lookup"), "absolute path": replaced(":path", "https://x.example/v1/lookup"), "empty path": replaced(":path", ""), "star": replaced(":path", "*"),
		"two paths": with(field{":path", "/v1/account"}), "two methods": with(field{":method", "GET"}), "two hosts": with(field{":authority", "x.example"}), "no method": replaced(":method", ""), "unknown pseudo-header": with(field{":protocol", "websocket"}), "pseudo-header last": append(slices.Clone(good[1:]), good[0]),
		"chunked": with(field{"transfer-encoding", "chunked"}), "connection": with(field{"connection", "x-api-key"}), "upgrade": with(field{"upgrade", "h2c"}), "keep-alive": with(field{"keep-alive", "1"}), "proxy-connection": with(field{"proxy-connection", "x-api-key"}), "te": with(field{"te", "chunked"}),
		"upper case": with(field{"X-Other", "x"}), "upper case key": with(field{"X-Api-Key", a.Minimal.Key}), "colon in a name": with(field{"x:y", "x"}), "space in a name": with(field{"x y", "x"}), "empty name": with(field{"", "x"}), "another key": with(field{"x-api-key", a.Minimal.Key}), "an extended CONNECT": replaced(":method", "CONNECT"),
		"host beside": with(field{"host", "a b"}), "length too short": with(field{"content-length", "2"}), "length too long": with(field{"content-length", "999"}), "lengths": with(field{"content-length", "0"}, field{"content-length", "9"}), "length with a sign": with(field{"content-length", "+28"}),
	} {
		a.unpaid(func() {
			c := a.speakH2(overTLS)
			c.request(1, fields, goodBody)
			a.refused(name, c.answer(1), 0, http.StatusBadRequest, http.StatusUnauthorized, http.StatusNotFound)
		})
	}
	a.paid(1, func() {
		c := a.speakH2(overTLS)
		c.request(1, good, goodBody)
		if got := c.answer(1); got.Status != http.StatusOK {
			t.Errorf("a good request: got %d %s", got.Status, got.Body)
		}
	})
}

// TestAttackPriorKnowledge speaks HTTP/2 in plaintext without asking, which Caddy
// 2.11 takes on ports without TLS. Were it no way through the same door, whoever
// knows of it would get past all rules.
func TestAttackPriorKnowledge(t *testing.T) {
	a := enter(t)
	anonymous := slices.DeleteFunc(a.lookupFields(), func(f field) bool { return f[0] == "x-api-key" })
	for name, tt := range map[string]struct {
		at     site
		fields []field
		status int
	}{
		"no key":                  {"", anonymous, http.StatusUnauthorized},
		"a wrong key":             {"", append(slices.Clone(anonymous), field{"x-api-key", "wrong"}), http.StatusUnauthorized},
		"a browser":               {"", append(a.lookupFields(), field{"origin", "https://site.example"}), http.StatusForbidden},
		"an address that is none": {denied, append(a.lookupFields(), field{"x-forwarded-for", "203.0.113.9"}), http.StatusForbidden},
		"through a proxy":         {nameless, append(slices.Clone(anonymous), field{"via", "1.1 proxy"}), http.StatusUnauthorized},
	} {
		a.unpaid(func() {
			c := a.speakH2(tt.at)
			c.request(1, tt.fields, goodBody)
			a.refused(name, c.answer(1), tt.status, 0)
		})
	}
	a.neverAsked()
}
