package quota

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxBudget is the largest integer of RFC 9651.
const maxBudget = 999_999_999_999_999

// Budget is what may be spent in a day or month, in cost units.
type Budget struct {
	// Dimension is whose budget it is: ByCaller, ByProvider or a combination.
	Dimension Dimension

	Period CalendarPeriod

	// Soft is what is worth an event, Hard what is never exceeded; 0 for neither.
	Soft, Hard int64

	// Scope keeps the spendings of budgets apart, as Rule.Scope does.
	Scope string
}

// Check reports the first fault of a budget.
func (b Budget) Check() error {
	if _, err := parseSet(string(b.Dimension)); err != nil {
		return err
	}
	if err := checkScope(b.Scope); err != nil {
		return err
	}
	switch {
	case b.Soft < 0 || b.Hard < 0 || b.Soft > maxBudget || b.Hard > maxBudget:
		return fmt.Errorf("a budget must be 0 to %d", int64(maxBudget))
	case b.Soft == 0 && b.Hard == 0:
		return errors.New("a budget without a soft or hard limit")
	case b.Hard > 0 && b.Soft > b.Hard:
		return errors.New("a soft limit must not exceed the hard one")
	}
	return b.Period.check()
}

func (b Budget) sharesCounters(other Budget) bool {
	return b.Dimension == other.Dimension && b.Period == other.Period && b.Scope == other.Scope
}

// Spending is what a budget's event says.
type Spending struct {
	Budget Budget
	Key    string // the caller or provider
	Spent  int64  // in this period, as far as counted now
}

// OverBudgetError means that a request would exceed a hard limit.
type OverBudgetError struct {
	Budget Budget

	// Left is what the period still allows, Reset how long it lasts.
	Left  int64
	Reset time.Duration
}

// Error names the budget, not whose it is.
func (e *OverBudgetError) Error() string {
	return fmt.Sprintf("budget by %s for the %s is used up", e.Budget.Dimension, e.Budget.Period)
}

// Budgets hold what may be spent. They are safe for concurrent use and never
// change.
type Budgets struct {
	counters Counters
	budgets  []budget
	onSoft   func(Spending)
}

// budget is a Budget made ready for counting.
type budget struct {
	Budget
	set             dimensionSet
	counters, alarm string // names of the counters: of what was spent, and of events
}

// NewBudgets checks the budgets and returns them, counted in counters. onSoft,
// where set, is told once in each period when a soft limit is reached. It must
// not block.
func NewBudgets(counters Counters, budgets []Budget, onSoft func(Spending)) (*Budgets, error) {
	if counters == nil {
		return nil, errors.New("budgets without a store")
	}
	all := &Budgets{counters: counters, onSoft: onSoft}
	budgets = slices.Clone(budgets)
	for i := range budgets {
		b := &budgets[i]
		if err := b.Check(); err != nil {
			return nil, fmt.Errorf("budget %d: %w", i+1, err)
		}
		set, _ := parseSet(string(b.Dimension)) // checked above
		b.Dimension = set.dimension()
		if slices.ContainsFunc(budgets[:i], b.sharesCounters) {
			return nil, fmt.Errorf("budget %d: a second budget for %s and %s", i+1, b.Dimension, b.Period)
		}
		name := string(b.Dimension) + "/" + string(b.Period) + "/" + b.Scope + "/"
		all.budgets = append(all.budgets, budget{*b, set, "budget/" + name, "alarm/" + name})
	}
	return all, nil
}

// None reports that there are no budgets, so that Reserve need not be called.
func (b *Budgets) None() bool { return len(b.budgets) == 0 }

// Reserve takes cost from every budget, or from none and returns an
// *OverBudgetError where one would be exceeded. Any other error also means that
// the request must be refused. What is not spent in the end is given back by
// [Reservation.Refund]; what is not given back counts as spent.
//
// However many requests reserve at a time, a hard limit is never exceeded. While
// some of them are being refused, others may be refused that would just fit.
func (b *Budgets) Reserve(ctx context.Context, keys *Keys, cost int64) (*Reservation, error) {
	if cost < 0 || cost > maxBudget {
		return nil, fmt.Errorf("reserving: a cost must be 0 to %d", int64(maxBudget))
	}
	if cost == 0 || len(b.budgets) == 0 {
		return new(Reservation), nil
	}
	now := time.Now()
	tallies := make([]Tally, len(b.budgets))
	for i := range b.budgets {
		key, err := keys.of(b.budgets[i].set)
		if err != nil {
			return nil, err
		}
		tallies[i] = b.budgets[i].tally(key, cost, now)
	}
	if err := b.counters.Add(ctx, tallies); err != nil {
		return nil, fmt.Errorf("reserving: %w: %w", ErrUnavailable, err)
	}
	if over := b.over(tallies, now); over != nil {
		// The request is refused already: where giving back fails, it stays spent.
		_ = b.counters.GiveBack(context.WithoutCancel(ctx), tallies)
		return nil, over
	}
	b.alarm(ctx, tallies)
	return &Reservation{counters: b.counters, tallies: tallies, left: cost}, nil
}

func (b *budget) tally(key string, cost int64, now time.Time) Tally {
	index := b.Period.index(now)
	limit := b.Hard
	if limit == 0 {
		limit = maxBudget
	}
	return Tally{
		table:  budgetTable,
		Rule:   b.counters,
		Key:    key,
		Index:  index,
		Expiry: b.Period.start(index+2).UnixNano() - 1,
		Add:    cost,
		Limit:  limit,
	}
}

// over returns the exceeded budget that lasts longest.
func (b *Budgets) over(tallies []Tally, now time.Time) error {
	var over *OverBudgetError
	for i := range tallies {
		t, budget := &tallies[i], &b.budgets[i]
		reset := budget.Period.start(t.Index + 1).Sub(now)
		if t.Count <= t.Limit || (over != nil && over.Reset >= reset) {
			continue
		}
		over = &OverBudgetError{Budget: budget.Budget, Left: max(0, t.Limit-t.Count+t.Add), Reset: reset}
	}
	if over == nil {
		return nil
	}
	return over
}

// alarm tells of each soft limit that this reservation has reached. Refunds may
// let it be reached again, so a counter of its own holds that it was told.
func (b *Budgets) alarm(ctx context.Context, tallies []Tally) {
	if b.onSoft == nil {
		return
	}
	for i := range tallies {
		t, budget := tallies[i], &b.budgets[i]
		if budget.Soft == 0 || t.Count < budget.Soft || t.Count-t.Add >= budget.Soft {
			continue
		}
		told := t
		told.Rule, told.Add, told.Limit = budget.alarm, 1, 1
		once := []Tally{told}
		// Better told twice than never, where that cannot be counted.
		if err := b.counters.Add(ctx, once); err != nil || once[0].Count <= 1 {
			b.onSoft(Spending{Budget: budget.Budget, Key: t.Key, Spent: t.Count})
		}
	}
}
