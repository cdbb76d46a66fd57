package credential

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
)

// endpoint is a checked address of Vault.
type endpoint struct {
	url    string // what vault/api is given: https:// or http://
	host   string // host and port as in url
	socket string // path of a unix socket; empty for none
	plain  bool   // not TLS
}

// parseAddress checks Vault's address. Tokens and keys travel over it, so it must
// be encrypted or must not leave the machine.
func parseAddress(address string) (endpoint, error) {
	if socket, ok := strings.CutPrefix(address, "unix://"); ok {
		if !filepath.IsAbs(socket) {
			return endpoint{}, addressError("names no absolute path of a socket")
		}
		return endpoint{url: "http://localhost", host: "localhost", socket: socket, plain: true}, nil
	}
	u, err := url.Parse(address)
	switch {
	case err != nil: // the error would repeat the address, which may hold a password
		return endpoint{}, addressError("is not a URL")
	case u.User != nil:
		return endpoint{}, addressError("holds a user or password: take it out, Vault does not use it")
	case u.Hostname() == "":
		return endpoint{}, addressError("has no host: write it as https://vault.example:8200")
	case u.RawQuery != "" || u.Fragment != "" || strings.Trim(u.Path, "/") != "":
		return endpoint{}, addressError("must be scheme, host and port only: the path belongs to the credential, the namespace to namespace")
	case u.Scheme == "https":
		return endpoint{url: "https://" + u.Host, host: u.Host}, nil
	case u.Scheme != "http":
		return endpoint{}, addressError("must start with https://, or with http:// or unix:// for this machine only")
	case !isLoopbackHost(u.Hostname()):
		return endpoint{}, addressError("is plain http to another machine, where anybody on the way could read the keys: use https://, or a Vault Agent on this machine")
	}
	return endpoint{url: "http://" + u.Host, host: u.Host, plain: true}, nil
}

func addressError(problem string) error {
	return fmt.Errorf("the address of Vault %s: %w", problem, ErrInvalid)
}

// isLoopbackHost reports whether a host is this machine by its name alone.
func isLoopbackHost(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}

// isLoopbackConn reports whether a connection really stays on this machine:
// "localhost" is only a name.
func isLoopbackConn(conn net.Conn) bool {
	switch addr := conn.RemoteAddr().(type) {
	case *net.TCPAddr:
		return addr.IP.IsLoopback()
	case *net.UnixAddr:
		return true
	default:
		return false
	}
}
