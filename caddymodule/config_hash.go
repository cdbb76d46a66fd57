package caddymodule

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
)

// configHash tells configs of Ringward apart, in audit entries: app, routes and
// transports, in any order. It holds no secret, as configs hold none.
type configHash struct {
	sum  [sha256.Size]byte
	text string
}

// add adds a module's config. It is for provisioning, before any request.
func (h *configHash) add(module any) {
	text, err := json.Marshal(module)
	if err != nil {
		return // plain structs of texts and numbers
	}
	for i, b := range sha256.Sum256(text) {
		h.sum[i] += b
	}
	h.text = hex.EncodeToString(h.sum[:6])
}

// String is the first 12 hexadecimal digits.
func (h *configHash) String() string { return h.text }
