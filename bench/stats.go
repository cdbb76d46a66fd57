package main

import (
	"math"
	"slices"
	"time"
)

// spread is a figure over rounds.
type spread struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
}

func spreadOf(values []float64) spread {
	if len(values) == 0 {
		return spread{}
	}
	sorted := slices.Sorted(slices.Values(values))
	middle := len(sorted) / 2
	median := sorted[middle]
	if len(sorted)%2 == 0 {
		median = (sorted[middle-1] + median) / 2
	}
	return spread{median, sorted[0], sorted[len(sorted)-1]}
}

// ratios divides round by round, so that what slows down a whole round counts in
// neither. Both have as many rounds.
func ratios(values, by []float64) []float64 {
	all := make([]float64, len(values))
	for i := range values {
		all[i] = values[i] / by[i]
	}
	return all
}

// percentile sorts what it is given.
func percentile(took []time.Duration, p float64) time.Duration {
	if len(took) == 0 {
		return 0
	}
	slices.Sort(took)
	at := int(math.Ceil(p/100*float64(len(took)))) - 1
	return took[max(at, 0)]
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 }
