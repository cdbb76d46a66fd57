package caddymodule

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/caddymodule/internal/phone"
)

// parseCaller reads the global option:
//
//	caller <name> {
//		key <sha256:digest...> [expires <date>]
//		token <subject...>
//		certificate <dns:name|uri:uri|sha256:digest...>
//		expires <date>
//		ip <address|prefix...>
//		tier <name>
//		providers <name...>
//		operations <operation...>
//		regions <region...>
//		release <data_class|json_pointer...>
//		limit [<dimension>] <rate...>
//		budget daily|monthly <units> [soft <units>]
//		concurrency <max> [queue <n>] [wait <duration>]
//	}
func parseCaller(d *caddyfile.Dispenser, app *App) error {
	var c CallerConfig
	if err := exactly(d, "caller <name> { ... }", &c.Name); err != nil {
		return err
	}
	options := c.options()
	options["key"] = many(func(d *caddyfile.Dispenser) error { return parseCallerKeys(d, &c) })
	options["token"] = list("token <subject...>", &c.Tokens)
	options["certificate"] = checked(list("certificate <dns:name|uri:uri|sha256:digest...>", &c.Certificates), c.checkCertificates)
	options["expires"] = once(func(d *caddyfile.Dispenser) error { return parseCallerExpiry(d, &c) })
	options["ip"] = checked(list("ip <address|prefix...>", &c.IPRanges), c.checkRanges)
	if err := readBlock(d, options); err != nil {
		return err
	}
	if slices.ContainsFunc(app.Callers, func(other CallerConfig) bool { return other.Name == c.Name }) {
		return d.Errf("the caller %q is described twice", c.Name)
	}
	app.Callers = append(app.Callers, c)
	return nil
}

// options are those of what a caller may ask, see and use.
func (c *AccessConfig) options() map[string]option {
	return map[string]option{
		"tier":        text("tier <name>", &c.Tier),
		"providers":   list("providers <name...>", &c.Providers),
		"operations":  list("operations <operation...>", &c.Operations),
		"regions":     checked(list("regions <region...>", &c.Regions), c.checkRegions),
		"release":     checked(list("release <data_class|json_pointer...>", &c.Release), c.checkRelease),
		"limit":       checked(many(func(d *caddyfile.Dispenser) error { return parseCallerLimits(d, &c.Limits) }), c.checkLimits),
		"budget":      many(func(d *caddyfile.Dispenser) error { return parseBudget(d, false, &c.Budgets) }),
		"concurrency": once(func(d *caddyfile.Dispenser) error { return parseConcurrency(d, &c.Concurrency) }),
	}
}

func (c *AccessConfig) checkRegions() error { return phone.Policy{Regions: c.Regions}.Validate() }

func (c *AccessConfig) checkRelease() error {
	_, err := parseRelease(c.Release)
	return err
}

func (c *AccessConfig) checkLimits() error { return checkCallerLimits(c.Limits) }

func (c *CallerConfig) checkCertificates() error {
	_, err := caller.ParseCertificateNames(c.Certificates)
	return err
}

func (c *CallerConfig) checkRanges() error {
	_, err := parseRanges(c.IPRanges)
	return err
}

// parseCallerKeys takes digests only. An argument is never repeated in an
// error: it may be a key.
func parseCallerKeys(d *caddyfile.Dispenser, c *CallerConfig) error {
	args := d.RemainingArgs()
	var expires caller.Expiry
	if n := len(args); n > 2 && args[n-2] == "expires" {
		var err error
		if expires, err = caller.ParseExpiry(args[n-1]); err != nil {
			return d.WrapErr(err)
		}
		args = args[:n-2]
	}
	if len(args) == 0 {
		return d.Err("the form is: key sha256:<64 hexadecimal digits>; `ringward caller new NAME` makes one")
	}
	for _, arg := range args {
		if strings.HasPrefix(arg, caller.KeyPrefix) {
			return d.Err("this is a caller key itself, but only its digest belongs in a config; treat the key as leaked and make a new one with `ringward caller new NAME`")
		}
		digest, err := caller.ParseDigest(arg)
		if err != nil {
			return d.WrapErr(err)
		}
		c.Keys = append(c.Keys, caller.Key{Digest: digest, Expires: expires})
	}
	return nil
}

