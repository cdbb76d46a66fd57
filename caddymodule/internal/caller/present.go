package caller

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// The reasons for which no key is taken from a request. The texts are fixed and
// safe to show to the caller.
var (
	// ErrNone: no slot holds anything.
	ErrNone = errors.New("no caller key was presented")

	// ErrAmbiguous: two keys differ, or one slot is there twice.
	ErrAmbiguous = errors.New("more than one caller key was presented: send one, once")

	// ErrAlias: a slot's header is there with an underscore for a hyphen.
	ErrAlias = errors.New("a header of a caller key was sent with an underscore: send hyphens")

	// ErrMalformed: a slot holds something that is no key.
	ErrMalformed = errors.New("the caller key is malformed: send 1 to 256 visible ASCII characters (a token: to 8192), after the scheme that the header needs")
)

// Extractor takes the one caller key from a request. It is immutable, and safe
// for concurrent use.
type Extractor struct {
	headers []headerSlot
	params  []string
	path    bool
	names   []string // of the headers
	limit   int      // the longest key, in bytes
}

// headerSlot is a header with all forms in which it may hold a key.
type headerSlot struct {
	name    string // canonical
	schemes []string
	basic   bool // HTTP Basic authentication, the password is the key
	bare    bool // the key without a scheme
}

// NewExtractor makes an extractor that looks into the headers X-API-Key and
// Authorization (Bearer) and into the extra slots, which are those of the
// vendor's own clients. A slot that is there already is no error.
func NewExtractor(extra []Slot) (*Extractor, error) { return newExtractorOf(extra, MaxPresented) }

// NewTokenExtractor is NewExtractor for routes that take JSON Web Tokens too,
// which are longer than keys: up to MaxToken bytes, in any slot.
func NewTokenExtractor(extra []Slot) (*Extractor, error) { return newExtractorOf(extra, MaxToken) }

func newExtractorOf(extra []Slot, limit int) (*Extractor, error) {
	e := &Extractor{limit: limit}
	for _, slot := range slices.Concat(standardSlots, extra) {
		if err := slot.check(); err != nil {
			return nil, fmt.Errorf("checking the key slots: %w", err)
		}
		e.add(slot)
	}
	return e, nil
}

func (e *Extractor) add(slot Slot) {
	if slot.In == InPath {
		e.path = true
		return
	}
	if slot.In == InQuery {
		if !slices.Contains(e.params, slot.Name) {
			e.params = append(e.params, slot.Name)
		}
		return
	}
	name := http.CanonicalHeaderKey(slot.Name)
	if slot.In == InBasic {
		name = authorization
	}
	at := slices.IndexFunc(e.headers, func(h headerSlot) bool { return h.name == name })
	if at < 0 {
		at = len(e.headers)
		e.headers = append(e.headers, headerSlot{name: name})
		e.names = append(e.names, name)
	}
	switch h := &e.headers[at]; {
	case slot.In == InBasic:
		h.basic = true
	case slot.Scheme == "":
		h.bare = true
	default:
		h.schemes = append(h.schemes, slot.Scheme)
	}
}

// Extract finds the caller key of a request: h as net/http canonicalised it,
// query as url.ParseQuery returned it without an error. Either may be nil. path
// is the segment of the path in which this provider has its key, decoded; empty
// where it has none. A path without a slot for it is not looked at.
//
// Every slot is looked at, so that a key cannot hide behind another. The same
// key in several slots is accepted, as some clients send it twice; different
// keys are not, and neither is a header or parameter that occurs twice. A slot
// that holds anything but a key, such as another scheme, fails the request, and so
// does a slot's header in its spelling with underscores. The errors are ErrNone,
// ErrAmbiguous, ErrAlias and ErrMalformed.
//
// The key is not checked against anything; that is for Directory.Find.
func (e *Extractor) Extract(h http.Header, query url.Values, path string) (key string, err error) {
	if HasUnderscoreAlias(h, e.names...) {
		return "", ErrAlias
	}
	for i := range e.headers {
		slot := &e.headers[i]
		if key, err = e.take(key, h[slot.name], slot); err != nil {
			return "", err
		}
	}
	for _, name := range e.params {
		if key, err = e.take(key, query[name], nil); err != nil {
			return "", err
		}
	}
	if e.path && path != "" {
		if key, err = e.take(key, []string{path}, nil); err != nil {
			return "", err
		}
	}
	if key == "" {
		return "", ErrNone
	}
	return key, nil
}

// take adds what one slot holds to the key that was found before, if any. A
// query parameter has no headerSlot.
func (e *Extractor) take(found string, values []string, slot *headerSlot) (string, error) {
	if len(values) == 0 {
		return found, nil
	}
	if len(values) > 1 {
		return "", ErrAmbiguous
	}
	key := values[0]
	if slot != nil {
		var ok bool
		if key, ok = slot.read(key, e.limit); !ok {
			return "", ErrMalformed
		}
	}
	if !isKey(key, e.limit) {
		return "", ErrMalformed
	}
	// Both texts came with the request, so comparing them tells nothing.
	if found != "" && found != key {
		return "", ErrAmbiguous
	}
	return key, nil
}

// read takes the key out of a header's value.
func (s *headerSlot) read(value string, limit int) (key string, ok bool) {
	scheme, rest, spaced := strings.Cut(value, " ")
	if !spaced {
		return value, s.bare
	}
	if s.basic && strings.EqualFold(scheme, basicScheme) {
		return passwordOf(rest, limit)
	}
	for _, allowed := range s.schemes {
		if strings.EqualFold(scheme, allowed) {
			return rest, true
		}
	}
	return "", false
}

// isKey reports whether a text can be a key or token at all: 1 to limit visible
// ASCII characters.
func isKey(text string, limit int) bool {
	return text != "" && len(text) <= limit && isVisible(text)
}

func isVisible(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}
