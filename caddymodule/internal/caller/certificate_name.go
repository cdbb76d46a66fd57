package caller

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// CertificateName is what a client certificate must be called. It is written as
//
//	dns:client.example.com              a DNS name, in any case
//	uri:spiffe://example.org/ns/signup  a URI, such as a SPIFFE ID
//	uri:spiffe://example.org/ns/*       every SPIFFE ID below a path
//	sha256:<64 hexadecimal digits>      the digest of the certificate (DER)
type CertificateName struct {
	kind  string
	value string // for nameBelow with "/" at the end
	pin   [sha256.Size]byte
}

const (
	nameDNS   = "dns"
	nameURI   = "uri"
	nameBelow = "below"
	namePin   = "sha256"

	spiffeScheme = "spiffe"

	lower  = "abcdefghijklmnopqrstuvwxyz"
	upper  = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits = "0123456789"
)

// The faults of a written name.
var (
	errNameForm     = errors.New(`write a certificate's name as dns:<name>, uri:<URI>, uri:spiffe://<trust domain>/<path>/* or sha256:<64 hexadecimal digits>`)
	errNameWildcard = errors.New("a wildcard stands at the end of a SPIFFE ID only, after a slash")
	errNameSPIFFE   = errors.New("this is no SPIFFE ID: spiffe://<trust domain>/<path>, in plain characters, without empty or dot segments")
)

// ParseCertificateName reads a name.
func ParseCertificateName(text string) (CertificateName, error) {
	kind, value, _ := strings.Cut(text, ":")
	switch kind {
	case nameDNS:
		value = strings.ToLower(value)
		if strings.Contains(value, "*") {
			return CertificateName{}, errNameWildcard
		}
		if !isDNSName(value) {
			return CertificateName{}, errNameForm
		}
		return CertificateName{kind: nameDNS, value: value}, nil
	case nameURI:
		return parseURIName(value)
	case namePin:
		n := CertificateName{kind: namePin}
		if len(value) != hex.EncodedLen(len(n.pin)) {
			return CertificateName{}, errNameForm
		}
		if _, err := hex.Decode(n.pin[:], []byte(value)); err != nil {
			return CertificateName{}, errNameForm
		}
		return n, nil
	default:
		return CertificateName{}, errNameForm
	}
}

// ParseCertificateNames reads several names. The error says which is faulty.
func ParseCertificateNames(texts []string) ([]CertificateName, error) {
	names := make([]CertificateName, 0, len(texts))
	for i, text := range texts {
		name, err := ParseCertificateName(text)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", i+1, err)
		}
		names = append(names, name)
	}
	return names, nil
}

func parseURIName(value string) (CertificateName, error) {
	kind := nameURI
	if below, ok := strings.CutSuffix(value, "/*"); ok {
		kind, value = nameBelow, below
	}
	if strings.Contains(value, "*") {
		return CertificateName{}, errNameWildcard
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme == "" || u.Host == "" {
		return CertificateName{}, errNameForm
	}
	isSPIFFE := u.Scheme == spiffeScheme
	switch {
	case isSPIFFE && !isSPIFFEID(value, kind == nameBelow):
		return CertificateName{}, errNameSPIFFE
	case kind == nameBelow && !isSPIFFE:
		return CertificateName{}, errNameWildcard
	case kind == nameBelow:
		value += "/"
	}
	return CertificateName{kind: kind, value: value}, nil
}

// isSPIFFEID reports whether a text is a SPIFFE ID with a path, in the one
// spelling that the standard allows; a prefix may be a trust domain alone.
func isSPIFFEID(text string, isPrefix bool) bool {
	rest, ok := strings.CutPrefix(text, spiffeScheme+"://")
	if !ok || len(text) > 2048 {
		return false
	}
	domain, path, hasPath := strings.Cut(rest, "/")
	if !isMadeOf(domain, lower+digits+".-_") {
		return false
	}
	if !hasPath {
		return isPrefix
	}
	for segment := range strings.SplitSeq(path, "/") {
		if segment == "." || segment == ".." || !isMadeOf(segment, lower+upper+digits+".-_") {
			return false
		}
	}
	return true
}

func isDNSName(text string) bool {
	return isMadeOf(text, lower+digits+".-_") && len(text) <= 253 && !strings.HasPrefix(text, ".") && !strings.HasSuffix(text, ".")
}

// isMadeOf reports whether a text has no other characters, and is not empty.
func isMadeOf(text, characters string) bool {
	return text != "" && strings.Trim(text, characters) == ""
}

// names yields what a certificate can be called, as far as it may count: without
// a CA's word only its digest does.
func (c Certificate) names(yield func(CertificateName) bool) {
	if !yield(CertificateName{kind: namePin, pin: c.pin}) || !c.verified {
		return
	}
	for _, name := range c.leaf.DNSNames {
		if !yield(CertificateName{kind: nameDNS, value: strings.ToLower(name)}) {
			return
		}
	}
	if !hasSPIFFE(c.leaf.URIs) {
		for _, u := range c.leaf.URIs {
			if !yield(CertificateName{kind: nameURI, value: u.String()}) {
				return
			}
		}
		return
	}
	// A certificate that has a SPIFFE ID must have no other URI, as the standard
	// for SPIFFE certificates demands: which one would it be?
	if id := c.leaf.URIs[0].String(); len(c.leaf.URIs) == 1 && isSPIFFEID(id, false) {
		yieldSPIFFE(id, yield)
	}
}

func hasSPIFFE(uris []*url.URL) bool {
	return slices.ContainsFunc(uris, func(u *url.URL) bool { return u.Scheme == spiffeScheme })
}

// yieldSPIFFE yields an ID and every path above it, down to the trust domain's.
func yieldSPIFFE(id string, yield func(CertificateName) bool) {
	if !yield(CertificateName{kind: nameURI, value: id}) {
		return
	}
	for at := strings.LastIndexByte(id, '/'); at >= len(spiffeScheme+"://"); at = strings.LastIndexByte(id[:at], '/') {
		if !yield(CertificateName{kind: nameBelow, value: id[:at+1]}) {
			return
		}
	}
}
