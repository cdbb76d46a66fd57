package attacks

import (
	"net/http"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// TestAttackBadHostIsLogged asks without a host, which Caddy refuses before any
// handler, and logs as it does all it refuses, with URL and headers: in the access
// log, where a site has one, and at DEBUG (caddy#7566 is the same of the admin
// API). A client that is at fault so has its key and numbers in clear in the log.
// Ringward cannot have these requests left out, as it never sees them.
func TestAttackBadHostIsLogged(t *testing.T) {
	a := enter(t)
	key, number := harness.NewCaller().Key, "14155552671"
	request := "GET /api/validate?number=" + number + " HTTP/1.1\r\nHost: \r\nX-API-Key: " + key + "\r\n\r\n"
	a.unpaid(func() { a.refused("no host", a.reply(toQuery, request), http.StatusBadRequest) })
	logged := func(text string) bool { return strings.Contains(a.Read("debug.log"), text) }
	knownHole(t, "what Caddy itself refuses is in its logs, the caller's key included", logged(key))
	knownHole(t, "what Caddy itself refuses is in its logs, the number included", logged(number))
}
