package main

import "fmt"

// goal is one of the promises about speed, and what became of it.
type goal struct {
	what, bare, ringward, compared, wanted string
	reached                                bool
	unclear                                bool // bare Caddy alone varies by more than is wanted
}

func (g goal) verdict() string {
	switch {
	case g.unclear:
		return "cannot be told: bare Caddy alone varies by more"
	case g.reached:
		return "yes"
	default:
		return "no"
	}
}

const maxAddedP99 = 5000 // microseconds

// goals lists those that this run says something about. The median counts.
func (r *report) goals() []goal {
	var all []goal
	byName := make(map[string]throughput)
	for _, t := range r.Throughput {
		byName[t.Name] = t.Value
	}
	bare, hasBare := byName[bareCaddy]
	everything, hasEverything := byName[ringward]
	if hasBare && hasEverything {
		all = append(all, goal{
			"CPU a request, everything on", bare.CPU.format("%.0f µs", 1), everything.CPU.format("%.0f µs", 1),
			everything.Ratio.format("%.2f x", 1), "1.00 x at most", everything.Ratio.Median <= 1, false,
		})
	}
	if free, ok := byName[unsynced]; ok && hasEverything {
		share := everything.Requests.Median / free.Requests.Median
		all = append(all, goal{
			"requests/s with the audit synced, to those without", "", everything.Requests.format("%.0f", 1),
			fmt.Sprintf("%.2f x", share), "0.6 x at least", share >= 0.6, false,
		})
	}
	if p := r.Memory; p != nil {
		all = append(all, goal{
			fmt.Sprintf("memory a request, %d in flight", inFlight), p.Bare.format("%.0f KiB", 1), p.Ringward.format("%.0f KiB", 1),
			p.Compared.format("%.2f x", 1), "1.5 x at most", p.Compared.Median <= 1.5, false,
		})
	}
	if p := r.Latency; p != nil {
		all = append(all, goal{
			fmt.Sprintf("p99 at %d requests/s", steadyRate), p.Bare.format("%.1f ms", 1e-3), p.Ringward.format("%.1f ms", 1e-3),
			p.Compared.format("%+.1f ms", 1e-3), "+5 ms at most", p.Compared.Median < maxAddedP99, p.Bare.Max-p.Bare.Min > maxAddedP99,
		})
	}
	if p := r.Start; p != nil {
		all = append(all, goal{
			"start to the first answer", p.Bare.format("%.0f ms", 1), p.Ringward.format("%.0f ms", 1),
			p.Compared.format("%+.0f ms", 1), "+300 ms at most", p.Compared.Median < 300, false,
		})
	}
	return all
}
