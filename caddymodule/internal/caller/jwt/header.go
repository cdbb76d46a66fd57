package jwt

import (
	"encoding/base64"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// strict refuses line breaks, padding and stray bits: a token has one spelling.
var strict = base64.RawURLEncoding.Strict()

// header is the part of a token that tells how to verify it. Of all else it may
// hold, such as a key or where to fetch one (jwk, jku, x5c, x5u), nothing is
// used: the sender would choose the key.
type header struct {
	Algorithm   string         `json:"alg"`
	KeyID       string         `json:"kid"`
	Type        string         `json:"typ"`
	ContentType jsontext.Value `json:"cty"`
	Critical    jsontext.Value `json:"crit"`
	Base64      jsontext.Value `json:"b64"`
	Zip         jsontext.Value `json:"zip"`
}

// maxKeyID bounds a key id; those of real issuers are far shorter.
const maxKeyID = 256

// tokenTypes are the types that a token may have where the config names none.
// Others, such as a logout token or a DPoP proof, are signed by the same keys
// but are no proof of who is calling (RFC 8725, section 3.11).
var tokenTypes = []string{"", "jwt", "at+jwt"}

// readHeader checks the form of a token and reads its header, without trust.
func readHeader(token string) (*header, error) {
	first, rest, _ := strings.Cut(token, ".")
	payload, signature, ok := strings.Cut(rest, ".")
	if !ok || first == "" || payload == "" || signature == "" || !isBase64URL(payload) || !isBase64URL(signature) {
		return nil, ErrForm
	}
	text, err := strict.DecodeString(first)
	if err != nil || !isBase64URL(first) {
		return nil, ErrForm
	}
	h := new(header)
	if err := json.Unmarshal(text, h); err != nil {
		return nil, ErrForm
	}
	if h.ContentType != nil || h.Critical != nil || h.Base64 != nil || h.Zip != nil || len(h.KeyID) > maxKeyID {
		return nil, ErrHeader
	}
	return h, nil
}

// isBase64URL reports whether a text has no other characters; the decoders skip
// line breaks.
func isBase64URL(text string) bool {
	for i := range len(text) {
		c := text[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		digit := c >= '0' && c <= '9'
		if !letter && !digit && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// typeName is a type in lower case, without the "application/" that may be left
// out (RFC 7515, section 4.1.9).
func typeName(text string) string {
	return strings.TrimPrefix(strings.ToLower(text), "application/")
}
