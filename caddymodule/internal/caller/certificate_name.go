package caller

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
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

// matches reports whether a certificate has the name. The caller has verified
// the certificate.
func (n CertificateName) matches(cert *x509.Certificate, pin [sha256.Size]byte) bool {
	switch n.kind {
	case nameDNS:
		for _, name := range cert.DNSNames {
			if strings.ToLower(name) == n.value {
				return true
			}
		}
		return false
	case namePin:
		return n.pin == pin
	default:
		return n.matchesURI(cert)
	}
}

// matchesURI compares URIs as texts. A certificate that has a SPIFFE ID must
// have no other URI, as the standard for SPIFFE certificates demands: which one
// would it be?
func (n CertificateName) matchesURI(cert *x509.Certificate) bool {
	for _, u := range cert.URIs {
		text := u.String()
		if u.Scheme == spiffeScheme && (len(cert.URIs) != 1 || !isSPIFFEID(text, false)) {
			return false
		}
		if n.kind == nameURI && text == n.value || n.kind == nameBelow && strings.HasPrefix(text, n.value) {
			return true
		}
	}
	return false
}
