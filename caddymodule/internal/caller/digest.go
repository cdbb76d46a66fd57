package caller

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"strings"
)

// digestScheme stands in front of a written digest.
const digestScheme = "sha256:"

// Digest is the SHA-256 digest of a caller key. It may stand in configs and logs.
type Digest [sha256.Size]byte

// The faults of a written digest. Their texts never hold the input, which may be
// a key in the wrong place.
var (
	// ErrDigestForm: the text is not a digest.
	ErrDigestForm = errors.New(`a caller key is configured by its digest: "sha256:" and 64 hexadecimal digits`)

	// ErrDigestIsKey: the text is a key. It should be replaced by a new one.
	ErrDigestIsKey = errors.New("this is a caller key, not its digest: configure the digest, and replace the key, as it has been written down")

	// ErrDigestEmpty: the digest is that of no text at all, or all zeros.
	ErrDigestEmpty = errors.New("this is the digest of an empty text or a placeholder: no caller can hold its key")
)

// emptyDigest is what hashing an unset variable gives.
var emptyDigest = DigestOf("")

// DigestOf is the digest of a key as a caller presents it.
func DigestOf(key string) Digest {
	if len(key) > MaxPresented {
		return sha256.Sum256([]byte(key))
	}
	// The conversion of a text this long would allocate; a copy on the stack does not.
	var buffer [MaxPresented]byte
	return sha256.Sum256(buffer[:copy(buffer[:], key)])
}

// ParseDigest reads what Digest.String writes; hexadecimal digits may be in
// either case.
func ParseDigest(text string) (Digest, error) {
	if strings.HasPrefix(text, KeyPrefix) {
		return Digest{}, ErrDigestIsKey
	}
	digits, ok := strings.CutPrefix(text, digestScheme)
	if !ok || len(digits) != hex.EncodedLen(len(Digest{})) {
		return Digest{}, ErrDigestForm
	}
	var d Digest
	if _, err := hex.Decode(d[:], []byte(digits)); err != nil {
		return Digest{}, ErrDigestForm // not the error itself: it quotes the input
	}
	if d.isEmpty() {
		return Digest{}, ErrDigestEmpty
	}
	return d, nil
}

func (d Digest) isEmpty() bool { return d == Digest{} || d == emptyDigest }

// String is "sha256:" and 64 hexadecimal digits.
func (d Digest) String() string { return digestScheme + hex.EncodeToString(d[:]) }

// KeyID names the key in audit entries: the first 8 hexadecimal digits.
func (d Digest) KeyID() string { return hex.EncodeToString(d[:4]) }

// MarshalText implements encoding.TextMarshaler, as String does.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler, as ParseDigest does.
func (d *Digest) UnmarshalText(text []byte) error {
	parsed, err := ParseDigest(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
