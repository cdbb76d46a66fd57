package alert

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// inbox keeps what a hub delivers.
type inbox struct {
	mu     sync.Mutex
	events []Event
}

func (i *inbox) deliver(e Event) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.events = append(i.events, e)
}

// take returns what has been delivered since the last call.
func (i *inbox) take() []Event {
	synctest.Wait()
	i.mu.Lock()
	defer i.mu.Unlock()
	events := i.events
	i.events = nil
	return events
}

// inBubble runs f with a hub under a fake clock.
func inBubble(t *testing.T, opts HubOptions, f func(t *testing.T, h *Hub, in *inbox)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		in := &inbox{}
		h := NewHub(in.deliver, opts)
		f(t, h, in)
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func rejected(provider string) Event {
	return Event{Name: CredentialRejected, Attributes: map[string]string{AttrProvider: provider}}
}

func TestTheFirstEventIsDeliveredAtOnce(t *testing.T) {
	inBubble(t, HubOptions{}, func(t *testing.T, h *Hub, in *inbox) {
		start := time.Now()
		h.Emit(rejected("numverify"))
		got := in.take()
		if len(got) != 1 || got[0].Name != CredentialRejected || !got[0].At.Equal(start) ||
			got[0].Attributes[AttrProvider] != "numverify" || got[0].Suppressed != 0 {
			t.Fatalf("got %+v", got)
		}
		if !time.Now().Equal(start) {
			t.Error("it took time")
		}
	})
}

func TestRepetitionsAreToldOnceAnInterval(t *testing.T) {
	inBubble(t, HubOptions{}, func(t *testing.T, h *Hub, in *inbox) {
		for i := range 100 {
			e := rejected("numverify")
			e.Attributes[AttrReason] = fmt.Sprint(i)
			h.Emit(e)
		}
		if got := in.take(); len(got) != 1 {
			t.Fatalf("%d deliveries at once, want 1", len(got))
		}
		time.Sleep(DefaultInterval - time.Second)
		if got := in.take(); len(got) != 0 {
			t.Fatalf("%d deliveries before the interval has passed", len(got))
		}
		time.Sleep(DefaultInterval/4 + time.Second)
		got := in.take()
		if len(got) != 1 || got[0].Suppressed != 98 || got[0].Attributes[AttrReason] != "99" {
			t.Fatalf("got %+v, want the last event, with 98 held back", got)
		}
		time.Sleep(2 * DefaultInterval)
		if got := in.take(); len(got) != 0 {
			t.Fatalf("deliveries without events: %+v", got)
		}
		h.Emit(rejected("numverify"))
		if got := in.take(); len(got) != 1 || got[0].Suppressed != 0 {
			t.Fatalf("after a silence: %+v", got)
		}
	})
}

func TestOneDeliveryAnIntervalUnderConstantEvents(t *testing.T) {
	inBubble(t, HubOptions{}, func(t *testing.T, h *Hub, in *inbox) {
		const total = 600
		for range total {
			h.Emit(rejected("numverify"))
			time.Sleep(time.Second)
		}
		time.Sleep(2 * DefaultInterval)
		got := in.take()
		var told uint64
		for _, e := range got {
			told += 1 + e.Suppressed
		}
		if told != total {
			t.Errorf("%d events told about, want %d", told, total)
		}
		if len(got) < 10 || len(got) > 11 {
			t.Errorf("%d deliveries in ten minutes", len(got))
		}
	})
}

func TestUnlikeEventsAreDeliveredEach(t *testing.T) {
	inBubble(t, HubOptions{}, func(t *testing.T, h *Hub, in *inbox) {
		events := []Event{
			rejected("a"), rejected("b"),
			{Name: CredentialStale, Attributes: map[string]string{AttrProvider: "a"}},
			{Name: CredentialStale},
			{Name: CallerAuthFailures, Attributes: map[string]string{AttrCaller: "x"}},
			{Name: CallerAuthFailures, Attributes: map[string]string{AttrClientIP: "x"}},
		}
		for range 2 {
			for _, e := range events {
				h.Emit(e)
			}
		}
		if got := in.take(); len(got) != len(events) {
			t.Errorf("%d deliveries, want %d", len(got), len(events))
		}
	})
}

func TestSameByChoosesWhatIsAlike(t *testing.T) {
	inBubble(t, HubOptions{SameBy: []string{AttrReason}}, func(t *testing.T, h *Hub, in *inbox) {
		h.Emit(rejected("a"))
		h.Emit(rejected("b"))
		h.Emit(Event{Name: CredentialRejected, Attributes: map[string]string{AttrReason: "x"}})
		if got := in.take(); len(got) != 2 {
			t.Errorf("%d deliveries, want 2", len(got))
		}
	})
}

func TestManySourcesCannotFloodTheInbox(t *testing.T) {
	inBubble(t, HubOptions{}, func(t *testing.T, h *Hub, in *inbox) {
		const sources = 10_000
		delivered := make([]Event, 0, maxGroupsPerName+1)
		for i := range sources {
			h.Emit(Event{Name: CallerAuthFailures, Attributes: map[string]string{AttrClientIP: fmt.Sprint(i)}})
			delivered = append(delivered, in.take()...)
		}
		h.Emit(rejected("numverify")) // other names are still heard
		last := in.take()
		if len(last) != 1 || last[0].Name != CredentialRejected {
			t.Errorf("got %+v", last)
		}
		if len(delivered) != maxGroupsPerName+1 {
			t.Fatalf("%d deliveries, want %d", len(delivered), maxGroupsPerName+1)
		}
		merged := delivered[maxGroupsPerName]
		if len(merged.Attributes) != 1 || merged.Attributes[AttrAggregated] != "true" {
			t.Errorf("got %+v", merged)
		}

		time.Sleep(2 * DefaultInterval)
		rest := in.take()
		if len(rest) != 1 || rest[0].Suppressed != sources-maxGroupsPerName-2 {
			t.Errorf("got %+v", rest)
		}
		time.Sleep(2 * DefaultInterval)
		if len(h.recent.names) != 0 {
			t.Errorf("%d names are remembered after a silence", len(h.recent.names))
		}
	})
}

func TestNamesAreBounded(t *testing.T) {
	inBubble(t, HubOptions{}, func(t *testing.T, h *Hub, in *inbox) {
		for i := range maxNames + 5 {
			h.Emit(Event{Name: fmt.Sprint("name", i)})
		}
		h.Emit(Event{})
		if got := in.take(); len(got) != maxNames || h.Dropped() != 6 {
			t.Errorf("%d deliveries, %d dropped", len(got), h.Dropped())
		}
	})
}

func TestTheHubKeepsABoundedCopy(t *testing.T) {
	inBubble(t, HubOptions{}, func(t *testing.T, h *Hub, in *inbox) {
		attributes := map[string]string{AttrReason: strings.Repeat("é", 500) + "\xff"}
		for i := range 50 {
			attributes[fmt.Sprintf("z%02d", i)] = "x"
		}
		h.Emit(Event{Name: AuditUnavailable, Attributes: attributes})
		attributes[AttrReason] = "changed"
		got := in.take()[0].Attributes
		if got[AttrReason] != strings.Repeat("é", maxValueLength/2) || len(got) != maxAttributes {
			t.Errorf("got %d attributes, %q", len(got), got[AttrReason])
		}
	})
}

func TestASlowDeliveryNeverBlocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		in := &inbox{}
		h := NewHub(func(e Event) { <-release; in.deliver(e) }, HubOptions{QueueLength: 2})
		h.Emit(rejected("being delivered"))
		synctest.Wait()
		for _, provider := range []string{"queued 1", "queued 2", "late", "late"} {
			h.Emit(rejected(provider)) // would deadlock the bubble if it waited
		}
		if h.Dropped() != 1 {
			t.Errorf("%d dropped, want 1", h.Dropped())
		}
		close(release)
		if got := in.take(); len(got) != 3 {
			t.Errorf("%d deliveries, want 3", len(got))
		}
		time.Sleep(2 * DefaultInterval)
		got := in.take()
		if len(got) != 1 || got[0].Attributes[AttrProvider] != "late" || got[0].Suppressed != 1 {
			t.Errorf("what found the queue full is lost: %+v", got)
		}
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAPanicInDeliveryIsContained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		in := &inbox{}
		h := NewHub(func(e Event) {
			if e.Attributes[AttrProvider] == "bad" {
				panic("fault")
			}
			in.deliver(e)
		}, HubOptions{})
		h.Emit(rejected("bad"))
		h.Emit(rejected("good"))
		if got := in.take(); len(got) != 1 || h.Dropped() != 1 {
			t.Errorf("%d deliveries, %d dropped", len(got), h.Dropped())
		}
		_ = h.Close(t.Context())
	})
}

