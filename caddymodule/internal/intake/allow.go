package intake

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// CheckAllowed reports the first entry of Options.Allow that allows nothing at
// this provider, and says what can be allowed.
func CheckAllowed(p *provider.Provider, allow []string) error {
	for _, entry := range allow {
		if err := checkAllowed(p, entry); err != nil {
			return err
		}
	}
	return nil
}

func checkAllowed(p *provider.Provider, entry string) error {
	name, values := splitAllowed(entry)
	var optional, offered []string
	covered := false
	for i := range p.Operations {
		for j := range p.Operations[i].Params {
			param := &p.Operations[i].Params[j]
			if !param.OptIn {
				continue
			}
			optional = append(optional, param.Name)
			covered = covered || covers(name, param.Name)
			if name == param.Name {
				offered = append(offered, param.Values...)
			}
		}
	}
	if !covered {
		return fmt.Errorf("parameter %q cannot be allowed: those that can are %v", name, sortedOnce(optional))
	}
	for _, v := range values {
		if len(offered) == 0 {
			return fmt.Errorf("parameter %q has no list of values: allow it by its name alone", name)
		}
		if !slices.Contains(offered, v) {
			return fmt.Errorf("value %q of parameter %q cannot be allowed: those that can are %v", v, name, sortedOnce(offered))
		}
	}
	return nil
}

// splitAllowed takes an entry of Options.Allow apart; values is nil where it
// allows them all.
func splitAllowed(entry string) (name string, values []string) {
	name, list, some := strings.Cut(entry, "=")
	if some {
		values = strings.Split(list, ",")
	}
	return name, values
}

// covers reports whether an allowed name means the parameter: its own, or a
// JSON pointer above it.
func covers(allowed, name string) bool {
	below, ok := strings.CutPrefix(name, allowed)
	return ok && (below == "" || strings.HasPrefix(allowed, "/") && below[0] == '/')
}

// grant finds out whether the route allows an opt-in parameter, and which of
// its values. Several entries for one parameter add up.
func (p *param) grant(allow []string) {
	if !p.OptIn {
		return
	}
	p.refused = true
	for _, entry := range allow {
		name, values := splitAllowed(entry)
		switch {
		case values == nil && covers(name, p.Name):
			p.refused, p.only = false, nil
			return
		case values != nil && name == p.Name:
			p.refused, p.only = false, append(p.only, values...)
		}
	}
}

func sortedOnce(names []string) []string {
	slices.Sort(names)
	return slices.Compact(names)
}
