package intake

import (
	"bytes"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Bounds of a request. They are far above what any provider documents.
const (
	MaxQueryBytes = 2 << 10
	MaxBodyBytes  = 8 << 10
	maxParams     = 32
)

// Message is the part of a caller's request that may hold parameters.
type Message struct {
	// PathNumber is the path segment in which the number stands, still
	// percent-encoded; empty where the operation has none.
	PathNumber string

	// RawQuery is the query string.
	RawQuery string

	// Header is consulted for Content-Type and Content-Encoding only.
	Header http.Header

	// Body is the whole body. The caller has bounded it to MaxBodyBytes+1.
	Body []byte
}

// Read checks a request against the form. Its errors are *Error.
func (f *Form) Read(m Message) (*Input, error) {
	in := new(Input)
	if f.number != nil && f.number.In == provider.InPath {
		number, err := url.PathUnescape(m.PathNumber)
		if err != nil || !utf8.ValidString(number) {
			return nil, invalid("the number in the path is not encoded well")
		}
		if err := setOnce(&in.Number, number, "the number"); err != nil {
			return nil, err
		}
	}
	if err := f.readQuery(in, m.RawQuery); err != nil {
		return nil, err
	}
	if err := f.readBody(in, m); err != nil {
		return nil, err
	}
	if f.number != nil && in.Number == "" {
		return nil, invalid("the number is missing; send it as " + f.numberName())
	}
	return in, nil
}

func (f *Form) numberName() string {
	if f.number.In == provider.InPath {
		return "the last part of the path"
	}
	return string(f.number.In) + " parameter " + f.number.Name
}

// readQuery splits the query by hand: net/url's parser keeps duplicates and
// goes on after errors, and this one needs neither map nor sorting.
func (f *Form) readQuery(in *Input, raw string) error {
	if len(raw) > MaxQueryBytes {
		return &Error{provider.ReasonTooLarge, "the query string is too long"}
	}
	for count := 0; raw != ""; count++ {
		if count == maxParams {
			return &Error{provider.ReasonTooLarge, "too many parameters were sent"}
		}
		var pair string
		pair, raw, _ = strings.Cut(raw, "&")
		if pair == "" {
			continue
		}
		rawName, rawText, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(rawName)
		text, err2 := url.QueryUnescape(rawText)
		if err1 != nil || err2 != nil || strings.Contains(pair, ";") || !utf8.ValidString(name) || !utf8.ValidString(text) {
			return invalid("the query string is not encoded well; encode a plus sign as %2B")
		}
		if slices.Contains(f.ignored, name) {
			continue
		}
		// An unencoded plus sign reads as a space; in front of a number it
		// can only have been meant as a plus.
		if f.number != nil && name == f.number.Name && strings.HasPrefix(text, " ") {
			text = "+" + text[1:]
		}
		if err := f.set(in, provider.InQuery, name, text, true); err != nil {
			return err
		}
	}
	return nil
}

func (f *Form) readBody(in *Input, m Message) error {
	if len(m.Body) > MaxBodyBytes {
		return &Error{provider.ReasonTooLarge, "the body is too large"}
	}
	if !f.hasJSON {
		if len(m.Body) > 0 {
			return invalid("this operation takes no body")
		}
		return nil
	}
	if !isJSON(m.Header) {
		return &Error{provider.ReasonUnsupportedMedia, "send the body as Content-Type: application/json, in UTF-8 and not compressed"}
	}
	return f.readJSON(in, m.Body)
}

// isJSON accepts application/json in UTF-8 without a content encoding.
func isJSON(h http.Header) bool {
	if len(h["Content-Encoding"]) > 0 || len(h["Content-Type"]) != 1 {
		return false
	}
	contentType := h["Content-Type"][0]
	if contentType == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(contentType)
	if err != nil || media != "application/json" {
		return false
	}
	charset, ok := params["charset"]
	return !ok || strings.EqualFold(charset, "utf-8")
}

// readJSON reads one flat object of scalars. The decoder refuses duplicate
// names and invalid UTF-8.
func (f *Form) readJSON(in *Input, body []byte) error {
	malformed := invalid("the body must be one JSON object of plain values, each name once")
	dec := jsontext.NewDecoder(bytes.NewReader(body))
	if tok, err := dec.ReadToken(); err != nil || tok.Kind() != '{' {
		return malformed
	}
	for count := 0; ; count++ {
		if count > maxParams {
			return &Error{provider.ReasonTooLarge, "too many parameters were sent"}
		}
		tok, err := dec.ReadToken()
		if err != nil {
			return malformed
		}
		if tok.Kind() == '}' {
			break
		}
		name := tok.String()
		tok, err = dec.ReadToken()
		if err != nil {
			return malformed
		}
		switch tok.Kind() {
		case '"', '0', 't', 'f':
			if err := f.set(in, provider.InJSON, name, tok.String(), tok.Kind() == '"'); err != nil {
				return err
			}
		case 'n':
			// A null is how clients spell "not given"; its name must be known all the same.
			if f.find(provider.InJSON, name) == nil {
				return invalid("an unknown parameter, or an empty number, was sent; allowed here: " + f.allowed)
			}
		default:
			return malformed
		}
	}
	// Anything after the object is another message in disguise.
	if len(bytes.TrimSpace(body[dec.InputOffset():])) > 0 {
		return malformed
	}
	return nil
}
