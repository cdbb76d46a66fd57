package caller

import (
	"bytes"
	"encoding/base64"
)

const (
	// maxUser bounds the user name of Basic authentication in bytes.
	maxUser = 256

	// maxBasicEncoded is the length of credentials with a caller key.
	maxBasicEncoded = (maxUser + 1 + MaxPresented + 2) / 3 * 4
)

// strictBase64 refuses stray bits at the end, so that a password has one spelling.
var strictBase64 = base64.StdEncoding.Strict()

// passwordOf takes the password out of Basic credentials (RFC 7617). The user
// name may be anything without control characters; it is not used. The password
// has at most limit bytes.
func passwordOf(encoded string, limit int) (password string, ok bool) {
	// Visible characters only: the decoder would skip line breaks.
	if len(encoded) > strictBase64.EncodedLen(maxUser+1+limit) || !isVisible(encoded) {
		return "", false
	}
	var short [maxBasicEncoded]byte // enough for keys, without an allocation
	buffer := short[:]
	if len(encoded) > len(buffer) {
		buffer = make([]byte, len(encoded))
	}
	n, err := strictBase64.Decode(buffer, []byte(encoded))
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
