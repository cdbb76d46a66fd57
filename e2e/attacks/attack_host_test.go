package attacks

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// withHost is a lookup with another line for Host; "" for none.
func withHost(request, line string) string {
	return strings.Replace(request, "Host: localhost\r\n", line, 1)
}

// TestAttackHost names hosts of the caller's choice. If Host went on, the
// provider's gateway would serve another tenant, or a cache would be poisoned; if
// it chose where to connect, Ringward would be an open proxy.
func TestAttackHost(t *testing.T) {
	a := enter(t)
	for _, line := range []string{
		"", "Host: \r\n", "Host: user@x.example\r\n", "Host: localhost\r\nHost: x.example\r\n", "Host: localhost\r\nHost: localhost\r\n", "Host: x y\r\n", "Host: x/v1\r\n", "Host : localhost\r\n",
		"Host: \x00\r\n", "Host: x.example\x7f\r\n", "Host: x\"y\r\n", "Host: ★.example\r\n",
	} {
		a.unpaid(func() {
			// The key is nobody's, as Caddy may log it: TestAttackBadHostIsLogged.
			got := a.reply(toVillain, withHost(post("/v1/lookup", goodBody, "X-API-Key: "+harness.NewCaller().Key), line))
			a.refused("Host", got, http.StatusBadRequest)
			if t.Failed() {
				t.Fatalf("the line is %q", line)
			}
		})
	}
	for _, line := range []string{
		"Host: x.example\r\n", "Host: localhost.\r\n", "Host: 169.254.169.254:80\r\n", "Host: [::1]\r\n", "Host: x.example:99999\r\n",
		"Host: localhost\r\nX-Forwarded-Host: x.example\r\n", "Host: localhost\r\nX-Host: x.example\r\nForwarded: host=x.example\r\n",
	} {
		a.paid(1, func() {
			if got := a.reply(toVillain, withHost(a.lookup(), line)); got.Status != http.StatusOK {
				t.Errorf("%q: got %d", line, got.Status)
			}
			if received, _ := a.villain.got(); "https://"+received.Host != a.villain.url {
				t.Errorf("%q: the provider was asked as %s", line, received.Host)
			}
		})
	}
}

// TestAttackRebinding reaches the site that needs no key as a page in a browser of
// this host does: under a name of its own that resolves to this host
// (CVE-2018-5702, Transmission), or through a proxy on this host. The page would
// have lookups made that somebody else pays.
func TestAttackRebinding(t *testing.T) {
	a := enter(t)
	request := post("/v1/lookup", goodBody)
	a.unpaid(func() {
		for _, line := range []string{
			"Host: rebound.example\r\n", "Host: rebound.example:8080\r\n", "Host: localhost.rebound.example\r\n", "Host: 127.0.0.1.rebound.example\r\n", "Host: \r\n",
			"Host: localhost:80@rebound.example\r\n", "Host: LOCALHOST.\r\n", "Host: 203.0.113.9\r\n", "Host: 0.0.0.0\r\n", "Host: [::]\r\n", "Host: 2130706433\r\n", "Host: 0177.0.0.1\r\n",
			"Host: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n", "Host: localhost\r\nForwarded: for=127.0.0.1\r\n", "Host: localhost\r\nX-Real-IP: 127.0.0.1\r\n",
			"Host: localhost\r\nVia: 1.1 proxy\r\n", "Host: localhost\r\nX-Forwarded-Proto: https\r\n", "Host: localhost\r\nX-Forwarded-Host: localhost\r\n",
		} {
			a.refused(line, a.reply(nameless, withHost(request, line)), http.StatusUnauthorized, http.StatusBadRequest)
		}
		absolute := strings.Replace(request, "/v1/lookup", "http://rebound.example/v1/lookup", 1)
		a.refused("an absolute URI", a.reply(nameless, absolute), http.StatusUnauthorized)
		for _, field := range []string{"Origin: null", "Origin: http://localhost", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Dest: empty", "Origin:"} {
			a.refused(field, a.reply(nameless, post("/v1/lookup", goodBody, field)), http.StatusForbidden)
		}
	})
	a.paid(1, func() {
		if got := a.reply(nameless, request); got.Status != http.StatusOK {
			t.Errorf("a program on this host: got %d %s", got.Status, got.Body)
		}
	})
}
