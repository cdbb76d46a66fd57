package caddymodule

import (
	"fmt"
	"strconv"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/dustin/go-humanize"
)

// parseAudit reads the global option:
//
//	audit file <path> | stdout {
//		also file <path> | stdout | tcp <host:port> | syslog tcp|udp|unix|unixgram <address> { ... }
//		durability strict|sync|async
//		client_ip full|truncated|pseudonym
//		instance <name>
//		pseudonym_key vault <path> <field> | file <path> | env <name>
//		pseudonym_keys vault <folder> {
//			every month|week|day
//			refresh <duration>
//		}
//		signing_key vault <path> <field> | file <path> | env <name>
//		checkpoint <entries> [<duration>]
//		rotate <size>|<duration> ...
//		retain <duration>
//	}
func parseAudit(d *caddyfile.Dispenser, a *AuditConfig) error {
	const form = "audit file <path> | audit stdout"
	args := d.RemainingArgs()
	switch {
	case len(args) == 2 && args[0] == "file" && args[1] != "":
		a.File = args[1]
	case len(args) == 1 && args[0] == "stdout":
		a.Stdout = true
	case len(args) == 0:
	default:
		return d.Errf("the form is: %s", form)
	}
	err := readBlock(d, map[string]option{
		"also":           once(func(d *caddyfile.Dispenser) error { return parseAuditSink(d, a) }),
		"durability":     checked(text("durability strict|sync|async", &a.Durability), a.check),
		"client_ip":      checked(text("client_ip full|truncated|pseudonym", &a.ClientIP), a.check),
		"instance":       checked(text("instance <name>", &a.Instance), a.check),
		"pseudonym_key":  secret(&a.PseudonymKey),
		"pseudonym_keys": once(func(d *caddyfile.Dispenser) error { return parseEpochs(d, a) }),
		"signing_key":    secret(&a.SigningKey),
		"checkpoint":     once(func(d *caddyfile.Dispenser) error { return parseCheckpoint(d, a) }),
		"rotate":         once(func(d *caddyfile.Dispenser) error { return parseRotate(d, a) }),
		"retain":         duration("retain <duration>", &a.Retain),
	})
	if err != nil {
		return err
	}
	if err := a.check(); err != nil {
		return d.WrapErr(fmt.Errorf("audit: %w", err))
	}
	return nil
}

// secret makes an option that refers to a secret.
func secret(target **SecretConfig) option {
	return once(func(d *caddyfile.Dispenser) error {
		*target = new(SecretConfig)
		return parseSecret(d, *target)
	})
}

func parseEpochs(d *caddyfile.Dispenser, a *AuditConfig) error {
	c := new(EpochsConfig)
	var vault string
	if err := exactly(d, "pseudonym_keys vault <folder>", &vault, &c.Path); err != nil {
		return err
	}
	if vault != sourceVault {
		return d.Err("keys that change with time stand in Vault only: pseudonym_keys vault <folder>")
	}
	err := readBlock(d, map[string]option{
		"every":   text("every month|week|day", &c.Every),
		"refresh": duration("refresh <duration>", &c.Refresh),
	})
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return d.WrapErr(err)
	}
	a.PseudonymKeys = c
	return nil
}

func parseCheckpoint(d *caddyfile.Dispenser, a *AuditConfig) error {
	const form = "checkpoint <entries> [<duration>]"
	args := d.RemainingArgs()
	if len(args) < 1 || len(args) > 2 {
		return d.Errf("the form is: %s", form)
	}
	var err error
	if a.CheckpointEntries, err = strconv.Atoi(args[0]); err != nil || a.CheckpointEntries < 1 {
		return d.Errf("%q is not a number of entries; the form is: %s", args[0], form)
	}
	if len(args) == 2 {
		every, err := caddy.ParseDuration(args[1])
		if err != nil || every <= 0 {
			return d.Errf("%q is not a positive duration such as 1m; the form is: %s", args[1], form)
		}
		a.CheckpointEvery = caddy.Duration(every)
	}
	return nil
}

// parseRotate takes a size, a duration, or both.
func parseRotate(d *caddyfile.Dispenser, a *AuditConfig) error {
	const form = "rotate <size>|<duration> ..., such as rotate 100MiB 24h"
	args := d.RemainingArgs()
	if len(args) < 1 || len(args) > 2 {
		return d.Errf("the form is: %s", form)
	}
	for _, arg := range args {
		if every, err := caddy.ParseDuration(arg); err == nil && every > 0 && a.RotateEvery == 0 {
			a.RotateEvery = caddy.Duration(every)
			continue
		}
		size, err := humanize.ParseBytes(arg)
		if err != nil || size < minRotateSize || size > maxRotateSize || a.RotateSize != 0 {
			return d.Errf("%q is neither a size of 64KiB to 1TiB nor a duration; the form is: %s", arg, form)
		}
		a.RotateSize = int64(size)
	}
	return nil
}

// The bounds of what a file may grow to.
const (
	minRotateSize = 64 << 10
	maxRotateSize = 1 << 40
)

func parseAuditSink(d *caddyfile.Dispenser, a *AuditConfig) error {
	const form = "also file <path> | stdout | tcp <host:port> | syslog tcp|udp|unix|unixgram <address>"
	args := d.RemainingArgs()
	c := new(AuditSinkConfig)
	switch {
	case len(args) == 2 && args[0] == sinkFile:
		c.Kind, c.Path = args[0], args[1]
	case len(args) == 1 && args[0] == sinkStdout:
		c.Kind = args[0]
	case len(args) == 2 && args[0] == sinkTCP:
		c.Kind, c.Address = args[0], args[1]
	case len(args) == 3 && args[0] == sinkSyslog:
		c.Kind, c.Network, c.Address = args[0], args[1], args[2]
	default:
		return d.Errf("the form is: %s", form)
	}
	err := readBlock(d, map[string]option{
		"tls": once(func(d *caddyfile.Dispenser) error {
			c.TLS = true
			return exactly(d, "tls")
		}),
		"ca":          text("ca <file>", &c.CAFile),
		"server_name": text("server_name <name>", &c.ServerName),
		"timeout":     duration("timeout <duration>", &c.Timeout),
	})
	if err != nil {
		return err
	}
	if err := c.check(); err != nil {
		return d.WrapErr(err)
	}
	a.Also = c
	return nil
}
