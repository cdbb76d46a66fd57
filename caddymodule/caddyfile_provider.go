package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/ringward/ringward/caddymodule/internal/intake"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// The options of a route that say how it differs from its preset. Each is
// checked where it stands, so that the error names its line.

// checkUpstream takes names of hosts from presets only.
func (r *route) checkUpstream() error {
	if p, err := r.provider.base(); err == nil && p.Hosts[r.provider.Upstream] != "" {
		return nil
	}
	_, err := (&provider.Provider{Name: r.provider.Name, BaseURL: r.provider.Upstream}).Host()
	return err
}

// checkPreset tries one option on a preset. A custom provider may be described
// further down.
func (r *route) checkPreset(try func(p *provider.Provider) error) error {
	if r.provider.Custom != nil {
		return nil
	}
	p, err := r.provider.base()
	if err != nil {
		return err
	}
	return try(p)
}

func (r *route) checkPaths() error {
	return r.checkPreset(func(p *provider.Provider) error {
		if err := r.provider.paths(p); err != nil {
			return err
		}
		return p.Validate()
	})
}

func (r *route) checkPlace() error { return r.checkPreset(r.provider.place) }

func (r *route) checkOperations() error {
	return r.checkPreset(func(p *provider.Provider) error {
		_, err := servedOperations(p, r.edge.Operations)
		return err
	})
}

func (r *route) checkAllowed() error {
	return r.checkPreset(func(p *provider.Provider) error { return intake.CheckAllowed(p, r.edge.AllowParameters) })
}

func (r *route) checkSettings() error {
	return r.checkPreset(func(p *provider.Provider) error { return intake.CheckSettings(p, r.edge.Settings) })
}

func (r *route) parseSetting(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.Err("the form is: set <parameter> <value...>")
	}
	r.edge.Settings = append(r.edge.Settings, intake.Setting{Name: args[0], Values: args[1:]})
	return nil
}

func (r *route) parseAccount(d *caddyfile.Dispenser) error {
	var name, value string
	if err := exactly(d, "account <name> <value>", &name, &value); err != nil {
		return err
	}
	if r.provider.Account[name] != "" {
		return d.Errf("the account value %q is given twice", name)
	}
	if r.provider.Account == nil {
		r.provider.Account = make(map[string]string)
	}
	r.provider.Account[name] = value
	return nil
}

func (r *route) parsePath(d *caddyfile.Dispenser) error {
	var name, path string
	if err := exactly(d, "path <operation> <path>", &name, &path); err != nil {
		return err
	}
	if r.provider.Paths[name] != "" {
		return d.Errf("the path of operation %q is given twice", name)
	}
	if r.provider.Paths == nil {
		r.provider.Paths = make(map[string]string)
	}
	r.provider.Paths[name] = path
	return nil
}

func (r *route) parseAlias(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.Err("the form is: alias <operation> <path...>")
	}
	if r.provider.Aliases == nil {
		r.provider.Aliases = make(map[string][]string)
	}
	r.provider.Aliases[args[0]] = append(r.provider.Aliases[args[0]], args[1:]...)
	return nil
}

func (r *route) parseAnswer(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	switch {
	case len(args) == 1 && args[0] == "provider":
	case len(args) == 1 && args[0] == "unified":
		r.edge.Unified = new(UnifiedConfig)
	case len(args) == 2 && args[0] == "unified":
		r.edge.Unified = &UnifiedConfig{Operation: args[1]}
	default:
		return d.Err("the form is: answer provider | unified [<operation>]")
	}
	return nil
}
