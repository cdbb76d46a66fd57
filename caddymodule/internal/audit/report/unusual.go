package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// What makes a caller unusual. The page explains it in the same numbers.
const (
	surgeSigmas   = 4  // a day lies this many standard deviations above the others' mean,
	surgeFactor   = 2  // and is more than this many times the mean,
	surgeLeast    = 20 // and has this many requests,
	surgeOthers   = 7  // where the caller has this many other days
	refusedLeast  = 20 // requests of a caller are refused,
	refusedShare  = 20 // and more than this percentage of all
	maxUnusual    = 200
	newCallerFrom = 24 * time.Hour // after the start, else everybody were new
)

// Finding is something to look into. It need not be wrong.
type Finding struct {
	Caller string `json:"caller"`

	// Kind is "surge", "new" or "refusals".
	Kind string `json:"kind"`

	// Time is the day of a surge, and otherwise the first request in the range,
	// to the day or hour.
	Time time.Time `json:"time"`

	// Count is the number of requests that were unusual; Text explains it.
	Count int64  `json:"count"`
	Text  string `json:"text"`
}

// unusual looks at every authenticated caller that was counted apart.
func (b *builder) unusual(callers []Row) []Finding {
	found := []Finding{}
	for i := range callers {
		if row := &callers[i]; row.Name != "" && !row.Other {
			found = append(found, b.surges(row)...)
			found = append(found, b.newcomer(row)...)
			found = append(found, b.refused(row)...)
		}
	}
	slices.SortStableFunc(found, func(a, b Finding) int { return cmp.Compare(b.Count, a.Count) })
	return found[:min(len(found), maxUnusual)]
}

// surges finds the days on which a caller asked far more than on its others.
// They count from its first day on, to the last day that has entries.
func (b *builder) surges(row *Row) (found []Finding) {
	from := row.first
	if b.earlier[row.Name] {
		from = 0
	}
	if b.step < 24*time.Hour || b.latest-from < surgeOthers {
		return nil
	}
	days := row.requests[from : b.latest+1]
	var sum, squares float64
	for _, n := range days {
		sum += float64(n)
		squares += float64(n) * float64(n)
	}
	others := float64(len(days) - 1)
	for i, n := range days {
		count := float64(n)
		mean := (sum - count) / others
		sigma := math.Sqrt(max((squares-count*count)/others-mean*mean, 0))
		if n >= surgeLeast && count > mean+surgeSigmas*sigma && count > surgeFactor*mean {
			found = append(found, Finding{
				Caller: row.Name, Kind: "surge", Time: b.periods[from+i].Start, Count: int64(n),
				Text: fmt.Sprintf("%s on one day. On its other days: %s on average, standard deviation %s.",
					plural(int64(n), "request"), comma(int64(math.Round(mean))), comma(int64(math.Round(sigma)))),
			})
		}
	}
	return found
}

func (b *builder) newcomer(row *Row) []Finding {
	first := b.periods[row.first].Start
	if b.earlier[row.Name] || first.Before(b.in.Since.Add(newCallerFrom)) {
		return nil
	}
	return []Finding{{
		Caller: row.Name, Kind: "new", Time: first, Count: row.Requests,
		Text: fmt.Sprintf("Seen for the first time; %s since then.", plural(row.Requests, "request")),
	}}
}

func (b *builder) refused(row *Row) []Finding {
	if row.Refused < refusedLeast || row.Refused*100 <= row.Requests*refusedShare {
		return nil
	}
	return []Finding{{
		Caller: row.Name, Kind: "refusals", Time: b.periods[row.first].Start, Count: row.Refused,
		Text: fmt.Sprintf("%s of %s refused (%s).", comma(row.Refused), plural(row.Requests, "request"), percent(row.Refused, row.Requests)),
	}}
}