func TestCloseTellsWhatWasHeldBack(t *testing.T) {
	inBubble(t, HubOptions{}, func(t *testing.T, h *Hub, in *inbox) {
		for range 5 {
			h.Emit(rejected("numverify"))
		}
		for range 2 {
			if err := h.Close(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		got := in.take()
		if len(got) != 2 || got[1].Suppressed != 3 {
			t.Errorf("got %+v", got)
		}
		h.Emit(rejected("numverify"))
		if got := in.take(); len(got) != 0 || h.Dropped() != 1 {
			t.Errorf("a closed hub took an event: %+v, %d dropped", got, h.Dropped())
		}
	})
}

func TestCloseWaitsNoLongerThanTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		deliveries := 0
		h := NewHub(func(Event) { deliveries++; <-release }, HubOptions{})
		h.Emit(rejected("a"))
		h.Emit(rejected("b"))
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		if err := h.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v", err)
		}
		if waited := time.Since(start); waited != 3*time.Second {
			t.Errorf("waited %v", waited)
		}
		close(release)
		if err := h.Close(t.Context()); err != nil {
			t.Error(err)
		}
		if deliveries != 1 || h.Dropped() != 1 {
			t.Errorf("%d deliveries, %d dropped; want 1 and 1", deliveries, h.Dropped())
		}
	})
}

func TestEmitIsSafeForConcurrentUse(t *testing.T) {
	in := &inbox{}
	h := NewHub(in.deliver, HubOptions{Interval: time.Millisecond, QueueLength: 10_000})
	const writers, each = 8, 500
	var wg sync.WaitGroup
	for range writers {
		wg.Go(func() {
			for i := range each {
				h.Emit(rejected(fmt.Sprint(i % 3)))
			}
		})
	}
	wg.Wait()
	if err := h.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	var told uint64
	for _, e := range in.events {
		told += 1 + e.Suppressed
	}
	if told != writers*each {
		t.Errorf("%d events told about, want %d", told, writers*each)
	}
}

func BenchmarkEmitRepetition(b *testing.B) {
	h := NewHub(func(Event) {}, HubOptions{Interval: time.Hour})
	defer h.Close(b.Context())
	e := rejected("numverify")
	b.ReportAllocs()
	for b.Loop() {
		h.Emit(e)
	}
}
