package caddymodule

import (
	"context"
	"sync"
	"time"
)

// pollEvery is how often files and sources outside of the config are looked at. A
// variable for tests.
var pollEvery = 2 * time.Second

// watchList is what changes without a reload. Nothing of it is looked at on a
// request's path.
type watchList struct {
	looks []func(context.Context) // complete before the start
	end   context.CancelFunc
	done  sync.WaitGroup

	mu     sync.Mutex
	faults map[string]string // by source
}

func (w *watchList) add(look func(context.Context)) { w.looks = append(w.looks, look) }

// addSource looks at one source, which says what is wrong with it.
func (w *watchList) addSource(name string, look func() error) {
	w.add(func(context.Context) { w.fault(name, look()) })
}

// start looks at everything again and again until stop, at each thing by itself:
// one that hangs holds up no other.
func (w *watchList) start(ctx context.Context) {
	ctx, w.end = context.WithCancel(ctx)
	for _, look := range w.looks {
		w.done.Go(func() { poll(ctx, look) })
	}
}

func poll(ctx context.Context, look func(context.Context)) {
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			look(ctx)
		case <-ctx.Done():
			return
		}
	}
}

func (w *watchList) stop() {
	if w.end != nil {
		w.end()
		w.done.Wait()
	}
}

// fault tells once that a source has failed, or is well again, and reports whether
// there was something to tell.
func (w *watchList) fault(source string, err error) bool {
	text := ""
	if err != nil {
		text = err.Error()
	}
	w.mu.Lock()
	before := w.faults[source]
	if w.faults == nil {
		w.faults = make(map[string]string)
	}
	w.faults[source] = text
	w.mu.Unlock()
	if text == before {
		return err != nil
	}
	hub().Emit(sourceEvent(source, err))
	return true
}
