package credential

import (
	"bytes"
	"html"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

// maxLayers bounds how many encodings around a secret are undone.
const maxLayers = 3

// decoder undoes one way of escaping. A text in which it is not present is left
// alone.
type decoder struct {
	present func(b []byte) bool
	append  func(dst, src []byte) []byte
}

var decoders = [...]decoder{
	{func(b []byte) bool { return bytes.IndexByte(b, '\\') >= 0 }, appendJSONUnescaped},
	{func(b []byte) bool { return bytes.IndexByte(b, '%') >= 0 }, appendPercentDecoded},
	{hasEntity, appendEntitiesDecoded},
}

// scratch is the memory of one search. It is cleared before it is reused,
// because it held an answer about a phone number.
type scratch struct{ single, view, spare []byte }

var scratches = sync.Pool{New: func() any { return new(scratch) }}

// maxPooled keeps one huge answer from staying in memory for ever.
const maxPooled = 256 << 10

// foundDecoded searches b with its escapes undone: each kind alone, since text of
// one kind may look like an escape of another, and all kinds one after the other.
func foundDecoded(set *needleSet, b []byte) bool {
	if !escaped(b) {
		return false
	}
	s, _ := scratches.Get().(*scratch)
	defer s.release()
	s.view = append(s.view[:0], b...)
	for range maxLayers {
		before := len(s.view)
		if !escaped(s.view) {
			return false
		}
		if s.searchLayer(set) {
			return true
		}
		if len(s.view) == before { // undoing an escape always shortens a text
			return false
		}
	}
	return false
}

// searchLayer undoes one layer of escapes in s.view and searches on the way.
func (s *scratch) searchLayer(set *needleSet) bool {
	kinds := 0
	for _, d := range decoders {
		if !d.present(s.view) {
			continue
		}
		kinds++
		s.single = d.append(s.single[:0], s.view)
		if set.in(s.single) {
			return true
		}
	}
	if kinds == 1 {
		s.single, s.view = s.view, s.single
		return false
	}
	for _, d := range decoders {
		s.spare = d.append(s.spare[:0], s.view)
		s.view, s.spare = s.spare, s.view
	}
	return set.in(s.view)
}

func (s *scratch) release() {
	for _, b := range []*[]byte{&s.single, &s.view, &s.spare} {
		if cap(*b) > maxPooled {
			*b = nil
		}
		clear((*b)[:cap(*b)])
		*b = (*b)[:0]
	}
	scratches.Put(s)
}

// escaped reports whether b may hold an escape of any kind.
func escaped(b []byte) bool {
	for _, d := range decoders {
		if d.present(b) {
			return true
		}
	}
	return false
}

// appendPercentDecoded undoes %41 and leaves broken escapes as they are.
func appendPercentDecoded(dst, src []byte) []byte {
	for i := 0; i < len(src); i++ {
		if src[i] == '%' {
			if c, ok := hexByte(src[i+1:]); ok {
				dst = append(dst, c)
				i += 2
				continue
			}
		}
		dst = append(dst, src[i])
	}
	return dst
}

// appendJSONUnescaped undoes the escapes of JSON strings, and \x41.
func appendJSONUnescaped(dst, src []byte) []byte {
	for i := 0; i < len(src); i++ {
		if src[i] != '\\' || i+1 == len(src) {
			dst = append(dst, src[i])
			continue
		}
		i++
		switch c := src[i]; c {
		case 'u':
			r, size := jsonRune(src[i+1:])
			if size == 0 {
				dst = append(dst, '\\', 'u')
				continue
			}
			dst = utf8.AppendRune(dst, r)
			i += size
		case 'x':
			v, ok := hexByte(src[i+1:])
			if !ok {
				dst = append(dst, '\\', 'x')
				continue
			}
			dst = append(dst, v)
			i += 2
		case 'b', 'f', 'n', 'r', 't':
			dst = append(dst, ' ') // no secret holds these
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// jsonRune reads the digits after \u, with the second half of a surrogate pair;
// size 0 means that there is none.
func jsonRune(src []byte) (r rune, size int) {
	high, ok := hexRune(src)
	if !ok {
		return 0, 0
	}
	if utf16.IsSurrogate(high) && len(src) >= 10 && src[4] == '\\' && src[5] == 'u' {
		if low, ok := hexRune(src[6:]); ok {
			if r := utf16.DecodeRune(high, low); r != utf8.RuneError {
				return r, 10
			}
		}
	}
	return high, 4
}

func hexRune(src []byte) (rune, bool) {
	if len(src) < 4 {
		return 0, false
	}
	a, ok1 := hexByte(src)
	b, ok2 := hexByte(src[2:])
	return rune(a)<<8 | rune(b), ok1 && ok2
}

// hexByte reads two hexadecimal digits.
func hexByte(src []byte) (byte, bool) {
	if len(src) < 2 {
		return 0, false
	}
	high, ok1 := hexDigit(src[0])
	low, ok2 := hexDigit(src[1])
	return high<<4 | low, ok1 && ok2
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= lower[c] && lower[c] <= 'f':
		return lower[c] - 'a' + 10, true
	}
	return 0, false
}

// appendEntitiesDecoded undoes HTML entities. It allocates; JSON answers hardly
// ever hold one.
func appendEntitiesDecoded(dst, src []byte) []byte {
	if !hasEntity(src) {
		return append(dst, src...)
	}
	return append(dst, html.UnescapeString(string(src))...)
}

// hasEntity reports whether b holds something like "&amp;" or "&#65;". A company's
// "&" is none.
func hasEntity(b []byte) bool {
	for {
		i := bytes.IndexByte(b, '&')
		if i < 0 {
			return false
		}
		b = b[i+1:]
		n := 0
		for n < len(b) && (isAlphanumeric(b[n]) || b[n] == '#') {
			n++
		}
		if n > 0 && n < len(b) && b[n] == ';' {
			return true
		}
	}
}

func isAlphanumeric(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= lower[c] && lower[c] <= 'z'
}
