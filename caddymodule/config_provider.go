package caddymodule

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// ProviderConfig selects a phone API and says in what it differs from its
// preset.
type ProviderConfig struct {
	// Name is a preset, or the name of the custom provider.
	Name string `json:"name"`

	// Upstream is https://host[:port] in place of the preset's, or the name of
	// one of its further hosts, such as a region.
	Upstream string `json:"upstream,omitempty"`

	// Account gives the values of path segments that belong to your account
	// with the provider, by their names in the preset.
	Account map[string]string `json:"account,omitempty"`

	// Place chooses one of the preset's further ways of taking a credential,
	// by its name. Default: the preset's first way.
	Place string `json:"place,omitempty"`

	// TokenURL is where OAuth 2.0 access tokens are fetched, in place of the
	// preset's https URL.
	TokenURL string `json:"token_url,omitempty"`

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
		if host, ok := p.Hosts[c.Upstream]; ok {
			p.BaseURL = host
		}
	}
	for _, step := range []func(*provider.Provider) error{c.place, c.paths, c.account} {
		if err := step(p); err != nil {
			return nil, err
		}
	}
	if err := p.Validate(); err != nil {
		return nil, err
	}
	return p, nil
}

// place chooses how the credential is placed.
func (c *ProviderConfig) place(p *provider.Provider) error {
	if c.Place != "" {
		list, ok := p.OtherPlacements[c.Place]
		if !ok {
			return fmt.Errorf("provider %s has no other place %q for its credential: it has %s", c.Name, c.Place, namesOrNone(slices.Sorted(maps.Keys(p.OtherPlacements))))
		}
		p.Placements = list
	}
	if c.TokenURL == "" {
		return nil
	}
	p.Placements = slices.Clone(p.Placements)
	for i := range p.Placements {
		if p.Placements[i].In == provider.InOAuth2 {
			p.Placements[i].TokenURL = c.TokenURL
			return nil
		}
	}
	return fmt.Errorf("provider %s fetches no tokens: take token_url away", c.Name)
}

// paths replaces paths of operations and adds further ones.
func (c *ProviderConfig) paths(p *provider.Provider) error {
	for name, path := range c.Paths {
		op := p.Operation(name)
		if op == nil {
			return unknownOperation(p, name)
		}
		op.Path = path
	}
	for name, paths := range c.Aliases {
		op := p.Operation(name)
		if op == nil {
			return unknownOperation(p, name)
		}
		op.Aliases = append(op.Aliases, paths...)
	}
	return nil
}

// account fills the segments of the account in every path.
func (c *ProviderConfig) account(p *provider.Provider) error {
	var fill []string
	for _, name := range p.Account {
		value := c.Account[name]
		if value == "" || strings.ContainsAny(value, "{}/") {
			return fmt.Errorf("provider %s needs your %s, one segment of a path: add `account %s <value>`", c.Name, name, name)
		}
		fill = append(fill, "{"+name+"}", value)
	}
	for name := range c.Account {
		if !slices.Contains(p.Account, name) {
			return fmt.Errorf("provider %s has no account value %q: it has %s", c.Name, name, namesOrNone(p.Account))
		}
	}
	filled := strings.NewReplacer(fill...)
	for i := range p.Operations {
		op := &p.Operations[i]
		op.Path = filled.Replace(op.Path)
		for j, alias := range op.Aliases {
			op.Aliases[j] = filled.Replace(alias)
		}
	}
	return nil
}

func namesOrNone(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
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
	p.Operations = slices.Clone(c.Custom.Operations)
	for i := range p.Operations {
		p.Operations[i].Aliases = slices.Clone(p.Operations[i].Aliases)
	}
	return &p, nil
}

func unknownOperation(p *provider.Provider, name string) error {
	names := make([]string, len(p.Operations))
	for i := range p.Operations {
		names[i] = p.Operations[i].Name
	}
	return fmt.Errorf("provider %s has no operation %q: it has %v", p.Name, name, names)
}
