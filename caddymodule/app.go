package caddymodule

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/caddymodule/internal/credential"
	"github.com/ringward/ringward/caddymodule/internal/provider"
	"github.com/ringward/ringward/caddymodule/internal/quota"
)

func init() {
	caddy.RegisterModule(App{})
}

// App holds what all routes share: the Vault session, the callers, the limit
// counters and the audit log.
type App struct {
	// Vault is the session used by every reference of the kind vault. It is
	// required as soon as there is one.
	Vault *credential.SessionConfig `json:"vault,omitempty"`

	// Environment is the environment that this instance belongs to, such as
	// production. A secret in Vault whose custom metadata names another is
	// refused. Default: none, and then no secret may name one.
	Environment string `json:"environment,omitempty"`

	// Audit says where audit entries go. Default: a file in Caddy's data
	// directory.
	Audit AuditConfig `json:"audit"`

	// LimitStore, when set, is where limits and budgets are counted. Default:
	// in this process, and each instance counts alone.
	LimitStore *LimitStoreConfig `json:"limit_store,omitempty"`

	// Lockout, when set, locks out who fails again and again. Default: nobody.
	Lockout *LockoutConfig `json:"lockout,omitempty"`

	// Tiers are bounds that several callers have in common, by name.
	Tiers map[string]TierConfig `json:"tiers,omitempty"`

	// Callers are the applications that may ask.
	Callers []CallerConfig `json:"callers,omitempty"`

	leases     leases
	logger     *zap.Logger
	directory  *caller.Directory[*callerState]
	callers    map[string]*callerState
	store      quota.Counters
	backoff    *quota.Backoff // nil: nobody is locked out
	auditLog   *audit.Log
	pseudonyms *pseudonyms
	events     *caddyevents.App
	ctx        caddy.Context

	secrets  *secrets
	inFlight *inFlight
	started  bool
}

// TierConfig is what each caller of a tier may use.
type TierConfig struct {
	// Limits, Budgets and Concurrency are as for a caller, and hold for each
	// caller of the tier by itself.
	Limits      []LimitConfig      `json:"limits,omitempty"`
	Budgets     []BudgetConfig     `json:"budgets,omitempty"`
	Concurrency *ConcurrencyConfig `json:"concurrency,omitempty"`
}

// CallerConfig is one application that may ask.
type CallerConfig struct {
	// Name names the caller in logs, metrics and audit entries: lower case
	// letters, digits, "-", "_" and ".".
	Name string `json:"name"`

	// Keys are digests of caller keys as `ringward caller new` prints them:
	// "sha256:" and 64 hexadecimal digits, with an expiry if they have one. Two
	// can be active at once.
	Keys []caller.Key `json:"keys,omitempty"`

	// Expires is the day (UTC), or the moment in RFC 3339, from which this caller
	// is no longer served. Default: never.
	Expires caller.Expiry `json:"expires,omitzero"`

	// IPRanges are the addresses and prefixes from which this caller may call.
	// Default: all.
	IPRanges []string `json:"ip_ranges,omitempty"`

	// Providers names the providers that this caller may ask, as routes have
	// them. Default: all.
	Providers []string `json:"providers,omitempty"`

	// Release is what this caller sees: data classes, and JSON pointers to
	// single fields. Default: validity and line_type.
	Release []string `json:"release,omitempty"`

	// Tier names a tier, the bounds of which this caller has besides its own.
	// Default: none.
	Tier string `json:"tier,omitempty"`

	// Budgets bound what this caller may cost over all routes together.
	Budgets []BudgetConfig `json:"budgets,omitempty"`

	// Concurrency bounds this caller's lookups that are under way. Default: the
	// tier's, or no bound.
	Concurrency *ConcurrencyConfig `json:"concurrency,omitempty"`

	// Limits are this caller's rate limits, over all routes together.
	Limits []LimitConfig `json:"limits,omitempty"`
}

// callerState is a caller, ready for requests.
type callerState struct {
	name    string
	release release
	limits  *limits
	only    []string // providers; empty for all
	budgets *quota.Budgets
	gate    *quota.Gate
}

// anonymousName stands for requests without a caller key on routes that allow
// them. No caller can have this name.
const anonymousName = "anonymous"

// CaddyModule returns the Caddy module information.
func (App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "ringward",
		New: func() caddy.Module { return new(App) },
	}
}

// Provision opens what the routes share. The HTTP app may serve before this
// app is started, so everything that a request needs is ready here.
func (a *App) Provision(ctx caddy.Context) error {
	guardStdLog()
	a.ctx = ctx
	a.logger = ctx.Logger()
	a.secrets = new(secrets)
	a.inFlight = newInFlight()
	events, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("getting events app: %w", err)
	}
	a.events = events.(*caddyevents.App)

	registerMetrics(ctx.GetMetricsRegistry())
	if err := a.provisionStore(ctx); err != nil {
		return fmt.Errorf("limits: %w", err)
	}
	if err := a.provisionLockout(); err != nil {
		return fmt.Errorf("lockout: %w", err)
	}
	if err := a.provisionCallers(); err != nil {
		return err
	}
	return a.provisionAudit(ctx)
}

func newStore() (quota.Counters, func() error, error) {
	store := quota.NewMemoryStore()
	return store, store.Close, nil
}

