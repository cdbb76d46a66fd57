package caller

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// In says in which part of a request a key stands.
type In string

// The parts of a request that may hold a key.
const (
	InHeader In = "header"
	InQuery  In = "query"
	InBasic  In = "basic" // the password of HTTP Basic authentication
	InPath   In = "path"  // a segment of the path
)

// Slot is a place in which a caller may present its key.
type Slot struct {
	In In

	// Name is the header or the query parameter; empty for InBasic and InPath.
	Name string

	// Scheme is the word in front of the key in a header, as in "Bearer", in any
	// case; empty for a header that holds nothing but the key.
	Scheme string
}

const (
	authorization = "Authorization"
	basicScheme   = "Basic"
)

// standardSlots are looked at in every request.
var standardSlots = []Slot{
	{In: InHeader, Name: "X-API-Key"},
	{In: InHeader, Name: authorization, Scheme: "Bearer"},
}

// barredHeaders have a meaning of their own; a key in them is a mistake, and in
// a cookie it would be sent by browsers on their own.
var barredHeaders = []string{
	"Cookie", "Set-Cookie", "Host", "Proxy-Authorization", "Connection", "Content-Length", "Content-Type",
	"Transfer-Encoding", "Te", "Trailer", "Upgrade", "Origin", "Referer", "User-Agent", "Forwarded", "X-Forwarded-For",
}

// check reports the fault of a slot.
func (s Slot) check() error {
	switch s.In {
	case InBasic, InPath:
		if s.Name != "" || s.Scheme != "" {
			return fmt.Errorf("a %s slot has neither name nor scheme", s.In)
		}
		return nil
	case InQuery:
		if s.Scheme != "" {
			return errors.New("a query slot has no scheme")
		}
		if !isToken(s.Name) {
			return fmt.Errorf("%q is no name of a query parameter: use letters, digits, _ . and -", s.Name)
		}
		return nil
	case InHeader:
		return s.checkHeader()
	default:
		return fmt.Errorf("unknown part of a request %q: use %q, %q, %q or %q", string(s.In), InHeader, InQuery, InBasic, InPath)
	}
}

func (s Slot) checkHeader() error {
	// Proxies and servers differ on whether X_API_Key is X-API-Key, so a name
	// with an underscore is not safe to look for.
	if !isToken(s.Name) || strings.Contains(s.Name, "_") {
		return fmt.Errorf("%q is no name of a header: use letters, digits, . and -", s.Name)
	}
	if slices.Contains(barredHeaders, http.CanonicalHeaderKey(s.Name)) {
		return fmt.Errorf("header %q cannot hold a key", s.Name)
	}
	if s.Scheme != "" && !isToken(s.Scheme) {
		return fmt.Errorf("%q is no scheme: use letters, digits, _ . and -", s.Scheme)
	}
	if strings.EqualFold(s.Scheme, basicScheme) {
		return fmt.Errorf("scheme %q is a slot of its own: use %q", s.Scheme, InBasic)
	}
	return nil
}

// isToken reports whether a text is made of what names of parameters, headers
// and schemes are made of, in practice, and is not empty or overlong.
func isToken(text string) bool {
	if text == "" || len(text) > 64 {
		return false
	}
	for _, c := range []byte(text) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		digit := c >= '0' && c <= '9'
		if !letter && !digit && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return true
}
