package report

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"time"
)

// WriteJSON writes all of the report, as one JSON object.
func (r *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

// WriteCSV writes all numbers of the report, one a line: the table it is from,
// the name it is for, the period or empty for the whole range, what it counts,
// and the number. Names that a spreadsheet would take for a formula get an
// apostrophe in front.
func (r *Report) WriteCSV(w io.Writer) error {
	out := sheet{csv: csv.NewWriter(w), step: r.Step}
	out.line("table", "name", "period", "measure", "value")
	out.counts("all", "", "", &r.Totals.Counts)
	out.number("all", "", "", "numbers", r.Totals.Numbers)
	out.number("all", "", "", "unauthenticated", r.Totals.Unauthenticated)
	out.number("all", "", "", "locked_out", r.Totals.LockedOut)
	out.number("all", "", "", "unfinished", r.Totals.Unfinished)
	out.number("all", "", "", "malformed", r.Totals.Malformed)
	for i := range r.Periods {
		p := &r.Periods[i]
		out.counts("all", "", out.period(p.Start), &p.Counts)
		out.number("all", "", out.period(p.Start), "unauthenticated", p.Unauthenticated)
		out.number("all", "", out.period(p.Start), "locked_out", p.LockedOut)
	}
	out.rows("caller", noCaller, r, r.Callers)
	out.rows("provider", noName, r, r.Providers)
	out.rows("operation", noName, r, r.Operations)
	out.uses("data_class", "answers", noName, r, r.Classes)
	out.uses("region", "numbers", noRegion, r, r.Regions)
	out.list("refusal", r.Refusals)
	out.list("failure", r.Failures)
	for _, c := range r.Credentials {
		name := c.Provider + " version " + strconv.Itoa(c.Version)
		out.line("credential", name, "", "first_used", c.First.UTC().Format(time.RFC3339))
		out.line("credential", name, "", "last_used", c.Last.UTC().Format(time.RFC3339))
		out.number("credential", name, "", "requests", c.Uses)
	}
	for _, f := range r.Unusual {
		out.number("unusual", f.Caller, out.period(f.Time), f.Kind, f.Count)
	}
	if r.Integrity != nil {
		out.line("integrity", "", "", "ok", strconv.FormatBool(r.Integrity.OK))
		out.list("integrity", r.Integrity.Counts)
	}
	out.csv.Flush()
	return out.csv.Error()
}

// sheet writes lines of CSV. Errors wait in csv until the end.
type sheet struct {
	csv  *csv.Writer
	step string
}

func (s *sheet) line(cells ...string) {
	for i, cell := range cells {
		if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
			cells[i] = "'" + cell
		}
	}
	_ = s.csv.Write(cells)
}

func (s *sheet) number(table, name, period, measure string, n int64) {
	s.line(table, name, period, measure, strconv.FormatInt(n, 10))
}

func (s *sheet) counts(table, name, period string, c *Counts) {
	s.number(table, name, period, "requests", c.Requests)
	s.number(table, name, period, "answered", c.Answered)
	s.number(table, name, period, "refused", c.Refused)
	s.number(table, name, period, "failed", c.Failed)
	s.number(table, name, period, "upstream_calls", c.UpstreamCalls)
	s.number(table, name, period, "cost", c.Cost)
}

func (s *sheet) rows(table, none string, r *Report, rows []Row) {
	for i := range rows {
		name := rows[i].label("(others)", "("+none+")")
		s.counts(table, name, "", &rows[i].Counts)
		s.series(table, name, "answered", r, &rows[i])
	}
}

// uses writes rows that count one thing only.
func (s *sheet) uses(table, measure, none string, r *Report, rows []Row) {
	for i := range rows {
		name := rows[i].label("(others)", "("+none+")")
		s.number(table, name, "", measure, rows[i].Requests)
		s.series(table, name, measure, r, &rows[i])
	}
}

// series leaves out periods without any.
func (s *sheet) series(table, name, measure string, r *Report, row *Row) {
	for i, n := range row.Series {
		if n > 0 {
			s.number(table, name, s.period(r.Periods[i].Start), measure, int64(n))
		}
	}
}

func (s *sheet) list(table string, counts []Count) {
	for _, c := range counts {
		s.number(table, c.Name, "", "count", c.Count)
	}
}

func (s *sheet) period(t time.Time) string {
	if s.step == "hour" {
		return t.UTC().Format("2006-01-02T15:04Z")
	}
	return t.UTC().Format(time.DateOnly)
}
