package demo

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"time"
)

// NewKey makes a fresh credential in the form that a provider's have: random
// text for most, "a:b" for a credential of two fields, and for Vonage Identity
// Insights an application's id and its RSA private key, "id:PEM". An unknown
// name gives ErrUnknownProvider.
func NewKey(name string) (string, error) {
	build, err := find(name)
	if err != nil {
		return "", err
	}
	newKey := build(time.Now).newKey
	if newKey == nil {
		return randomHex(16), nil
	}
	key, err := newKey()
	if err != nil {
		return "", fmt.Errorf("making a key for %q: %w", name, err)
	}
	return key, nil
}

// randomHex returns so many random bytes as text. Reading random bytes cannot
// fail: crypto/rand ends the process instead.
func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

// randomUUID returns a random UUID (RFC 9562, version 4).
func randomUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
