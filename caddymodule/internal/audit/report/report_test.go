package report

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

func build(t testing.TB, records iter.Seq2[audit.Record, error], in Range, opts Options) *Report {
	t.Helper()
	r, err := Build(records, in, opts)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func of(records ...audit.Record) iter.Seq2[audit.Record, error] {
	return func(yield func(audit.Record, error) bool) {
		for _, record := range records {
			if !yield(record, nil) {
				return
			}
		}
	}
}

// at is a time in April.
func at(day, hour int) time.Time { return time.Date(2026, 4, day, hour, 0, 0, 0, time.UTC) }

func answered(caller string, when time.Time) audit.Record {
	return audit.Record{Entry: audit.Entry{
		Time: when, Caller: caller, Provider: "twilio", Operation: "fetch", Decision: audit.Answered, UpstreamCalls: 1, Cost: 2,
		Released: []string{"validity", "risk"}, Numbers: []audit.NumberRef{{Region: "US"}, {Region: "GB"}},
	}}
}

func refused(caller, reason string, when time.Time) audit.Record {
	return audit.Record{Entry: audit.Entry{Time: when, Caller: caller, Decision: audit.Refused, Reason: reason}}
}

func failed(caller, reason string, when time.Time) audit.Record {
	return audit.Record{Entry: audit.Entry{
		Time: when, Caller: caller, Provider: "twilio", Operation: "fetch", Decision: audit.Failed, Reason: reason, UpstreamCalls: 2,
	}}
}

func times(n int, record audit.Record) []audit.Record {
	return slices.Repeat([]audit.Record{record}, n)
}

func TestRequestsAreCountedByEverything(t *testing.T) {
	r := build(t, of(
		answered("a", at(1, 0)), answered("a", at(3, 23)), answered("b", at(3, 0)),
		refused("a", "rate_limited", at(2, 0)), refused("", reasonUnauthenticated, at(2, 1)), refused("", reasonLockedOut, at(2, 2)),
		failed("b", "upstream_error", at(30, 23)),
		answered("a", april.Since.Add(-time.Microsecond)), answered("a", april.Until), // out of range
	), april, Options{})

	want := Totals{Counts: Counts{Requests: 7, Answered: 3, Refused: 3, Failed: 1, UpstreamCalls: 5, Cost: 6}, Numbers: 6, Unauthenticated: 1, LockedOut: 1}
	if r.Totals != want {
		t.Errorf("totals are %+v", r.Totals)
	}
	if len(r.Periods) != 30 || r.Step != "day" || r.Periods[1].Refused != 3 || r.Periods[1].Unauthenticated != 1 || r.Periods[1].LockedOut != 1 || r.Periods[29].Failed != 1 {
		t.Errorf("periods are %+v", r.Periods)
	}
	for name, tt := range map[string]struct {
		rows []Row
		want string
	}{
		"callers":    {r.Callers, "a:3/2/1/0/4 b:2/1/0/1/2 :2/0/2/0/0"},
		"providers":  {r.Providers, "twilio:4/3/0/1/6"},
		"operations": {r.Operations, "twilio/fetch:4/3/0/1/6"},
		"classes":    {r.Classes, "risk:3/0/0/0/0 validity:3/0/0/0/0"},
		"regions":    {r.Regions, "GB:3/0/0/0/0 US:3/0/0/0/0"},
	} {
		var got []string
		for _, row := range tt.rows {
			got = append(got, fmt.Sprintf("%s:%d/%d/%d/%d/%d", row.Name, row.Requests, row.Answered, row.Refused, row.Failed, row.Cost))
		}
		if slices.Sort(got); strings.Join(got, " ") != strings.Join(slices.Sorted(slices.Values(strings.Fields(tt.want))), " ") {
			t.Errorf("%s: got %v, want %s", name, got, tt.want)
		}
	}
	if a := r.Callers[0]; a.Series[0] != 1 || a.Series[1] != 0 || a.Series[2] != 1 {
		t.Errorf("series of a caller is %v", a.Series)
	}
	if fmt.Sprint(r.Refusals) != "[{locked_out 1} {rate_limited 1} {unauthenticated 1}]" || fmt.Sprint(r.Failures) != "[{upstream_error 1}]" {
		t.Errorf("reasons are %v and %v", r.Refusals, r.Failures)
	}
}

func TestShortRangesAreShownByTheHour(t *testing.T) {
	r := build(t, of(answered("a", at(1, 5)), answered("a", at(2, 6))), Range{at(1, 5).Add(30 * time.Minute), at(2, 7)}, Options{})
	if r.Step != "hour" || len(r.Periods) != 26 || !r.Periods[0].Start.Equal(at(1, 5)) || r.Periods[25].Answered != 1 || r.Totals.Requests != 1 {
		t.Errorf("got %s, %+v", r.Step, r.Periods)
	}
}

func TestRangesAreChecked(t *testing.T) {
	for name, in := range map[string]Range{
		"none":     {},
		"backward": {april.Until, april.Since},
		"too long": {april.Since, april.Since.AddDate(0, 0, MaxDays+1)},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := Build(of(), in, Options{}); err == nil {
				t.Error("accepted")
			}
		})
	}
}

