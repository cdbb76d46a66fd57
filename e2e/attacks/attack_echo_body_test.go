package attacks

import (
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// spellings are the ways in which a provider's answer can hold a key so that
// whoever gets it can read it.
var spellings = map[string]func(key string) string{
	"raw":                  unquoted,
	"upper case":           func(key string) string { return strings.ToUpper(unquoted(key)) },
	"within other text":    func(key string) string { return "Invalid key " + unquoted(key) + ", see the docs" },
	"base64":               func(key string) string { return base64.StdEncoding.EncodeToString([]byte(key)) },
	"base64 for URLs":      func(key string) string { return base64.RawURLEncoding.EncodeToString([]byte(key)) },
	"Basic, as a password": func(key string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+key)) },
	"Basic, as a user":     func(key string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(key+":")) },
	"hexadecimal":          func(key string) string { return hex.EncodeToString([]byte(key)) },
	"HEXADECIMAL":          func(key string) string { return strings.ToUpper(hex.EncodeToString([]byte(key))) },
	"a query parameter":    func(key string) string { return "https://x.example/?key=" + url.QueryEscape(key) },
	"percent-encoded":      func(key string) string { return escapeEach(key, "%%%02X") },
	"percent-encoded, low": func(key string) string { return escapeEach(key, "%%%02x") },
	"percent, twice":       func(key string) string { return strings.ReplaceAll(escapeEach(key, "%%%02X"), "%", "%25") },
	"JSON escapes":         func(key string) string { return escapeEach(key, `\u%04x`) },
	"JSON ESCAPES":         func(key string) string { return escapeEach(key, `\u%04X`) },
	"JSON in JSON":         func(key string) string { return escapeEach(key, `\\u%04x`) },
	"HTML entities":        func(key string) string { return html.EscapeString(key) },
	"numbered entities":    func(key string) string { return escapeEach(key, "&#%d;") },
}

func escapeEach(text, format string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, format, text[i])
	}
	return b.String()
}

// TestAttackEchoInReleasedField has the provider repeat its key in a field that
// the caller may see, as APIs do that quote the request (Infisical/agent-vault#258,
// stacklok/toolhive#5293), and in forms that a search for the key alone does not
// find (OpenSandbox#955). The caller would hold the key.
func TestAttackEchoInReleasedField(t *testing.T) {
	a := enter(t)
	for name, spell := range spellings {
		a.villain.answers(t, func(v visit) { v.sendsJSON(answerWith(spell(v.key))) })
		for _, at := range []site{toVillain, toQuery} {
			got := a.reply(at, a.lookupAt(at))
			a.refused(name+" from "+string(at), got, http.StatusBadGateway)
		}
	}
}

// lookupAt is a lookup by the provider of a site.
func (a *arena) lookupAt(at site) string {
	if at == toQuery {
		return "GET /api/validate?number=" + url.QueryEscape(harness.Number) + " HTTP/1.1\r\nHost: localhost\r\nX-API-Key: " + a.Full.Key + "\r\n\r\n"
	}
	return a.lookup()
}

// TestAttackEchoElsewhereInBody has the provider repeat its key where no field
// is released: in unknown members and names, beside the answer, in errors with
// every status. The caller would hold the key.
func TestAttackEchoElsewhereInBody(t *testing.T) {
	a := enter(t)
	bodies := map[string]string{
		"an unknown member":      `{"success":true,"debug":{"key":KEY},"data":{"nanpType":"mobile"}}`,
		"the name of a member":   `{"success":true,KEY:1,"data":{"nanpType":"mobile",KEY:{}}}`,
		"a field of other type":  `{"success":true,"data":{"nanpType":["mobile",KEY],"dipCarrier":{"x":KEY}}}`,
		"a member that is twice": `{"success":true,"data":{"nanpType":"mobile"},"data":{"nanpType":KEY}}`,
		"text after the answer":  `{"success":true,"data":{}} KEY`,
		"an error":               `{"success":false,"error":KEY,"detail":KEY,"message":KEY}`,
		"no JSON":                `<html>KEY</html>`,
	}
	for name, body := range bodies {
		for _, status := range []int{200, 201, 400, 401, 402, 403, 404, 422, 429, 500, 503} {
			a.villain.answers(t, func(v visit) {
				text := strings.ReplaceAll(body, "KEY", quote(v.key))
				v.sends(fmt.Sprintf("HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", status, len(text), text))
			})
			a.keepsSecrets(fmt.Sprintf("%s with %d", name, status), a.wire(toVillain, a.lookup()))
		}
	}
}
