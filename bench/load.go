package main

import (
	"errors"
	"sync"
	"time"
)

// load is who asks, and how.
type load struct {
	connections int
	every       time.Duration // between two requests of a connection; 0: as fast as answers come
	warm        time.Duration // at the start, not measured
	length      time.Duration
	atStart     func() error // when the measurement begins
	atEnd       func() error // ... and ends, with everybody still asking
}

// run asks a contender and returns how long each request took that began while
// it was measured.
func (l load) run(r *running) ([]time.Duration, error) {
	clients, err := r.dial(l.connections)
	if err != nil {
		return nil, err
	}
	defer func() {
		for _, c := range clients {
			c.close()
		}
	}()
	begin := time.Now().Add(l.warm)
	end := begin.Add(l.length)
	took := make([][]time.Duration, len(clients))
	failed := make([]error, len(clients))
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() { took[i], failed[i] = l.repeat(c, i, begin, end) })
	}
	marks := l.marks(begin, end)
	wg.Wait()
	var all []time.Duration
	for _, some := range took {
		all = append(all, some...)
	}
	return all, first(append(failed, marks))
}

// first returns one error of many: when a proxy fails, all connections see it.
func first(errs []error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// marks calls atStart and atEnd in time.
func (l load) marks(begin, end time.Time) error {
	var errs []error
	for _, mark := range []struct {
		at time.Time
		do func() error
	}{{begin, l.atStart}, {end, l.atEnd}} {
		time.Sleep(time.Until(mark.at))
		if mark.do != nil {
			errs = append(errs, mark.do())
		}
	}
	return errors.Join(errs...)
}

// repeat is one connection. Connections begin one after the other and ask about
// different numbers. A request that is late because the one before it took long
// counts from when it was due.
func (l load) repeat(c *client, i int, begin, end time.Time) ([]time.Duration, error) {
	took := make([]time.Duration, 0, 1<<10)
	due := time.Now().Add(l.every * time.Duration(i) / time.Duration(l.connections))
	for n := i * 157; ; n += 7919 {
		if wait := time.Until(due); l.every == 0 || wait > 0 {
			time.Sleep(wait)
			due = time.Now()
		}
		start := due
		if start.After(end) {
			return took, nil
		}
		if err := c.lookUp(n % numbers); err != nil {
			return nil, err
		}
		if start.After(begin) {
			took = append(took, time.Since(start))
		}
		due = start.Add(l.every)
	}
}
