package alert

import (
	"container/list"
	"strconv"
	"strings"
	"sync"
	"time"
)

// The defaults and bounds of a detector.
const (
	DefaultThreshold = 10
	DefaultWindow    = 5 * time.Minute
	DefaultMaxKeys   = 10_000

	maxThreshold = 100
)

// DetectorOptions tune a detector. The zero value has the defaults.
type DetectorOptions struct {
	// Threshold is how many failures make an event, at most 100. Default:
	// DefaultThreshold.
	Threshold int

	// Window is the time within which they must happen, and for how long there
	// is no second event for the same key. Default: DefaultWindow.
	Window time.Duration

	// MaxKeys bounds the keys that are watched. The one that failed least
	// recently makes room for a new one. Default: DefaultMaxKeys.
	MaxKeys int

	// Now is the clock. Default: time.Now.
	Now func() time.Time
}

// Detector notices repeated failures. It is safe for concurrent use.
//
// A key is forgotten when more than MaxKeys others failed after it, so failures
// spread over more addresses than that go unseen here: they must be noticed by
// another key, such as the caller.
type Detector struct {
	emit func(Event)
	opts DetectorOptions

	mu    sync.Mutex
	keys  map[failureKey]*list.Element // of *failures
	order *list.List                   // the most recent failure first
}

type failureKey struct{ name, attribute, value string }

// failures are the latest failures of one key.
type failures struct {
	key   failureKey
	times []time.Time // a ring once it has Threshold times
	next  int         // where the oldest one stands in the ring
	quiet time.Time   // no event before
}

// NewDetector returns a detector that gives its events to emit, such as a
// Hub's Emit.
func NewDetector(emit func(Event), opts DetectorOptions) *Detector {
	if opts.Threshold <= 0 {
		opts.Threshold = DefaultThreshold
	}
	opts.Threshold = min(opts.Threshold, maxThreshold)
	if opts.Window <= 0 {
		opts.Window = DefaultWindow
	}
	if opts.MaxKeys <= 0 {
		opts.MaxKeys = DefaultMaxKeys
	}
	if opts.Now == nil {
		opts.Now = time.Now
	}
	return &Detector{
		emit:  emit,
		opts:  opts,
		keys:  make(map[failureKey]*list.Element),
		order: list.New(),
	}
}

// Fail counts one failure. name is the event that Threshold of them make, such
// as CallerAuthFailures; attribute and value say whose failure it is, such as
// AttrClientIP and the address, and become an attribute of the event. The value
// is never a number, a key or a credential.
func (d *Detector) Fail(name, attribute, value string) {
	now := d.opts.Now()
	if !d.count(failureKey{name, attribute, clip(value)}, now) {
		return
	}
	d.emit(Event{Name: name, At: now, Attributes: map[string]string{
		attribute:    value,
		AttrFailures: strconv.Itoa(d.opts.Threshold),
		AttrWindow:   d.opts.Window.String(),
	}})
}

// count reports whether this failure makes an event.
func (d *Detector) count(key failureKey, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	f := d.failuresOf(key)
	if now.Before(f.quiet) {
		return false
	}
	if len(f.times) < d.opts.Threshold {
		f.times = append(f.times, now)
	} else {
		f.times[f.next] = now
		f.next = (f.next + 1) % len(f.times)
	}
	if len(f.times) < d.opts.Threshold || now.Sub(f.times[f.next]) >= d.opts.Window {
		return false
	}
	f.times, f.next, f.quiet = f.times[:0], 0, now.Add(d.opts.Window)
	return true
}

func (d *Detector) failuresOf(key failureKey) *failures {
	if element, ok := d.keys[key]; ok {
		d.order.MoveToFront(element)
		return element.Value.(*failures)
	}
	if len(d.keys) >= d.opts.MaxKeys {
		oldest := d.order.Back()
		delete(d.keys, d.order.Remove(oldest).(*failures).key)
	}
	// A copy, so that no longer text is kept alive by the key.
	key = failureKey{strings.Clone(key.name), strings.Clone(key.attribute), strings.Clone(key.value)}
	f := &failures{key: key}
	d.keys[key] = d.order.PushFront(f)
	return f
}
