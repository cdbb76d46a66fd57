package jwt

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	// maxKeys bounds the keys of an issuer; real ones have a handful.
	maxKeys = 100

	// The sizes of RSA keys: shorter ones can be broken, longer ones are slow.
	minRSABits, maxRSABits = 2048, 4096
)

// keySet is the keys of an issuer, as they were at one time.
type keySet struct {
	keys       []jose.JSONWebKey
	generation uint64 // another one for other keys
	digest     [32]byte
	fetched    time.Time
}

var errNotKeys = errors.New("this is not a JSON Web Key Set")

// parseKeys reads a JSON Web Key Set. Keys that cannot verify a signature of
// ours, such as encryption keys, symmetric and weak ones, are left out. A set
// without keys is good: an issuer may take all back.
func parseKeys(content []byte) ([]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(content, &set); err != nil || set.Keys == nil || len(set.Keys) > maxKeys {
		return nil, errNotKeys
	}
	keys := make([]jose.JSONWebKey, 0, len(set.Keys))
	for _, text := range set.Keys {
		var key jose.JSONWebKey
		// RFC 7517, section 5: what is not understood is to be left out.
		if err := json.Unmarshal(text, &key); err == nil && isUsable(&key) {
			keys = append(keys, key)
		}
	}
	return keys, nil
}

func isUsable(key *jose.JSONWebKey) bool {
	if !key.Valid() || !key.IsPublic() || key.Use != "" && key.Use != "sig" {
		return false
	}
	if public, ok := key.Key.(*rsa.PublicKey); ok {
		return public.N.BitLen() >= minRSABits && public.N.BitLen() <= maxRSABits
	}
	return true
}

// find is the key for a token. A token without a key id is good where just one
// key fits: trying several would let one token cost as much as many.
func (s *keySet) find(keyID, algorithm string) *jose.JSONWebKey {
	var found *jose.JSONWebKey
	for i := range s.keys {
		key := &s.keys[i]
		if keyID != "" && key.KeyID != keyID || !fits(key, algorithm) {
			continue
		}
		if found != nil {
			return nil
		}
		found = key
	}
	return found
}

// fits reports whether a key is for an algorithm: by its own word if it has
// one, and by its kind in any case. The token's word alone never counts.
func fits(key *jose.JSONWebKey, algorithm string) bool {
	if key.Algorithm != "" && key.Algorithm != algorithm {
		return false
	}
	switch public := key.Key.(type) {
	case *rsa.PublicKey:
		return strings.HasPrefix(algorithm, "RS") || strings.HasPrefix(algorithm, "PS")
	case *ecdsa.PublicKey:
		return curves[algorithm] != nil && curves[algorithm] == public.Curve
	case ed25519.PublicKey:
		return algorithm == string(jose.EdDSA)
	default:
		return false
	}
}

var curves = map[string]elliptic.Curve{"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}

// isStale reports whether the keys were fetched too long ago.
func (s *keySet) isStale(now time.Time, maxAge time.Duration) bool {
	return now.Sub(s.fetched) > maxAge
}
