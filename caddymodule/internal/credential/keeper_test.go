package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// scriptedSource answers what the test says.
type scriptedSource struct {
	mu      sync.Mutex
	text    string
	version int
	created time.Time
	err     error
	takes   time.Duration
	fetches []time.Time
}

func (s *scriptedSource) Describe() string { return "scripted" }

func (s *scriptedSource) Fetch(ctx context.Context) (*Value, error) {
	s.mu.Lock()
	s.fetches = append(s.fetches, time.Now())
	text, version, created, err, takes := s.text, s.version, s.created, s.err, s.takes
	s.mu.Unlock()
	if takes > 0 && !pause(ctx, takes) {
		return nil, ctx.Err()
	}
	if err != nil || text == "" {
		return nil, err
	}
	return NewValue([]Field{{"key", SecretFromString(text)}}, version, created, time.Now())
}

func (s *scriptedSource) set(version int, text string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version, s.text, s.err = version, text, err
}

func (s *scriptedSource) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.fetches)
}

// events collects what a keeper tells.
type events struct {
	mu   sync.Mutex
	list []Event
}

func (e *events) add(event Event) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.list = append(e.list, event)
}

func (e *events) kinds() []EventKind {
	e.mu.Lock()
	defer e.mu.Unlock()
	var kinds []EventKind
	for _, event := range e.list {
		kinds = append(kinds, event.Kind)
	}
	return kinds
}

// withKeeper runs a test in fake time with a keeper that is loaded and started.
func withKeeper(t *testing.T, source *scriptedSource, change func(*KeeperConfig), test func(t *testing.T, k *Keeper, told *events)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		told := &events{}
		cfg := KeeperConfig{Source: source, OnEvent: told.add, jitter: func() float64 { return 0.5 }}
		if change != nil {
			change(&cfg)
		}
		k, err := NewKeeper(cfg)
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		if err := k.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.Start()
		k.Start()
		synctest.Wait()
		test(t, k, told)
	})
}

func (k *Keeper) mustHold(t *testing.T, version int, text string) *Value {
	t.Helper()
	v, err := k.Current()
	if err != nil {
		t.Fatalf("no current value: %v", err)
	}
	if v.Version != version || v.Fields[0].Secret.Reveal() != text {
		t.Fatalf("version %d is held, want %d", v.Version, version)
	}
	return v
}

