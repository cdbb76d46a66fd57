package quota

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringward/ringward/e2e/redis"
)

func newBudgets(t testing.TB, counters Counters, onSoft func(Spending), budgets ...Budget) *Budgets {
	t.Helper()
	b, err := NewBudgets(counters, budgets, onSoft)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var spender = &Keys{Caller: "signup", Provider: "numverify"}

func reserve(t testing.TB, b *Budgets, cost int64) *Reservation {
	t.Helper()
	r, err := b.Reserve(t.Context(), spender, cost)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// checkRefused fails unless a reservation of cost is refused, and returns why.
func checkRefused(t testing.TB, b *Budgets, cost int64) *OverBudgetError {
	t.Helper()
	_, err := b.Reserve(t.Context(), spender, cost)
	var over *OverBudgetError
	if !errors.As(err, &over) {
		t.Fatalf("got %v, want it to be over budget", err)
	}
	return over
}

// atNoon runs a test at noon UTC of the 30th of January 2000.
func atNoon(t *testing.T, test func(t *testing.T, store *Store)) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2000, 1, 30, 12, 0, 0, 0, time.UTC)))
		store := NewMemoryStore()
		defer store.Close()
		test(t, store)
	})
}

func TestBudgetsLastForTheirCalendarPeriod(t *testing.T) {
	atNoon(t, func(t *testing.T, store *Store) {
		b := newBudgets(t, store, nil,
			Budget{Dimension: ByCaller, Period: Daily, Hard: 100},
			Budget{Dimension: ByProvider, Period: Monthly, Hard: 150},
		)
		reserve(t, b, 90)
		over := checkRefused(t, b, 11)
		if over.Reset != 12*time.Hour || over.Left != 10 || over.Budget.Period != Daily {
			t.Errorf("refused by %+v", over)
		}
		reserve(t, b, 10) // what was refused did not count
		time.Sleep(over.Reset)
		reserve(t, b, 50)
		if over := checkRefused(t, b, 1); over.Reset != 24*time.Hour || over.Left != 0 || over.Budget.Period != Monthly {
			t.Errorf("refused by %+v", over)
		}
		time.Sleep(24*time.Hour - time.Second)
		checkRefused(t, b, 1)
		time.Sleep(time.Second)
		reserve(t, b, 100)
	})
}

