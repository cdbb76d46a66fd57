package quota

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ulule/limiter/v3"
)

// Dimension says what a rule counts by.
type Dimension string

// The dimensions.
const (
	ByIP     Dimension = "ip"     // the client's address, from KeyForIP
	ByCaller Dimension = "caller" // the caller's name in the config
	ByNumber Dimension = "number" // the pseudonym of a number
)

// Dimensions lists all dimensions.
func Dimensions() []Dimension { return []Dimension{ByIP, ByCaller, ByNumber} }

// Rule is one limit.
type Rule struct {
	Dimension Dimension
	Rate      Rate

	// Scope names the counters. Rules of one scope, dimension and period share
	// their counters, whichever Limiter they belong to; a provider's or route's
	// name keeps them apart. Up to 64 letters, digits, ".", "_" or "-"; empty
	// for counters that the whole process shares.
	Scope string
}

var (
	// ErrUnavailable means that a request could not be counted. It must be
	// refused.
	ErrUnavailable = errors.New("rate limit cannot be counted")

	// ErrInvalidKey means that a key is empty, too long, or a number in clear.
	// The request must be refused.
	ErrInvalidKey = errors.New("key is not fit for a counter")
)

const (
	maxScopeLength = 64
	maxKeyLength   = 256
)

// Counters is what a Limiter needs of a store: to count one request in the
// window of a key, atomically, and to report that window. It is a part of
// limiter.Store, so ulule's own stores satisfy it.
type Counters interface {
	Get(ctx context.Context, key string, rate limiter.Rate) (limiter.Context, error)
}

// Limiter applies rules. It is safe for concurrent use and never changes.
type Limiter struct {
	counters Counters
	rules    map[Dimension][]rule
}

// rule is a Rule made ready for counting.
type rule struct {
	name   string
	prefix string // of the counter keys
	rate   limiter.Rate
}

// NewLimiter checks the rules and returns a limiter that counts in counters.
// Two rules with the same dimension, period and scope are an error: they would
// count every request twice.
func NewLimiter(counters Counters, rules []Rule) (*Limiter, error) {
	if counters == nil {
		return nil, errors.New("limiter without a store")
	}
	l := &Limiter{counters: counters, rules: make(map[Dimension][]rule)}
	for i, r := range rules {
		if err := r.Check(); err != nil {
			return nil, fmt.Errorf("limit %d: %w", i+1, err)
		}
		if slices.ContainsFunc(rules[:i], r.sharesCounters) {
			return nil, fmt.Errorf("limit %d: a second limit for %s and period %s",
				i+1, r.Dimension, periodText(r.Rate.Period))
		}
		l.rules[r.Dimension] = append(l.rules[r.Dimension], rule{
			name:   r.name(rules),
			prefix: r.prefix(),
			rate:   limiter.Rate{Limit: r.Rate.Limit, Period: r.Rate.Period},
		})
	}
	return l, nil
}

// Has reports whether the limiter has a rule for dimension. Without one, Take
// need not be called, nor a key be made for it.
func (l *Limiter) Has(dimension Dimension) bool { return len(l.rules[dimension]) > 0 }

// Take counts one request of key in every rule of dimension, also in those
// after a reached one, and returns the state of the tightest. Without a rule it
// returns the zero State.
//
// The key stands for a client, caller or number. It is an opaque text of up to
// 256 bytes; for ByNumber it must be a pseudonym. An error means that the
// request must be refused.
func (l *Limiter) Take(ctx context.Context, dimension Dimension, key string) (State, error) {
	rules := l.rules[dimension]
	if len(rules) == 0 {
		return State{}, nil
	}
	if key == "" || len(key) > maxKeyLength || (dimension == ByNumber && isClearNumber(key)) {
		return State{}, fmt.Errorf("counting by %s: %w", dimension, ErrInvalidKey)
	}
	var tightest State
	for i := range rules {
		state, err := l.count(ctx, &rules[i], key)
		if err != nil {
			return State{}, fmt.Errorf("counting by %s: %w: %w", dimension, ErrUnavailable, err)
		}
		if i == 0 || state.tighterThan(tightest) {
			tightest = state
		}
	}
	return tightest, nil
}

func (l *Limiter) count(ctx context.Context, r *rule, key string) (State, error) {
	window, err := l.counters.Get(ctx, r.prefix+key, r.rate)
	if err != nil {
		return State{}, err
	}
	// The store reports the end of the window cut to a whole second, so the
	// window may last up to a second longer.
	reset := time.Until(time.Unix(window.Reset+1, 0))
	return State{
		Name:      r.name,
		Limit:     r.rate.Limit,
		Remaining: window.Remaining,
		Reset:     min(max(reset, 0), r.rate.Period),
		Reached:   window.Reached,
		Window:    r.rate.Period,
	}, nil
}

// Check reports the first fault of a rule.
func (r Rule) Check() error {
	if !slices.Contains(Dimensions(), r.Dimension) {
		return fmt.Errorf("unknown dimension %q: use ip, caller or number", r.Dimension)
	}
	if len(r.Scope) > maxScopeLength || strings.ContainsFunc(r.Scope, notInScope) {
		return fmt.Errorf("scope %q: want up to %d letters, digits, \".\", \"_\" or \"-\"", r.Scope, maxScopeLength)
	}
	return r.Rate.check()
}

func notInScope(c rune) bool {
	return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') &&
		c != '.' && c != '_' && c != '-'
}

func (r Rule) sharesCounters(other Rule) bool {
	return r.Dimension == other.Dimension && r.Rate.Period == other.Rate.Period && r.Scope == other.Scope
}

// name tells a rule from its siblings, as clients see it: "ip" where it is the
// only one of its dimension, otherwise "ip-1h", and with the scope where that
// is not enough.
func (r Rule) name(siblings []Rule) string {
	var sameDimension, samePeriod int
	for _, s := range siblings {
		if s.Dimension != r.Dimension {
			continue
		}
		sameDimension++
		if s.Rate.Period == r.Rate.Period {
			samePeriod++
		}
	}
	name := string(r.Dimension)
	if sameDimension > 1 {
		name += "-" + periodText(r.Rate.Period)
	}
	if samePeriod > 1 && r.Scope != "" {
		name += "-" + r.Scope
	}
	return name
}

// prefix starts the rule's counter keys. None of its parts can hold a slash, so
// no two rules can meet in one counter by accident. The limit is not a part: a
// new limit goes on with the counts so far.
func (r Rule) prefix() string {
	return string(r.Dimension) + "/" + periodText(r.Rate.Period) + "/" + r.Scope + "/"
}

// isClearNumber reports whether key reads as a phone number. A pseudonym names
// its key, so it never does.
func isClearNumber(key string) bool {
	return strings.Trim(key, "+0123456789 -().") == ""
}
