package caddymodule

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/intake"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// bodyTimeout bounds how long a caller may take to send a body of at most
// intake.MaxBodyBytes.
const bodyTimeout = 10 * time.Second

// checkOrigin refuses plaintext from other hosts, and browsers: a caller key
// in a page is a key given away.
func checkOrigin(r *http.Request) *problem {
	if !isSecure(r) {
		return &problem{reason: provider.ReasonPlaintext}
	}
	for _, name := range [...]string{"Origin", "Sec-Fetch-Site", "Sec-Fetch-Mode", "Sec-Fetch-Dest"} {
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
	if local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr); ok && local.Network() == "unix" {
		return true
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && peer.Addr().Unmap().IsLoopback()
}

// isUnproxiedLocal is isLocal for requests that no proxy on this host has
// passed on for somebody else.
func isUnproxiedLocal(r *http.Request) bool {
	for _, name := range [...]string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"} {
		if len(r.Header[name]) > 0 {
			return false
		}
	}
	return isLocal(r)
}

// readBody reads one byte more than is allowed, so that the form can tell.
func readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	control := http.NewResponseController(w)
	if err := control.SetReadDeadline(time.Now().Add(bodyTimeout)); err == nil {
		defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	}
	return io.ReadAll(io.LimitReader(r.Body, intake.MaxBodyBytes+1))
}
