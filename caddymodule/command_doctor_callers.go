package caddymodule

import (
	"context"
	"errors"

	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/caddymodule/internal/credential"
)

// examineCallers reads a place where callers stand. Whether their tiers and
// releases exist is for `ringward validate`.
func (d *doctor) examineCallers(ctx context.Context, c *CallerSourceConfig) doctorGroup {
	g := doctorGroup{Kind: "callers", Source: c.Source + " " + c.Path}
	if err := c.check(); err != nil {
		g.fail("reference", "%v", err)
		return g
	}
	if c.Source == sourceFile {
		specs, err := caller.List(c.Path)
		reportCallers(&g, specs, err)
		examinePermissions(&g, c.Path)
		return g
	}
	switch {
	case errors.Is(d.vault.refused, errNotTried):
		g.warn("read", "not tried: %v", d.vault.refused)
		return g
	case d.vault.refused != nil:
		g.fail("read", "not tried: %v", d.vault.refused)
		return g
	}
	ref := c.reference(d.app.Environment)
	specs, err := readCallers(ctx, d.vault.session, ref)
	reportCallers(&g, specs, err)
	if err == nil && !d.vault.policyUnknown {
		excess, err := d.vault.session.ExcessOf(ctx, ref)
		reportExcess(&g, excess, err, "read and no more")
	}
	return g
}

func readCallers(ctx context.Context, session *credential.Session, ref credential.Reference) ([]caller.Spec, error) {
	table, err := credential.NewVaultTable(session, ref)
	if err != nil {
		return nil, err
	}
	fields, err := table.Fetch(ctx)
	if err != nil {
		return nil, err
	}
	return caller.ParseCallerFields(fields)
}

func reportCallers(g *doctorGroup, specs []caller.Spec, err error) {
	if err != nil {
		g.fail("read", "%v", err)
		return
	}
	g.ok("read", "callers: %d", len(specs))
}
