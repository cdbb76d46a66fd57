package caddymodule

import (
	"slices"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// option reads one option of a block; the dispenser stands at its name.
type option struct {
	read func(d *caddyfile.Dispenser) error

	// many says that the option may be repeated.
	many bool
}

func once(read func(d *caddyfile.Dispenser) error) option { return option{read: read} }
func many(read func(d *caddyfile.Dispenser) error) option { return option{read: read, many: true} }

// readBlock reads the block that follows, if there is one. Unknown options and
// repeated ones are errors that name the line.
func readBlock(d *caddyfile.Dispenser, options map[string]option) error {
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		name := d.Val()
		opt, ok := options[name]
		if !ok {
			return d.Errf("unknown option %q: use one of %s", name, strings.Join(optionNames(options), ", "))
		}
		if seen[name] && !opt.many {
			return d.Errf("the option %q is given twice", name)
		}
		seen[name] = true
		if err := opt.read(d); err != nil {
			return err
		}
	}
	return nil
}

func optionNames(options map[string]option) []string {
	names := make([]string, 0, len(options))
	for name := range options {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// exactly reads the arguments of an option, which must be as many as there are
// targets. usage is shown when they are not.
func exactly(d *caddyfile.Dispenser, usage string, targets ...*string) error {
	args := d.RemainingArgs()
	if len(args) != len(targets) {
		return d.Errf("%d arguments, but the form is: %s", len(args), usage)
	}
	for i, target := range targets {
		if args[i] == "" {
			return d.Errf("an argument is empty; the form is: %s", usage)
		}
		*target = args[i]
	}
	return nil
}

// checked adds a check to an option, so that what it finds is told with the
// option's own line.
func checked(o option, check func() error) option {
	read := o.read
	o.read = func(d *caddyfile.Dispenser) error {
		if err := read(d); err != nil {
			return err
		}
		if err := check(); err != nil {
			return d.WrapErr(err)
		}
		return nil
	}
	return o
}

// text makes an option that takes one argument.
func text(usage string, target *string) option {
	return once(func(d *caddyfile.Dispenser) error { return exactly(d, usage, target) })
}

// list makes an option that takes one or more arguments and may be repeated.
func list(usage string, target *[]string) option {
	return many(func(d *caddyfile.Dispenser) error {
		args := d.RemainingArgs()
		if len(args) == 0 {
			return d.Errf("no argument; the form is: %s", usage)
		}
		*target = append(*target, args...)
		return nil
	})
}
