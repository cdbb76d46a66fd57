package caddymodule

import (
	"strconv"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// addCustomOptions adds the options that describe an API without a preset:
//
//	place header <name> [<scheme>] | query <name> | path | basic | oauth2 <token_url> | jwt | tsa
//	key_in header <name> [<scheme>] | query <name> | path | basic
//	operation <name> <method> <path> {
//		number query|json <name> e164|digits|national
//		number path e164|digits|national
//		batch <max_numbers> <json_pointer>
//		cost <units>
//		param query|json <name> string|boolean|integer|region|ip|empty [<value...>]
//		field <data_class> <json_pointer...>
//		unified <field> <json_pointer> [<from>=<to>...]
//	}
//	error <verdict> status <code...>
//	error <verdict> <json_pointer> is|not <value...>
//	error <verdict> <json_pointer> exists
//
// The verdicts are bad_credential, quota_exceeded, rate_limited, bad_request,
// unknown_number and provider_error. Of several places, each takes as many
// fields of the credential as it needs, in order.
func addCustomOptions(options map[string]option, p *provider.Provider) {
	options["place"] = many(func(d *caddyfile.Dispenser) error {
		placement, err := parsePlacement(d)
		p.Placements = append(p.Placements, placement)
		return err
	})
	options["key_in"] = many(func(d *caddyfile.Dispenser) error {
		slot, err := parseSlot(d)
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

// parsePlacement reads a slot, or one of the places for which something is made
// of the credential first.
func parsePlacement(d *caddyfile.Dispenser) (provider.Placement, error) {
	args := d.RemainingArgs()
	if slot, ok := slotOf(args); ok {
		return provider.Placement{In: slot.In, Name: slot.Name, Scheme: slot.Scheme}, nil
	}
	switch {
	case len(args) == 2 && args[0] == string(provider.InOAuth2):
		return provider.Placement{In: provider.InOAuth2, TokenURL: args[1]}, nil
	case len(args) == 1 && (args[0] == string(provider.InJWT) || args[0] == string(provider.InTSA)):
		return provider.Placement{In: provider.In(args[0])}, nil
	}
	return provider.Placement{}, d.Err("the form is: place header <name> [<scheme>] | query <name> | path | basic | oauth2 <token_url> | jwt | tsa")
}

func parseSlot(d *caddyfile.Dispenser) (provider.Slot, error) {
	slot, ok := slotOf(d.RemainingArgs())
	if !ok {
		return slot, d.Err("the form is: key_in header <name> [<scheme>] | query <name> | path | basic")
	}
	return slot, nil
}

func slotOf(args []string) (slot provider.Slot, ok bool) {
	if len(args) == 0 {
		return provider.Slot{}, false
	}
	switch in := provider.In(args[0]); {
	case len(args) == 1 && (in == provider.InBasic || in == provider.InPath):
		return provider.Slot{In: in}, true
	case len(args) == 2 && (in == provider.InHeader || in == provider.InQuery):
		return provider.Slot{In: in, Name: args[1]}, true
	case len(args) == 3 && in == provider.InHeader:
		return provider.Slot{In: in, Name: args[1], Scheme: args[2]}, true
	}
	return provider.Slot{}, false
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
