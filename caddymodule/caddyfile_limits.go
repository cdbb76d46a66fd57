package caddymodule

import (
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/ringward/ringward/caddymodule/internal/quota"
)

// The options that bound what callers and routes may use. Both have them.

func (r *route) parseLimit(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.Errf("%d arguments, but the form is: limit <dimension> <rate...>, such as limit ip 10/h or limit caller+number 5/d", len(args))
	}
	for _, rate := range args[1:] {
		l := LimitConfig{By: args[0], Rate: rate}
		if _, err := l.rule("", ""); err != nil {
			return d.WrapErr(err)
		}
		r.edge.Limits = append(r.edge.Limits, l)
	}
	return nil
}

func (r *route) parseBlock(d *caddyfile.Dispenser) error {
	var digits string
	if err := exactly(d, "block <digits>", &digits); err != nil {
		return err
	}
	var err error
	r.edge.BlockDigits, err = strconv.Atoi(digits)
	if err != nil || r.edge.BlockDigits < minBlockDigits || r.edge.BlockDigits > maxBlockDigits {
		return d.Errf("%q is not %d to %d; the form is: block <digits>", digits, minBlockDigits, maxBlockDigits)
	}
	return nil
}

func (r *route) parseSession(d *caddyfile.Dispenser) error {
	var where, name string
	if err := exactly(d, "session header|cookie|claim <name>", &where, &name); err != nil {
		return err
	}
	switch where {
	case "header":
		r.edge.Session = &SessionConfig{Header: name}
	case "cookie":
		r.edge.Session = &SessionConfig{Cookie: name}
	case "claim":
		r.edge.Session = &SessionConfig{Claim: name}
	default:
		return d.Errf("%q is no place for a session: use header, cookie or claim", where)
	}
	return nil
}

// parseCallerLimits reads rates, after the dimension by which they are counted
// besides the caller, if there is one.
func parseCallerLimits(d *caddyfile.Dispenser, limits *[]LimitConfig) error {
	args := d.RemainingArgs()
	by := ""
	if len(args) > 0 && !strings.Contains(args[0], "/") {
		by, args = args[0], args[1:]
	}
	if len(args) == 0 {
		return d.Err("the form is: limit [<dimension>] <rate...>, such as limit 100/m 2000/d or limit number 5/d")
	}
	for _, rate := range args {
		*limits = append(*limits, LimitConfig{By: by, Rate: rate})
	}
	return nil
}

// periods are the words for what a budget lasts.
var periods = map[string]quota.CalendarPeriod{"daily": quota.Daily, "monthly": quota.Monthly}

// parseBudget reads a budget. A route's says whose it is; a caller's is its own.
func parseBudget(d *caddyfile.Dispenser, says bool, budgets *[]BudgetConfig) error {
	form, args, by := "budget daily|monthly <units> [soft <units>]", d.RemainingArgs(), string(quota.ByCaller)
	if says {
		form = "budget provider|caller daily|monthly <units> [soft <units>]"
		if len(args) == 0 || (args[0] != string(quota.ByProvider) && args[0] != string(quota.ByCaller)) {
			return d.Errf("the form is: %s", form)
		}
		by, args = args[0], args[1:]
	}
	if (len(args) != 2 && len(args) != 4) || periods[args[0]] == "" || (len(args) == 4 && args[2] != "soft") {
		return d.Errf("the form is: %s", form)
	}
	b := BudgetConfig{By: by, Period: string(periods[args[0]])}
	var err error
	if b.Units, err = strconv.ParseInt(args[1], 10, 64); err != nil {
		return d.Errf("%q is not a number of cost units; the form is: %s", args[1], form)
	}
	if len(args) == 4 {
		if b.Soft, err = strconv.ParseInt(args[3], 10, 64); err != nil {
			return d.Errf("%q is not a number of cost units; the form is: %s", args[3], form)
		}
	}
	if err := b.budget("").Check(); err != nil {
		return d.WrapErr(err)
	}
	*budgets = append(*budgets, b)
	return nil
}

func parseConcurrency(d *caddyfile.Dispenser, target **ConcurrencyConfig) error {
	const form = "concurrency <max> [queue <n>] [wait <duration>]"
	args := d.RemainingArgs()
	if len(args)%2 == 0 || len(args) > 5 {
		return d.Errf("the form is: %s", form)
	}
	c := new(ConcurrencyConfig)
	var err error
	if c.Max, err = strconv.Atoi(args[0]); err != nil {
		return d.Errf("%q is not a number; the form is: %s", args[0], form)
	}
	for i := 1; i < len(args); i += 2 {
		switch word, value := args[i], args[i+1]; word {
		case "queue":
			c.Queue, err = strconv.Atoi(value)
		case "wait":
			wait, waitErr := caddy.ParseDuration(value)
			c.Wait, err = caddy.Duration(wait), waitErr
		default:
			return d.Errf("%q is no part of: %s", word, form)
		}
		if err != nil {
			return d.Errf("%q cannot be read; the form is: %s", args[i+1], form)
		}
	}
	if err := c.check(); err != nil {
		return d.WrapErr(err)
	}
	*target = c
	return nil
}

