package harness

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
)

// Caller is an application that may ask.
type Caller struct{ Key, Digest string }

// NewCaller makes a caller key as `ringward caller new` does.
func NewCaller() Caller {
	key := "rwk_" + base64.RawURLEncoding.EncodeToString(random(32))
	sum := sha256.Sum256([]byte(key))
	return Caller{Key: key, Digest: "sha256:" + hex.EncodeToString(sum[:])}
}

// RandomText returns 32 characters that nobody guesses.
func RandomText() string { return hex.EncodeToString(random(16)) }

// ProviderKey returns a provider's key whose characters change under
// percent-encoding, JSON and HTML escaping, so that no form of it is missed.
func ProviderKey() string { return "canary/+" + RandomText() + `="&` }

func random(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails: crypto/rand ends the process instead
	return b
}
