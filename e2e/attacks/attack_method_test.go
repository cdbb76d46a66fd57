package attacks

import (
	"net/http"
	"strings"
	"testing"
)

// TestAttackMethod uses methods that have proxies do something else: tunnel
// (CONNECT), repeat the request with its credentials (TRACE, CVE-2004-2320), tell
// what there is (OPTIONS), or that name another method in a header. A tunnel
// would pass by all rules; a repeated request would hold keys.
func TestAttackMethod(t *testing.T) {
	a := enter(t)
	elsewhere := newTrap(t)
	key := "X-API-Key: " + a.Full.Key
	for _, line := range []string{
		"CONNECT " + elsewhere.address, "CONNECT localhost:443", "CONNECT /v1/lookup", "TRACE /v1/lookup", "TRACE /", "TRACK /v1/lookup", "DEBUG /v1/lookup", "OPTIONS /v1/lookup",
		"GET /v1/lookup", "PUT /v1/lookup", "DELETE /v1/lookup", "PATCH /v1/lookup", "PROPFIND /v1/lookup", "PURGE /v1/lookup", "post /v1/lookup", "POST\t/v1/lookup", "POSTX /v1/lookup", "PRI *",
	} {
		a.unpaid(func() {
			got := a.reply("", line+" HTTP/1.1\r\nHost: localhost\r\n"+key+"\r\nMax-Forwards: 0\r\nAccess-Control-Request-Method: POST\r\n\r\n")
			a.refused(line, got, http.StatusNotFound, http.StatusBadRequest, http.StatusMethodNotAllowed)
			for name := range got.Header {
				if name == "Allow" || strings.HasPrefix(name, "Access-Control-") {
					t.Errorf("%s: the answer has %s", line, name)
				}
			}
		})
	}
	for _, field := range []string{"X-HTTP-Method-Override: POST", "X-HTTP-Method: POST", "X-Method-Override: POST"} {
		a.unpaid(func() {
			got := a.reply("", "GET /v1/lookup?_method=POST HTTP/1.1\r\nHost: localhost\r\n"+key+"\r\n"+field+"\r\n\r\n")
			a.refused(field, got, http.StatusNotFound)
		})
	}
	if n := elsewhere.caught.Load(); n > 0 {
		t.Errorf("%d tunnels were opened", n)
	}
}

// TestAttackUpgrade asks to speak another protocol, and then sends a lookup
// through what would be a tunnel: a WebSocket ("WebSocket smuggling", M. Egorov,
// 2019) or HTTP/2 in plaintext ("h2c Smuggling", J. Miller, 2020). What goes
// through a tunnel is not checked any more.
func TestAttackUpgrade(t *testing.T) {
	a := enter(t)
	for _, fields := range [][]string{
		{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="},
		{"Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 1337", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=="},
		{"Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA"},
		{"Connection: Upgrade", "Upgrade: TLS/1.2"},
		{"Connection: Upgrade", "Upgrade: connect-udp"},
	} {
		a.villain.answers(t, func(v visit) {
			v.sends("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
		})
		a.paid(1, func() {
			got := a.wire(toVillain, a.lookup(fields...))
			if !strings.HasPrefix(got, "HTTP/1.1 502 ") || strings.Contains(got, "Upgrade") {
				t.Errorf("%s: got %.60q", fields[1], got)
			}
		})
		if received, _ := a.villain.got(); len(received.Header["Upgrade"])+len(received.Header["Connection"]) > 0 {
			t.Errorf("%s reached the provider", fields[1])
		}
	}
}
