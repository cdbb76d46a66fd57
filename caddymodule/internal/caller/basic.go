package caller

import (
	"bytes"
	"encoding/base64"
)

const (
	// maxUser bounds the user name of Basic authentication in bytes.
	maxUser = 256

	maxBasic        = maxUser + 1 + MaxPresented
	maxBasicEncoded = (maxBasic + 2) / 3 * 4
)

// strictBase64 refuses stray bits at the end, so that a password has one spelling.
var strictBase64 = base64.StdEncoding.Strict()

// passwordOf takes the password out of Basic credentials (RFC 7617). The user
// name may be anything without control characters; it is not used.
func passwordOf(encoded string) (password string, ok bool) {
	// Visible characters only: the decoder would skip line breaks.
	if len(encoded) > maxBasicEncoded || !isVisible(encoded) {
		return "", false
	}
	var buffer [maxBasicEncoded]byte
	n, err := strictBase64.Decode(buffer[:], []byte(encoded))
	if err != nil {
		return "", false
	}
	user, secret, found := bytes.Cut(buffer[:n], []byte{':'})
	if !found || len(user) > maxUser || bytes.ContainsFunc(user, isControl) {
		return "", false
	}
	return string(secret), true
}

func isControl(r rune) bool { return r < ' ' || r == 0x7f }
