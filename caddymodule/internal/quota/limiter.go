package quota

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// Limiter applies rules. It is safe for concurrent use and never changes.
type Limiter struct {
	counters Counters
	groups   []group // one for each dimension that has rules
	needs    dimensionSet
}

// group holds the rules of one dimension.
type group struct {
	dimension Dimension
	set       dimensionSet
	rules     []rule
}

// NewLimiter checks the rules and returns a limiter that counts in counters.
// Two rules with the same dimension, period and scope are an error: they would
// count every request twice.
func NewLimiter(counters Counters, rules []Rule) (*Limiter, error) {
	if counters == nil {
		return nil, errors.New("limiter without a store")
	}
	l := &Limiter{counters: counters}
	rules = slices.Clone(rules)
	for i := range rules {
		r := &rules[i]
		if err := r.Check(); err != nil {
			return nil, fmt.Errorf("limit %d: %w", i+1, err)
		}
		set, _ := parseSet(string(r.Dimension)) // checked above
		r.Dimension = set.dimension()
		if slices.ContainsFunc(rules[:i], r.sharesCounters) {
			return nil, fmt.Errorf("limit %d: a second limit for %s and period %s",
				i+1, r.Dimension, periodText(r.Rate.Period))
		}
	}
	for _, r := range rules {
		l.add(r, rules)
	}
	slices.SortFunc(l.groups, func(a, b group) int { return cmp.Compare(a.set, b.set) })
	return l, nil
}

func (l *Limiter) add(r Rule, siblings []Rule) {
	set, _ := parseSet(string(r.Dimension))
	ready := rule{
		name:      r.name(siblings),
		dimension: r.Dimension,
		set:       set,
		counters:  r.counters(),
		rate:      r.Rate,
	}
	l.needs |= set
	if g := l.group(r.Dimension); g != nil {
		g.rules = append(g.rules, ready)
		return
	}
	l.groups = append(l.groups, group{r.Dimension, set, []rule{ready}})
}

func (l *Limiter) group(dimension Dimension) *group {
	for i := range l.groups {
		if l.groups[i].dimension == dimension {
			return &l.groups[i]
		}
	}
	return nil
}

// Has reports whether the limiter has a rule for exactly this dimension, in
// canonical order. Without one, Take need not be called.
func (l *Limiter) Has(dimension Dimension) bool { return l.group(dimension) != nil }

// Needs reports whether a rule uses the key of a simple dimension, alone or in
// a combination. Without one, the key need not be made.
func (l *Limiter) Needs(simple Dimension) bool {
	i := slices.Index(Dimensions(), simple)
	return i >= 0 && l.needs&(1<<i) != 0
}

// Take counts one request of key in every rule of a simple dimension. See TakeN.
func (l *Limiter) Take(ctx context.Context, simple Dimension, key string) (State, error) {
	return l.TakeN(ctx, simple, key, 1)
}

// TakeN counts n requests of key in every rule of a simple dimension, and
// returns the state of the tightest: they pass together or not at all. Refused
// ones do not count. Without a rule it returns the zero State.
//
// An error means that the requests must be refused.
func (l *Limiter) TakeN(ctx context.Context, simple Dimension, key string, n int64) (State, error) {
	g := l.group(simple)
	if g == nil {
		return State{}, nil
	}
	if !g.set.isSimple() {
		return State{}, fmt.Errorf("counting by %s: %w: it has more than one", simple, ErrInvalidKey)
	}
	key, err := checkedKey(g.set, key)
	if err != nil {
		return State{}, err
	}
	if n < 1 {
		return State{}, errTooFew
	}
	b := newBatch()
	defer b.free()
	b.add(g, key, n, time.Now())
	if err := b.count(ctx, l.counters); err != nil {
		return State{}, err
	}
	return b.tightest(g), nil
}

// TakeAll counts n requests for each of keys in every rule of the limiter, under
// the keys that its dimensions need, and appends the state of the tightest rule
// of each dimension to states: of the tightest key, where there are several. The
// requests pass where no state is reached; otherwise none of them counts. Keys
// that are alike count as often as they come.
//
// However many keys there are, the store is asked once.
//
// An error means that the requests must be refused: among others where a key is
// missing that a rule needs.
func (l *Limiter) TakeAll(ctx context.Context, keys []Keys, n int64, states []State) ([]State, error) {
	if len(l.groups) == 0 || len(keys) == 0 {
		return states, nil
	}
	if n < 1 {
		return states, errTooFew
	}
	b := newBatch()
	defer b.free()
	if len(keys) > 1 {
		b.places = make(map[groupKey]int, len(keys)*len(l.groups))
	}
	now := time.Now()
	for _, k := range keys {
		for i := range l.groups {
			g := &l.groups[i]
			key, err := k.of(g.set)
			if err != nil {
				return states, err
			}
			b.add(g, key, n, now)
		}
	}
	if err := b.count(ctx, l.counters); err != nil {
		return states, err
	}
	for i := range l.groups {
		states = append(states, b.tightest(&l.groups[i]))
	}
	return states, nil
}

var errTooFew = errors.New("counting less than one request")
