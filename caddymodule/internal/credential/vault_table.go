package credential

import (
	"context"
	"encoding/json"
	"fmt"
)

// VaultTable reads all fields of a secret in Vault's KV engine, whatever they are
// called. It is for what stands in Vault to be in one controlled place, and is no
// credential.
type VaultTable struct{ source VaultSource }

// NewVaultTable makes a table of a reference without fields, which it checks.
// Nothing is read yet.
func NewVaultTable(session *Session, ref Reference) (*VaultTable, error) {
	ref, err := ref.located()
	if err != nil {
		return nil, err
	}
	ref.Fields = nil
	return &VaultTable{VaultSource{session: session, ref: ref}}, nil
}

// Describe names the secret.
func (t *VaultTable) Describe() string { return "vault " + t.source.ref.Path }

// Fetch reads the newest version. A field that is not a text is given as JSON. A
// secret that is not there, or was deleted, is an error.
func (t *VaultTable) Fetch(ctx context.Context) (map[string]string, error) {
	fields, err := t.fetch(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", t.Describe(), err)
	}
	return fields, nil
}

func (t *VaultTable) fetch(ctx context.Context) (map[string]string, error) {
	mount, answer, err := t.source.look(ctx)
	if err != nil {
		return nil, err
	}
	data, _, _, err := t.source.open(mount, answer)
	if err != nil {
		return nil, err
	}
	fields := make(map[string]string, len(data))
	for name, raw := range data {
		text, isText := raw.(string)
		if !isText {
			encoded, err := json.Marshal(raw)
			if err != nil {
				return nil, fmt.Errorf("a field cannot be read: %w", ErrInvalid)
			}
			text = string(encoded)
		}
		fields[name] = text
	}
	return fields, nil
}
