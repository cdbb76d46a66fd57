// Command bench measures Ringward beside what users would pick instead of it:
// bare Caddy, nginx, HAProxy and KrakenD's engine, on one machine in one run.
// README.md tells the method; `make bench` runs it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"time"
)

type options struct {
	rounds, extra int
	each          time.Duration
	connections   int
	http2         bool
	dir, out      string
	vault         string
	parts         []string
	contenders    []contender
}

// The parts of a run, each of which can be left out.
const (
	partThroughput = "throughput"
	partMemory     = "memory"
	partLatency    = "latency"
	partStart      = "start"
)

func main() {
	o, err := parseFlags()
	if err == nil {
		err = run(o)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func parseFlags() (*options, error) {
	o := new(options)
	parts := []string{partThroughput, partMemory, partLatency, partStart}
	flag.IntVar(&o.rounds, "rounds", 5, "rounds of the throughput part")
	flag.IntVar(&o.extra, "extra-rounds", 3, "rounds of each other part")
	flag.DurationVar(&o.each, "each", 2*time.Second, "how long each contender is asked in a round")
	flag.IntVar(&o.connections, "connections", 64, "connections of the throughput part")
	flag.BoolVar(&o.http2, "http2", false, "the provider offers HTTP/2 too")
	flag.StringVar(&o.dir, "dir", "", "where to work, on the disk that the audit log is synced to (default: the system's directory for temporary files)")
	flag.StringVar(&o.out, "out", "", "directory for results.json and results.svg; none: no files")
	flag.StringVar(&o.vault, "vault", "", "a Vault server built by make e2e-vault; none: keys are in files")
	only := flag.String("only", "", "regular expression of the contenders that take part (default: all)")
	chosen := flag.String("parts", strings.Join(parts, ","), "what is measured")
	flag.Parse()
	o.parts = strings.Split(*chosen, ",")
	for _, part := range o.parts {
		if !slices.Contains(parts, part) {
			return nil, fmt.Errorf("unknown part %q: choose from %v", part, parts)
		}
	}
	pattern, err := regexp.Compile(*only)
	if err != nil {
		return nil, err
	}
	o.contenders = slices.DeleteFunc(contenders(), func(c contender) bool { return !pattern.MatchString(c.name) })
	if flag.NArg() > 0 || o.rounds < 1 || o.extra < 1 || o.connections < 1 || o.each <= 0 || len(o.contenders) == 0 {
		return nil, errors.New("nothing to measure: rounds, connections and time are positive, and there are no arguments")
	}
	return o, nil
}

func run(o *options) error {
	fmt.Fprintln(os.Stderr, "building what is measured")
	s, err := newStage(o)
	if err != nil {
		return err
	}
	defer s.close()
	report := newReport(o, s)
	begin := time.Now()
	for _, part := range o.parts {
		if err := measure(part, s, o, report); err != nil {
			return fmt.Errorf("%s: %w", part, err)
		}
	}
	report.Seconds = time.Since(begin).Seconds()
	report.print(os.Stdout)
	if o.out == "" {
		return nil
	}
	return report.save(filepath.Join(o.out, "results.json"), filepath.Join(o.out, "results.svg"))
}

func measure(part string, s *stage, o *options, report *report) (err error) {
	switch part {
	case partThroughput:
		err = measureThroughput(s, o, report)
	case partMemory:
		report.Memory, err = duel(o.extra, part, memoryInFlight(s), ratio)
	case partLatency:
		report.Latency, err = duel(o.extra, part, steadyLatency(s), difference)
	case partStart:
		report.Start, err = duel(o.extra+2, part, startToReady(s), difference)
	}
	return err
}

func processors() int { return runtime.GOMAXPROCS(0) }
