package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Each line begins with its envelope: {"seq":7,"prev":"<64 hex digits>", and
// then what the line says. It has this one form, so nothing is left to how a
// JSON parser reads it.
const (
	envelopeSeq  = `{"seq":`
	envelopePrev = `,"prev":"`
	envelopeEnd  = `",`

	hashLength = 2 * sha256.Size // in hexadecimal

	// maxEnvelope is the most bytes that an envelope takes.
	maxEnvelope = len(envelopeSeq) + 20 + len(envelopePrev) + hashLength + len(envelopeEnd)
)

// link is a line as the one after it knows it. The zero link comes before the
// first line of a chain.
type link struct {
	seq  uint64
	hash [sha256.Size]byte // of the line without its newline
}

// append adds body, an object with its newline, as the line that follows l. It
// returns that line's own link.
func (l link) append(dst, body []byte) ([]byte, link) {
	from := len(dst)
	dst = append(dst, envelopeSeq...)
	dst = strconv.AppendUint(dst, l.seq+1, 10)
	dst = append(dst, envelopePrev...)
	dst = hex.AppendEncode(dst, l.hash[:])
	dst = append(dst, envelopeEnd...)
	dst = append(dst, body[len("{"):]...)
	return dst, link{l.seq + 1, sha256.Sum256(dst[from : len(dst)-1])}
}

// envelope is what the beginning of a line says.
type envelope struct {
	seq  uint64
	prev [sha256.Size]byte
	body []byte // what follows, without the opening brace
}

// parseEnvelope reads a line without its newline. It takes what link.append
// writes and nothing else; the body is only seen to end like an object.
func parseEnvelope(line []byte) (e envelope, ok bool) {
	rest, ok := bytes.CutPrefix(line, []byte(envelopeSeq))
	if !ok {
		return envelope{}, false
	}
	if e.seq, rest, ok = cutUint(rest); !ok {
		return envelope{}, false
	}
	if rest, ok = bytes.CutPrefix(rest, []byte(envelopePrev)); !ok || len(rest) < hashLength {
		return envelope{}, false
	}
	if e.prev, ok = parseHash(rest[:hashLength]); !ok {
		return envelope{}, false
	}
	e.body, ok = bytes.CutPrefix(rest[hashLength:], []byte(envelopeEnd))
	ok = ok && len(e.body) > 1 && e.body[0] == '"' && e.body[len(e.body)-1] == '}'
	return e, ok
}

// parseLine is parseEnvelope for a line that may have been torn: it must be a
// complete object too.
func parseLine(line []byte) (envelope, bool) {
	e, ok := parseEnvelope(line)
	return e, ok && jsontext.Value(line).IsValid()
}

func (e *envelope) link(line []byte) link { return link{e.seq, sha256.Sum256(line)} }

// cutUint reads a positive number that has no leading zero.
func cutUint(text []byte) (value uint64, rest []byte, ok bool) {
	n := 0
	for ; n < len(text) && text[n] >= '0' && text[n] <= '9'; n++ {
		digit := uint64(text[n] - '0')
		if value > (math.MaxUint64-digit)/10 {
			return 0, nil, false
		}
		value = value*10 + digit
	}
	return value, text[n:], n > 0 && text[0] != '0'
}

// parseHash reads lower-case hexadecimal digits.
func parseHash[T string | []byte](text T) (hash [sha256.Size]byte, ok bool) {
	if len(text) != hashLength {
		return hash, false
	}
	for i := range hash {
		high, low := nibble(text[2*i]), nibble(text[2*i+1])
		if high > 15 || low > 15 {
			return hash, false
		}
		hash[i] = high<<4 | low
	}
	return hash, true
}

func nibble(c byte) byte {
	switch {
	case c >= '0' && c <= '9':
		return c - '0'
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10
	}
	return 0xff
}