func sleep(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

func TestKeeperRefreshesAndRotates(t *testing.T) {
	source := &scriptedSource{version: 1, text: "key-one-1"}
	withKeeper(t, source, nil, func(t *testing.T, k *Keeper, told *events) {
		first := k.mustHold(t, 1, "key-one-1")
		sleep(10 * DefaultRefresh)
		if n := source.count(); n != 11 {
			t.Errorf("%d fetches in ten periods and a load", n)
		}
		if v, _ := k.Current(); v != first {
			t.Error("an unchanged value was replaced")
		}
		if k.Previous() != nil || len(told.kinds()) != 0 {
			t.Errorf("something is told without a change: %v", told.kinds())
		}
		source.set(2, "key-two-2", nil)
		sleep(DefaultRefresh)
		k.mustHold(t, 2, "key-two-2")
		if k.Previous() != first {
			t.Error("the value before the rotation is not given")
		}
		if !slices.Equal(told.kinds(), []EventKind{EventRotated}) || told.list[0].OldVersion != 1 || told.list[0].Version != 2 {
			t.Errorf("events: %+v", told.list)
		}
		sleep(DefaultGrace - time.Second)
		if k.Previous() == nil {
			t.Error("the grace time ended early")
		}
		sleep(time.Second)
		if k.Previous() != nil {
			t.Error("the grace time does not end")
		}
		sleep(DefaultRefresh)
		if k.held.Load().previous != nil {
			t.Error("the old value is held after the grace time")
		}
	})
}

func TestChangedContentOfTheSameVersionRotates(t *testing.T) {
	source := &scriptedSource{text: "file-key-1"}
	withKeeper(t, source, nil, func(t *testing.T, k *Keeper, told *events) {
		source.set(0, "file-key-2", nil)
		sleep(DefaultRefresh)
		k.mustHold(t, 0, "file-key-2")
		if !slices.Equal(told.kinds(), []EventKind{EventRotated}) {
			t.Errorf("events: %v", told.kinds())
		}
	})
}

func TestNoAnswerOfAnyKindReplacesAGoodValue(t *testing.T) {
	for _, bad := range []error{
		ErrNotFound, ErrDeleted, ErrFieldMissing, ErrEmpty, ErrInvalid, ErrDenied, ErrUnavailable, ErrLogin, ErrEnvironment,
		errors.New("unheard of"), nil, // nil: no value and no error
	} {
		t.Run(Class(bad), func(t *testing.T) {
			source := &scriptedSource{version: 1, text: "key-one-1"}
			withKeeper(t, source, nil, func(t *testing.T, k *Keeper, told *events) {
				good, _ := k.Current()
				source.set(0, "", bad)
				sleep(10 * time.Minute)
				if v, err := k.Current(); v != good || err != nil {
					t.Errorf("the good value is gone: %v", err)
				}
				want := Class(bad)
				if bad == nil {
					want = "empty"
				}
				if st := k.Status(); !st.Ready || st.LastError != want || st.Failures < 10 {
					t.Errorf("status: %+v", st)
				}
				source.set(1, "key-one-1", nil)
				sleep(DefaultRefresh)
				if v, _ := k.Current(); v != good {
					t.Error("the same value after a failure is another one")
				}
				if !slices.Equal(told.kinds(), []EventKind{EventRefreshFailed, EventRecovered}) {
					t.Errorf("events: %v", told.kinds())
				}
			})
		})
	}
}

func TestStaleValueIsNotServed(t *testing.T) {
	source := &scriptedSource{version: 1, text: "key-one-1"}
	withKeeper(t, source, nil, func(t *testing.T, k *Keeper, told *events) {
		source.set(0, "", ErrDeleted)
		sleep(DefaultMaxStale)
		k.mustHold(t, 1, "key-one-1")
		sleep(time.Nanosecond)
		if v, err := k.Current(); !errors.Is(err, ErrStale) || v != nil {
			t.Fatalf("%v, %v", v, err)
		}
		if _, err := k.RefetchAfterRejection(t.Context(), nil); !errors.Is(err, ErrStale) {
			t.Errorf("%v", err)
		}
		sleep(2 * DefaultRefresh)
		if st := k.Status(); st.Ready || !st.Stale || st.LastError != "deleted" {
			t.Errorf("status: %+v", st)
		}
		source.set(1, "key-one-1", nil)
		sleep(DefaultRefresh)
		k.mustHold(t, 1, "key-one-1")
		if !slices.Equal(told.kinds(), []EventKind{EventRefreshFailed, EventStale, EventRecovered}) {
			t.Errorf("events: %v", told.kinds())
		}
		source.set(0, "", ErrUnavailable)
		sleep(2 * DefaultMaxStale)
		if n := len(told.kinds()); n != 5 {
			t.Errorf("a second staleness is not told: %v", told.kinds())
		}
	})
}

func TestStalenessIsMeasuredOnTheMonotonicClock(t *testing.T) {
	k, err := NewKeeper(KeeperConfig{Source: &scriptedSource{version: 1, text: "key-one-1"}})
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	if err := k.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Round(0) takes the monotonic reading away, which Sub prefers to the wall
	// clock; without one, setting the machine's clock would change the age.
	if good := k.held.Load().lastGood; good == good.Round(0) { //nolint:staticcheck // the readings are the point
		t.Error("the time of the last good fetch has no monotonic reading")
	}
}

func TestKeeperIsNotReadyWhileTheSourceIsUnavailable(t *testing.T) {
	source := &scriptedSource{err: fmt.Errorf("down: %w", ErrUnavailable)}
	withKeeper(t, source, nil, func(t *testing.T, k *Keeper, told *events) {
		if _, err := k.Current(); !errors.Is(err, ErrNotReady) {
			t.Fatalf("%v", err)
		}
		if _, err := k.RefetchAfterRejection(t.Context(), nil); !errors.Is(err, ErrNotReady) {
			t.Fatalf("%v", err)
		}
		sleep(3 * time.Minute)
		var waits []time.Duration
		for i := 1; i < len(source.fetches); i++ {
			waits = append(waits, source.fetches[i].Sub(source.fetches[i-1]))
		}
		want := []time.Duration{1, 2, 4, 8, 16, 30, 30, 30, 30}
		for i := range want {
			want[i] *= time.Second
		}
		if !slices.Equal(waits, want) {
			t.Errorf("waits between fetches: %v", waits)
		}
		source.set(1, "key-one-1", nil)
		sleep(DefaultRefresh)
		k.mustHold(t, 1, "key-one-1")
		if !slices.Equal(told.kinds(), []EventKind{EventRefreshFailed, EventRecovered}) {
			t.Errorf("events: %v", told.kinds())
		}
	})
}

func TestLoadReturnsWhatWaitingDoesNotMend(t *testing.T) {
	for _, c := range []struct{ err, want error }{
		{nil, ErrEmpty},
		{ErrNotFound, ErrNotFound},
		{ErrDeleted, ErrDeleted},
		{ErrFieldMissing, ErrFieldMissing},
		{ErrEmpty, ErrEmpty},
		{ErrDenied, ErrDenied},
		{ErrLogin, ErrLogin},
		{ErrEnvironment, ErrEnvironment},
		{ErrInvalid, ErrInvalid},
		{ErrUnavailable, nil},
		{context.DeadlineExceeded, nil},
	} {
		k, err := NewKeeper(KeeperConfig{Source: &scriptedSource{err: c.err}})
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Load(t.Context()); !errors.Is(err, c.want) {
			t.Errorf("%v: Load gives %v, want %v", c.err, err, c.want)
		}
		if _, err := k.Current(); !errors.Is(err, ErrNotReady) {
			t.Errorf("%v: %v", c.err, err)
		}
		k.Close()
	}
}

func TestLoadIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, err := NewKeeper(KeeperConfig{Source: &scriptedSource{text: "key-one-1", takes: time.Hour}})
		if err != nil {
			t.Fatal(err)
		}
		begun := time.Now()
		if err := k.Load(t.Context()); err != nil || time.Since(begun) != DefaultFetchTimeout {
			t.Errorf("Load took %s: %v", time.Since(begun), err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		begun = time.Now()
		if err := k.Load(ctx); !errors.Is(err, context.Canceled) || time.Since(begun) != time.Second {
			t.Errorf("a canceled Load took %s: %v", time.Since(begun), err)
		}
		k.Close()
		k.Close()
		if err := k.Load(t.Context()); err == nil {
			t.Error("a closed keeper loads")
		}
	})
}

func TestStartWithoutLoadFetchesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k, err := NewKeeper(KeeperConfig{Source: &scriptedSource{version: 1, text: "key-one-1"}})
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		k.Start()
		sleep(time.Nanosecond)
		k.mustHold(t, 1, "key-one-1")
	})
}

func TestRefreshIsJittered(t *testing.T) {
	for jitter, want := range map[float64]time.Duration{0: 27 * time.Second, 0.5: 30 * time.Second, 1: 33 * time.Second} {
		source := &scriptedSource{version: 1, text: "key-one-1"}
		withKeeper(t, source, func(c *KeeperConfig) { c.jitter = func() float64 { return jitter } }, func(t *testing.T, k *Keeper, _ *events) {
			if got := k.Status().NextRefresh.Sub(source.fetches[0]); got != want {
				t.Errorf("jitter %v: next refresh after %s, want %s", jitter, got, want)
			}
		})
	}
}

func TestLaggingStandbyDoesNotBringBackAnOldKey(t *testing.T) {
	day := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	source := &scriptedSource{version: 5, text: "key-five-5", created: day}
	withKeeper(t, source, nil, func(t *testing.T, k *Keeper, _ *events) {
		source.mu.Lock()
		source.version, source.text, source.created = 4, "key-four-4", day.Add(-time.Hour)
		source.mu.Unlock()
		sleep(DefaultRefresh)
		k.mustHold(t, 5, "key-five-5")
		if st := k.Status(); st.LastError != "unavailable" {
			t.Errorf("status: %+v", st)
		}
		// A secret that was deleted wholly and written anew starts at 1.
		source.mu.Lock()
		source.version, source.text, source.created = 1, "key-new-1", day.Add(time.Hour)
		source.mu.Unlock()
		sleep(DefaultRefresh)
		k.mustHold(t, 1, "key-new-1")
		// A restored backup is believed once the held value is stale.
		source.mu.Lock()
		source.version, source.text, source.created = 0, "key-restored", day
		source.mu.Unlock()
		sleep(DefaultMaxStale - 2*DefaultRefresh)
		k.mustHold(t, 1, "key-new-1")
		sleep(4 * DefaultRefresh)
		k.mustHold(t, 0, "key-restored")
	})
}