func TestWhatIsNotChargedIsGivenBackOnce(t *testing.T) {
	b := newBudgets(t, newStore(t), nil, Budget{Dimension: ByCaller, Period: Monthly, Hard: 100})
	reserve(t, b, 50)
	r := reserve(t, b, 50)
	for _, amount := range []int64{20, -5, 0} {
		if err := r.Refund(t.Context(), amount); err != nil {
			t.Fatal(err)
		}
	}
	if r.Left() != 30 {
		t.Errorf("%d left of the reservation, want 30", r.Left())
	}
	checkRefused(t, b, 21)
	for range 3 {
		if err := r.Refund(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
	}
	if over := checkRefused(t, b, 51); over.Left != 50 {
		t.Errorf("%d left, want 50", over.Left)
	}
}

func TestARefundGoesToThePeriodOfItsReservation(t *testing.T) {
	atNoon(t, func(t *testing.T, store *Store) {
		b := newBudgets(t, store, nil, Budget{Dimension: ByCaller, Period: Daily, Hard: 100})
		r := reserve(t, b, 100)
		time.Sleep(24 * time.Hour)
		reserve(t, b, 100)
		if err := r.Refund(t.Context(), 100); err != nil {
			t.Fatal(err)
		}
		checkRefused(t, b, 1)
	})
}

func TestASoftLimitIsToldOncePerPeriod(t *testing.T) {
	atNoon(t, func(t *testing.T, store *Store) {
		var told []Spending
		soft := Budget{Dimension: ByCaller, Period: Daily, Soft: 80, Hard: 100}
		b := newBudgets(t, store, func(s Spending) { told = append(told, s) }, soft)
		reserve(t, b, 79)
		if len(told) != 0 {
			t.Fatal("told before the limit is reached")
		}
		for range 3 {
			if err := reserve(t, b, 5).Refund(t.Context(), 5); err != nil {
				t.Fatal(err)
			}
		}
		if want := (Spending{Budget: soft, Key: "signup", Spent: 84}); len(told) != 1 || told[0] != want {
			t.Fatalf("told %+v, want %+v once", told, want)
		}
		time.Sleep(24 * time.Hour)
		reserve(t, b, 100)
		if len(told) != 2 {
			t.Errorf("told %d times in two days", len(told))
		}
	})
}

func TestASoftLimitAloneRefusesNothing(t *testing.T) {
	told := 0
	b := newBudgets(t, newStore(t), func(Spending) { told++ }, Budget{Dimension: ByCaller, Period: Monthly, Soft: 1})
	for range 5 {
		reserve(t, b, 1000)
	}
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

func TestAHardLimitIsNeverExceeded(t *testing.T) {
	server := redis.Start(t)
	shared, _ := openRedis(t, nil, server.Address)
	for name, counters := range map[string]Counters{"memory": newStore(t), "redis": shared} {
		t.Run(name, func(t *testing.T) {
			const hard = 1000
			b := newBudgets(t, counters, nil, Budget{Dimension: ByCaller, Period: Monthly, Hard: hard})
			var reserved, most atomic.Int64
			var wg sync.WaitGroup
			for range 50 {
				wg.Go(func() {
					for range 20 {
						r, err := b.Reserve(t.Context(), spender, 1+rand.Int64N(50))
						if err != nil {
							if !errors.As(err, new(*OverBudgetError)) {
								t.Error(err)
							}
							continue
						}
						now := reserved.Add(r.Left())
						for seen := most.Load(); now > seen && !most.CompareAndSwap(seen, now); seen = most.Load() {
						}
						if back := rand.Int64N(r.Left() + 1); rand.IntN(2) == 0 {
							reserved.Add(-back) // before, so that it is never counted too high
							if err := r.Refund(t.Context(), back); err != nil {
								t.Error(err)
							}
						}
					}
				})
			}
			wg.Wait()
			if most.Load() > hard {
				t.Errorf("%d were reserved at a time, want %d at most", most.Load(), hard)
			}
			// What is left can still be spent, to the last unit.
			if left := hard - reserved.Load(); left > 0 {
				reserve(t, b, left)
			}
			checkRefused(t, b, 1)
		})
	}
}

func TestEqualReservationsUseABudgetUp(t *testing.T) {
	b := newBudgets(t, newStore(t), nil, Budget{Dimension: ByCaller, Period: Monthly, Hard: 100})
	var granted atomic.Int64
	var wg sync.WaitGroup
	for range 500 {
		wg.Go(func() {
			if _, err := b.Reserve(t.Context(), spender, 7); err == nil {
				granted.Add(1)
			}
		})
	}
	wg.Wait()
	if granted.Load() != 100/7 {
		t.Errorf("%d were granted, want %d", granted.Load(), 100/7)
	}
}

func TestUnsoundBudgetsAndCostsAreRefused(t *testing.T) {
	good := Budget{Dimension: ByCaller, Period: Daily, Hard: 1}
	for name, spoil := range map[string]func(*Budget){
		"no dimension":    func(b *Budget) { b.Dimension = "" },
		"no period":       func(b *Budget) { b.Period = "" },
		"unknown period":  func(b *Budget) { b.Period = "week" },
		"no limit":        func(b *Budget) { b.Hard = 0 },
		"negative limit":  func(b *Budget) { b.Hard = -1 },
		"huge limit":      func(b *Budget) { b.Hard = maxBudget + 1 },
		"soft above hard": func(b *Budget) { b.Soft = 2 },
		"slash in scope":  func(b *Budget) { b.Scope = "a/b" },
	} {
		bad := good
		spoil(&bad)
		if _, err := NewBudgets(newStore(t), []Budget{bad}, nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := NewBudgets(newStore(t), []Budget{good, good}, nil); err == nil {
		t.Error("a duplicate is accepted")
	}
	b := newBudgets(t, newStore(t), nil, good)
	for _, cost := range []int64{-1, maxBudget + 1} {
		if _, err := b.Reserve(t.Context(), spender, cost); err == nil {
			t.Errorf("a cost of %d is accepted", cost)
		}
	}
	if err := reserve(t, b, 0).Refund(t.Context(), 1); err != nil {
		t.Errorf("a reservation of nothing: %v", err)
	}
	if _, err := b.Reserve(t.Context(), &Keys{}, 1); !errors.Is(err, ErrInvalidKey) {
		t.Errorf("without a caller: %v", err)
	}
	broken := newBudgets(t, brokenStore{errors.New("down")}, nil, good)
	if _, err := broken.Reserve(t.Context(), spender, 1); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without counters: %v", err)
	}
}

func TestCalendarPeriodsStartAtMidnightUTC(t *testing.T) {
	east := time.FixedZone("east", 14*3600)
	for _, tt := range []struct {
		period      CalendarPeriod
		at          time.Time
		start, next string
	}{
		{Daily, time.Date(2028, 2, 29, 23, 59, 59, 0, time.UTC), "2028-02-29", "2028-03-01"},
		{Daily, time.Date(2028, 3, 1, 1, 0, 0, 0, east), "2028-02-29", "2028-03-01"},
		{Monthly, time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC), "2026-12-01", "2027-01-01"},
		{Monthly, time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC), "2027-01-01", "2027-02-01"},
		{Monthly, time.Date(2027, 1, 1, 0, 0, 0, 0, east), "2026-12-01", "2027-01-01"},
	} {
		index := tt.period.index(tt.at)
		start, next := tt.period.start(index), tt.period.start(index+1)
		if start.Format(time.DateOnly) != tt.start || next.Format(time.DateOnly) != tt.next || start.Hour() != 0 {
			t.Errorf("%s of %v: from %v to %v", tt.period, tt.at, start, next)
		}
	}
}

func BenchmarkReserve(b *testing.B) {
	budgets := newBudgets(b, newStore(b), nil,
		Budget{Dimension: ByCaller, Period: Daily, Hard: maxBudget},
		Budget{Dimension: ByCaller, Period: Monthly, Hard: maxBudget},
	)
	b.ReportAllocs()
	for b.Loop() {
		reserve(b, budgets, 1)
	}
}
