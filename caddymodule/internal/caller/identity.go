package caller

import (
	"net/http"
	"slices"
	"strings"
)

// identityHeaders are headers in which proxies tell who is calling. Ringward
// trusts none of them: whoever can reach it can write them.
var identityHeaders = []string{
	"Remote-User", "Remote-Groups", "Remote-Email", "Remote-Name",
	"X-Remote-User", "X-Remote-Group", "X-User", "X-User-Id", "X-Username", "X-Webauth-User", "X-Real-User",
	"X-Forwarded-User", "X-Forwarded-Email", "X-Forwarded-Groups", "X-Forwarded-Preferred-Username", "X-Forwarded-Access-Token",
	"X-Auth-Request-User", "X-Auth-Request-Email", "X-Auth-Request-Groups", "X-Auth-User",
	"X-Goog-Authenticated-User-Email", "X-Goog-Authenticated-User-Id", "X-Ms-Client-Principal", "X-Ms-Client-Principal-Name",
	"X-Consumer-Id", "X-Consumer-Username", "X-Consumer-Custom-Id", "X-Credential-Identifier", "X-Anonymous-Consumer",
	"Client-Cert", "Client-Cert-Chain", "X-Client-Cert", "X-Client-Dn", "X-Forwarded-Client-Cert", "X-Forwarded-Tls-Client-Cert",
	"X-Ssl-Cert", "X-Ssl-Client-Cert", "X-Ssl-Client-Dn", "X-Ssl-Client-S-Dn", "X-Ssl-Client-Verify", "Ssl-Client-Cert", "X-Arr-Clientcert",
}

// identityPrefixes start further names of such headers.
var identityPrefixes = []string{"X-Authenticated-", "X-Caller", "X-Ringward-", "X-Client-Cert-", "X-Amzn-Mtls-", "X-Amzn-Oidc-", "Cf-Access-"}

// IdentityHeaders lists the names in h that claim to tell who is calling, in
// any spelling that some server takes for them, sorted. They say nothing about
// the caller and must reach nobody behind Ringward.
func IdentityHeaders(h http.Header) []string {
	var found []string
	for name := range h {
		if claimsIdentity(name) {
			found = append(found, name)
		}
	}
	slices.Sort(found)
	return found
}

func claimsIdentity(name string) bool {
	hasPrefix := func(prefix string) bool { return len(name) >= len(prefix) && sameHeader(name[:len(prefix)], prefix) }
	isAlias := func(known string) bool { return sameHeader(name, known) }
	return slices.ContainsFunc(identityPrefixes, hasPrefix) || slices.ContainsFunc(identityHeaders, isAlias)
}

// HasUnderscoreAlias reports whether a request has one of the named headers
// with an underscore for a hyphen. Servers behind CGI and WSGI cannot tell the
// two apart, so a proxy in front may have let through, under the one name, what
// it filters under the other (CVE-2025-64484).
func HasUnderscoreAlias(h http.Header, names ...string) bool {
	for name := range h {
		if !strings.Contains(name, "_") {
			continue
		}
		if slices.ContainsFunc(names, func(known string) bool { return sameHeader(name, known) }) {
			return true
		}
	}
	return false
}

// sameHeader compares names of headers without regard to case, and to whether
// there is a hyphen or an underscore.
func sameHeader(a, b string) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range len(a) {
		if foldHeader(a[i]) != foldHeader(b[i]) {
			return false
		}
	}
	return true
}

func foldHeader(c byte) byte {
	switch {
	case c == '_':
		return '-'
	case 'A' <= c && c <= 'Z':
		return c + 'a' - 'A'
	default:
		return c
	}
}
