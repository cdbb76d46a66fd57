package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"
)

// load is who asks, and how.
type load struct {
	connections int
	every       time.Duration // between two requests of a connection; 0: as fast as answers come
	spread      time.Duration // over which connections begin, one after the other
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
	if err := errors.Join(first(failed), marks); err != nil {
		return nil, fmt.Errorf("%s: %w\n%s", r.name, err, r.lastWords())
	}
	return all, nil
}

// again measures once more what failed: on a machine that does other work too,
// the disk hangs now and then for longer than Ringward waits for its audit log,
// and then it refuses to answer.
func again(measure func() error) error {
	err := measure()
	if err == nil {
		return nil
	}
	fmt.Fprintln(os.Stderr, "measuring again:", err)
	return measure()
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

// repeat is one connection, which asks about other numbers than its neighbours. A
// request that is late because the one before it took long
// counts from when it was due.
func (l load) repeat(c *client, i int, begin, end time.Time) ([]time.Duration, error) {
	took := make([]time.Duration, 0, 1<<10)
	due := time.Now().Add(l.spread * time.Duration(i) / time.Duration(l.connections))
	for n := i * 157; ; n += 7919 {
		if wait := time.Until(due); wait > 0 || l.every == 0 {
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