// parseLimitStore reads the global option:
//
//	limits redis <address...> {
//		sentinel <master_name>
//		cluster
//		database <n>
//		username <name>
//		password vault <path> <field> | file <path> | env <name>
//		tls
//		ca <file>
//		server_name <name>
//		pseudonym_key vault <path> <field> | file <path> | env <name>
//		on_failure local [<share>] | deny | allow
//	}
func parseLimitStore(d *caddyfile.Dispenser, app *App) error {
	args := d.RemainingArgs()
	if len(args) < 2 || args[0] != "redis" {
		return d.Err("the form is: limits redis <address...> { ... }")
	}
	c := &LimitStoreConfig{Addresses: args[1:]}
	secret := func(target **SecretConfig) option {
		return once(func(d *caddyfile.Dispenser) error {
			*target = new(SecretConfig)
			return parseSecret(d, *target)
		})
	}
	flag := func(name string, target *bool) option {
		return once(func(d *caddyfile.Dispenser) error {
			*target = true
			return exactly(d, name)
		})
	}
	err := readBlock(d, map[string]option{
		"sentinel":      text("sentinel <master_name>", &c.MasterName),
		"cluster":       flag("cluster", &c.Cluster),
		"database":      once(func(d *caddyfile.Dispenser) error { return parseDatabase(d, c) }),
		"username":      text("username <name>", &c.Username),
		"password":      secret(&c.Password),
		"tls":           flag("tls", &c.TLS),
		"ca":            text("ca <file>", &c.CAFile),
		"server_name":   text("server_name <name>", &c.ServerName),
		"pseudonym_key": secret(&c.PseudonymKey),
		"on_failure":    once(func(d *caddyfile.Dispenser) error { return parseOnFailure(d, c) }),
	})
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return d.WrapErr(err)
	}
	app.LimitStore = c
	return nil
}

func parseDatabase(d *caddyfile.Dispenser, c *LimitStoreConfig) error {
	var number string
	if err := exactly(d, "database <n>", &number); err != nil {
		return err
	}
	var err error
	if c.Database, err = strconv.Atoi(number); err != nil || c.Database < 0 {
		return d.Errf("%q is not the number of a database", number)
	}
	return nil
}

func parseOnFailure(d *caddyfile.Dispenser, c *LimitStoreConfig) error {
	args := d.RemainingArgs()
	if len(args) == 0 || len(args) > 2 {
		return d.Err("the form is: on_failure local [<share>] | deny | allow")
	}
	c.OnFailure = args[0]
	if len(args) == 2 {
		var err error
		if c.Share, err = strconv.ParseFloat(args[1], 64); err != nil || c.Share <= 0 {
			return d.Errf("%q is not a share of more than 0 and up to 1", args[1])
		}
	}
	if err := c.check(); err != nil && c.PseudonymKey != nil {
		return d.WrapErr(err)
	}
	return nil
}

// parseTier reads the global option `tier <name> { ... }`.
func parseTier(d *caddyfile.Dispenser, app *App) error {
	var name string
	if err := exactly(d, "tier <name> { ... }", &name); err != nil {
		return err
	}
	if _, twice := app.Tiers[name]; twice {
		return d.Errf("the tier %q is described twice", name)
	}
	var t TierConfig
	err := readBlock(d, map[string]option{
		"limit": checked(many(func(d *caddyfile.Dispenser) error { return parseCallerLimits(d, &t.Limits) }), func() error {
			return checkCallerLimits(t.Limits)
		}),
		"budget":      many(func(d *caddyfile.Dispenser) error { return parseBudget(d, false, &t.Budgets) }),
		"concurrency": once(func(d *caddyfile.Dispenser) error { return parseConcurrency(d, &t.Concurrency) }),
	})
	if err != nil {
		return err
	}
	if app.Tiers == nil {
		app.Tiers = make(map[string]TierConfig)
	}
	app.Tiers[name] = t
	return nil
}

// checkCallerLimits holds limits of a caller or tier against what can be counted.
func checkCallerLimits(limits []LimitConfig) error {
	for _, limit := range limits {
		if _, err := limit.rule(quota.ByCaller, ""); err != nil {
			return err
		}
	}
	return nil
}
