package caddymodule

import (
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/caddymodule/internal/caller/jwt"
	"github.com/ringward/ringward/caddymodule/internal/intake"
	"github.com/ringward/ringward/caddymodule/internal/minimize"
	"github.com/ringward/ringward/caddymodule/internal/phone"
	"github.com/ringward/ringward/caddymodule/internal/provider"
	"github.com/ringward/ringward/caddymodule/internal/quota"
	"github.com/ringward/ringward/caddymodule/internal/unify"
)

func init() {
	caddy.RegisterModule(Edge{})
}

// Edge is the front door: the HTTP handler that decides whether a caller may
// look up a number now. It must be followed by a reverse_proxy with the
// ringward transport of the same provider; the `ringward` directive writes both.
type Edge struct {
	// Provider is the phone API behind this route.
	Provider ProviderConfig `json:"provider"`

	// Callers names the callers that this route serves. Default: all.
	Callers []string `json:"callers,omitempty"`

	// Anonymous, when set, lets requests without a caller key in, from the
	// same host only.
	Anonymous *AnonymousConfig `json:"anonymous,omitempty"`

	// Numbers says which numbers may be looked up. Default: valid numbers of
	// every region that the provider covers.
	Numbers phone.Policy `json:"numbers"`

	// Operations names the operations that this route serves. Default: all but
	// those that cost more than a lookup or tell about persons.
	Operations []string `json:"operations,omitempty"`

	// AllowParameters names parameters that are refused otherwise, because
	// they cost extra or send personal data: NAME, or NAME=VALUE,VALUE for some
	// values only.
	AllowParameters []string `json:"allow_parameters,omitempty"`

	// Settings are parameters that every request gets. Callers cannot send
	// them.
	Settings []intake.Setting `json:"settings,omitempty"`

	// Unified, when set, gives answers and errors one form, whichever the
	// provider. Default: the provider's own.
	Unified *UnifiedConfig `json:"unified,omitempty"`

	// Limits are the rate limits of this route's provider.
	Limits []LimitConfig `json:"limits,omitempty"`

	// Budgets bound what this provider may cost.
	Budgets []BudgetConfig `json:"budgets,omitempty"`

	// Concurrency bounds the lookups at this provider that are under way.
	// Default: no bound.
	Concurrency *ConcurrencyConfig `json:"concurrency,omitempty"`

	// BlockDigits is how many first digits of a full number, without "+", make
	// its block, for limits by block. Default: 7.
	BlockDigits int `json:"block_digits,omitempty"`

	// Session says what names a session, for limits by session.
	Session *SessionConfig `json:"session,omitempty"`

	// Scopes must be among those of a token, besides those that JWTConfig asks for.
	Scopes []string `json:"scopes,omitempty"`

	// Addresses are from which clients may call here, besides what holds for all
	// routes. Default: all.
	Addresses *AddressesConfig `json:"addresses,omitempty"`

	app       *App
	logger    *zap.Logger
	provider  *provider.Provider
	ops       map[*provider.Operation]*operation
	parser    *phone.Parser
	limits    *limits
	budgets   *quota.Budgets
	gates     *quota.Gates
	leases    *leases
	extractor *caller.Extractor
	slotsIn   slotParts
	access    caller.IPAccess
	anonymous *callerState

	tokenPolicy *jwt.Policy // nil: no tokens are taken
	unifiedOp   *operation  // asked by requests in the unified form; nil for none
}

// AnonymousConfig says what requests without a caller key may see.
type AnonymousConfig struct {
	// Release is as for a caller.
	Release []string `json:"release,omitempty"`
}

// operation is an operation of the provider, ready for requests.
type operation struct {
	*provider.Operation
	form  *intake.Form
	unify *unify.Plan // nil for answers in the provider's own form

	mu    sync.Mutex
	plans map[string]*minimize.Plan // by what is released: most callers see the same
}

// CaddyModule returns the Caddy module information.
func (Edge) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.ringward",
		New: func() caddy.Module { return new(Edge) },
	}
}

// Provision builds everything that a request needs, so that serving one does
// no I/O but the lookup and the audit entry.
func (e *Edge) Provision(ctx caddy.Context) error {
	e.logger = ctx.Logger()
	e.leases = new(leases)
	var err error
	if e.app, err = appFrom(ctx); err != nil {
		return err
	}
	if e.provider, err = e.Provider.resolve(); err != nil {
		return err
	}
	for _, step := range []func() error{
		e.provisionKeys, e.provisionNumbers, e.provisionLimits, e.provisionOperations, e.provisionUnified, e.provisionCallers,
	} {
		if err := step(); err != nil {
			return fmt.Errorf("provider %s: %w", e.provider.Name, err)
		}
	}
	e.app.edges = append(e.app.edges, e)
	e.app.config.add(e)
	return nil
}

