package report

import (
	"cmp"
	"slices"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

// maxName is the longest name in bytes that is counted apart. Longer ones are
// not of Ringward's making, and would not be bounded in sum.
const maxName = 200

// tally counts by name, in bounded memory.
type tally struct {
	most    int
	periods int
	rows    map[string]*Row
	other   *Row // nil until there is one name too many
}

func newTally(most, periods int) *tally {
	return &tally{most: most, periods: periods, rows: make(map[string]*Row)}
}

// row returns the row to count a name in.
func (t *tally) row(name string) *Row {
	if row := t.rows[name]; row != nil {
		return row
	}
	if len(t.rows) >= t.most || len(name) > maxName {
		if t.other == nil {
			t.other = t.newRow("")
			t.other.Other = true
		}
		return t.other
	}
	row := t.newRow(name)
	t.rows[name] = row
	return row
}

func (t *tally) newRow(name string) *Row {
	return &Row{Name: name, Series: make([]uint32, t.periods), first: -1}
}

// sorted lists the rows, those with most requests first and the others last.
func (t *tally) sorted() []Row {
	rows := make([]Row, 0, len(t.rows)+1)
	for _, row := range t.rows {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Name, b.Name))
	})
	if t.other != nil {
		rows = append(rows, *t.other)
	}
	return rows
}

// counts lists the rows' requests.
func (t *tally) counts() []Count {
	counts := []Count{}
	for _, row := range t.sorted() {
		counts = append(counts, Count{Name: row.label("(others)", "(none)"), Count: row.Requests})
	}
	return counts
}

// label is what to show for the row: its name, or one of the words for rows
// that have none.
func (r *Row) label(others, none string) string {
	switch {
	case r.Other:
		return others
	case r.Name == "":
		return none
	default:
		return r.Name
	}
}

// count counts a request in a period.
func (r *Row) count(record *audit.Record, period int) {
	r.Counts.add(record)
	if record.Decision == audit.Answered {
		r.Series[period]++
	}
}

// add counts a request.
func (c *Counts) add(record *audit.Record) {
	c.Requests++
	switch record.Decision {
	case audit.Answered:
		c.Answered++
	case audit.Refused:
		c.Refused++
	case audit.Failed:
		c.Failed++
	}
	c.UpstreamCalls += int64(record.UpstreamCalls)
	c.Cost += int64(record.Cost)
}

// mark notes a caller's request for its statistics.
func (r *Row) mark(period int) {
	if r.requests == nil {
		r.requests = make([]uint32, len(r.Series))
	}
	r.requests[period]++
	if r.first < 0 {
		r.first = period
	}
	r.first, r.last = min(r.first, period), max(r.last, period)
}
