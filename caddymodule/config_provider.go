package caddymodule

import (
	"errors"
	"fmt"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// ProviderConfig selects a phone API and says in what it differs from its
// preset.
type ProviderConfig struct {
	// Name is a preset, or the name of the custom provider.
	Name string `json:"name"`

	// Upstream is https://host[:port] in place of the preset's.
	Upstream string `json:"upstream,omitempty"`

	// Paths replace the path of operations, by the operation's name, for
	// callers and upstream alike.
	Paths map[string]string `json:"paths,omitempty"`

	// Aliases are further paths under which callers reach operations, by the
	// operation's name. The provider is asked at the operation's own path.
	Aliases map[string][]string `json:"aliases,omitempty"`

	// Custom describes an API that has no preset.
	Custom *provider.Provider `json:"custom,omitempty"`
}

// resolve returns the provider as configured.
func (c *ProviderConfig) resolve() (*provider.Provider, error) {
	p, err := c.base()
	if err != nil {
		return nil, err
	}
	if c.Upstream != "" {
		p.BaseURL = c.Upstream
	}
	for name, path := range c.Paths {
		op := p.Operation(name)
		if op == nil {
			return nil, c.unknownOperation(p, name)
		}
		op.Path = path
	}
	for name, paths := range c.Aliases {
		op := p.Operation(name)
		if op == nil {
			return nil, c.unknownOperation(p, name)
		}
		op.Aliases = append(op.Aliases, paths...)
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return p, nil
}

func (c *ProviderConfig) base() (*provider.Provider, error) {
	if c.Custom == nil {
		return provider.Preset(c.Name)
	}
	if _, err := provider.Preset(c.Name); err == nil {
		return nil, fmt.Errorf("the name %q belongs to a preset: give the custom provider another", c.Name)
	}
	if c.Upstream == "" && c.Custom.BaseURL == "" {
		return nil, errors.New("a custom provider needs its upstream: https://host[:port]")
	}
	p := *c.Custom
	p.Name = c.Name
	p.Operations = append([]provider.Operation(nil), c.Custom.Operations...)
	return &p, nil
}

func (c *ProviderConfig) unknownOperation(p *provider.Provider, name string) error {
	names := make([]string, len(p.Operations))
	for i := range p.Operations {
		names[i] = p.Operations[i].Name
	}
	return fmt.Errorf("provider %s has no operation %q: it has %v", c.Name, name, names)
}