// provisionKeys says where callers show their keys, and from where they call.
func (e *Edge) provisionKeys() error {
	slots := make([]caller.Slot, len(e.provider.CallerSlots))
	for i, s := range e.provider.CallerSlots {
		slots[i] = caller.Slot{In: caller.In(s.In), Name: s.Name, Scheme: s.Scheme}
	}
	newExtractor := caller.NewExtractor
	switch {
	case e.app.tokens != nil:
		newExtractor = caller.NewTokenExtractor
		e.tokenPolicy = e.app.JWT.policy(e.Scopes)
	case len(e.Scopes) > 0:
		return errors.New("only tokens have scopes, and none are taken: add `jwt <issuer> { ... }` to the global ringward option")
	}
	var err error
	if e.extractor, err = newExtractor(slots); err != nil {
		return err
	}
	e.access, err = e.Addresses.access(e.app.watched)
	return err
}

func (e *Edge) provisionNumbers() error {
	policy := e.Numbers
	covered := e.provider.Regions
	for _, region := range policy.Regions {
		if len(covered) > 0 && !slices.Contains(covered, region) {
			return fmt.Errorf("region %q is not covered by this provider, which covers %v", region, covered)
		}
	}
	if len(policy.Regions) == 0 {
		policy.Regions = covered
	}
	if policy.DefaultRegion == "" {
		policy.DefaultRegion = e.provider.DefaultRegion
	}
	for _, op := range e.provider.Operations {
		if op.Number != nil && op.Number.Format == provider.FormatNational && !policy.OneCallingCode() {
			return fmt.Errorf("operation %s sends numbers in national form, which means one number only within one calling code: set regions that share one, such as US and CA", op.Name)
		}
	}
	var err error
	e.parser, err = phone.NewParser(policy)
	return err
}

func (e *Edge) provisionLimits() error {
	if e.BlockDigits == 0 {
		e.BlockDigits = defaultBlockDigits
	}
	if e.BlockDigits < minBlockDigits || e.BlockDigits > maxBlockDigits {
		return fmt.Errorf("a block has %d to %d digits, not %d", minBlockDigits, maxBlockDigits, e.BlockDigits)
	}
	var err error
	if e.limits, err = newLimits(e.app.store, e.Limits, "", e.provider.Name); err != nil {
		return err
	}
	if e.budgets, err = newBudgets(e.app.store, e.Budgets, e.provider.Name); err != nil {
		return err
	}
	if e.gates, err = e.Concurrency.gates(e.leases, "provider"); err != nil {
		return err
	}
	switch {
	case e.Session == nil && e.limits.needs(quota.BySession):
		return errors.New("a limit by session needs to know what names a session: add `session header <name>`, `session cookie <name>` or `session claim <name>`")
	case e.Session != nil && e.Session.Claim != "" && e.app.tokens == nil:
		return errors.New("a claim names the session, but no tokens are taken: add `jwt <issuer> { ... }` to the global ringward option")
	}
	return nil
}

// A block is as many first digits of the full number. 7 digits are an exchange
// of 10,000 numbers in North America.
const (
	defaultBlockDigits = 7
	minBlockDigits     = 3
	maxBlockDigits     = 14
)

func (e *Edge) provisionOperations() error {
	e.ops = make(map[*provider.Operation]*operation, len(e.provider.Operations))
	e.slotsIn = partsOf(e.provider.CallerSlots)
	if err := intake.CheckAllowed(e.provider, e.AllowParameters); err != nil {
		return err
	}
	if err := intake.CheckSettings(e.provider, e.Settings); err != nil {
		return err
	}
	served, err := servedOperations(e.provider, e.Operations)
	if err != nil {
		return err
	}
	options := intake.Options{
		Allow: e.AllowParameters, Settings: e.Settings, KeyParams: e.slotsIn.query, Discard: e.provider.Discard,
	}
	for _, i := range served {
		op := &operation{Operation: &e.provider.Operations[i], plans: make(map[string]*minimize.Plan)}
		if op.form, err = intake.Compile(op.Operation, options); err != nil {
			return fmt.Errorf("operation %s: %w", op.Name, err)
		}
		e.ops[op.Operation] = op
	}
	return nil
}

// servedOperations returns the indexes of the operations that a route serves.
func servedOperations(p *provider.Provider, names []string) ([]int, error) {
	for _, name := range names {
		if p.Operation(name) == nil {
			return nil, unknownOperation(p, name)
		}
	}
	var served []int
	for i := range p.Operations {
		op := &p.Operations[i]
		if slices.Contains(names, op.Name) || len(names) == 0 && !op.OptIn {
			served = append(served, i)
		}
	}
	if len(served) == 0 {
		return nil, errors.New("every operation of this provider has to be named to be served: add `operations NAME...`")
	}
	return served, nil
}

// slotParts lists the query parameters in which callers present keys.
type slotParts struct{ query []string }

func partsOf(slots []provider.Slot) slotParts {
	var parts slotParts
	for _, s := range slots {
		if s.In == provider.InQuery {
			parts.query = append(parts.query, s.Name)
		}
	}
	return parts
}

// Cleanup lets go of what is shared with other configs.
func (e *Edge) Cleanup() error { return e.leases.Close() }

// Interface guards.
var (
	_ caddy.Provisioner           = (*Edge)(nil)
	_ caddy.CleanerUpper          = (*Edge)(nil)
	_ caddyhttp.MiddlewareHandler = (*Edge)(nil)
)
