package harness

import (
	"net"
	"net/url"
	"testing"
)

// NewForwardAt is NewForward with another loopback address to listen on, one
// that the server's certificate is not for.
func NewForwardAt(t testing.TB, ip, target string) *Forward {
	t.Helper()
	f := NewForward(t, target)
	_, port, err := net.SplitHostPort(f.address)
	if err != nil {
		t.Fatal(err)
	}
	f.address = net.JoinHostPort(ip, port)
	return f
}

// Replace closes the port and returns one at the same address before another
// server, closed as well.
func (f *Forward) Replace(t testing.TB, target string) *Forward {
	t.Helper()
	f.Close()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	next := &Forward{address: f.address, target: u.Host, conns: make(map[net.Conn]bool)}
	t.Cleanup(next.Close)
	return next
}
