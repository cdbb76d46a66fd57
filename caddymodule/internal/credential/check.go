package credential

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxSecretLength bounds one secret in bytes.
const MaxSecretLength = 8 << 10

// Check reports whether the secret can be used as a credential: text without
// control characters, without white space around it, of a sane length. A key
// that was pasted with its line end would otherwise be sent with it, and be
// refused for a reason that is hard to find. The error says what is wrong and
// never shows the text; it wraps ErrEmpty or ErrInvalid.
func (s Secret) Check() error {
	text := s.copied()
	defer clear(text)
	return checkText(text)
}

// checkField is Check for a field of a value, which may be a private key too. That
// is the only text with line breaks that is a credential.
func (s Secret) checkField() error {
	text := s.copied()
	defer clear(text)
	if isPEM(text) && len(text) <= MaxSecretLength {
		_, err := parsePrivateKey(text)
		return err
	}
	return checkText(text)
}

func checkText(text []byte) error {
	switch {
	case len(text) == 0:
		return ErrEmpty
	case len(text) > MaxSecretLength:
		return fmt.Errorf("is longer than %d bytes: %w", MaxSecretLength, ErrInvalid)
	case !utf8.Valid(text):
		return fmt.Errorf("is not text in UTF-8: %w", ErrInvalid)
	}
	if problem := edgeProblem(text); problem != "" {
		return fmt.Errorf("%s: %w", problem, ErrInvalid)
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRune(text[i:])
		if unicode.IsControl(r) || r == '\u2028' || r == '\u2029' {
			return fmt.Errorf("contains a control character or a line break: %w", ErrInvalid)
		}
		i += size
	}
	return nil
}

// edgeProblem names the usual accidents at the ends of a pasted text.
func edgeProblem(text []byte) string {
	first, _ := utf8.DecodeRune(text)
	last, _ := utf8.DecodeLastRune(text)
	switch {
	case first == '\ufeff':
		return "starts with a byte order mark"
	case last == '\n' || last == '\r':
		return "has a trailing newline"
	case unicode.IsSpace(first):
		return "has leading white space"
	case unicode.IsSpace(last):
		return "has trailing white space"
	}
	return ""
}

// checkName checks the name of a field of a value or of a secret.
func checkName(name string) error {
	switch {
	case name == "":
		return fmt.Errorf("a field name is missing: %w", ErrInvalid)
	case len(name) > maxNameLength:
		return fmt.Errorf("a field name is longer than %d bytes: %w", maxNameLength, ErrInvalid)
	case !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("a field name holds a control character or is not UTF-8: %w", ErrInvalid)
	case name != strings.TrimSpace(name):
		return fmt.Errorf("a field name has white space around it: %w", ErrInvalid)
	}
	return nil
}

const maxNameLength = 256
