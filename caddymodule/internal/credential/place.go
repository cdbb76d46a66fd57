package credential

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Place sets the value on an outbound request as the provider wants it. The
// request must be a private clone: it holds the secret afterwards. Whatever
// stood in that place before is removed, in any spelling an upstream might take
// for the same name.
//
// A header and a query parameter take the only field of a value. Basic takes two,
// the user and the password. An error wraps ErrPlacement, ErrNotReady (no value)
// or ErrEmpty (wiped) and leaves a request that must not be sent.
func Place(req *http.Request, p provider.Placement, v *Value) error {
	if v == nil {
		return ErrNotReady
	}
	switch p.In {
	case provider.InHeader:
		text, err := onlyField(v)
		if err != nil {
			return err
		}
		return placeHeader(req, p, text)
	case provider.InQuery:
		text, err := onlyField(v)
		if err != nil {
			return err
		}
		return placeQuery(req.URL, p.Name, text)
	case provider.InBasic:
		return placeBasic(req, v)
	default:
		return fmt.Errorf("placing in %q is not supported: %w", p.In, ErrPlacement)
	}
}

// onlyField reveals the secret of a value with one field.
func onlyField(v *Value) (string, error) {
	if len(v.Fields) != 1 {
		return "", fmt.Errorf("the value has %d fields where one is placed: %w", len(v.Fields), ErrPlacement)
	}
	return revealField(v, 0)
}

func revealField(v *Value, i int) (string, error) {
	text := v.Fields[i].Secret.Reveal()
	if text == "" {
		return "", fmt.Errorf("field %q %w", v.Fields[i].Name, ErrEmpty)
	}
	return text, nil
}

func placeHeader(req *http.Request, p provider.Placement, text string) error {
	if !isToken(p.Name) {
		return fmt.Errorf("the placement's header name is not valid: %w", ErrPlacement)
	}
	if p.Scheme != "" {
		text = p.Scheme + " " + text
	}
	setHeader(req, p.Name, text)
	return nil
}

func placeBasic(req *http.Request, v *Value) error {
	if len(v.Fields) != 2 {
		return fmt.Errorf("basic authentication needs a user and a password, the value has %d field(s): %w",
			len(v.Fields), ErrPlacement)
	}
	user, err := revealField(v, 0)
	if err != nil {
		return err
	}
	password, err := revealField(v, 1)
	if err != nil {
		return err
	}
	if strings.Contains(user, ":") { // RFC 7617: it would shift the border
		return fmt.Errorf("the user of basic authentication holds a colon: %w", ErrPlacement)
	}
	setHeader(req, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
	return nil
}

func setHeader(req *http.Request, name, value string) {
	removeHeader(req, name)
	if req.Header == nil {
		req.Header = make(http.Header, 1)
	}
	req.Header.Set(name, value)
}

// removeHeader removes a header in every spelling. Some servers read "_" as "-".
func removeHeader(req *http.Request, name string) {
	for key := range req.Header {
		if sameHeader(key, name) {
			delete(req.Header, key)
		}
	}
}

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
	if c == '_' {
		return '-'
	}
	return lower[c]
}

func placeQuery(u *url.URL, name, text string) error {
	if name == "" {
		return fmt.Errorf("the placement's parameter name is missing: %w", ErrPlacement)
	}
	query, err := withoutParam(u.RawQuery, name)
	if err != nil {
		return err
	}
	if query != "" {
		query += "&"
	}
	u.RawQuery = query + url.QueryEscape(name) + "=" + url.QueryEscape(text)
	return nil
}

// withoutParam removes a parameter in upper and lower case. It allocates only
// when there is something to remove.
func withoutParam(query, name string) (string, error) {
	var kept []string
	removed := false
	for pair := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(key)
		if err != nil || strings.Contains(pair, ";") {
			return "", fmt.Errorf("the request's query is malformed: %w", ErrPlacement)
		}
		if strings.EqualFold(key, name) {
			removed = true
		}
	}
	if !removed {
		return query, nil
	}
	for pair := range strings.SplitSeq(query, "&") {
		key, _, _ := strings.Cut(pair, "=")
		if key, _ = url.QueryUnescape(key); !strings.EqualFold(key, name) {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&"), nil
}

// isToken reports whether name may be the name of a header (RFC 9110).
func isToken(name string) bool {
	for _, c := range []byte(name) {
		switch {
		case isAlphanumeric(c):
		case strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0:
		default:
			return false
		}
	}
	return name != ""
}