func TestLinesThatCannotBeReadAreCounted(t *testing.T) {
	text := strings.Repeat("torn{\n", 3)
	r := build(t, audit.Records(strings.NewReader(text)), april, Options{})
	if r.Totals.Malformed != 3 || !strings.Contains(strings.Join(r.Summary, " "), "3 lines of the log could not be read") {
		t.Errorf("got %+v", r)
	}
}

func TestAnUnreadableLogIsNoReport(t *testing.T) {
	broken := errors.New("disk gone")
	_, err := Build(func(yield func(audit.Record, error) bool) { yield(audit.Record{}, broken) }, april, Options{})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestLookupsWithoutAResultAreFound(t *testing.T) {
	intent := func(id string, when time.Time) audit.Record {
		return audit.Record{Kind: audit.KindIntent, Entry: audit.Entry{Intent: true, RequestID: id, Time: when}}
	}
	result := func(id string, when time.Time) audit.Record {
		r := answered("a", when)
		r.RequestID = id
		return r
	}
	control := audit.Record{Kind: audit.KindStart, Entry: audit.Entry{Time: at(1, 1)}}
	r := build(t, of(
		control, intent("1", at(1, 1)), intent("2", at(1, 1)), result("2", at(1, 1)),
		intent("3", at(30, 23)), result("3", april.Until), intent("4", april.Until), intent("5", april.Since.Add(-1)),
	), april, Options{})
	if r.Totals.Unfinished != 1 || r.Totals.Requests != 1 {
		t.Errorf("got %+v", r.Totals)
	}
}

// Whoever can make names must not be able to take all memory.
func TestMemoryIsBounded(t *testing.T) {
	const most = 10
	records := func(yield func(audit.Record, error) bool) {
		for i := range 10_000 {
			name := fmt.Sprint("x", i)
			if i%3 == 0 {
				name = strings.Repeat(name, 200) // each of them too long
			}
			intent := audit.Record{Kind: audit.KindIntent, Entry: audit.Entry{Time: at(1, 0), RequestID: name}}
			e := audit.Entry{
				Time: at(1, 0), Caller: name, Provider: name, Operation: name, Decision: audit.Answered, CredentialVersion: i + 1,
				Released: []string{name}, Numbers: []audit.NumberRef{{Region: name}},
			}
			no, fail := e, e
			no.Decision, no.Reason, fail.Decision, fail.Reason = audit.Refused, name, audit.Failed, name
			for _, record := range []audit.Record{intent, {Entry: e}, {Entry: no}, {Entry: fail}} {
				record.RequestID = name + "-"
				if !yield(record, nil) {
					return
				}
			}
		}
	}
	r := build(t, records, april, Options{MaxNames: most})
	for name, rows := range map[string][]Row{"callers": r.Callers, "providers": r.Providers, "operations": r.Operations, "classes": r.Classes, "regions": r.Regions} {
		var sum int64
		for _, row := range rows {
			if sum += row.Requests; len(row.Name) > maxName {
				t.Errorf("%s: a name has %d bytes", name, len(row.Name))
			}
		}
		if len(rows) != most+1 || !rows[most].Other || sum != 30_000 && sum != 10_000 {
			t.Errorf("%s: %d rows, the last %+v, %d requests", name, len(rows), rows[most], sum)
		}
	}
	if len(r.Refusals) != most+1 || len(r.Failures) != most+1 || len(r.Credentials) != most || !r.Totals.Uncounted {
		t.Errorf("%d refusals, %d failures, %d credentials", len(r.Refusals), len(r.Failures), len(r.Credentials))
	}
}

func TestRotationsOfCredentialsAreSeen(t *testing.T) {
	use := func(provider string, version int, when time.Time) audit.Record {
		return audit.Record{Entry: audit.Entry{Time: when, Provider: provider, CredentialVersion: version, Decision: audit.Answered}}
	}
	early := april.Since.AddDate(0, -2, 0)
	r := build(t, of(
		use("twilio", 6, early), use("twilio", 7, early.Add(time.Hour)), use("twilio", 7, at(14, 9)), use("twilio", 8, at(14, 8)),
		use("twilio", 8, at(30, 0)), use("numverify", 1, at(2, 0)), use("none", 0, at(2, 0)),
	), april, Options{})
	want := []Credential{
		{Provider: "numverify", Version: 1, First: at(2, 0), Last: at(2, 0), Uses: 1},
		{Provider: "twilio", Version: 8, First: at(14, 8), Last: at(30, 0), Uses: 2},
		{Provider: "twilio", Version: 7, First: early.Add(time.Hour), Last: at(14, 9), Uses: 2, Successor: at(14, 8)},
	}
	if !slices.Equal(r.Credentials, want) {
		t.Errorf("got  %+v\nwant %+v", r.Credentials, want)
	}
}

func TestUnusualCallersAreFound(t *testing.T) {
	steady := func(caller string, from, to, perDay int) (all []audit.Record) {
		for day := from; day <= to; day++ {
			all = append(all, times(perDay+day%3, answered(caller, at(day, 9)))...)
		}
		return all
	}
	daily := func(record audit.Record) (all []audit.Record) {
		for range 30 {
			all = append(all, record)
			record.Time = record.Time.AddDate(0, 0, 1)
		}
		return all
	}
	before := answered("a", april.Since.AddDate(0, 0, -3))
	for _, tt := range []struct {
		name    string
		records []audit.Record
		want    string
	}{
		{"steady", steady("a", 1, 30, 50), ""},
		{"one day of many more", append(steady("a", 1, 30, 50), times(200, answered("a", at(20, 9)))...), "surge a 20 252"},
		{"not twice as many", append(steady("a", 1, 30, 50), times(40, answered("a", at(20, 9)))...), ""},
		{"too few to matter", append(steady("a", 1, 30, 0), times(15, answered("a", at(20, 9)))...), ""},
		{"too few days", append(steady("a", 1, 7, 50), times(400, answered("a", at(7, 9)))...), ""},
		{"other callers do not hide it", append(append(steady("b", 1, 30, 5000), steady("a", 1, 30, 5)...), times(60, answered("a", at(20, 9)))...), "surge a 20 67"},
		{"new", append(steady("b", 1, 30, 50), steady("a", 10, 30, 50)...), "new a 10 1071"},
		{"on the first day all are new", steady("a", 1, 30, 50), ""},
		{"known from before", append([]audit.Record{before}, steady("a", 25, 30, 5)...), ""},
		{"silent until one day", append(append([]audit.Record{before}, steady("b", 1, 30, 50)...), times(25, answered("a", at(20, 9)))...), "surge a 20 25"},
		{"refusals", append(steady("a", 1, 30, 2), daily(refused("a", "rate_limited", at(1, 9)))...), "refusals a 1 30"},
		{"few refusals", append(steady("a", 1, 30, 50), daily(refused("a", "rate_limited", at(1, 9)))...), ""},
		{"strangers", times(100, refused("", reasonUnauthenticated, at(9, 9))), ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			for _, f := range build(t, of(tt.records...), april, Options{}).Unusual {
				got = append(got, fmt.Sprintf("%s %s %d %d", f.Kind, f.Caller, f.Time.Day(), f.Count))
			}
			if strings.Join(got, ", ") != tt.want {
				t.Errorf("got %v, want %s", got, tt.want)
			}
		})
	}
}

