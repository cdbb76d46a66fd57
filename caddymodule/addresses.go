package caddymodule

import (
	"fmt"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// AddressesConfig says from which addresses clients may call. A client's address
// is what Caddy takes it for under its trusted_proxies. Where there is a list,
// clients on a unix socket are refused: they have no address.
type AddressesConfig struct {
	// Allow are addresses and prefixes; AllowFiles are files of them, one a line,
	// with comments after "#". If there is one of either, all others are refused.
	Allow      []string `json:"allow,omitempty"`
	AllowFiles []string `json:"allow_files,omitempty"`

	// Deny and DenyFiles are who may not call, even if allowed.
	Deny      []string `json:"deny,omitempty"`
	DenyFiles []string `json:"deny_files,omitempty"`
}

// access reads the lists and has their files watched.
func (c *AddressesConfig) access(w *watchList) (access caller.IPAccess, err error) {
	if c == nil {
		return access, nil
	}
	if access.Allow, err = addressList(w, c.Allow, c.AllowFiles); err != nil {
		return access, fmt.Errorf("allowed addresses: %w", err)
	}
	if access.Deny, err = addressList(w, c.Deny, c.DenyFiles); err != nil {
		return access, fmt.Errorf("denied addresses: %w", err)
	}
	return access, nil
}

// addressList is nil where nothing is listed.
func addressList(w *watchList, inline, files []string) (*caller.IPList, error) {
	if len(inline)+len(files) == 0 {
		return nil, nil
	}
	list, err := caller.NewIPList(inline, files)
	if err == nil && len(files) > 0 {
		w.addSource("addresses in "+fmt.Sprint(files), func() error {
			_, err := list.Refresh()
			return err
		})
	}
	return list, err
}

func (a *App) provisionAddresses(caddy.Context) (err error) {
	a.access, err = a.Addresses.access(a.watched)
	return err
}

// checkAddress refuses clients that may not call here, before anything of theirs
// is looked at.
func (e *Edge) checkAddress(ex *exchange) *problem {
	for _, access := range [...]caller.IPAccess{e.app.access, e.access} {
		if err := access.Check(ex.clientIP); err != nil {
			return &problem{reason: provider.ReasonForbidden, cause: err, detail: detailAddress}
		}
	}
	return nil
}

// parseAddresses reads one of:
//
//	allow_ip <address|prefix...> | file <path...>
//	deny_ip <address|prefix...> | file <path...>
func parseAddresses(d *caddyfile.Dispenser, target **AddressesConfig) error {
	option, args := d.Val(), d.RemainingArgs()
	if len(args) == 0 || args[0] == "file" && len(args) == 1 {
		return d.Errf("the form is: %s <address|prefix...> or %s file <path...>", option, option)
	}
	if *target == nil {
		*target = new(AddressesConfig)
	}
	c := *target
	inline, files := &c.Allow, &c.AllowFiles
	if option == "deny_ip" {
		inline, files = &c.Deny, &c.DenyFiles
	}
	if args[0] == "file" {
		*files = append(*files, args[1:]...)
		return nil
	}
	if _, err := parseRanges(args); err != nil {
		return d.WrapErr(err)
	}
	*inline = append(*inline, args...)
	return nil
}

func addressOptions(options map[string]option, target **AddressesConfig) {
	read := many(func(d *caddyfile.Dispenser) error { return parseAddresses(d, target) })
	options["allow_ip"], options["deny_ip"] = read, read
}
