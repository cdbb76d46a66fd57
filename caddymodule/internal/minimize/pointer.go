package minimize

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxPlainName bounds, in bytes, the member names that "*" lets through.
const maxPlainName = 64

// segment is one step of a pointer.
type segment struct {
	name  string // unescaped; unset for a star
	star  bool   // every element or member
	index int    // the array index that name spells, or -1
}

// parsePointer splits a JSON pointer (RFC 6901) into at most maxSegments
// steps. Empty segments are refused: they are slips of the pen in practice.
func parsePointer(pointer string, maxSegments int) ([]segment, error) {
	if !strings.HasPrefix(pointer, "/") || !utf8.ValidString(pointer) {
		return nil, fmt.Errorf("%w: %q: write it as in /data/carrier", ErrPointer, pointer)
	}
	texts := strings.Split(pointer[1:], "/")
	if len(texts) > maxSegments {
		return nil, fmt.Errorf("%w: %q: it is deeper than any answer may be", ErrPointer, pointer)
	}
	segments := make([]segment, 0, len(texts))
	for _, text := range texts {
		if text == "*" {
			segments = append(segments, segment{star: true, index: -1})
			continue
		}
		name, ok := unescape(text)
		if !ok || name == "" {
			return nil, fmt.Errorf("%w: %q: segments are not empty, and \"~\" is written \"~0\", \"/\" \"~1\"", ErrPointer, pointer)
		}
		segments = append(segments, segment{name: name, index: arrayIndex(name)})
	}
	return segments, nil
}

// unescape resolves "~1" and "~0"; ok is false for any other "~".
func unescape(text string) (name string, ok bool) {
	for i := 0; i < len(text); i++ {
		if text[i] != '~' {
			continue
		}
		if i+1 == len(text) || (text[i+1] != '0' && text[i+1] != '1') {
			return "", false
		}
	}
	return strings.ReplaceAll(strings.ReplaceAll(text, "~1", "/"), "~0", "~"), true
}

// arrayIndex returns the index that a segment spells in RFC 6901's form
// (digits without leading zeros), or -1.
func arrayIndex(name string) int {
	if len(name) > 6 {
		return -1
	}
	i, err := strconv.Atoi(name)
	if err != nil || strconv.Itoa(i) != name {
		return -1
	}
	return i
}

// covers reports whether everything that matches narrow also matches wide.
func covers(wide, narrow []segment) bool {
	if len(wide) != len(narrow) {
		return false
	}
	for i, w := range wide {
		if !w.star && (narrow[i].star || w.name != narrow[i].name) {
			return false
		}
	}
	return true
}

// coversPrefix reports whether everything that matches narrow is, or lies
// below, something that matches wide.
func coversPrefix(wide, narrow []segment) bool {
	return len(wide) <= len(narrow) && covers(wide, narrow[:len(wide)])
}

// plainName reports whether a member name that no field spells out may stand
// in the projection. Such names are the provider's text: they stay short and
// free of anything with a meaning elsewhere.
func plainName[T string | []byte](name T) bool {
	if len(name) == 0 || len(name) > maxPlainName {
		return false
	}
	for i := 0; i < len(name); i++ {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '_', c == '.', c == '-':
		default:
			return false
		}
	}
	return true
}
