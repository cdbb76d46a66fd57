package attacks

import (
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
)

// trap counts who connects to it.
type trap struct {
	address string
	caught  atomic.Int64
}

func newTrap(t testing.TB) *trap {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	p := &trap{address: listener.Addr().String()}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			p.caught.Add(1)
			_ = conn.Close()
		}
	}()
	return p
}

// TestAttackRedirect has the provider send Ringward elsewhere. HTTP clients
// follow, some with the credential (CVE-2018-1000007, curl; CVE-2023-45289,
// Go), and on 307 and 308 with the body as well (crabbox#1172): whoever is there
// would have key and number.
func TestAttackRedirect(t *testing.T) {
	a := enter(t)
	elsewhere := newTrap(t)
	for _, status := range []int{300, 301, 302, 303, 307, 308} {
		for _, to := range []string{"https://" + elsewhere.address + "/", "http://" + elsewhere.address + "/", "//" + elsewhere.address, "/v1/lookup", a.villain.url} {
			a.villain.answers(t, func(v visit) {
				v.sends(fmt.Sprintf("HTTP/1.1 %d X\r\nLocation: %s\r\nContent-Location: %[2]s\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", status, to))
			})
			a.paid(1, func() {
				got := a.reply(toVillain, a.lookup())
				a.refused(fmt.Sprint(status), got, http.StatusBadGateway)
				if len(got.Header["Location"])+len(got.Header["Content-Location"]) > 0 {
					t.Errorf("%d: the caller is sent there", status)
				}
			})
		}
	}
	if n := elsewhere.caught.Load(); n > 0 {
		t.Errorf("%d redirects were followed", n)
	}
}
