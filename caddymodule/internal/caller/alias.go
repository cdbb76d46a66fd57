package caller

import (
	"net/http"
	"slices"
	"strings"
)

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
