package quota

import (
	"fmt"
	"strings"
	"time"
)

// Rule is one limit.
type Rule struct {
	// Dimension is simple or a combination, such as "caller+number".
	Dimension Dimension

	Rate Rate

	// Scope names the counters. Rules of one scope, dimension and period share
	// their counters, whichever Limiter they belong to; a provider's or route's
	// name keeps them apart. Up to 64 letters, digits, ".", "_" or "-"; empty
	// for counters that the whole process shares.
	Scope string
}

const maxScopeLength = 64

// Check reports the first fault of a rule.
func (r Rule) Check() error {
	if _, err := parseSet(string(r.Dimension)); err != nil {
		return err
	}
	if err := checkScope(r.Scope); err != nil {
		return err
	}
	return r.Rate.check()
}

func checkScope(scope string) error {
	if len(scope) > maxScopeLength || strings.ContainsFunc(scope, notInScope) {
		return fmt.Errorf("scope %q: want up to %d letters, digits, \".\", \"_\" or \"-\"", scope, maxScopeLength)
	}
	return nil
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

// counters names the rule's counters. None of its parts can hold a slash, so no
// two rules can meet in one counter by accident. The limit is not a part: a new
// limit goes on with the counts so far.
func (r Rule) counters() string {
	return string(r.Dimension) + "/" + periodText(r.Rate.Period) + "/" + r.Scope + "/"
}

// rule is a Rule made ready for counting.
type rule struct {
	name      string
	dimension Dimension
	set       dimensionSet
	counters  string
	rate      Rate
}

// state judges a tally in the window that it was counted in.
func (r *rule) state(t *Tally, w window) State {
	if t.origin == uncounted {
		return State{}
	}
	state := State{
		Name:      r.name,
		Dimension: r.dimension,
		Limit:     t.Limit,
		Window:    r.rate.Period,
		Remaining: t.Limit - w.weigh(t.Previous) - t.Count,
		Reset:     w.left,
	}
	if state.Remaining >= 0 {
		return state
	}
	state.Reached = true
	state.Remaining = max(0, state.Remaining+t.Add)
	state.Reset = 2 * r.rate.Period // more than the limit never passes
	if t.Add <= t.Limit {
		state.Reset = w.wait(t.Limit, t.Count-t.Add, t.Previous, t.Add)
	}
	return state
}

// tally starts the counting of n for key.
func (r *rule) tally(key string, n int64, w window) Tally {
	return Tally{
		table:  tableIndex(r.set),
		Rule:   r.counters,
		Key:    key,
		Index:  w.index,
		Expiry: w.expiry(),
		Add:    n,
		Limit:  r.rate.Limit,
	}
}

func (r *rule) window(now time.Time) window { return windowAt(now, r.rate.Period) }