func parseCallerExpiry(d *caddyfile.Dispenser, c *CallerConfig) error {
	var text string
	if err := exactly(d, "expires <date>", &text); err != nil {
		return err
	}
	var err error
	if c.Expires, err = caller.ParseExpiry(text); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

// parseCallerSource reads the global option:
//
//	callers file <path>
//	callers vault <path> {
//		kv 1|2
//		refresh <duration>
//	}
func parseCallerSource(d *caddyfile.Dispenser, app *App) error {
	var c CallerSourceConfig
	if err := exactly(d, "callers file <path> | callers vault <path> { ... }", &c.Source, &c.Path); err != nil {
		return err
	}
	err := readBlock(d, map[string]option{
		"kv": once(func(d *caddyfile.Dispenser) error {
			var version string
			err := exactly(d, "kv 1|2", &version)
			if err == nil {
				if c.KV, err = strconv.Atoi(version); err != nil || c.KV == 0 {
					return d.Err("the form is: kv 1|2")
				}
			}
			return err
		}),
		"refresh": duration("refresh <duration>", &c.Refresh),
	})
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return d.WrapErr(fmt.Errorf("callers: %w", err))
	}
	app.CallerSources = append(app.CallerSources, c)
	return nil
}

// parseJWT reads the global option:
//
//	jwt <issuer> {
//		audience <name...>
//		keys file <path> | url <url>
//		ca <file>
//		scopes <scope...>
//		claim <name> <value...>
//		algorithms <name...>
//		type <type>
//		subject_claim <name>
//		tier_claim <name>
//		skew <duration>
//		max_lifetime <duration>
//		max_age <duration>
//		refresh <duration>
//		max_key_age <duration>
//		unlisted { ... }
//	}
func parseJWT(d *caddyfile.Dispenser, app *App) error {
	c := new(JWTConfig)
	if err := exactly(d, "jwt <issuer> { ... }", &c.Issuer); err != nil {
		return err
	}
	err := readBlock(d, map[string]option{
		"audience":      list("audience <name...>", &c.Audiences),
		"keys":          once(func(d *caddyfile.Dispenser) error { return parseIssuerKeys(d, c) }),
		"ca":            text("ca <file>", &c.CAFile),
		"scopes":        list("scopes <scope...>", &c.Scopes),
		"claim":         many(func(d *caddyfile.Dispenser) error { return parseClaim(d, c) }),
		"algorithms":    list("algorithms <name...>", &c.Algorithms),
		"type":          text("type <type>", &c.Type),
		"subject_claim": text("subject_claim <name>", &c.SubjectClaim),
		"tier_claim":    text("tier_claim <name>", &c.TierClaim),
		"skew":          duration("skew <duration>", &c.Skew),
		"max_lifetime":  duration("max_lifetime <duration>", &c.MaxLifetime),
		"max_age":       duration("max_age <duration>", &c.MaxAge),
		"refresh":       duration("refresh <duration>", &c.Refresh),
		"max_key_age":   duration("max_key_age <duration>", &c.MaxKeyAge),
		"unlisted": once(func(d *caddyfile.Dispenser) error {
			if d.NextArg() {
				return d.ArgErr()
			}
			c.Unlisted = new(AccessConfig)
			return readBlock(d, c.Unlisted.options())
		}),
	})
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return d.WrapErr(fmt.Errorf("jwt: %w", err))
	}
	app.JWT = c
	return nil
}

func parseIssuerKeys(d *caddyfile.Dispenser, c *JWTConfig) error {
	const form = "keys file <path> | keys url <https://...>"
	var kind, at string
	if err := exactly(d, form, &kind, &at); err != nil {
		return err
	}
	switch kind {
	case "file":
		c.JWKSFile = at
	case "url":
		c.JWKSURL = at
	default:
		return d.Errf("the form is: %s", form)
	}
	return nil
}

func parseClaim(d *caddyfile.Dispenser, c *JWTConfig) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.Err("the form is: claim <name> <value...>, one of which the token must have")
	}
	if c.Claims == nil {
		c.Claims = make(map[string][]string)
	}
	if c.Claims[args[0]] != nil {
		return d.Errf("the claim %q is asked for twice: name all its values in one line", args[0])
	}
	c.Claims[args[0]] = args[1:]
	return nil
}

// parseCertificates reads the global option:
//
//	certificates {
//		ca <file>
//		pins_suffice
//	}
func parseCertificates(d *caddyfile.Dispenser, app *App) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	app.Certificates = new(CertificatesConfig)
	return readBlock(d, map[string]option{
		"ca": text("ca <file>", &app.Certificates.CAFile),
		"pins_suffice": once(func(d *caddyfile.Dispenser) error {
			app.Certificates.PinsSuffice = true
			return exactly(d, "pins_suffice")
		}),
	})
}
