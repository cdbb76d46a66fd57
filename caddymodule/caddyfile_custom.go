package caddymodule

import (
	"slices"
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// addCustomOptions adds the options that describe an API without a preset:
//
//	place header <name> [<scheme>] | query <name> | basic
//	key_in header <name> [<scheme>] | query <name> | basic
//	operation <name> <method> <path> {
//		number query|json <name> e164|digits|national
//		number path e164|digits|national
//		param query|json <name> string|boolean|integer|region|ip [<value...>]
//		field <data_class> <json_pointer...>
//	}
//	error <verdict> status <code...>
//	error <verdict> <json_pointer> is|not <value...>
//	error <verdict> <json_pointer> exists
//
// The verdicts are bad_credential, quota_exceeded, rate_limited, bad_request
// and provider_error.
func addCustomOptions(options map[string]option, p *provider.Provider) {
	options["place"] = once(func(d *caddyfile.Dispenser) error {
		slot, err := parseSlot(d, "place header <name> [<scheme>] | place query <name> | place basic")
		p.Placements = append(p.Placements, provider.Placement{In: slot.In, Name: slot.Name, Scheme: slot.Scheme})
		return err
	})
	options["key_in"] = many(func(d *caddyfile.Dispenser) error {
		slot, err := parseSlot(d, "key_in header <name> [<scheme>] | key_in query <name> | key_in basic")
		p.CallerSlots = append(p.CallerSlots, slot)
		return err
	})
	options["operation"] = many(func(d *caddyfile.Dispenser) error {
		var op provider.Operation
		if err := parseOperation(d, &op); err != nil {
			return err
		}
		p.Operations = append(p.Operations, op)
		return nil
	})
	options["error"] = many(func(d *caddyfile.Dispenser) error {
		rule, err := parseRule(d)
		p.Rules = append(p.Rules, rule)
		return err
	})
}

func parseSlot(d *caddyfile.Dispenser, form string) (provider.Slot, error) {
	args := d.RemainingArgs()
	switch {
	case len(args) == 1 && args[0] == string(provider.InBasic):
		return provider.Slot{In: provider.InBasic}, nil
	case len(args) == 2 && (args[0] == string(provider.InHeader) || args[0] == string(provider.InQuery)):
		return provider.Slot{In: provider.In(args[0]), Name: args[1]}, nil
	case len(args) == 3 && args[0] == string(provider.InHeader):
		return provider.Slot{In: provider.InHeader, Name: args[1], Scheme: args[2]}, nil
	}
	return provider.Slot{}, d.Errf("the form is: %s", form)
}

func parseOperation(d *caddyfile.Dispenser, op *provider.Operation) error {
	if err := exactly(d, "operation <name> <method> <path> { ... }", &op.Name, &op.Method, &op.Path); err != nil {
		return err
	}
	err := readBlock(d, map[string]option{
		"number": once(func(d *caddyfile.Dispenser) error { return parseNumberSlot(d, op) }),
		"param":  many(func(d *caddyfile.Dispenser) error { return parseParam(d, op) }),
		"field":  many(func(d *caddyfile.Dispenser) error { return parseFields(d, op) }),
	})
	if err != nil {
		return err
	}
	if err := op.Validate(); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

func parseNumberSlot(d *caddyfile.Dispenser, op *provider.Operation) error {
	args := d.RemainingArgs()
	switch {
	case len(args) == 2 && args[0] == string(provider.InPath):
		op.Number = &provider.NumberSlot{In: provider.InPath, Format: provider.Format(args[1])}
	case len(args) == 3 && args[0] != string(provider.InPath):
		op.Number = &provider.NumberSlot{In: provider.In(args[0]), Name: args[1], Format: provider.Format(args[2])}
	default:
		return d.Err("the form is: number query|json <name> e164|digits|national, or number path e164|digits|national")
	}
	return nil
}

func parseParam(d *caddyfile.Dispenser, op *provider.Operation) error {
	args := d.RemainingArgs()
	if len(args) < 3 {
		return d.Err("the form is: param query|json <name> string|boolean|integer|region|ip [<value...>]")
	}
	op.Params = append(op.Params, provider.Param{
		In: provider.In(args[0]), Name: args[1], Kind: provider.ParamKind(args[2]), Values: args[3:],
	})
	return nil
}

func parseFields(d *caddyfile.Dispenser, op *provider.Operation) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.Err("the form is: field <data_class> <json_pointer...>")
	}
	for _, pointer := range args[1:] {
		if slices.ContainsFunc(op.Fields, func(f provider.Field) bool { return f.Pointer == pointer }) {
			return d.Errf("the field %q is in a data class already", pointer)
		}
		op.Fields = append(op.Fields, provider.Field{Class: provider.Class(args[0]), Pointer: pointer})
	}
	return nil
}

func parseRule(d *caddyfile.Dispenser) (provider.Rule, error) {
	args := d.RemainingArgs()
	if len(args) < 3 {
		return provider.Rule{}, d.Err("the form is: error <verdict> status <code...> | <json_pointer> is|not <value...> | <json_pointer> exists")
	}
	rule := provider.Rule{Verdict: provider.Verdict(args[0])}
	if args[1] == "status" {
		for _, word := range args[2:] {
			status, err := strconv.Atoi(word)
			if err != nil || status < 100 || status > 599 {
				return rule, d.Errf("%q is not an HTTP status", word)
			}
			rule.Status = append(rule.Status, status)
		}
		return rule, nil
	}
	rule.Pointer = args[1]
	switch {
	case args[2] == "exists" && len(args) == 3:
		rule.Exists = true
	case args[2] == "is" && len(args) > 3:
		rule.Equals = args[3:]
	case args[2] == "not" && len(args) > 3:
		rule.NotEquals = args[3:]
	default:
		return rule, d.Errf("after %s say: is <value...>, not <value...> or exists", rule.Pointer)
	}
	return rule, nil
}
