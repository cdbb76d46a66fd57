package credential

import (
	"crypto/subtle"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
)

// redacted is what every formatter and encoder gets to see of a Secret.
const redacted = "[redacted]"

// Secret is a secret text. It shows itself as "[redacted]" to fmt, encoding/json,
// log/slog and zap, in every verb and inside every struct. Copies of a Secret
// share one memory. The zero Secret is empty. Secrets cannot be compared with
// ==, which would not be constant in time; use Equal.
type Secret struct {
	// The text sits behind a function because fmt and the dumpers built on
	// reflection print unexported fields without asking their methods: of a
	// function they can show only the address.
	open func() *sealed
}

// sealed is the memory of a secret. The lock keeps Wipe from changing a text
// that is being read, so that no request leaves with half a key.
type sealed struct {
	mu    sync.RWMutex
	bytes []byte
}

// NewSecret makes a secret from a copy of text. The caller may clear text
// afterwards. It does not check the text; Check does.
func NewSecret(text []byte) Secret {
	if len(text) == 0 {
		return Secret{}
	}
	box := &sealed{bytes: append(make([]byte, 0, len(text)), text...)}
	// Nothing else refers to the bytes, so once the box is unreachable nobody
	// can hold the secret any more and the collector may zero it.
	runtime.AddCleanup(box, func(b []byte) { clear(b) }, box.bytes)
	return Secret{open: func() *sealed { return box }}
}

// SecretFromString is NewSecret for a string. The string itself stays in memory
// until it is collected: Go cannot wipe strings.
func SecretFromString(text string) Secret { return NewSecret([]byte(text)) }

// Reveal returns the text. It is the only way to it; whoever calls it must not
// log, store or compare the result.
func (s Secret) Reveal() string {
	if s.open == nil {
		return ""
	}
	box := s.open()
	box.mu.RLock()
	defer box.mu.RUnlock()
	return string(box.bytes)
}

// Empty reports whether there is no text, because there never was one or
// because it was wiped.
func (s Secret) Empty() bool {
	if s.open == nil {
		return true
	}
	box := s.open()
	box.mu.RLock()
	defer box.mu.RUnlock()
	return len(box.bytes) == 0
}

// Equal compares two secrets in a time that depends on their lengths only.
func (s Secret) Equal(other Secret) bool {
	a, b := s.copied(), other.copied()
	defer clear(a)
	defer clear(b)
	return subtle.ConstantTimeCompare(a, b) == 1
}

// Wipe zeroes the text in this secret and in all its copies; they are empty
// afterwards. What Reveal returned before is a string of its own and stays until
// the garbage collector reuses its memory. A secret that nobody refers to any
// longer is wiped without a call, at the next garbage collection.
func (s Secret) Wipe() {
	if s.open == nil {
		return
	}
	box := s.open()
	box.mu.Lock()
	defer box.mu.Unlock()
	clear(box.bytes)
	box.bytes = nil
}

// copied returns the text in memory that the caller owns and clears.
func (s Secret) copied() []byte {
	if s.open == nil {
		return nil
	}
	box := s.open()
	box.mu.RLock()
	defer box.mu.RUnlock()
	return append(make([]byte, 0, len(box.bytes)), box.bytes...)
}

// String returns "[redacted]".
func (Secret) String() string { return redacted }

// GoString returns "[redacted]".
func (Secret) GoString() string { return redacted }

// Format writes "[redacted]" for every verb and flag.
func (Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, redacted) }

// MarshalJSON returns "[redacted]" as a JSON string.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + redacted + `"`), nil }

// MarshalText returns "[redacted]".
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue returns "[redacted]" for log/slog.
func (Secret) LogValue() slog.Value { return slog.StringValue(redacted) }

// Interface guards
var (
	_ fmt.Formatter  = Secret{}
	_ fmt.GoStringer = Secret{}
	_ slog.LogValuer = Secret{}
)
