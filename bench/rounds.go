package main

import (
	"errors"
	"fmt"
	"os"
	"time"
)

// throughput is what a contender did with as many requests as it could take.
type throughput struct {
	CPU      spread `json:"cpu_us"` // of the proxy's process, a request
	Ratio    spread `json:"cpu_to_bare_caddy"`
	Requests spread `json:"requests_per_second"`
	P50      spread `json:"p50_us"`
	P99      spread `json:"p99_us"`
	RSS      spread `json:"rss_mib"`
}

// contest is a contender's rounds.
type contest struct {
	r                            *running
	cpu, requests, p50, p99, rss []float64
}

// warmUp opens connections and fills caches before each measurement.
const warmUp = 300 * time.Millisecond

// measureThroughput has all contenders run at once, and asks one after the other:
// in each round all, in an order that turns, so that nobody always follows the
// same one.
func measureThroughput(s *stage, o *options, report *report) error {
	var all []*contest
	defer func() {
		for _, c := range all {
			c.r.stop()
		}
	}()
	for _, c := range o.contenders {
		r, err := s.start(c)
		if errors.Is(err, errSkip) {
			report.skip(c.name, err)
			continue
		}
		if err != nil {
			return err
		}
		all = append(all, &contest{r: r})
	}
	for round := range o.rounds {
		fmt.Fprintf(os.Stderr, "round %d of %d\n", round+1, o.rounds)
		for i := range all {
			c := all[(i+round)%len(all)]
			if err := again(func() error { return c.round(o) }); err != nil {
				return err
			}
		}
	}
	var base []float64
	for _, c := range all {
		switch c.r.name {
		case bareCaddy:
			base = c.cpu
		case inRedis:
			late, err := c.r.metric("ringward_limit_store_failures_total")
			if err != nil {
				return err
			}
			report.RedisLate = &late
		}
	}
	for _, c := range all {
		t := throughput{
			CPU: spreadOf(c.cpu), Requests: spreadOf(c.requests),
			P50: spreadOf(c.p50), P99: spreadOf(c.p99), RSS: spreadOf(c.rss),
		}
		if base != nil {
			t.Ratio = spreadOf(ratios(c.cpu, base))
		}
		report.Throughput = append(report.Throughput, named[throughput]{c.r.name, c.r.does, t})
	}
	return nil
}

// round asks as fast as answers come and notes what it cost.
func (c *contest) round(o *options) error {
	var before, after usage
	l := load{connections: o.connections, warm: warmUp, length: o.each}
	l.atStart = func() (err error) { before, err = c.r.usage(); return err }
	l.atEnd = func() (err error) { after, err = c.r.usage(); return err }
	took, err := l.run(c.r)
	if err != nil {
		return err
	}
	if len(took) == 0 {
		return fmt.Errorf("%s: no request was answered in %s", c.r.name, o.each)
	}
	count := float64(len(took))
	c.cpu = append(c.cpu, micros(after.cpu-before.cpu)/count)
	c.requests = append(c.requests, count/o.each.Seconds())
	c.p50 = append(c.p50, micros(percentile(took, 50)))
	c.p99 = append(c.p99, micros(percentile(took, 99)))
	c.rss = append(c.rss, float64(after.rss)/(1<<20))
	return nil
}