func TestRejectedValueIsFetchedAgainOnceForAll(t *testing.T) {
	source := &scriptedSource{version: 1, text: "key-one-1"}
	withKeeper(t, source, nil, func(t *testing.T, k *Keeper, told *events) {
		old := k.mustHold(t, 1, "key-one-1")
		source.set(2, "key-two-2", nil)
		source.mu.Lock()
		source.takes = 100 * time.Millisecond
		source.mu.Unlock()
		before := source.count()
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				v, err := k.RefetchAfterRejection(t.Context(), old)
				if err != nil || v.Version != 2 {
					t.Errorf("%v, %v", v, err)
				}
			})
		}
		wg.Wait()
		if n := source.count() - before; n != 1 {
			t.Errorf("%d fetches for 100 requests", n)
		}
		if !slices.Equal(told.kinds(), []EventKind{EventRejected, EventRotated}) {
			t.Errorf("events: %v", told.kinds())
		}
		if _, cooling := k.Cooling(); cooling {
			t.Error("the new value cools down for the old one")
		}
		// A request that was under way with the old key comes late.
		if v, err := k.RefetchAfterRejection(t.Context(), old); err != nil || v.Version != 2 {
			t.Errorf("%v, %v", v, err)
		}
		k.Rejected(old)
		synctest.Wait()
		if n := source.count() - before; n != 1 {
			t.Errorf("a late rejection of the old key caused a fetch")
		}
		if _, cooling := k.Cooling(); cooling {
			t.Error("the new value cools down for the old one")
		}
	})
}

func TestRejectionsCauseFewFetchesAndNoLoss(t *testing.T) {
	source := &scriptedSource{version: 1, text: "key-one-1"}
	withKeeper(t, source, func(c *KeeperConfig) { c.Refresh = time.Hour }, func(t *testing.T, k *Keeper, told *events) {
		v := k.mustHold(t, 1, "key-one-1")
		for range 60 {
			got, err := k.RefetchAfterRejection(t.Context(), v)
			if got != v || err != nil {
				t.Fatalf("%v, %v", got, err)
			}
			until, cooling := k.Cooling()
			if !cooling || time.Until(until) != rejectionInterval {
				t.Fatalf("cooling: %v until %v", cooling, until)
			}
			k.Rejected(v)
			sleep(time.Second)
		}
		if n := source.count(); n != 1+12 {
			t.Errorf("%d fetches for rejections of one minute", n-1)
		}
		if n := len(told.kinds()); n != 12 {
			t.Errorf("%d events", n)
		}
		sleep(rejectionInterval)
		if _, cooling := k.Cooling(); cooling {
			t.Error("the value cools down for ever")
		}
		k.mustHold(t, 1, "key-one-1")
	})
}

