package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/alert"
	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/caddymodule/internal/credential"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// CallerSourceConfig is a place where callers stand. Who is added there is served,
// and who is taken away is refused, without a reload.
type CallerSourceConfig struct {
	// Source is file or vault.
	Source string `json:"source"`

	// Path is the path of a callers file, or of a secret in Vault that has a field
	// for each caller.
	Path string `json:"path"`

	// KV is the version of Vault's KV engine, 1 or 2. Default: asked of Vault.
	KV int `json:"kv,omitempty"`

	// Refresh is how often Vault is asked. Default: 30s. A file is looked at every
	// two seconds.
	Refresh caddy.Duration `json:"refresh,omitempty"`
}

const defaultCallersRefresh = caddy.Duration(30 * time.Second)

func (c *CallerSourceConfig) check() error {
	switch {
	case c.Path == "":
		return errors.New("the path is missing")
	case c.Source == sourceFile && (c.KV != 0 || c.Refresh != 0):
		return errors.New("kv and refresh are for callers in Vault")
	case c.Source == sourceFile:
		return nil
	case c.Source != sourceVault:
		return fmt.Errorf("callers stand in a file or in vault, not in %q", c.Source)
	case c.KV < 0 || c.KV > 2:
		return errors.New("kv is 1 or 2")
	case c.Refresh != 0 && time.Duration(c.Refresh) < pollEvery:
		return fmt.Errorf("refresh is %s at least", pollEvery)
	default:
		_, err := credential.NewVaultTable(nil, c.reference(""))
		return err
	}
}

func (c *CallerSourceConfig) reference(environment string) credential.Reference {
	return credential.Reference{Path: c.Path, KV: c.KV, Environment: environment}
}

// provisionCallers reads all callers for the first time.
func (a *App) provisionCallers(ctx caddy.Context) error {
	for name := range a.Tiers {
		// One that nobody has yet may be somebody's tomorrow.
		if _, err := a.newBounds(new(AccessConfig), name); err != nil {
			return fmt.Errorf("tier %q: %w", name, err)
		}
	}
	static := make([]caller.Caller[*callerState], 0, len(a.Callers))
	for i := range a.Callers {
		c, err := a.newCaller(&a.Callers[i])
		if err != nil {
			return fmt.Errorf("caller %q: %w", a.Callers[i].Name, err)
		}
		static = append(static, c)
	}
	sources := make([]caller.Source, len(a.CallerSources))
	for i := range a.CallerSources {
		var err error
		if sources[i], err = a.callerSource(&a.CallerSources[i]); err != nil {
			return err
		}
	}
	var err error
	if a.registry, err = caller.NewRegistry(ctx, static, a.buildCaller, a.heardOfCallers, sources...); err != nil {
		return err
	}
	if err := a.registry.Ready(); err != nil {
		a.logger.Warn("callers are missing: they are refused until they can be read", zap.Error(err))
	}
	for _, look := range a.registry.Watchers() {
		a.watched.add(look)
	}
	return nil
}

// newCaller makes a caller of the config itself.
func (a *App) newCaller(c *CallerConfig) (caller.Caller[*callerState], error) {
	none := caller.Caller[*callerState]{}
	state, err := a.newCallerState(c.Name, &c.AccessConfig)
	if err != nil {
		return none, err
	}
	ranges, err := parseRanges(c.IPRanges)
	if err != nil {
		return none, err
	}
	certificates, err := caller.ParseCertificateNames(c.Certificates)
	if err != nil {
		return none, err
	}
	switch {
	case len(c.Tokens) > 0 && a.JWT == nil:
		return none, errors.New("it is known by a token, but no issuer is: add `jwt <issuer> { ... }` to the global ringward option")
	case len(c.Certificates) > 0 && a.Certificates == nil:
		return none, errors.New("it is known by a certificate, but none are taken: add `certificates` to the global ringward option")
	}
	return caller.Caller[*callerState]{
		Name: c.Name, Keys: c.Keys, Subjects: c.Tokens, Certificates: certificates, Expires: c.Expires, Ranges: ranges, Value: state,
	}, nil
}

// buildCaller makes a caller of a source, for every route.
func (a *App) buildCaller(spec caller.Spec) (*callerState, error) {
	c := AccessConfig{
		Providers: spec.Providers, Operations: spec.Operations, Regions: spec.Regions, Release: spec.Release, Tier: spec.Tier,
	}
	for _, text := range spec.Limits {
		by, rate, both := strings.Cut(text, " ")
		if !both {
			by, rate = "", text
		}
		c.Limits = append(c.Limits, LimitConfig{By: by, Rate: rate})
	}
	state, err := a.newCallerState(spec.Name, &c)
	if err != nil {
		return nil, fmt.Errorf("caller %q: %w", spec.Name, err)
	}
	for _, e := range a.edges { // none while the config is provisioned: they look at who is there
		if !e.admits(spec.Name, state) {
			continue
		}
		if err := e.show(spec.Name, state); err != nil {
			return nil, fmt.Errorf("provider %s: %w", e.provider.Name, err)
		}
	}
	return state, nil
}

