package intake

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// check returns the canonical text of a parameter, or says what it must be.
// isText is false for JSON numbers and booleans.
func check(p *provider.Param, text string, isText bool) (string, error) {
	limit := p.MaxLength
	if limit == 0 {
		limit = provider.DefaultMaxLength
	}
	if len(text) > limit {
		return "", invalid("the parameter " + p.Name + " is too long")
	}
	canonical, ok := text, false
	switch p.Kind {
	case provider.KindBoolean:
		canonical, ok = canonicalBoolean(text, p.In, isText)
	case provider.KindInteger:
		canonical, ok = canonicalInteger(text)
		ok = ok && (!isText || p.In != provider.InJSON)
	case provider.KindRegion:
		canonical, ok = canonicalRegion(text)
	case provider.KindIP:
		canonical, ok = canonicalIP(text)
	case provider.KindString:
		ok = isText && text != "" && strings.IndexFunc(text, unicode.IsControl) < 0
	}
	if !ok {
		return "", invalid("the parameter " + p.Name + " must be of the kind " + string(p.Kind))
	}
	if len(p.Values) > 0 && !slices.Contains(p.Values, canonical) {
		return "", invalid("the parameter " + p.Name + " must be one of: " + strings.Join(p.Values, ", "))
	}
	return canonical, nil
}

// canonicalBoolean wants JSON's own booleans in a body; a query has none, so
// there the usual spellings are taken.
func canonicalBoolean(text string, in provider.In, isText bool) (string, bool) {
	inJSON := in == provider.InJSON
	switch {
	case inJSON && isText:
		return "", false
	case text == "true" || (text == "1" && !inJSON):
		return "true", true
	case text == "false" || (text == "0" && !inJSON):
		return "false", true
	}
	return "", false
}

// canonicalInteger bounds a number to 15 digits, which every reader of JSON
// keeps exactly.
func canonicalInteger(text string) (string, bool) {
	digits := strings.TrimPrefix(text, "-")
	if len(digits) > 15 || !isDigits(digits) {
		return "", false
	}
	n, err := strconv.ParseInt(text, 10, 64)
	return strconv.FormatInt(n, 10), err == nil
}

func isDigits(text string) bool {
	for i := range len(text) {
		if text[i] < '0' || text[i] > '9' {
			return false
		}
	}
	return text != ""
}

func canonicalRegion(text string) (string, bool) {
	if len(text) != 2 {
		return "", false
	}
	upper := strings.ToUpper(text)
	for i := range len(upper) {
		if upper[i] < 'A' || upper[i] > 'Z' {
			return "", false
		}
	}
	return upper, true
}

func canonicalIP(text string) (string, bool) {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return "", false
	}
	return addr.Unmap().String(), true
}
