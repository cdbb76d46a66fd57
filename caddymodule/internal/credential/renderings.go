package credential

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"runtime"
	"slices"
)

// MinSearchLength is the length in bytes from which a secret is searched for.
// Shorter ones are not: they would be found by chance in innocent answers. A
// provider whose keys are that short gets no protection from Renderings.
const MinSearchLength = 8

// Renderings finds a secret in the answer of an upstream, in whatever form it
// may be echoed:
//
//   - as it is, in upper and lower case;
//   - in hexadecimal;
//   - in base64, standard and URL alphabet, alone or somewhere inside a longer
//     text such as base64("user:key");
//   - of a private key in PEM, each line of its body;
//   - any of these percent-encoded, JSON-escaped (\u0041, \/) or written with
//     HTML entities, wholly or in part, up to three layers deep.
//
// Encrypted, hashed, compressed or split secrets are not found. A Renderings is
// made once for a value and is safe for concurrent use; it shows itself as
// "[redacted]".
type Renderings struct {
	set  *needleSet
	more []*Renderings // to be found too
}

// needleSet searches for several needles in one pass (Wu and Manber's
// algorithm): it looks at the last two bytes of a window as long as the shortest
// needle and skips as far as no needle can match.
type needleSet struct {
	needles [][]byte // folded to lower case
	window  int      // length of the shortest needle
	skip    [skipSize]uint8
}

const skipSize = 1 << 12

// NewRenderings prepares the search for the given secrets. Those shorter than
// MinSearchLength are left out.
func NewRenderings(secrets ...Secret) *Renderings {
	var needles [][]byte
	for _, secret := range secrets {
		text := secret.copied()
		if len(text) >= MinSearchLength {
			needles = appendForms(needles, text)
			needles = appendPEMLines(needles, text)
		}
		clear(text)
	}
	if len(needles) == 0 {
		return &Renderings{}
	}
	r := &Renderings{set: newNeedleSet(needles)}
	// The needles are as secret as what they were made from.
	runtime.AddCleanup(r, func(set *needleSet) { set.wipe() }, r.set)
	return r
}

// appendForms adds the forms of one secret that no decoder undoes.
func appendForms(needles [][]byte, text []byte) [][]byte {
	forms := [][]byte{
		slices.Clone(text),
		// A form encoder writes a space as "+".
		bytes.ReplaceAll(text, []byte(" "), []byte("+")),
		hex.AppendEncode(nil, text),
	}
	for before := range 3 {
		forms = append(forms,
			base64Inside(base64.RawStdEncoding, text, before),
			base64Inside(base64.RawURLEncoding, text, before))
	}
	for _, form := range forms {
		foldInPlace(form)
		if slices.ContainsFunc(needles, func(n []byte) bool { return bytes.Equal(n, form) }) {
			clear(form)
			continue
		}
		needles = append(needles, form)
	}
	return needles
}

// base64Inside returns the characters that text contributes alone to a base64
// text in which it starts before bytes (0, 1 or 2) after a group of three.
// Characters that depend on its neighbours too are left out.
func base64Inside(enc *base64.Encoding, text []byte, before int) []byte {
	padded := append(make([]byte, before, before+len(text)), text...)
	defer clear(padded)
	encoded := enc.AppendEncode(nil, padded)
	defer clear(encoded)
	first := (before*8 + 5) / 6
	last := len(padded) * 8 / 6
	return slices.Clone(encoded[first:last])
}

// Found reports whether b holds one of the secrets. Its time grows with the
// length of b, which the caller bounds. It allocates nothing unless b holds
// escapes.
func (r *Renderings) Found(b []byte) bool {
	if r == nil {
		return false
	}
	found := r.set != nil && (r.set.in(b) || foundDecoded(r.set, b))
	for _, other := range r.more {
		found = found || other.Found(b)
	}
	runtime.KeepAlive(r) // or the needles might be wiped under the search
	return found
}

// and returns what finds the secrets of both.
func (r *Renderings) and(other *Renderings) *Renderings {
	return &Renderings{more: []*Renderings{r, other}}
}

// Format writes "[redacted]" for every verb.
func (*Renderings) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

func newNeedleSet(needles [][]byte) *needleSet {
	s := &needleSet{needles: needles, window: 255}
	for _, n := range needles {
		s.window = min(s.window, len(n))
	}
	for i := range s.skip {
		s.skip[i] = uint8(s.window - 1)
	}
	for _, n := range needles {
		for at := range s.window - 1 {
			slot := skipSlot(n[at], n[at+1])
			s.skip[slot] = min(s.skip[slot], uint8(s.window-2-at))
		}
	}
	return s
}

// in reports whether b holds a needle.
func (s *needleSet) in(b []byte) bool {
	for end := s.window - 1; end < len(b); {
		skip := s.skip[skipSlot(lower[b[end-1]], lower[b[end]])]
		if skip > 0 {
			end += int(skip)
			continue
		}
		if s.startsWith(b[end-s.window+1:]) {
			return true
		}
		end++
	}
	return false
}

// startsWith reports whether b starts with a needle.
func (s *needleSet) startsWith(b []byte) bool {
	for _, n := range s.needles {
		if len(b) < len(n) {
			continue
		}
		i := 0
		for i < len(n) && lower[b[i]] == n[i] {
			i++
		}
		if i == len(n) {
			return true
		}
	}
	return false
}

func (s *needleSet) wipe() {
	for _, n := range s.needles {
		clear(n)
	}
}

// skipSlot spreads pairs of bytes over the skip table.
func skipSlot(a, b byte) int { return (int(a)<<5 ^ int(b)) & (skipSize - 1) }

// lower maps ASCII letters to lower case.
var lower = func() (table [256]byte) {
	for i := range table {
		table[i] = byte(i)
		if 'A' <= i && i <= 'Z' {
			table[i] = byte(i) + 'a' - 'A'
		}
	}
	return table
}()

func foldInPlace(b []byte) {
	for i, c := range b {
		b[i] = lower[c]
	}
}
