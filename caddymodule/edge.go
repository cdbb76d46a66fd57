package caddymodule

import (
	"errors"
	"fmt"
	"slices"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/caller"
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

	app       *App
	logger    *zap.Logger
	provider  *provider.Provider
	ops       map[*provider.Operation]*operation
	parser    *phone.Parser
	limits    *limits
	budgets   *quota.Budgets
	gate      *quota.Gate
	leases    leases
	extractor *caller.Extractor
	slotsIn   slotParts
	served    map[string]*callerState // nil: every caller of the app
	anonymous *callerState
	unifiedOp *operation // asked by requests in the unified form; nil for none
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
	plans map[*callerState]*minimize.Plan
	unify *unify.Plan // nil for answers in the provider's own form
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
	var err error
	if e.app, err = appFrom(ctx); err != nil {
		return err
	}
	if e.provider, err = e.Provider.resolve(); err != nil {
		return err
	}
	for _, step := range []func() error{e.provisionCallers, e.provisionNumbers, e.provisionLimits, e.provisionOperations, e.provisionUnified} {
		if err := step(); err != nil {
			return fmt.Errorf("provider %s: %w", e.provider.Name, err)
		}
	}
	return nil
}

func (e *Edge) provisionCallers() error {
	if len(e.Callers) > 0 {
		e.served = make(map[string]*callerState, len(e.Callers))
	}
	for _, name := range e.Callers {
		state, ok := e.app.callers[name]
		if !ok {
			return fmt.Errorf("caller %q is not described: add `caller %s { ... }` to the global ringward option", name, name)
		}
		if !state.mayAsk(e.provider.Name) {
			return fmt.Errorf("caller %q may not ask provider %s: its providers are %v", name, e.provider.Name, state.only)
		}
		e.served[name] = state
	}
	if e.Anonymous != nil {
		released, err := parseRelease(e.Anonymous.Release)
		if err != nil {
			return fmt.Errorf("anonymous: %w", err)
		}
		if e.anonymous, err = e.app.newCallerState(&CallerConfig{Name: anonymousName}); err != nil {
			return err
		}
		e.anonymous.release = released
	}
	if e.anonymous == nil && len(e.serving()) == 0 {
		return errors.New("nobody may ask: describe a caller in the global ringward option (`ringward caller new NAME` makes a key), or set anonymous for callers on the same host")
	}
	slots := make([]caller.Slot, len(e.provider.CallerSlots))
	for i, s := range e.provider.CallerSlots {
		slots[i] = caller.Slot{In: caller.In(s.In), Name: s.Name, Scheme: s.Scheme}
	}
	var err error
	e.extractor, err = caller.NewExtractor(slots)
	return err
}

// mayAsk reports whether a caller may ask a provider at all.
func (c *callerState) mayAsk(name string) bool {
	return len(c.only) == 0 || slices.Contains(c.only, name)
}

// serving lists everybody who may ask here, the anonymous one included.
func (e *Edge) serving() []*callerState {
	from := e.served
	if from == nil {
		from = e.app.callers
	}
	var all []*callerState
	for _, state := range from {
		if state.mayAsk(e.provider.Name) {
			all = append(all, state)
		}
	}
	if e.anonymous != nil {
		all = append(all, e.anonymous)
	}
	return all
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
	if e.gate, err = e.Concurrency.gate(&e.leases, "provider/"+e.provider.Name); err != nil {
		return err
	}
	if e.Session == nil && e.limits.needs(quota.BySession) {
		return errors.New("a limit by session needs to know what names a session: add `session header <name>` or `session cookie <name>`")
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
		op := &operation{Operation: &e.provider.Operations[i], plans: make(map[*callerState]*minimize.Plan)}
		if op.form, err = intake.Compile(op.Operation, options); err != nil {
			return fmt.Errorf("operation %s: %w", op.Name, err)
		}
		for _, who := range e.serving() {
			plan, err := e.plan(op.Operation, who)
			if err != nil {
				return fmt.Errorf("operation %s: caller %s: %w", op.Name, who.name, err)
			}
			op.plans[who] = plan
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

// answerBounds leaves the size of an answer to the vault door, which reads it.
var answerBounds = minimize.Options{MaxBody: maxAnswerCeiling}

// plan compiles what a caller sees of an operation's answers. A pointer that
// another provider documents releases nothing here; one to a field that is
// never released is an error.
func (e *Edge) plan(op *provider.Operation, who *callerState) (*minimize.Plan, error) {
	var pointers []string
	for _, pointer := range who.release.pointers {
		_, err := minimize.Compile(op.Fields, nil, minimize.Release{Pointers: []string{pointer}}, answerBounds)
		switch {
		case errors.Is(err, minimize.ErrUndocumented):
			e.logger.Warn("a released field is not one of this operation's", zap.String("operation", op.Name),
				zap.String("caller", who.name), zap.String("field", pointer))
		case err != nil:
			return nil, err
		default:
			pointers = append(pointers, pointer)
		}
	}
	release := minimize.Release{Classes: who.release.classes, Pointers: pointers}
	rules := slices.Concat(e.provider.Rules, op.Rules)
	return minimize.Compile(op.Fields, rules, release, answerBounds)
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
