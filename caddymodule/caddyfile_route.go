package caddymodule

import (
	"encoding/json"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"
	"github.com/dustin/go-humanize"

	"github.com/ringward/ringward/caddymodule/internal/phone"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func init() {
	httpcaddyfile.RegisterDirective("ringward", parseRoute)
	httpcaddyfile.RegisterDirectiveOrder("ringward", httpcaddyfile.Before, "reverse_proxy")
}

// route is what one ringward directive describes.
type route struct {
	provider  ProviderConfig
	edge      Edge
	transport Transport
}

// parseRoute reads the directive and expands it to the front door, reverse_proxy
// and the vault door, in this order. Only known options are taken: none of
// reverse_proxy's own can be slipped in.
//
//	ringward [<matcher>] <preset> | custom <name> {
//		credential vault <path> <field...> | file <path> | env <name> {
//			kv 1|2
//			refresh <duration>
//			max_stale <duration>
//			rotation_grace <duration>
//			rotate_every <duration>
//		}
//		upstream <https://host[:port]> | <host_name>
//		account <name> <value>
//		place <place_name>
//		token_url <url>
//		ca <file>
//		timeout <duration>
//		max_answer <size>
//		path <operation> <path>
//		alias <operation> <path...>
//		callers <name...>
//		anonymous [<data_class|json_pointer...>]
//		numbers valid|possible
//		regions <region...>
//		default_region <region>
//		types <type...>
//		operations <operation...>
//		allow <parameter...> | <parameter>=<value>[,<value>...]
//		set <parameter> <value...>
//		answer provider | unified [<operation>]
//		limit <dimension> <rate...>
//		budget provider|caller daily|monthly <units> [soft <units>]
//		concurrency <max> [queue <n>] [wait <duration>]
//		block <digits>
//		session header|cookie|claim <name>
//		scopes <scope...>
//		allow_ip|deny_ip <address|prefix...> | file <path...>
//
//		# custom providers only, see caddyfile_custom.go
//		place ...
//		key_in ...
//		operation ...
//		error ...
//	}
func parseRoute(h httpcaddyfile.Helper) ([]httpcaddyfile.ConfigValue, error) {
	if !h.Next() {
		return nil, h.ArgErr()
	}
	matcher, err := h.ExtractMatcherSet()
	if err != nil {
		return nil, err
	}
	h.Next() // consume the directive's name, again after the matcher was taken out
	r := new(route)
	if err := r.unmarshal(h.Dispenser); err != nil {
		return nil, err
	}
	subroute, err := r.expand()
	if err != nil {
		return nil, h.WrapErr(err)
	}
	return h.NewRoute(matcher, subroute), nil
}

func (r *route) unmarshal(d *caddyfile.Dispenser) error {
	if err := r.unmarshalName(d); err != nil {
		return err
	}
	options := r.options()
	if r.provider.Custom != nil {
		addCustomOptions(options, r.provider.Custom)
	}
	if err := readBlock(d, options); err != nil {
		return err
	}
	return r.check(d)
}

func (r *route) unmarshalName(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	switch {
	case len(args) == 2 && args[0] == "custom":
		r.provider.Name = args[1]
		r.provider.Custom = new(provider.Provider)
	case len(args) == 1 && args[0] != "custom":
		r.provider.Name = args[0]
		if _, err := provider.Preset(args[0]); err != nil {
			return d.WrapErr(err)
		}
	default:
		return d.Err("the form is: ringward <preset> { ... } or ringward custom <name> { ... }")
	}
	return nil
}

func (r *route) options() map[string]option {
	e, t := &r.edge, &r.transport
	options := map[string]option{
		"credential":     once(func(d *caddyfile.Dispenser) error { return parseCredential(d, &t.Credential) }),
		"upstream":       checked(text("upstream <https://host[:port]> | <host_name>", &r.provider.Upstream), r.checkUpstream),
		"account":        many(r.parseAccount),
		"place":          checked(text("place <place_name>", &r.provider.Place), r.checkPlace),
		"token_url":      text("token_url <url>", &r.provider.TokenURL),
		"operations":     checked(list("operations <operation...>", &e.Operations), r.checkOperations),
		"ca":             text("ca <file>", &t.CAFile),
		"timeout":        duration("timeout <duration>", &t.Timeout),
		"max_answer":     size("max_answer <size>", &t.MaxAnswer),
		"path":           checked(many(r.parsePath), r.checkPaths),
		"alias":          checked(many(r.parseAlias), r.checkPaths),
		"callers":        list("callers <name...>", &e.Callers),
		"anonymous":      once(r.parseAnonymous),
		"numbers":        checked(once(r.parseNumbers), func() error { return phone.Policy{Check: e.Numbers.Check}.Validate() }),
		"regions":        checked(list("regions <region...>", &e.Numbers.Regions), func() error { return phone.Policy{Regions: e.Numbers.Regions}.Validate() }),
		"default_region": checked(text("default_region <region>", &e.Numbers.DefaultRegion), func() error { return phone.Policy{DefaultRegion: e.Numbers.DefaultRegion}.Validate() }),
		"types":          checked(list("types <type...>", &e.Numbers.Types), func() error { return phone.Policy{Check: phone.CheckPossible, Types: e.Numbers.Types}.Validate() }),
		"allow":          checked(list("allow <parameter...> | <parameter>=<value>[,<value>...]", &e.AllowParameters), r.checkAllowed),
		"set":            checked(many(r.parseSetting), r.checkSettings),
		"answer":         once(r.parseAnswer),
		"limit":          many(r.parseLimit),
		"budget":         many(func(d *caddyfile.Dispenser) error { return parseBudget(d, true, &e.Budgets) }),
		"concurrency":    once(func(d *caddyfile.Dispenser) error { return parseConcurrency(d, &e.Concurrency) }),
		"block":          once(r.parseBlock),
		"session":        once(r.parseSession),
		"scopes":         list("scopes <scope...>", &e.Scopes),
	}
	addressOptions(options, &e.Addresses)
	return options
}

func (r *route) parseAnonymous(d *caddyfile.Dispenser) error {
	r.edge.Anonymous = &AnonymousConfig{Release: d.RemainingArgs()}
	if _, err := parseRelease(r.edge.Anonymous.Release); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

func (r *route) parseNumbers(d *caddyfile.Dispenser) error {
	var check string
	err := exactly(d, "numbers valid|possible", &check)
	r.edge.Numbers.Check = phone.Check(check)
	return err
}

// check finds while adapting, where the line can be named, what provisioning
// would find otherwise.
func (r *route) check(d *caddyfile.Dispenser) error {
	if _, err := r.provider.resolve(); err != nil {
		return d.WrapErr(err)
	}
	if err := r.edge.Numbers.Validate(); err != nil {
		return d.WrapErr(err)
	}
	if r.transport.Credential.Source == "" {
		return d.Err("the credential is missing: add `credential vault <path> <field>`")
	}
	return nil
}

// expand writes the two doors with Caddy's reverse_proxy between them.
func (r *route) expand() (*caddyhttp.Subroute, error) {
	p, err := r.provider.resolve()
	if err != nil {
		return nil, err
	}
	host, err := p.Host()
	if err != nil {
		return nil, err
	}
	r.edge.Provider, r.transport.Provider = r.provider, r.provider
	proxy := reverseproxy.Handler{
		TransportRaw: caddyconfig.JSONModuleObject(r.transport, "protocol", "ringward", nil),
		Upstreams:    reverseproxy.UpstreamPool{{Dial: host}},
	}
	return &caddyhttp.Subroute{Routes: caddyhttp.RouteList{{
		HandlersRaw: []json.RawMessage{
			caddyconfig.JSONModuleObject(r.edge, "handler", "ringward", nil),
			caddyconfig.JSONModuleObject(proxy, "handler", "reverse_proxy", nil),
		},
	}}}, nil
}

func parseCredential(d *caddyfile.Dispenser, c *CredentialConfig) error {
	if err := parseSecret(d, &c.SecretConfig); err != nil {
		return err
	}
	return readBlock(d, map[string]option{
		"kv": once(func(d *caddyfile.Dispenser) error {
			var version string
			if err := exactly(d, "kv 1|2", &version); err != nil {
				return err
			}
			var err error
			if c.KV, err = strconv.Atoi(version); err != nil || c.KV < 1 || c.KV > 2 {
				return d.Err("the form is: kv 1|2")
			}
			return nil
		}),
		"refresh":        duration("refresh <duration>", &c.Refresh),
		"max_stale":      duration("max_stale <duration>", &c.MaxStale),
		"rotation_grace": duration("rotation_grace <duration>", &c.RotationGrace),
		"rotate_every":   duration("rotate_every <duration>", &c.RotateEvery),
	})
}

func duration(usage string, target *caddy.Duration) option {
	return once(func(d *caddyfile.Dispenser) error {
		var word string
		if err := exactly(d, usage, &word); err != nil {
			return err
		}
		value, err := caddy.ParseDuration(word)
		if err != nil || value <= 0 {
			return d.Errf("%q is not a positive duration such as 30s; the form is: %s", word, usage)
		}
		*target = caddy.Duration(value)
		return nil
	})
}

func size(usage string, target *int64) option {
	return once(func(d *caddyfile.Dispenser) error {
		var word string
		if err := exactly(d, usage, &word); err != nil {
			return err
		}
		value, err := humanize.ParseBytes(word)
		if err != nil || value == 0 || value > maxAnswerCeiling {
			return d.Errf("%q is not a size such as 256KiB, 64MiB at most; the form is: %s", word, usage)
		}
		*target = int64(value)
		return nil
	})
}
