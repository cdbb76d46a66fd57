package caddymodule

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/caddymodule/internal/credential"
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

	// CallerSources are where more callers stand. They come and go without a
	// reload.
	CallerSources []CallerSourceConfig `json:"caller_sources,omitempty"`

	// JWT, when set, lets callers show tokens of an issuer in place of keys.
	JWT *JWTConfig `json:"jwt,omitempty"`

	// Certificates, when set, lets callers be known by TLS client certificates.
	Certificates *CertificatesConfig `json:"certificates,omitempty"`

	// Addresses are from which clients may call at all. Default: all.
	Addresses *AddressesConfig `json:"addresses,omitempty"`

	leases     *leases
	logger     *zap.Logger
	registry   *caller.Registry[*callerState]
	tokens     *tokens // nil: no tokens are taken
	verifier   *caller.CertificateVerifier
	access     caller.IPAccess
	edges      []*Edge // complete once the config is provisioned
	watched    *watchList
	store      quota.Counters
	backoff    *quota.Backoff // nil: nobody is locked out
	auditLog   *auditLog
	pseudonyms *pseudonyms
	events     *caddyevents.App
	ctx        caddy.Context
	config     configHash

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
	a.leases, a.watched = new(leases), new(watchList)
	a.config.add(a)
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
	for _, step := range []struct {
		name string
		do   func(caddy.Context) error
	}{
		{"addresses", a.provisionAddresses},
		{"jwt", a.provisionTokens},
		{"certificates", a.provisionCertificates},
		{"callers", a.provisionCallers},
	} {
		if err := step.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", step.name, err)
		}
	}
	return a.provisionAudit(ctx)
}

func newStore() (quota.Counters, func() error, error) {
	store := quota.NewMemoryStore()
	return store, store.Close, nil
}

// Start makes this config the one whose event handlers hear of alerts, and
// begins to look after what changes without a reload.
func (a *App) Start() error {
	if err := a.checkNames(); err != nil {
		return err
	}
	if err := a.auditLog.Start(); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	a.started = true
	running.add(a)
	a.watched.start(a.ctx)
	return nil
}

// Stop ends that. Where a new config could not be started, the one before it
// goes on.
func (a *App) Stop() error {
	a.watched.stop()
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

// Interface guards.
var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
