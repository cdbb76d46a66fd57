package attacks

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

// placeholders are Caddy's, and those of other software.
func (a *arena) placeholders() []string {
	return []string{
		"{env.ATTACK_CANARY}", "{$ATTACK_CANARY}", "{file." + a.Dir + "/provider-key}", "{http.request.header.X-Api-Key}", "{http.request.uri}",
		"{http.reverse_proxy.header.Authorization}", "{http.vars.client_ip}", "{http.auth.user.id}", "{system.hostname}", "{time.now}", "{http.request.body}", "{http.regexp.x.1}",
		"{{env `ATTACK_CANARY`}}", "${ATTACK_CANARY}", "$ATTACK_CANARY", "${env:ATTACK_CANARY}", "${jndi:ldap://x.example/a}", "%(ATTACK_CANARY)s", "<%= ENV['ATTACK_CANARY'] %>", "#{ENV['ATTACK_CANARY']}",
		"{{.Key}}", "{{7*7}}", "{credential}", "{key}", "{number}", "{http.request.header.{env.ATTACK_CANARY}}", `\{env.ATTACK_CANARY\}`, "{env.ATTACK_CANARY",
	}
}

// TestAttackPlaceholders puts placeholders everywhere in a request. Caddy
// expanded what clients sent once, in a text that it expanded twice
// (GHSA-wwhq-w58m-w29c), and log4j what it logged (CVE-2021-44228): environment
// and files, the provider's key among them, would come out in answers or go to
// the provider.
func TestAttackPlaceholders(t *testing.T) {
	a := enter(t)
	sent := func(name, placeholder string, statuses ...int) func(at site, request string) {
		return func(at site, request string) {
			t.Helper()
			a.refused(name+" "+placeholder, a.reply(at, request), statuses...)
		}
	}
	a.unpaid(func() {
		for _, p := range a.placeholders() {
			key := "X-API-Key: " + a.Full.Key
			escaped := url.PathEscape(p)
			sent("path", p, http.StatusNotFound)("", post("/v1/"+escaped, goodBody, key))
			sent("number", p, http.StatusBadRequest)("", post("/v1/lookup", `{"phone":`+quote(p)+`}`, key))
			sent("name", p, http.StatusBadRequest)("", post("/v1/lookup", `{"phone":"+14158586273",`+quote(p)+`:1}`, key))
			sent("query", p, http.StatusBadRequest)(toQuery, a.asks("number="+url.QueryEscape(p)))
			sent("parameter", p, http.StatusBadRequest)(toQuery, a.asks("number=14158586273&"+url.QueryEscape(p)+"=1"))
			sent("key", p, http.StatusUnauthorized, http.StatusBadRequest)("", post("/v1/lookup", goodBody, "X-API-Key: "+p))
			sent("type", p, http.StatusUnsupportedMediaType, http.StatusBadRequest)("", strings.Replace(post("/v1/lookup", goodBody, key), "application/json", p, 1))
		}
	})
	for _, p := range a.placeholders() {
		a.paid(1, func() {
			got := a.wire(toVillain, a.lookup("User-Agent: "+p, "X-Request-Id: "+p, "Accept: "+p, "Cookie: x="+p, "Traceparent: "+p, "X-Forwarded-For: "+p))
			a.keepsSecrets("headers "+p, got)
			if received, body := a.villain.got(); strings.Contains(strings.Join(received.Header.Values("User-Agent"), "")+body+received.RequestURI, p) {
				t.Errorf("%s reached the provider", p)
			}
		})
	}
	a.open("")
}

// TestAttackPlaceholdersInAnswer has the provider send placeholders, in a released
// field. They have to come back as they are.
func TestAttackPlaceholdersInAnswer(t *testing.T) {
	a := enter(t)
	for _, p := range a.placeholders() {
		a.villain.answers(t, func(v visit) { v.sendsJSON(answerWith(unquoted(p)), "X-Test: "+p) })
		got := a.reply(toVillain, a.lookup())
		value, _ := got.JSON(t)["data"].(map[string]any)
		if got.Status != http.StatusOK || value["nanpType"] != p {
			t.Errorf("%s: got %d %s", p, got.Status, got.Body)
		}
		a.keepsSecrets(p, got.Body)
	}
}
