package credential

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// revealLine reveals the secret of a field for a place that holds one line. Of all
// secrets, private keys alone have several.
func revealLine(f Field) (string, error) {
	text := f.Secret.Reveal()
	switch {
	case text == "":
		return "", fmt.Errorf("field %q %w", f.Name, ErrEmpty)
	case strings.ContainsAny(text, "\r\n"):
		return "", fmt.Errorf("field %q holds a private key, which is never sent: %w", f.Name, ErrPlacement)
	}
	return text, nil
}

func placeHeader(req *http.Request, p provider.Placement, key Field) error {
	if !isToken(p.Name) {
		return fmt.Errorf("the placement's header name is not valid: %w", ErrPlacement)
	}
	text, err := revealLine(key)
	if err != nil {
		return err
	}
	if p.Scheme != "" {
		text = p.Scheme + " " + text
	}
	setHeader(req, p.Name, text)
	return nil
}

func placeBasic(req *http.Request, user, password Field) error {
	name, err := revealLine(user)
	if err != nil {
		return err
	}
	word, err := revealLine(password)
	if err != nil {
		return err
	}
	if strings.Contains(name, ":") { // RFC 7617: it would shift the border
		return fmt.Errorf("the user of basic authentication holds a colon: %w", ErrPlacement)
	}
	setHeader(req, "Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(name+":"+word)))
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

func placeQuery(u *url.URL, name string, key Field) error {
	if name == "" {
		return fmt.Errorf("the placement's parameter name is missing: %w", ErrPlacement)
	}
	text, err := revealLine(key)
	if err != nil {
		return err
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
