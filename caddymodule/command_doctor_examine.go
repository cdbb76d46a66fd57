package caddymodule

import (
	"context"
	"errors"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/credential"
)

const (
	// doctorTimeout bounds one group of checks.
	doctorTimeout = 10 * time.Second

	// doctorReserve is what a group keeps of that to say what timed out. One
	// that does not come back even so, such as a file on a dead server, is given
	// up.
	doctorReserve = time.Second
)

// doctor checks a config.
type doctor struct {
	app   *App
	vault vaultState
}

// vaultState is what the checks of Vault leave for those of its secrets.
type vaultState struct {
	session       *credential.Session // nil where none could be made
	refused       error               // why no secret can be read; nil where it can be tried
	policyUnknown bool                // the token may not ask what it may do
}

// examine makes all checks, one after the other, in the order of the report.
func (d *doctor) examine(ctx context.Context, p *patient) []doctorGroup {
	var groups []doctorGroup
	if p.needsVault() {
		group, state := d.examineVault(ctx)
		groups, d.vault = append(groups, group), state
		defer d.discardSession(ctx)
	}
	for _, s := range p.secrets {
		fallback := timedOut(doctorGroup{Kind: "credential", Name: s.name, Source: s.source()})
		groups = append(groups, within(ctx, fallback, func(ctx context.Context) doctorGroup {
			return d.examineSecret(ctx, s)
		}))
	}
	if c := p.app.Audit.PseudonymKeys; c != nil {
		fallback := timedOut(doctorGroup{Kind: "pseudonym_keys", Source: sourceVault + " " + c.Path})
		groups = append(groups, within(ctx, fallback, func(ctx context.Context) doctorGroup { return d.examineEpochs(ctx, c) }))
	}
	for i := range p.app.CallerSources {
		c := &p.app.CallerSources[i]
		fallback := timedOut(doctorGroup{Kind: "callers", Source: c.Source + " " + c.Path})
		groups = append(groups, within(ctx, fallback, func(ctx context.Context) doctorGroup {
			return d.examineCallers(ctx, c)
		}))
	}
	return append(groups, within(ctx, timedOut(doctorGroup{Kind: "audit"}), func(context.Context) doctorGroup {
		return d.examineAudit()
	}))
}

// examineVault checks the way to Vault within its time.
func (d *doctor) examineVault(ctx context.Context) (doctorGroup, vaultState) {
	type result struct {
		group doctorGroup
		state vaultState
	}
	fallback := result{timedOut(doctorGroup{Kind: "vault"}), vaultState{refused: errNoVault}}
	r := within(ctx, fallback, func(ctx context.Context) (r result) {
		r.group, r.state = examineVault(ctx, d.app.sessionConfig())
		return r
	})
	return r.group, r.state
}

// discardSession leaves no token behind, also when the diagnosis was interrupted.
func (d *doctor) discardSession(ctx context.Context) {
	if d.vault.session == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), doctorReserve)
	defer cancel()
	d.vault.session.Discard(ctx)
}

// within returns what check returns, or the fallback where that takes too long.
// A check must not change anything that is read after it was given up.
func within[T any](ctx context.Context, fallback T, check func(context.Context) T) T {
	inner, cancelInner := context.WithTimeout(ctx, doctorTimeout-doctorReserve)
	defer cancelInner()
	outer, cancelOuter := context.WithTimeout(ctx, doctorTimeout)
	defer cancelOuter()
	if outer.Err() != nil {
		return fallback // interrupted: nothing more is begun
	}
	done := make(chan T, 1)
	go func() { done <- check(inner) }()
	select {
	case result := <-done:
		return result
	case <-outer.Done():
		return fallback
	}
}

func timedOut(g doctorGroup) doctorGroup {
	g.fail("time", "no answer within %s", doctorTimeout)
	return g
}

// examineAudit checks where entries go, and under which key.
func (d *doctor) examineAudit() doctorGroup {
	g := doctorGroup{Kind: "audit"}
	c := &d.app.Audit
	switch {
	case c.File != "" && c.Stdout:
		g.fail("destination", "file and stdout are both set: choose either")
	case c.Stdout:
		g.Source = "stdout"
		g.ok("destination", "standard output, where nothing can be synced")
	default:
		g.Source = "file " + c.destination()
		examineAuditFile(&g, c.destination())
	}
	if c.PseudonymKey == nil && c.PseudonymKeys == nil {
		g.warn("pseudonym_key", "not set: pseudonyms change at every start, and nobody can be found again")
	}
	return g
}

// examineEpochs reads the key of the epoch of the moment. Nothing is made.
func (d *doctor) examineEpochs(ctx context.Context, c *EpochsConfig) doctorGroup {
	g := doctorGroup{Kind: "pseudonym_keys", Source: sourceVault + " " + c.Path}
	if err := c.check(); err != nil {
		g.fail("reference", "%v", err)
		return g
	}
	if d.vault.refused != nil {
		if errors.Is(d.vault.refused, errNotTried) {
			g.warn("read", "not tried: %v", d.vault.refused)
		} else {
			g.fail("read", "not tried: %v", d.vault.refused)
		}
		return g
	}
	keys, err := credential.NewEpochKeys(d.vault.session, c.Path, d.app.Environment)
	if err != nil {
		g.fail("reference", "%v", err)
		return g
	}
	name := credential.EpochAt(c.Every, time.Now()).Name
	switch key, err := keys.Read(ctx, name); {
	case errors.Is(err, credential.ErrNotFound):
		g.ok("read", "there is no key of epoch %s yet: Ringward makes it when it starts", name)
	case err != nil:
		g.fail("read", "%v", err)
	default:
		g.ok("read", "the key of epoch %s is there, made %s", name, key.Created.UTC().Format(time.RFC3339))
	}
	return g
}

func examineAuditFile(g *doctorGroup, path string) {
	found, err := audit.Probe(path)
	switch {
	case err != nil:
		g.fail("destination", "entries cannot be written: %v", err)
		return
	case found.Exists:
		g.ok("destination", "the file can be appended to")
	default:
		g.ok("destination", "the file can be made")
		return
	}
	if found.TooOpen {
		g.warn("permissions", "%#o, of which Ringward takes away all but 0640", found.Mode)
	} else {
		g.ok("permissions", "%#o", found.Mode)
	}
	if found.Successor != nil {
		g.warn("rotation", "after the file is renamed no new one can be made: %v", found.Successor)
	} else {
		g.ok("rotation", "a new file can be made after this one is renamed")
	}
}