func (a *App) provisionCallers() error {
	a.callers = make(map[string]*callerState, len(a.Callers))
	list := make([]caller.Caller[*callerState], 0, len(a.Callers))
	for i := range a.Callers {
		c := &a.Callers[i]
		if c.Name == anonymousName {
			return fmt.Errorf("caller %q: the name is taken by requests without a key; choose another", c.Name)
		}
		state, err := a.newCallerState(c)
		if err != nil {
			return fmt.Errorf("caller %q: %w", c.Name, err)
		}
		ranges, err := parseRanges(c.IPRanges)
		if err != nil {
			return fmt.Errorf("caller %q: %w", c.Name, err)
		}
		list = append(list, caller.Caller[*callerState]{
			Name: c.Name, Keys: c.Keys, Expires: c.Expires, Ranges: ranges, Value: state,
		})
		a.callers[c.Name] = state
	}
	var err error
	a.directory, err = caller.NewDirectory(list)
	return err
}

// boundsOf joins a caller's own bounds with those of its tier.
func (a *App) boundsOf(c *CallerConfig) (TierConfig, error) {
	tier, ok := a.Tiers[c.Tier]
	if c.Tier != "" && !ok {
		return tier, fmt.Errorf("tier %q is not described: add `tier %s { ... }` to the global ringward option", c.Tier, c.Tier)
	}
	tier.Limits = slices.Concat(tier.Limits, c.Limits)
	tier.Budgets = slices.Concat(tier.Budgets, c.Budgets)
	for i := range tier.Budgets {
		tier.Budgets[i].By = string(quota.ByCaller)
	}
	if c.Concurrency != nil {
		tier.Concurrency = c.Concurrency
	}
	return tier, nil
}

// parseRanges reads addresses and prefixes; nil, which is every address, for none.
func parseRanges(texts []string) (*caller.IPSet, error) {
	if len(texts) == 0 {
		return nil, nil
	}
	prefixes := make([]netip.Prefix, len(texts))
	for i, text := range texts {
		var err error
		if prefixes[i], err = caller.ParsePrefix(text); err != nil {
			return nil, fmt.Errorf("the address range %q: %w", text, err)
		}
	}
	return caller.NewIPSet(prefixes), nil
}

func (a *App) newCallerState(c *CallerConfig) (*callerState, error) {
	released, err := parseRelease(c.Release)
	if err != nil {
		return nil, err
	}
	bounds, err := a.boundsOf(c)
	if err != nil {
		return nil, err
	}
	own, err := newLimits(a.store, bounds.Limits, quota.ByCaller, "")
	if err != nil {
		return nil, err
	}
	budgets, err := newBudgets(a.store, bounds.Budgets, "")
	if err != nil {
		return nil, err
	}
	gate, err := bounds.Concurrency.gate(&a.leases, "caller/"+c.Name)
	if err != nil {
		return nil, err
	}
	return &callerState{name: c.Name, release: released, limits: own, only: c.Providers, budgets: budgets, gate: gate}, nil
}

// Start makes this config the one whose event handlers hear of alerts.
func (a *App) Start() error {
	a.started = true
	running.add(a)
	return nil
}

// Stop ends that. Where a new config could not be started, the one before it
// goes on.
func (a *App) Stop() error {
	running.remove(a)
	return nil
}

// Cleanup lets go of what is shared with other configs.
func (a *App) Cleanup() error {
	guardStdLog()
	if running.latest() == nil || !a.started {
		return a.leases.Close()
	}
	// A reload does not wait for the requests of the old config, and they still
	// need its audit log and its credentials.
	go func() {
		time.Sleep(linger)
		a.inFlight.wait(drainTimeout)
		if err := a.leases.Close(); err != nil {
			a.logger.Error("closing what the old config held", zap.Error(err))
		}
	}()
	return nil
}

// linger is for requests that the old server had accepted, but its handlers not
// yet seen, when it was stopped. A variable for tests.
var linger = time.Second

// drainTimeout bounds how long the requests of an old config keep what they
// need. A request that takes longer fails closed.
const drainTimeout = 2 * time.Minute

// keeperEntry is a secret in use by this config: a provider's credential,
// under the provider's name, or the pseudonym key.
type keeperEntry struct {
	name   string
	keeper *credential.Keeper
}

// secrets are those that a config uses, for health, status and metrics.
type secrets struct {
	mu      sync.Mutex
	keepers []keeperEntry
}

// watch adds a secret; several routes may share one.
func (s *secrets) watch(name string, k *credential.Keeper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if entry := (keeperEntry{name, k}); !slices.Contains(s.keepers, entry) {
		s.keepers = append(s.keepers, entry)
	}
}

func (s *secrets) list() []keeperEntry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.keepers)
}

// appFrom returns the Ringward app of a config.
func appFrom(ctx caddy.Context) (*App, error) {
	app, err := ctx.App("ringward")
	if err != nil {
		return nil, fmt.Errorf("getting ringward app: %w", err)
	}
	return app.(*App), nil
}

// release is what a caller may see, parsed.
type release struct {
	classes  []provider.Class
	pointers []string
}

// parseRelease splits data classes from JSON pointers; nothing means the
// default release.
func parseRelease(words []string) (release, error) {
	if len(words) == 0 {
		return release{classes: provider.DefaultRelease()}, nil
	}
	var r release
	for _, word := range words {
		switch class := provider.Class(word); {
		case strings.HasPrefix(word, "/"):
			r.pointers = append(r.pointers, word)
		case slices.Contains(provider.Classes(), class):
			r.classes = append(r.classes, class)
		default:
			return release{}, fmt.Errorf("unknown data class %q: use %v, or a JSON pointer such as /data/carrier", word, provider.Classes())
		}
	}
	return r, nil
}

// Interface guards.
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
