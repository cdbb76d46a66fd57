package caddymodule

import (
	"errors"
	"strconv"
	"time"

	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/alert"
	"github.com/ringward/ringward/caddymodule/internal/provider"
	"github.com/ringward/ringward/caddymodule/internal/quota"
)

// BudgetConfig is what may be spent in a day or a month of UTC, in cost units.
type BudgetConfig struct {
	// By is whose budget it is: provider, of all callers together, or caller, of
	// each. A caller's own is always by caller.
	By string `json:"by,omitempty"`

	// Period is day or month.
	Period string `json:"period"`

	// Units is what is never exceeded.
	Units int64 `json:"units"`

	// Soft is what is worth an event; 0 for none.
	Soft int64 `json:"soft,omitempty"`
}

func (b BudgetConfig) budget(scope string) quota.Budget {
	return quota.Budget{Dimension: quota.Dimension(b.By), Period: quota.CalendarPeriod(b.Period), Soft: b.Soft, Hard: b.Units, Scope: scope}
}

func newBudgets(store quota.Counters, configs []BudgetConfig, scope string) (*quota.Budgets, error) {
	budgets := make([]quota.Budget, len(configs))
	for i, config := range configs {
		budgets[i] = config.budget(scope)
	}
	return quota.NewBudgets(store, budgets, func(s quota.Spending) {
		hub().Emit(alert.Event{Name: alert.BudgetSoftLimit, Attributes: map[string]string{
			string(s.Budget.Dimension): s.Key,
			alert.AttrPeriod:           string(s.Budget.Period),
			alert.AttrUnits:            strconv.FormatInt(s.Spent, 10),
		}})
	})
}

// reserve takes what the lookup costs from the caller's and the route's budgets
// before it is made. settle gives it back where the provider has not charged.
func (e *Edge) reserve(ex *exchange) (settle func(), p *problem) {
	if ex.cost == 0 || ex.bounds.budgets.None() && e.budgets.None() {
		return func() {}, nil
	}
	keys := quota.Keys{Caller: ex.name, Provider: e.provider.Name}
	var held []*quota.Reservation
	giveBack := func() {
		for _, r := range held {
			if err := r.Refund(ex.counting, r.Left()); err != nil {
				e.logger.Warn("a budget counts a lookup that was not charged", zap.String("request_id", ex.id), zap.Error(err))
			}
		}
	}
	for _, budgets := range [...]*quota.Budgets{ex.bounds.budgets, e.budgets} {
		r, err := budgets.Reserve(ex.counting, &keys, int64(ex.cost))
		if err != nil {
			giveBack()
			return nil, overBudget(err)
		}
		held = append(held, r)
	}
	return func() {
		if ex.spent() == 0 {
			giveBack()
		}
	}, nil
}

func overBudget(err error) *problem {
	if over := (*quota.OverBudgetError)(nil); errors.As(err, &over) {
		return &problem{reason: provider.ReasonBudgetExceeded, cause: errBudget(over.Budget.Period), retry: max(over.Reset, time.Second)}
	}
	return uncounted(err)
}

// errBudget names the period of a budget that is used up.
type errBudget quota.CalendarPeriod

func (period errBudget) Error() string { return "budget used up for the " + string(period) }
