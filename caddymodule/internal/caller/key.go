// Package caller finds out which application is calling.
//
// A caller shows a caller key, in a header of Ringward's own or wherever the
// vendor's client puts the vendor's key. Ringward keeps digests of keys only, so
// a config that leaks opens nothing.
package caller

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
)

// KeyPrefix starts every key that NewKey makes, so that secret scanners and
// people know one when they see it.
const KeyPrefix = "rwk_"

// keyBytes is the randomness of a key: 256 bits, out of reach of any guessing,
// which is why a plain digest is enough to store it.
const keyBytes = 32

// NewKey makes a caller key: KeyPrefix and 32 random bytes in base64url, 47
// characters in all. The key is for the caller, the digest for the config. A nil
// source means crypto/rand. The error is that of a source that gave too little.
func NewKey(random io.Reader) (key string, digest Digest, err error) {
	if random == nil {
		random = rand.Reader
	}
	var secret [keyBytes]byte
	if _, err := io.ReadFull(random, secret[:]); err != nil {
		return "", Digest{}, fmt.Errorf("reading randomness: %w", err)
	}
	key = KeyPrefix + base64.RawURLEncoding.EncodeToString(secret[:])
	return key, DigestOf(key), nil
}