func TestRangesHaveNames(t *testing.T) {
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 0, 0, 0, 0, time.UTC) }
	for want, in := range map[string]Range{
		"in April 2026":                   april,
		"in 2026":                         {day(2026, 1, 1), day(2027, 1, 1)},
		"from 3 to 17 April 2026":         {day(2026, 4, 3), day(2026, 4, 18)},
		"on 3 April 2026":                 {day(2026, 4, 3), day(2026, 4, 4)},
		"from 3 April 2026 to 5 May 2026": {day(2026, 4, 3), day(2026, 5, 6)},
		"from 1 April 2026 05:00 to 2 April 2026 00:00": {at(1, 5), day(2026, 4, 2)},
	} {
		if got := (&Report{Since: in.Since, Until: in.Until}).when(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

func TestSummaryIsPlain(t *testing.T) {
	records := append([]audit.Record{answered("a", at(1, 0)), refused("", reasonUnauthenticated, at(2, 0)), failed("b", "upstream_error", at(1, 0))}, times(1200, answered("a", at(1, 0)))...)
	for _, tt := range []struct {
		name      string
		records   []audit.Record
		integrity *Integrity
		want      string
	}{
		{"plain", records, &Integrity{OK: true}, "In April 2026, 1,203 requests reached Ringward from 2 callers. It answered 1,201, refused 1 before any provider was asked, and had no answer to give for 1. The lookups came to 2,402 cost units. No caller behaved unusually. The log was checked: it is complete and unchanged."},
		{"empty", nil, nil, "In April 2026, Ringward recorded no requests. Whether the log is complete and unchanged was not checked for this report."},
		{"not intact", nil, &Integrity{}, "In April 2026, Ringward recorded no requests. The log did not pass its check: see Integrity before you rely on these numbers."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(build(t, of(tt.records...), april, Options{Integrity: tt.integrity}).Summary, " "); got != tt.want {
				t.Errorf("got %q", got)
			}
		})
	}
}
