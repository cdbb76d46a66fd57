package audit

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

// origin begins each note that an instance signs, so that a note of one log
// cannot stand for another.
const origin = "ringward-audit/"

// GenerateKey makes an Ed25519 key for checkpoints, in the text form of
// golang.org/x/mod/sumdb/note: the signer's is secret, the verifier's is to be
// handed to whoever verifies. The name has letters, digits, ".", "_" or "-".
func GenerateKey(name string) (signer, verifier string, err error) {
	if !validInstance(name) {
		return "", "", fmt.Errorf("name of a checkpoint key: %w", errInstance)
	}
	return note.GenerateKey(rand.Reader, origin+name)
}

// ParseSigner reads a signer's key as GenerateKey makes it. Space around it is
// ignored; no error repeats it.
func ParseSigner(secret string) (note.Signer, error) {
	signer, err := note.NewSigner(strings.TrimSpace(secret))
	if err != nil {
		return nil, errors.New("checkpoint key: want a signer's key, beginning with PRIVATE+KEY+, as a note key generator makes it")
	}
	return signer, nil
}

// ParseVerifiers reads verifiers' keys as GenerateKey makes them.
func ParseVerifiers(keys ...string) (note.Verifiers, error) {
	var list []note.Verifier
	for i, key := range keys {
		verifier, err := note.NewVerifier(strings.TrimSpace(key))
		if err != nil {
			// Not repeated: it may be the signer's key, given by mistake.
			return nil, fmt.Errorf("verifier key %d: want name+hash+key, as a note key generator makes it", i+1)
		}
		list = append(list, verifier)
	}
	return note.VerifierList(list...), nil
}

// checkpoint says that an instance's chain has a line with this seq and hash.
type checkpoint struct {
	instance string
	link     link
}

func (c checkpoint) sign(signer note.Signer) (string, error) {
	text := origin + c.instance + "\n" +
		strconv.FormatUint(c.link.seq, 10) + "\n" +
		hex.EncodeToString(c.link.hash[:]) + "\n"
	signed, err := note.Sign(&note.Note{Text: text}, signer)
	return string(signed), err
}

var (
	errNote      = errors.New("not the note of a checkpoint")
	errSignature = errors.New("the signature of its checkpoint is wrong")
	errUnsigned  = errors.New("no given key signed its checkpoint")
)

// openCheckpoint reads a note. Signatures are checked unless verifiers is nil.
func openCheckpoint(signed string, verifiers note.Verifiers) (checkpoint, error) {
	opened, err := note.Open([]byte(signed), verifiers)
	var unverified *note.UnverifiedNoteError
	var invalid *note.InvalidSignatureError
	switch {
	case errors.As(err, &unverified) && verifiers == nil:
		opened = unverified.Note
	case errors.As(err, &unverified):
		return checkpoint{}, errUnsigned
	case errors.As(err, &invalid):
		return checkpoint{}, errSignature
	case err != nil:
		return checkpoint{}, errNote
	}
	return parseCheckpoint(opened.Text)
}

func parseCheckpoint(text string) (c checkpoint, err error) {
	lines := strings.Split(text, "\n")
	if len(lines) != 4 || lines[3] != "" {
		return checkpoint{}, errNote
	}
	instance, isOurs := strings.CutPrefix(lines[0], origin)
	seq, rest, isNumber := cutUint([]byte(lines[1]))
	hash, isHash := parseHash(lines[2])
	if !isOurs || !validInstance(instance) || !isNumber || len(rest) > 0 || !isHash {
		return checkpoint{}, errNote
	}
	return checkpoint{instance, link{seq, hash}}, nil
}