// heardOfCallers tells what became of a source.
func (a *App) heardOfCallers(n caller.Notice) {
	if a.watched.fault(n.Source, n.Err) {
		return
	}
	a.logger.Info("the callers have changed", zap.String("source", n.Source), zap.Int("callers", n.Callers))
}

func (a *App) callerSource(c *CallerSourceConfig) (caller.Source, error) {
	if err := c.check(); err != nil {
		return caller.Source{}, err
	}
	if c.Source == sourceFile {
		return caller.FileSource(c.Path), nil
	}
	ca := ""
	if a.Vault != nil {
		ca = digestOfFile(a.Vault.CAFile)
	}
	inVault, err := lease(a.leases, callersPool, poolKey(a.Vault, ca, a.Environment, c.Path, c.KV), func() (*vaultCallers, func() error, error) {
		own := new(leases)
		session, err := a.vaultSession(own)
		if err != nil {
			return nil, nil, err
		}
		table, err := credential.NewVaultTable(session, c.reference(a.Environment))
		if err != nil {
			return nil, nil, errors.Join(err, own.Close())
		}
		return &vaultCallers{table: table}, own.Close, nil
	})
	if err != nil {
		return caller.Source{}, err
	}
	every := c.Refresh
	if every == 0 {
		every = defaultCallersRefresh
	}
	source := caller.SecretSource("callers in vault "+c.Path, inVault.heir(), func(err error) bool {
		return errors.Is(err, credential.ErrUnavailable)
	})
	source.Read = notMoreOften(time.Duration(every), source.Read)
	return source, nil
}

// vaultCallers remembers the last good callers in Vault over reloads, so that one
// that falls into an outage of Vault loses no caller.
type vaultCallers struct {
	table *credential.VaultTable

	mu   sync.Mutex
	last map[string]string // nil: never read
}

// heir returns what reads the callers. If its first reading fails, it gives those
// that were read before.
func (v *vaultCallers) heir() func(context.Context) (map[string]string, error) {
	first := true
	return func(ctx context.Context) (map[string]string, error) {
		fields, err := v.table.Fetch(ctx)
		v.mu.Lock()
		defer v.mu.Unlock()
		switch inherits := first && v.last != nil; {
		case err == nil:
			if _, faulty := caller.ParseCallerFields(fields); faulty == nil {
				v.last = fields
			}
		case inherits && errors.Is(err, credential.ErrUnavailable):
			fields, err = v.last, nil
		}
		first = false
		return fields, err
	}
}

// notMoreOften makes a source say that nothing has changed until some time after
// it was read; after a failure, a shorter one.
func notMoreOften(every time.Duration, read func(context.Context) ([]caller.Spec, bool, error)) func(context.Context) ([]caller.Spec, bool, error) {
	var next time.Time
	var fault error
	return func(ctx context.Context) ([]caller.Spec, bool, error) {
		if time.Now().Before(next) {
			return nil, false, fault
		}
		specs, changed, err := read(ctx)
		wait := every
		if fault = err; err != nil {
			wait = min(every, retryCallers)
		}
		next = time.Now().Add(wait)
		return specs, changed, err
	}
}

// retryCallers is how soon callers in Vault are asked for again after a failure.
const retryCallers = 5 * time.Second

// checkNames finds operations and providers of the config's callers that nobody
// has, which would be an allow-list of nothing. It is for when all routes are there.
func (a *App) checkNames() error {
	providers := provider.Names()
	var operations []string
	for _, e := range a.edges {
		providers = append(providers, e.provider.Name)
		for _, op := range e.ops {
			operations = append(operations, op.Name)
		}
	}
	slices.Sort(operations)
	check := func(who string, c *AccessConfig) error {
		for _, name := range c.Operations {
			if !slices.Contains(operations, name) {
				return fmt.Errorf("%s may use the operation %q, which no route serves: they serve %v", who, name, slices.Compact(operations))
			}
		}
		for _, name := range c.Providers {
			if !slices.Contains(providers, name) {
				return fmt.Errorf("%s may ask the provider %q, which is neither a route's nor a preset", who, name)
			}
		}
		return nil
	}
	for i := range a.Callers {
		if err := check(fmt.Sprintf("caller %q", a.Callers[i].Name), &a.Callers[i].AccessConfig); err != nil {
			return err
		}
	}
	if a.JWT != nil && a.JWT.Unlisted != nil {
		return check("jwt: unlisted", a.JWT.Unlisted)
	}
	return nil
}

// sourceEvent says that something outside of the config cannot be read, or can be
// again. Until then what was read last stays in force.
func sourceEvent(source string, err error) alert.Event {
	if err == nil {
		return alert.Event{Name: alert.SourceRecovered, Attributes: map[string]string{alert.AttrSource: source}}
	}
	return alert.Event{Name: alert.SourceFailed, Attributes: map[string]string{alert.AttrSource: source, "detail": err.Error()}}
}