func TestRejectionDuringAFetchIsNotLost(t *testing.T) {
	source := &scriptedSource{version: 1, text: "key-one-1"}
	withKeeper(t, source, nil, func(t *testing.T, k *Keeper, _ *events) {
		old := k.mustHold(t, 1, "key-one-1")
		source.mu.Lock()
		source.takes = time.Second
		source.mu.Unlock()
		sleep(DefaultRefresh + time.Millisecond) // a fetch has begun and seen the old key
		source.set(2, "key-two-2", nil)
		v, err := k.RefetchAfterRejection(t.Context(), old)
		if err != nil || v.Version != 2 {
			t.Errorf("%v, %v", v, err)
		}
	})
}

func TestRefetchEndsWithItsRequest(t *testing.T) {
	source := &scriptedSource{version: 1, text: "key-one-1"}
	withKeeper(t, source, nil, func(t *testing.T, k *Keeper, _ *events) {
		v := k.mustHold(t, 1, "key-one-1")
		source.mu.Lock()
		source.takes = 5 * time.Second
		source.mu.Unlock()
		source.set(2, "key-two-2", nil)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := k.RefetchAfterRejection(ctx, v); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v", err)
		}
		sleep(5 * time.Second) // the fetch itself goes on for the others
		k.mustHold(t, 2, "key-two-2")
	})
}

func TestFailedRefetchKeepsTheValue(t *testing.T) {
	source := &scriptedSource{version: 1, text: "key-one-1"}
	withKeeper(t, source, nil, func(t *testing.T, k *Keeper, told *events) {
		v := k.mustHold(t, 1, "key-one-1")
		source.set(0, "", ErrUnavailable)
		got, err := k.RefetchAfterRejection(t.Context(), v)
		if got != v || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		if !slices.Equal(told.kinds(), []EventKind{EventRejected, EventRefreshFailed}) {
			t.Errorf("events: %v", told.kinds())
		}
	})
}

