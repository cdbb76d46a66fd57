package caddymodule

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/caddymodule/internal/minimize"
	"github.com/ringward/ringward/caddymodule/internal/phone"
	"github.com/ringward/ringward/caddymodule/internal/provider"
	"github.com/ringward/ringward/caddymodule/internal/quota"
)

// CallerConfig is one application that may ask. It is known by a key, by a token
// or by a certificate; one of them is needed.
type CallerConfig struct {
	// Name names the caller in logs, metrics and audit entries: lower case
	// letters, digits, "-", "_" and ".".
	Name string `json:"name"`

	// Keys are digests of caller keys as `ringward caller new` prints them:
	// "sha256:" and 64 hexadecimal digits, with an expiry if they have one. Two
	// can be active at once.
	Keys []caller.Key `json:"keys,omitempty"`

	// Tokens are what the issuer's tokens call this caller: values of the claim
	// that JWTConfig names, "sub" unless it says otherwise.
	Tokens []string `json:"tokens,omitempty"`

	// Certificates are names of this caller's client certificates: "dns:" with a
	// DNS name, "uri:" with a URI such as a SPIFFE ID (one that ends in "/*" stands
	// for all below), or "sha256:" with the certificate's digest.
	Certificates []string `json:"certificates,omitempty"`

	// Expires is the day (UTC), or the moment in RFC 3339, from which this caller
	// is no longer served. Default: never.
	Expires caller.Expiry `json:"expires,omitzero"`

	// IPRanges are the addresses and prefixes from which this caller may call.
	// Default: all.
	IPRanges []string `json:"ip_ranges,omitempty"`

	AccessConfig
}

// AccessConfig is what a caller may ask, see and use.
type AccessConfig struct {
	// Providers names the providers that this caller may ask, as routes have
	// them. Default: all.
	Providers []string `json:"providers,omitempty"`

	// Operations names the operations that this caller may use. Default: all that
	// a route serves.
	Operations []string `json:"operations,omitempty"`

	// Regions are those of the numbers that this caller may ask about, as ISO
	// 3166-1 alpha-2 codes. Default: all that a route allows.
	Regions []string `json:"regions,omitempty"`

	// Release is what this caller sees: data classes, and JSON pointers to
	// single fields. Default: validity and line_type.
	Release []string `json:"release,omitempty"`

	// Tier names a tier, the bounds of which this caller has besides its own.
	// Default: none.
	Tier string `json:"tier,omitempty"`

	// Limits are this caller's rate limits, over all routes together.
	Limits []LimitConfig `json:"limits,omitempty"`

	// Budgets bound what this caller may cost over all routes together.
	Budgets []BudgetConfig `json:"budgets,omitempty"`

	// Concurrency bounds this caller's lookups that are under way. Default: the
	// tier's, or no bound.
	Concurrency *ConcurrencyConfig `json:"concurrency,omitempty"`
}

// callerState is a caller, ready for requests. Several callers that are known by
// tokens alone can share one.
type callerState struct {
	release    release
	providers  []string // empty for all; so are the next two
	operations []string
	regions    []string
	bounds     *bounds
	byTier     map[string]*bounds // nil: a token's word about the tier does not count
	unlisted   bool

	// views is what the caller sees of each operation of each route that serves
	// it. It does not change once the caller can be found.
	views map[*operation]*minimize.Plan
}

// bounds is how much a caller may use.
type bounds struct {
	limits  *limits
	budgets *quota.Budgets
	gates   *quota.Gates
}

// anonymousName stands for requests without a caller key on routes that allow
// them. No caller can have this name.
const anonymousName = "anonymous"

// newCallerState makes a caller that no route knows yet.
func (a *App) newCallerState(name string, c *AccessConfig) (*callerState, error) {
	if name == anonymousName {
		return nil, errors.New("the name is taken by requests without a key; choose another")
	}
	released, err := parseRelease(c.Release)
	if err != nil {
		return nil, err
	}
	if err := (phone.Policy{Regions: c.Regions}).Validate(); err != nil {
		return nil, err
	}
	state := &callerState{
		release: released, providers: c.Providers, operations: c.Operations, regions: c.Regions,
		views: make(map[*operation]*minimize.Plan),
	}
	if state.bounds, err = a.newBounds(c, c.Tier); err != nil {
		return nil, err
	}
	// The config's word counts more than a token's. For unlisted callers it is what
	// holds for tokens that name none.
	if c.Tier != "" && c != a.unlisted() || a.JWT == nil || a.JWT.TierClaim == "" {
		return state, nil
	}
	state.byTier = make(map[string]*bounds, len(a.Tiers))
	for tier := range a.Tiers {
		if state.byTier[tier], err = a.newBounds(c, tier); err != nil {
			return nil, err
		}
	}
	return state, nil
}

func (a *App) unlisted() *AccessConfig {
	if a.JWT == nil {
		return nil
	}
	return a.JWT.Unlisted
}

// newBounds joins a caller's own bounds with those of a tier.
func (a *App) newBounds(c *AccessConfig, tierName string) (*bounds, error) {
	tier, ok := a.Tiers[tierName]
	if tierName != "" && !ok {
		return nil, fmt.Errorf("tier %q is not described: add `tier %s { ... }` to the global ringward option", tierName, tierName)
	}
	b := new(bounds)
	var err error
	if b.limits, err = newLimits(a.store, slices.Concat(tier.Limits, c.Limits), quota.ByCaller, ""); err != nil {
		return nil, err
	}
	budgets := slices.Concat(tier.Budgets, c.Budgets)
	for i := range budgets {
		budgets[i].By = string(quota.ByCaller)
	}
	if b.budgets, err = newBudgets(a.store, budgets, ""); err != nil {
		return nil, err
	}
	concurrency := tier.Concurrency
	if c.Concurrency != nil {
		concurrency = c.Concurrency
	}
	b.gates, err = concurrency.gates(a.leases, "caller")
	return b, err
}

// mayAsk reports whether a caller may ask a provider at all.
func (c *callerState) mayAsk(name string) bool { return isAmong(c.providers, name) }

// mayUse reports whether a caller may use an operation.
func (c *callerState) mayUse(op *operation) bool { return isAmong(c.operations, op.Name) }

// mayLookUp reports whether a caller may ask about numbers of a region. A number
// that no region owns is in none.
func (c *callerState) mayLookUp(region string) bool { return isAmong(c.regions, region) }

// isAmong reports whether a list holds a name, or is empty and so sets no bound.
func isAmong(names []string, name string) bool {
	return len(names) == 0 || slices.Contains(names, name)
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
			return nil, fmt.Errorf("the address range %q %w", text, err)
		}
	}
	return caller.NewIPSet(prefixes), nil
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
