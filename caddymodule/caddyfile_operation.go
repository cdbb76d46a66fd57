package caddymodule

import (
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func parseOperation(d *caddyfile.Dispenser, op *provider.Operation) error {
	if err := exactly(d, "operation <name> <method> <path> { ... }", &op.Name, &op.Method, &op.Path); err != nil {
		return err
	}
	most := 0 // numbers of a batch
	err := readBlock(d, map[string]option{
		"number":  once(func(d *caddyfile.Dispenser) error { return parseNumberSlot(d, op) }),
		"param":   many(func(d *caddyfile.Dispenser) error { return parseParam(d, op) }),
		"field":   many(func(d *caddyfile.Dispenser) error { return parseFields(d, op) }),
		"batch":   once(func(d *caddyfile.Dispenser) error { return parseBatch(d, op, &most) }),
		"cost":    once(func(d *caddyfile.Dispenser) error { return parseCost(d, op) }),
		"unified": many(func(d *caddyfile.Dispenser) error { return parseMapping(d, op) }),
	})
	if err != nil {
		return err
	}
	if op.Number != nil {
		op.Number.Max = most
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
		return d.Err("the form is: param query|json <name> string|boolean|integer|region|ip|empty [<value...>]")
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

// parseBatch reads how many numbers a request may hold, and where the answer
// has one element for each.
func parseBatch(d *caddyfile.Dispenser, op *provider.Operation, most *int) error {
	var count string
	if err := exactly(d, "batch <max_numbers> <json_pointer>", &count, &op.Each); err != nil {
		return err
	}
	var err error
	if *most, err = strconv.Atoi(count); err != nil || *most < 2 {
		return d.Errf("%q is not a number of numbers, 2 or more", count)
	}
	return nil
}

func parseCost(d *caddyfile.Dispenser, op *provider.Operation) error {
	var units string
	if err := exactly(d, "cost <units>", &units); err != nil {
		return err
	}
	var err error
	if op.Cost, err = strconv.Atoi(units); err != nil || op.Cost < 1 || op.Cost > maxCost {
		return d.Errf("%q is not a cost: use 1 to %d units", units, maxCost)
	}
	return nil
}

// maxCost bounds the price of a lookup in cost units.
const maxCost = 1000

func parseMapping(d *caddyfile.Dispenser, op *provider.Operation) error {
	const form = "unified <field> <json_pointer> [<from>=<to>...]"
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.Errf("the form is: %s", form)
	}
	m := provider.Mapping{To: provider.UnifiedField(args[0]), From: args[1]}
	for _, pair := range args[2:] {
		from, to, ok := strings.Cut(pair, "=")
		if !ok || m.Values[from] != "" {
			return d.Errf("%q: each value once, as <from>=<to>; the form is: %s", pair, form)
		}
		if m.Values == nil {
			m.Values = make(map[string]string)
		}
		m.Values[from] = to
	}
	op.Unified = append(op.Unified, m)
	return nil
}