func TestOverdueRotationIsToldOncePerVersion(t *testing.T) {
	source := &scriptedSource{version: 1, text: "key-one-1"}
	synctest.Test(t, func(t *testing.T) {
		source.created = time.Now()
		told := &events{}
		k, err := NewKeeper(KeeperConfig{Source: source, OnEvent: told.add, Refresh: time.Hour, MaxStale: 24 * time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		defer k.Close()
		if err := k.Load(t.Context()); err != nil {
			t.Fatal(err)
		}
		k.Start()
		sleep(DefaultRotateEvery - 2*time.Hour)
		if len(told.kinds()) != 0 || k.Status().Overdue {
			t.Errorf("told too early: %v", told.kinds())
		}
		sleep(10 * 24 * time.Hour)
		if !slices.Equal(told.kinds(), []EventKind{EventOverdue}) || !k.Status().Overdue {
			t.Errorf("events: %v", told.kinds())
		}
		source.mu.Lock()
		source.version, source.text, source.created = 2, "key-two-2", time.Now()
		source.mu.Unlock()
		sleep(2 * time.Hour)
		if !slices.Equal(told.kinds(), []EventKind{EventOverdue, EventRotated}) || k.Status().Overdue {
			t.Errorf("events: %v", told.kinds())
		}
		sleep(DefaultRotateEvery)
		if n := len(told.kinds()); n != 3 {
			t.Errorf("events: %v", told.kinds())
		}
	})
}

func TestStatusAndEventsHoldNoSecret(t *testing.T) {
	source := &scriptedSource{version: 3, text: sample, created: time.Date(1999, 12, 1, 0, 0, 0, 0, time.UTC)}
	withKeeper(t, source, nil, func(t *testing.T, k *Keeper, told *events) {
		v, _ := k.Current()
		if _, err := k.RefetchAfterRejection(t.Context(), v); err != nil {
			t.Fatal(err)
		}
		source.set(4, sample+"-2", nil)
		sleep(DefaultRefresh)
		source.set(0, "", ErrDenied)
		sleep(DefaultRefresh)
		st := k.Status()
		if st.Version != 4 || !st.Ready || st.LastError != "denied" || st.PreviousUntil.IsZero() || st.NextRefresh.IsZero() ||
			st.LastSuccess.IsZero() || st.Age <= 0 || st.Source != "scripted" {
			t.Errorf("status: %+v", st)
		}
		text, err := json.Marshal(st)
		if err != nil {
			t.Fatal(err)
		}
		told.mu.Lock()
		defer told.mu.Unlock()
		mustNotHold(t, "status or event", string(text)+fmt.Sprintf("%+v %#v %+v", st, st, told.list))
		mustNotHold(t, "the keeper", fmt.Sprintf("%+v", k))
		if len(told.list) != 3 || !errors.Is(told.list[2].Err, ErrDenied) {
			t.Errorf("events: %+v", told.list)
		}
	})
}

func TestImpossibleKeepersAreRefused(t *testing.T) {
	source := &scriptedSource{}
	for name, cfg := range map[string]KeeperConfig{
		"no source":            {},
		"negative refresh":     {Source: source, Refresh: -1},
		"negative max stale":   {Source: source, MaxStale: -1},
		"negative timeout":     {Source: source, FetchTimeout: -1},
		"stale before refresh": {Source: source, Refresh: time.Hour, MaxStale: time.Minute},
	} {
		if _, err := NewKeeper(cfg); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestValueStaysReadableAfterClose(t *testing.T) {
	source := &scriptedSource{version: 1, text: "key-one-1"}
	withKeeper(t, source, nil, func(t *testing.T, k *Keeper, _ *events) {
		v := k.mustHold(t, 1, "key-one-1")
		k.Close()
		k.mustHold(t, 1, "key-one-1")
		if got, err := k.RefetchAfterRejection(t.Context(), v); got != v || err != nil {
			t.Errorf("%v, %v", got, err)
		}
		before := source.count()
		sleep(10 * DefaultRefresh)
		if source.count() != before {
			t.Error("a closed keeper fetches")
		}
	})
}

func TestKeeperUnderConcurrentUse(t *testing.T) {
	source := &scriptedSource{version: 1, text: "key-one-1"}
	k, err := NewKeeper(KeeperConfig{Source: source, Refresh: time.Millisecond, MaxStale: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Load(t.Context()); err != nil {
		t.Fatal(err)
	}
	k.Start()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 200 {
				v, err := k.Current()
				if err != nil {
					t.Error(err)
					return
				}
				if want := fmt.Sprintf("key-number-%d", v.Version); v.Version > 1 && v.Fields[0].Secret.Reveal() != want {
					t.Error("version and content do not belong together")
				}
				switch i {
				case 0:
					source.set(n+2, fmt.Sprintf("key-number-%d", n+2), nil)
				case 1:
					k.Rejected(v)
				case 2:
					if _, err := k.RefetchAfterRejection(t.Context(), v); err != nil {
						t.Error(err)
					}
				default:
					k.Status()
					k.Previous()
					k.Cooling()
				}
			}
		})
	}
	wg.Wait()
	k.Close()
}

func BenchmarkCurrent(b *testing.B) {
	k, err := NewKeeper(KeeperConfig{Source: &scriptedSource{version: 1, text: "key-one-1"}})
	if err != nil {
		b.Fatal(err)
	}
	defer k.Close()
	if err := k.Load(b.Context()); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := k.Current(); err != nil {
			b.Fatal(err)
		}
	}
}
