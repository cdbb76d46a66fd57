package intake

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Setting is a parameter that a route sets on every request of the operations
// that have it. Below an array of a batch it applies to every element.
type Setting struct {
	// Name is the parameter's name as in provider.Param.
	Name string `json:"name,omitempty"`

	// Values are its values, as many as the parameter takes. An empty object
	// has the one value "true".
	Values []string `json:"values,omitempty"`
}

// CheckSettings reports the first setting that no operation of the provider
// has, that is given twice, or that an operation cannot take.
func CheckSettings(p *provider.Provider, settings []Setting) error {
	seen := map[string]bool{}
	for _, s := range settings {
		if seen[s.Name] {
			return fmt.Errorf("parameter %q is set twice", s.Name)
		}
		seen[s.Name] = true
		if err := checkSetting(p, s); err != nil {
			return err
		}
	}
	return nil
}

func checkSetting(p *provider.Provider, s Setting) error {
	var names []string
	found := false
	for i := range p.Operations {
		for j := range p.Operations[i].Params {
			param := &param{Param: &p.Operations[i].Params[j]}
			if err := param.apply([]Setting{s}); err != nil {
				return err
			}
			found = found || param.set != nil
			names = append(names, param.Name)
		}
	}
	if !found {
		return fmt.Errorf("parameter %q cannot be set: no operation has it; those that can are %v", s.Name, sortedOnce(names))
	}
	return nil
}

// apply takes the values over that the route sets.
func (p *param) apply(settings []Setting) error {
	for _, s := range settings {
		if s.Name != p.Name {
			continue
		}
		if len(s.Values) == 0 || len(s.Values) > p.max() {
			return fmt.Errorf("parameter %q takes 1 to %d values, not %d", p.Name, p.max(), len(s.Values))
		}
		for _, v := range s.Values {
			canonical, err := p.settingText(v)
			if err != nil {
				return fmt.Errorf("parameter %q cannot be set to %q: %w", p.Name, v, err)
			}
			if slices.Contains(p.set, canonical) {
				return fmt.Errorf("parameter %q is set to %q twice", p.Name, v)
			}
			p.set = append(p.set, canonical)
		}
	}
	return nil
}

// settingText checks a value that comes from the config, where all is text.
func (p *param) settingText(v string) (string, error) {
	if p.Kind == provider.KindEmpty {
		if v != "true" {
			return "", errors.New("an empty object is switched on with the value true")
		}
		return "", nil
	}
	if p.Separator != "" && strings.Contains(v, p.Separator) {
		return "", fmt.Errorf("give the values one by one, without %q", p.Separator)
	}
	isText := p.In != provider.InJSON || p.quoted()
	canonical, err := check(p.Param, v, isText)
	if refusal := (*Error)(nil); errors.As(err, &refusal) {
		return "", errors.New(refusal.Detail)
	}
	return canonical, err
}
