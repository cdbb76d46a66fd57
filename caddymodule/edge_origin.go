package caddymodule

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// bodyTimeout bounds how long a caller may take to send a body.
const bodyTimeout = 10 * time.Second

// checkOrigin refuses plaintext from other hosts, and browsers: a caller key
// in a page is a key given away.
func checkOrigin(r *http.Request) *problem {
	if !isSecure(r) {
		return &problem{reason: provider.ReasonPlaintext}
	}
	// Sec-Fetch-Mode tells nothing: Node's fetch sends it too, without the others.
	for _, name := range [...]string{"Origin", "Sec-Fetch-Site", "Sec-Fetch-Dest"} {
		if len(r.Header[name]) > 0 {
			return &problem{reason: provider.ReasonBrowser}
		}
	}
	return nil
}

// isSecure reports whether a request came over TLS 1.2 or later, or from the
// same host.
func isSecure(r *http.Request) bool {
	if r.TLS != nil {
		return r.TLS.Version >= tls.VersionTLS12
	}
	return isLocal(r)
}

// isLocal looks at the connection itself, never at headers.
func isLocal(r *http.Request) bool {
	if isUnix(r) {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

func isUnix(r *http.Request) bool {
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	return ok && local.Network() == "unix"
}

func isLoopbackName(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	if host == "localhost" {
		return true
	}
	addr, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && addr.Unmap().IsLoopback()
}

// isUnproxiedLocal is isLocal for requests that neither a proxy on this host
// nor a page in a browser on this host has passed on for somebody else. A page
// can reach this host under a name of its own (DNS rebinding), so the name must
// be this host's too.
func isUnproxiedLocal(r *http.Request) bool {
	if !isUnix(r) && !isLoopbackName(r.Host) {
		return false
	}
	for _, name := range [...]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"} {
		if len(r.Header[name]) > 0 {
			return false
		}
	}
	return isLocal(r)
}

// readBody reads one byte more than the limit, so that the form can tell, and
// reports whether that was all.
func readBody(w http.ResponseWriter, r *http.Request, limit int) (body []byte, whole bool, err error) {
	if !hasBody(r) {
		return nil, true, nil
	}
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(bodyTimeout)); err == nil {
		defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	}
	body, err = io.ReadAll(io.LimitReader(r.Body, int64(limit)+1))
	return body, err == nil && len(body) <= limit, err
}

func hasBody(r *http.Request) bool { return r.Body != nil && r.Body != http.NoBody }

// abandonBody keeps the server from waiting for the rest of a body that nobody
// reads: it would do so before it sends the answer, and without a bound. In
// HTTP/1 that ends the connection: the server would take the deadline for the
// caller's going away, and every later request on it for canceled.
func abandonBody(w http.ResponseWriter, r *http.Request) {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now())
	if r.ProtoMajor == 1 {
		w.Header()["Connection"] = []string{"close"}
	}
}

// isLengthDisputed reports requests whose end a proxy in front may see elsewhere:
// net/http reads a chunked body whatever Content-Length says, and takes that
// field out, and in HTTP/1.0 does the reverse. What follows such a request on its
// connection may be of somebody else, or part of the body, so that the connection
// has to end with it (RFC 9112, section 6.1).
func isLengthDisputed(r *http.Request) bool {
	return r.ProtoMajor == 1 && (r.ProtoMinor == 0 || len(r.TransferEncoding) > 0)
}
