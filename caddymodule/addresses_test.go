package caddymodule

import (
	"os"
	"strings"
	"testing"
	"time"
)

// quickly has what changes without a reload looked at all the time.
func quickly(t *testing.T) {
	t.Helper()
	before := pollEvery
	pollEvery = 5 * time.Millisecond
	t.Cleanup(func() { pollEvery = before })
}

func TestAddressesAreAllowedAndDenied(t *testing.T) {
	quickly(t)
	s := newStage(t, "checkthatphone")
	list := s.file("deny.txt", "# nobody yet\n192.0.2.0/24\n")
	for _, tt := range []struct {
		name, app, route string
		want             int
	}{
		{"none", "", "", 200},
		{"allowed", "allow_ip 127.0.0.0/8 10.0.0.0/8", "", 200},
		{"allowed as IPv4 in IPv6", "allow_ip ::ffff:127.0.0.1", "", 200},
		{"not allowed", "allow_ip 10.0.0.0/8", "", 403},
		{"denied", "deny_ip 127.0.0.1", "", 403},
		{"denied and allowed", "allow_ip 127.0.0.1\n deny_ip 127.0.0.1", "", 403},
		{"not allowed by the route", "allow_ip 127.0.0.1", "allow_ip 10.0.0.1", 403},
		{"denied by the route", "", "deny_ip file " + s.file("route.txt", "127.0.0.1 # here\n"), 403},
		{"denied by a file that holds others", "deny_ip file " + list, "", 200},
	} {
		s.App, s.Route = tt.app, tt.route
		s.start()
		calls := s.provider.Calls()
		got := s.lookup(s.Full, canaryNumber)
		if e := s.entry(got); got.status != tt.want || tt.want == 403 && (e.Reason != "forbidden" || e.Caller != "" || s.provider.Calls() != calls) {
			t.Errorf("%s: got %d %s, entry %+v", tt.name, got.status, got.body, e)
		}
	}

	s.App, s.Route = "deny_ip file "+list, ""
	s.start()
	status := func() int { return s.lookup(s.Full, canaryNumber).status }
	s.file("deny.txt", "127.0.0.0/8\n")
	s.await("the list to be read again", func() bool { return status() == 403 })
	s.file("deny.txt", "127.0.0.0/33\n")
	s.await("the event of a bad list", func() bool { return strings.Contains(s.read("debug.log"), `"event":"source_failed"`) })
	if got := status(); got != 403 {
		t.Errorf("a bad list lets in who was denied: got %d", got)
	}
	if err := os.Remove(list); err != nil {
		t.Fatal(err)
	}
	s.file("deny.txt", "10.0.0.0/8\n")
	s.await("the mended list", func() bool {
		return status() == 200 && strings.Contains(s.read("debug.log"), `"event":"source_recovered"`)
	})

	s.App = "deny_ip file " + s.Dir + "/missing.txt"
	if err := s.tryStart(); err == nil {
		t.Error("a list that cannot be read is left out")
	}
}

// TestForwardedAddressesCountOnlyFromTrustedProxies: a client can write any header.
func TestForwardedAddressesCountOnlyFromTrustedProxies(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.App = "deny_ip 203.0.113.0/24"
	s.start()
	ask := func(from string) int {
		req := s.lookupRequest(s.Full, canaryNumber)
		req.Header.Set("X-Forwarded-For", from)
		return s.do(req).status
	}
	if got := ask("203.0.113.9"); got != 200 {
		t.Errorf("from a peer that is not trusted: got %d", got)
	}
	s.Servers = "servers {\n trusted_proxies static 127.0.0.1/32\n }"
	s.start()
	if got := ask("203.0.113.9"); got != 403 {
		t.Errorf("from a trusted proxy: got %d", got)
	}
	if got := ask("198.51.100.7"); got != 200 {
		t.Errorf("from a trusted proxy, of another address: got %d", got)
	}
}
