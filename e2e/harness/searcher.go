package harness

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Searcher looks for many secrets in much text at a time. The zero value finds
// nothing. It is safe for concurrent use.
type Searcher struct {
	mu      sync.RWMutex
	heads   map[uint64][]needle
	starts  [1 << 16]bool // of two bytes: whether any needle begins with them
	longest int
}

// headLength is how many bytes of every needle are compared at once.
const headLength = 6

// around is how much of a text is shown on either side of a hit, in bytes.
const around = 150

// Hit is a secret or number that was found.
type Hit struct{ What, Place, Around string }

func (h Hit) String() string { return fmt.Sprintf("%s is in %s: ...%q...", h.What, h.Place, h.Around) }

type needle struct {
	text, what string
	number     bool
}

// AddSecret looks for all forms of a secret from now on, and for those
// backwards.
func (s *Searcher) AddSecret(what, secret string) { s.add(what, Renderings(secret), false) }

// AddNumber does so for all forms of a number given as "+1...".
func (s *Searcher) AddNumber(e164 string) {
	for _, form := range NumberForms(e164) {
		s.add("a number", Renderings(form), true)
	}
}

func (s *Searcher) add(what string, forms []string, number bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.heads == nil {
		s.heads = make(map[uint64][]needle)
	}
	for _, form := range forms {
		for _, text := range []string{form, backwards(form)} {
			if len(text) < headLength {
				panic("a form too short to look for") // it would be found everywhere
			}
			head := headOf(text)
			if !slices.ContainsFunc(s.heads[head], func(n needle) bool { return n.text == text }) {
				s.heads[head] = append(s.heads[head], needle{text, what, number})
			}
			s.starts[uint16(text[0])|uint16(text[1])<<8] = true
			s.longest = max(s.longest, len(text))
		}
	}
}

func backwards(text string) string {
	b := []byte(text)
	slices.Reverse(b)
	return string(b)
}

func headOf(text string) uint64 {
	var b [8]byte
	copy(b[:headLength], text)
	return binary.LittleEndian.Uint64(b[:])
}

// Longest is the length of the longest text that is looked for: so much of two
// texts that belong together must overlap.
func (s *Searcher) Longest() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.longest
}

// Search lists what is found in a text. Numbers are left out where a caller may see its own.
func (s *Searcher) Search(place, text string, numbers bool) (hits []Hit) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for at := 0; at+headLength <= len(text); at++ {
		if !s.starts[uint16(text[at])|uint16(text[at+1])<<8] {
			continue
		}
		for _, n := range s.heads[headOf(text[at:])] {
			if (numbers || !n.number) && strings.HasPrefix(text[at:], n.text) {
				hits = append(hits, Hit{n.what, place, text[max(0, at-around):min(len(text), at+len(n.text)+around)]})
			}
		}
	}
	return hits
}
