package credential

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
)

// minRSABits is the length of a modulus from which RS256 may be used (RFC 7518).
const minRSABits = 2048

// minPEMLine is the length from which a line of a private key is searched for.
// Keys are written in lines of 64; only the last is shorter.
const minPEMLine = 40

var pemStart = []byte("-----BEGIN ")

// isPEM reports whether a text claims to be PEM.
func isPEM(text []byte) bool { return bytes.HasPrefix(text, pemStart) }

// parsePrivateKey reads a private RSA key, in PEM and nothing else: PKCS #1 or
// PKCS #8, not encrypted. The error wraps ErrInvalid and says no more than what
// is wanted.
func parsePrivateKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, fmt.Errorf("starts as PEM and is none: keep its line breaks: %w", ErrInvalid)
	}
	defer clear(block.Bytes)
	if len(block.Headers) > 0 || !isWhole(text, block) {
		return nil, fmt.Errorf("holds more than one private key in PEM without a passphrase: %w", ErrInvalid)
	}
	var key *rsa.PrivateKey
	switch block.Type {
	case "RSA PRIVATE KEY":
		key, _ = x509.ParsePKCS1PrivateKey(block.Bytes)
	case "PRIVATE KEY":
		parsed, _ := x509.ParsePKCS8PrivateKey(block.Bytes)
		key, _ = parsed.(*rsa.PrivateKey)
	}
	if key == nil {
		return nil, fmt.Errorf("is PEM, but not of a private RSA key without a passphrase: %w", ErrInvalid)
	}
	if bits := key.N.BitLen(); bits < minRSABits {
		return nil, fmt.Errorf("is a private RSA key of %d bits, fewer than %d: %w", bits, minRSABits, ErrInvalid)
	}
	return key, nil
}

// isWhole reports whether a text is one PEM block and nothing else, however its
// lines are broken.
func isWhole(text []byte, block *pem.Block) bool {
	written := pem.EncodeToMemory(block)
	want, got := withoutBreaks(written), withoutBreaks(text)
	defer clear(written)
	defer clear(want)
	defer clear(got)
	return bytes.Equal(want, got)
}

func withoutBreaks(text []byte) []byte {
	kept := make([]byte, 0, len(text))
	for _, c := range text {
		if c != '\n' && c != '\r' {
			kept = append(kept, c)
		}
	}
	return kept
}

// appendPEMLines adds the lines of a private key: it may be echoed with its line
// breaks escaped, replaced or left out.
func appendPEMLines(needles [][]byte, text []byte) [][]byte {
	if !isPEM(text) {
		return needles
	}
	for line := range bytes.Lines(text) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) < minPEMLine || line[0] == '-' {
			continue
		}
		needle := bytes.Clone(line)
		foldInPlace(needle)
		needles = append(needles, needle)
	}
	return needles
}
