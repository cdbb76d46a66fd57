package attacks

import (
	"fmt"
	"net/http"
	"testing"
)

// addressFields are what proxies tell a client's address with.
var addressFields = []string{
	"X-Forwarded-For: %s", "X-Forwarded-For: %s, %[1]s", "X-Forwarded-For: , %s", "X-Forwarded-For: %s:1234", "Forwarded: for=%s", "Forwarded: for=\"%s\";by=127.0.0.1",
	"X-Real-IP: %s", "True-Client-IP: %s", "CF-Connecting-IP: %s", "X-Client-IP: %s", "X-Cluster-Client-IP: %s", "Fastly-Client-IP: %s", "X-Original-Forwarded-For: %s",
	"X-Originating-IP: %s", "X-Remote-IP: %s", "X-Remote-Addr: %s", "Client-IP: %s", "X-Envoy-External-Address: %s", "X-Azure-ClientIP: %s", "Connection: X-Forwarded-For\r\nX-Forwarded-For: %s",
}

// TestAttackAddressSpoofing says in each header that a proxy could send that the
// client is somebody else. Whoever trusts such headers from everybody
// (oauth2-proxy#3506; CVE-2022-32148 is a case of Go's ReverseProxy) lets denied
// addresses in, and counts each lie as a client of its own.
func TestAttackAddressSpoofing(t *testing.T) {
	a := enter(t)
	a.paid(countedLimit, func() {
		statuses := make(map[int]int)
		for i, field := range addressFields {
			statuses[a.reply(counted, a.lookup(fmt.Sprintf(field, fmt.Sprintf("203.0.113.%d", i+1)))).Status]++
		}
		if statuses[http.StatusOK] != countedLimit || statuses[http.StatusTooManyRequests] != len(addressFields)-countedLimit {
			t.Errorf("with a limit of %d: %v", countedLimit, statuses)
		}
	})
	for i, field := range addressFields {
		for _, at := range []site{denied, elsewhere} {
			field := fmt.Sprintf(field, fmt.Sprintf("203.0.113.%d", i+1))
			got := a.reply(at, a.lookup(field))
			a.refused(string(at)+" with "+field, got, http.StatusForbidden)
			if e := a.Entry(got); e.ClientIP != "127.0.0.1" {
				t.Errorf("%s: the audit log names %s", field, e.ClientIP)
			}
		}
	}
	a.neverAsked()
}

// neverAsked fails the test when the idle provider got a request.
func (a *arena) neverAsked() {
	a.t.Helper()
	if n := a.idle.calls(); n > 0 {
		a.t.Errorf("a provider that is never to be asked was asked %d times", n)
	}
}
