package audit

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"sync"
)

// MinPseudonymKey is the least length of a pseudonym key in bytes. Every phone
// number can be tried, so a pseudonym is worth no more than its key.
const MinPseudonymKey = 32

const (
	// pseudonymDomain keeps these HMACs apart from any other use of the key.
	pseudonymDomain = "ringward/pseudonym/e164/v1\x00"

	// pseudonymBytes of the HMAC are kept: no two of all numbers collide.
	pseudonymBytes = 16

	maxKeyIDLength = 32
)

// Pseudonymizer gives each number a pseudonym under one epoch key. It is safe
// for concurrent use. It has no field that holds the key: formatted or dumped,
// it shows nothing.
type Pseudonymizer struct {
	prefix string
	states *sync.Pool // of *pseudonymState; New knows the key
}

// pseudonymState is a keyed HMAC and the scratch space for one number.
type pseudonymState struct {
	mac hash.Hash
	in  []byte
	sum []byte
	out []byte
}

// NewPseudonymizer returns a pseudonymizer for key, of which it keeps a copy.
// keyID names the key's epoch in each pseudonym: 1 to 32 letters, digits, ".",
// "_" or "-". The key has at least MinPseudonymKey bytes.
func NewPseudonymizer(keyID string, key []byte) (*Pseudonymizer, error) {
	if keyID == "" || len(keyID) > maxKeyIDLength || strings.ContainsFunc(keyID, notInKeyID) {
		return nil, fmt.Errorf("pseudonym key id: want 1 to %d letters, digits, \".\", \"_\" or \"-\"", maxKeyIDLength)
	}
	if len(key) < MinPseudonymKey {
		return nil, fmt.Errorf("pseudonym key %q: has %d bytes, needs %d", keyID, len(key), MinPseudonymKey)
	}
	if !slices.ContainsFunc(key, func(b byte) bool { return b != 0 }) {
		return nil, fmt.Errorf("pseudonym key %q: is all zero", keyID)
	}
	key = slices.Clone(key)
	return &Pseudonymizer{
		prefix: keyID + ":",
		states: &sync.Pool{New: func() any {
			return &pseudonymState{mac: hmac.New(sha256.New, key)}
		}},
	}, nil
}

// Pseudonym returns the pseudonym of a number in E.164 form: the key id, a
// colon, and 32 hexadecimal digits.
func (p *Pseudonymizer) Pseudonym(e164 string) string {
	s := p.states.Get().(*pseudonymState)
	s.in = append(append(s.in[:0], pseudonymDomain...), e164...)
	s.mac.Reset()
	s.mac.Write(s.in) // a hash never returns an error
	s.sum = s.mac.Sum(s.sum[:0])
	s.out = hex.AppendEncode(append(s.out[:0], p.prefix...), s.sum[:pseudonymBytes])
	pseudonym := string(s.out)
	clear(s.in) // the number is not to outlive the call
	p.states.Put(s)
	return pseudonym
}

func notInKeyID(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
		c != '.' && c != '_' && c != '-'
}

const redactedPseudonymizer = "audit.Pseudonymizer(redacted)"

// Format redacts, whatever the verb.
func (p Pseudonymizer) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redactedPseudonymizer) }

// String redacts.
func (p Pseudonymizer) String() string { return redactedPseudonymizer }

// MarshalText redacts; JSON and slog use it.
func (p Pseudonymizer) MarshalText() ([]byte, error) { return []byte(redactedPseudonymizer), nil }
