package caddymodule

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ringward/ringward/caddymodule/internal/credential"
)

// patient is a config as far as it is checked.
type patient struct {
	file    string
	app     App
	secrets []doctorSecret
}

// doctorSecret is a secret that the config refers to.
type doctorSecret struct {
	name     string // as health and metrics call it
	from     CredentialConfig
	provider *ProviderConfig // nil for what no provider gets
	isKey    bool            // pseudonyms are made under it
}

// source names where the secret is kept.
func (s *doctorSecret) source() string {
	switch c := &s.from.SecretConfig; c.Source {
	case sourceVault:
		return c.Source + " " + credential.Reference{Path: c.Path, Fields: c.Fields}.String()
	case sourceEnv:
		return c.Source + " " + c.Name
	case sourceFile:
		return c.Source + " " + c.Path
	default: // refused, and not repeated: it may be a secret in the wrong place
		return ""
	}
}

// loadPatient reads a config. Nothing of it is provisioned.
func loadPatient(path, adapter string) (*patient, error) {
	config, file, err := readConfig(path, adapter)
	if err != nil {
		return nil, err
	}
	p, err := newPatient(config)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	p.file = file
	return p, nil
}

func newPatient(config []byte) (*patient, error) {
	var root struct {
		Apps struct {
			Ringward json.RawMessage `json:"ringward"`
			HTTP     json.RawMessage `json:"http"`
		} `json:"apps"`
	}
	if err := json.Unmarshal(config, &root); err != nil {
		return nil, fmt.Errorf("reading the config: %w", err)
	}
	p := new(patient)
	if len(root.Apps.Ringward) > 0 {
		if err := decodeStrictly(root.Apps.Ringward, &p.app); err != nil {
			return nil, fmt.Errorf("reading the ringward app: %w", err)
		}
	}
	if err := p.addTransports(root.Apps.HTTP); err != nil {
		return nil, err
	}
	if len(p.secrets) == 0 && len(root.Apps.Ringward) == 0 {
		return nil, errors.New("nothing of ringward is in this config")
	}
	p.addKeys()
	return p, nil
}

// addKeys finds the secrets of the app itself.
func (p *patient) addKeys() {
	add := func(name string, c *SecretConfig, isKey bool) {
		if c != nil {
			p.secrets = append(p.secrets, doctorSecret{name: name, from: CredentialConfig{SecretConfig: *c}, isKey: isKey})
		}
	}
	add(pseudonymKeyName, p.app.Audit.PseudonymKey, true)
	add(signingKeyName, p.app.Audit.SigningKey, false)
	if store := p.app.LimitStore; store != nil {
		add(limitKeyName, store.PseudonymKey, true)
		add(limitPasswordName, store.Password, false)
	}
}

// needsVault reports whether anything that is referred to is in Vault.
func (p *patient) needsVault() bool {
	return p.app.Audit.PseudonymKeys != nil ||
		slices.ContainsFunc(p.secrets, func(s doctorSecret) bool { return s.from.Source == sourceVault }) ||
		slices.ContainsFunc(p.app.CallerSources, func(c CallerSourceConfig) bool { return c.Source == sourceVault })
}

// addTransports finds the vault doors, however deep the routes nest.
func (p *patient) addTransports(apps json.RawMessage) error {
	if len(apps) == 0 {
		return nil
	}
	var tree any
	dec := json.NewDecoder(bytes.NewReader(apps))
	dec.UseNumber() // durations are longer than a float is exact
	if err := dec.Decode(&tree); err != nil {
		return fmt.Errorf("reading the http app: %w", err)
	}
	seen := make(map[string]bool)
	return walkJSON(tree, func(object map[string]any) error {
		if object["protocol"] != "ringward" {
			return nil
		}
		object = maps.Clone(object)
		delete(object, "protocol") // Caddy's, which names the module
		raw, err := json.Marshal(object)
		if err != nil {
			return err
		}
		var t Transport
		if err := decodeStrictly(raw, &t); err != nil {
			return fmt.Errorf("reading a ringward transport: %w", err)
		}
		if key := poolKey(t.Provider, t.Credential); !seen[key] {
			seen[key] = true
			p.secrets = append(p.secrets, doctorSecret{name: t.Provider.Name, from: t.Credential, provider: &t.Provider})
		}
		return nil
	})
}

// walkJSON calls visit for every object, in an order that does not change.
func walkJSON(node any, visit func(map[string]any) error) error {
	switch node := node.(type) {
	case []any:
		for _, element := range node {
			if err := walkJSON(element, visit); err != nil {
				return err
			}
		}
	case map[string]any:
		if err := visit(node); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(node)) {
			if err := walkJSON(node[name], visit); err != nil {
				return err
			}
		}
	}
	return nil
}

// decodeStrictly decodes a module as Caddy does: an unknown field is an error.
func decodeStrictly(raw json.RawMessage, into any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}
