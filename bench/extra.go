package main

import (
	"fmt"
	"os"
	"time"
)

// pair is bare Caddy and Ringward in the same rounds.
type pair struct {
	Bare     spread `json:"bare_caddy"`
	Ringward spread `json:"ringward"`
	Compared spread `json:"compared"` // the ratio or the difference, round by round
}

// duel measures both in turn, as often as asked.
func duel(rounds int, what string, one func(contender) (float64, error), compare func(ringward, bare float64) float64) (*pair, error) {
	var values [2][]float64
	var compared []float64
	for round := range rounds {
		fmt.Fprintf(os.Stderr, "%s: round %d of %d\n", what, round+1, rounds)
		for i := range values {
			at := (i + round) % 2
			err := again(func() error {
				value, err := one(find([...]string{bareCaddy, ringward}[at]))
				if err == nil {
					values[at] = append(values[at], value)
				}
				return err
			})
			if err != nil {
				return nil, err
			}
		}
		compared = append(compared, compare(values[1][round], values[0][round]))
	}
	return &pair{spreadOf(values[0]), spreadOf(values[1]), spreadOf(compared)}, nil
}

func find(name string) contender {
	for _, c := range contenders() {
		if c.name == name {
			return c
		}
	}
	panic("no contender " + name)
}

func ratio(a, b float64) float64      { return a / b }
func difference(a, b float64) float64 { return a - b }

const (
	inFlight     = 2000
	flightStart  = 4 * time.Second // for 2,000 TLS handshakes with the provider
	flightWarm   = 5 * time.Second
	flightLength = 2 * time.Second
	sampleEvery  = 50 * time.Millisecond
)

// memoryInFlight is how many KiB a fresh process grows by for each of many
// requests that wait for a slow provider: its largest size less that when idle.
func memoryInFlight(s *stage) func(contender) (float64, error) {
	return func(c contender) (float64, error) {
		r, err := s.start(c)
		if err != nil {
			return 0, err
		}
		defer r.stop()
		idle, err := r.usage()
		if err != nil {
			return 0, err
		}
		largest := idle.rss
		l := load{connections: inFlight, spread: flightStart, warm: flightWarm, length: flightLength}
		l.atStart = func() error {
			for end := time.Now().Add(flightLength); time.Now().Before(end); time.Sleep(sampleEvery) {
				now, err := r.usage()
				if err != nil {
					return err
				}
				largest = max(largest, now.rss)
			}
			return nil
		}
		if _, err := l.run(r.slowly()); err != nil {
			return 0, err
		}
		return float64(largest-idle.rss) / inFlight / 1024, nil
	}
}

const (
	steadyRate        = 1000 // requests a second
	steadyConnections = 64
	steadyEvery       = time.Second * steadyConnections / steadyRate
	steadyLength      = 4 * time.Second
)

// steadyLatency is the p99 in microseconds at a steady rate.
func steadyLatency(s *stage) func(contender) (float64, error) {
	return func(c contender) (float64, error) {
		r, err := s.start(c)
		if err != nil {
			return 0, err
		}
		defer r.stop()
		l := load{
			connections: steadyConnections, every: steadyEvery, spread: steadyEvery,
			warm: time.Second, length: steadyLength,
		}
		took, err := l.run(r)
		if err != nil {
			return 0, err
		}
		return micros(percentile(took, 99)), nil
	}
}

// startToReady is the time in milliseconds from the start of the process to its
// first right answer.
func startToReady(s *stage) func(contender) (float64, error) {
	return func(c contender) (float64, error) {
		r, err := s.start(c)
		if err != nil {
			return 0, err
		}
		defer r.stop()
		return float64(r.ready.Microseconds()) / 1e3, nil
	}
}
