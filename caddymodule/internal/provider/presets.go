package provider

import (
	"fmt"
	"slices"
	"strings"
)

// presets are the built-in providers. A preset adds itself from its own file.
var presets = map[string]func() *Provider{}

// preset adds a built-in provider: `var _ = preset("name", build)`.
func preset(name string, build func() *Provider) struct{} {
	presets[name] = build
	return struct{}{}
}

// Preset returns a fresh copy of a built-in provider. The error of an unknown
// name lists the known ones.
func Preset(name string) (*Provider, error) {
	build, ok := presets[name]
	if !ok {
		return nil, fmt.Errorf("unknown provider %q: use one of %s, or custom", name, strings.Join(Names(), ", "))
	}
	return build(), nil
}

// Names lists the built-in providers in alphabetical order.
func Names() []string {
	names := make([]string, 0, len(presets))
	for name := range presets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// Operation returns the operation of that name, or nil.
func (p *Provider) Operation(name string) *Operation {
	for i := range p.Operations {
		if p.Operations[i].Name == name {
			return &p.Operations[i]
		}
	}
	return nil
}
