package alert

import (
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"
)

// clock is a clock that stands still until it is moved.
type clock struct{ at time.Time }

func newClock() *clock                   { return &clock{time.Unix(1_700_000_000, 0)} }
func (c *clock) now() time.Time          { return c.at }
func (c *clock) advance(d time.Duration) { c.at = c.at.Add(d) }

// newWatched returns a detector, its clock, and where its events go.
func newWatched(opts DetectorOptions) (*Detector, *clock, *[]Event) {
	c, events := newClock(), &[]Event{}
	opts.Now = c.now
	return NewDetector(func(e Event) { *events = append(*events, e) }, opts), c, events
}

func failFrom(d *Detector, ip string) { d.Fail(CallerAuthFailures, AttrClientIP, ip) }

func TestRepeatedFailuresMakeOneEvent(t *testing.T) {
	d, c, events := newWatched(DetectorOptions{Threshold: 3, Window: time.Minute})
	for range 50 {
		failFrom(d, "192.0.2.1")
		c.advance(time.Second)
	}
	if len(*events) != 1 {
		t.Fatalf("%d events, want 1", len(*events))
	}
	e := (*events)[0]
	want := map[string]string{AttrClientIP: "192.0.2.1", AttrFailures: "3", AttrWindow: "1m0s"}
	if e.Name != CallerAuthFailures || !e.At.Equal(newClock().at.Add(2*time.Second)) || !maps.Equal(e.Attributes, want) {
		t.Errorf("got %+v", e)
	}
}

func TestFailuresGoOnMakingEventsAfterTheWindow(t *testing.T) {
	d, c, events := newWatched(DetectorOptions{Threshold: 3, Window: time.Minute})
	for range 3 {
		failFrom(d, "192.0.2.1")
	}
	c.advance(time.Minute)
	for range 2 {
		failFrom(d, "192.0.2.1")
	}
	if len(*events) != 1 {
		t.Fatalf("%d events after the window and two failures, want 1", len(*events))
	}
	failFrom(d, "192.0.2.1")
	if len(*events) != 2 {
		t.Errorf("%d events, want 2", len(*events))
	}
}

// The window slides: it is any span of its length, not one of a fixed grid.
func TestTheWindowSlides(t *testing.T) {
	tests := []struct {
		name string
		gaps []time.Duration // before each failure but the first
		want int
	}{
		{"too slow", []time.Duration{30, 30, 30, 30, 30, 30}, 0},
		{"just too slow", []time.Duration{30, 30}, 0},
		{"just fast enough", []time.Duration{30, 29}, 1},
		{"fast after slow ones", []time.Duration{59, 59, 59, 1, 1}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, c, events := newWatched(DetectorOptions{Threshold: 3, Window: time.Minute})
			failFrom(d, "192.0.2.1")
			for _, gap := range tt.gaps {
				c.advance(gap * time.Second)
				failFrom(d, "192.0.2.1")
			}
			if len(*events) != tt.want {
				t.Errorf("%d events, want %d", len(*events), tt.want)
			}
		})
	}
}

func TestKeysAreCountedApart(t *testing.T) {
	d, _, events := newWatched(DetectorOptions{Threshold: 2})
	d.Fail(CallerAuthFailures, AttrClientIP, "a")
	d.Fail(CallerAuthFailures, AttrClientIP, "b")
	d.Fail(CallerAuthFailures, AttrCaller, "a")
	d.Fail(CredentialRejected, AttrClientIP, "a")
	if len(*events) != 0 {
		t.Errorf("got %+v", *events)
	}
	d.Fail(CallerAuthFailures, AttrCaller, "a")
	if len(*events) != 1 || (*events)[0].Attributes[AttrCaller] != "a" {
		t.Errorf("got %+v", *events)
	}
}

func TestKeysAreBoundedAndTheLeastRecentMakesRoom(t *testing.T) {
	d, _, events := newWatched(DetectorOptions{Threshold: 3, MaxKeys: 2})
	failFrom(d, "a")
	failFrom(d, "b")
	failFrom(d, "a")
	failFrom(d, "c") // forgets b
	failFrom(d, "a")
	if len(*events) != 1 {
		t.Fatalf("%d events, want 1: the recent key was forgotten", len(*events))
	}
	failFrom(d, "b")
	failFrom(d, "b")
	if len(*events) != 1 {
		t.Errorf("the least recent key was not forgotten")
	}
	for i := range 1000 {
		failFrom(d, fmt.Sprint(i))
	}
	if len(d.keys) != 2 || d.order.Len() != 2 {
		t.Errorf("%d keys, %d in order, want 2", len(d.keys), d.order.Len())
	}
}

func TestLongKeysAreCut(t *testing.T) {
	d, _, _ := newWatched(DetectorOptions{})
	failFrom(d, strings.Repeat("a", 10*maxValueLength))
	for key := range d.keys {
		if len(key.value) != maxValueLength {
			t.Errorf("a key has %d bytes", len(key.value))
		}
	}
}

func TestOneEventUnderContention(t *testing.T) {
	var mu sync.Mutex
	events := 0
	d := NewDetector(func(Event) { mu.Lock(); events++; mu.Unlock() }, DetectorOptions{Threshold: 100, Window: time.Hour})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 100 {
				failFrom(d, "192.0.2.1")
			}
		})
	}
	wg.Wait()
	if events != 1 {
		t.Errorf("%d events, want 1", events)
	}
}

func BenchmarkFail(b *testing.B) {
	d := NewDetector(func(Event) {}, DetectorOptions{})
	ips := make([]string, 2*DefaultMaxKeys)
	for i := range ips {
		ips[i] = fmt.Sprint("192.0.2.", i)
	}
	b.Run("known key", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			failFrom(d, ips[0])
		}
	})
	b.Run("always new key", func(b *testing.B) {
		b.ReportAllocs()
		for i := 0; b.Loop(); i++ {
			failFrom(d, ips[i%len(ips)])
		}
	})
}
