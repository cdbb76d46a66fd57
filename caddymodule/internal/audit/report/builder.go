package report

import (
	"fmt"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

// The reasons that have a meaning of their own here.
const (
	reasonUnauthenticated = "unauthenticated"
	reasonLockedOut       = "locked_out"
)

// builder counts records.
type builder struct {
	in   Range
	opts Options

	step    time.Duration
	start   time.Time // of the first period
	periods []Period
	latest  int // the last period with a request; -1 for none

	totals                                          Totals
	callers, providers, operations, classes, places *tally
	refusals, failures                              *tally
	credentials                                     credentials
	earlier                                         map[string]bool // callers seen before the range
	intents                                         map[string]bool // that have no result yet, by request id
}

func newBuilder(in Range, opts Options) (*builder, error) {
	in = Range{in.Since.UTC(), in.Until.UTC()}
	if opts.MaxNames <= 0 {
		opts.MaxNames = DefaultMaxNames
	}
	length := in.Until.Sub(in.Since)
	switch {
	case length <= 0:
		return nil, fmt.Errorf("the report's range is empty: choose an end after its start")
	case length > MaxDays*24*time.Hour:
		return nil, fmt.Errorf("the report's range is too long: choose %d days at most", MaxDays)
	}
	b := &builder{in: in, opts: opts, step: 24 * time.Hour, latest: -1}
	if length <= hourlyUpTo {
		b.step = time.Hour
	}
	b.start = in.Since.Truncate(b.step)
	for t := b.start; t.Before(in.Until); t = t.Add(b.step) {
		b.periods = append(b.periods, Period{Start: t})
	}
	for _, t := range []**tally{&b.callers, &b.providers, &b.operations, &b.classes, &b.places, &b.refusals, &b.failures} {
		*t = newTally(opts.MaxNames, len(b.periods))
	}
	b.credentials = credentials{most: opts.MaxNames, used: make(map[credentialKey]*Credential)}
	b.earlier, b.intents = make(map[string]bool), make(map[string]bool)
	return b, nil
}

// add counts a record.
func (b *builder) add(r *audit.Record) {
	switch {
	case r.Kind == audit.KindIntent:
		b.begin(r)
	case r.Kind != audit.KindResult:
	case r.Time.Before(b.in.Since):
		b.remember(r)
	default:
		delete(b.intents, r.RequestID) // even after the range: it is a result
		if r.Time.Before(b.in.Until) {
			b.result(r)
		}
	}
}

// begin notes an intent, until its result comes.
func (b *builder) begin(r *audit.Record) {
	switch {
	case r.Time.Before(b.in.Since) || !r.Time.Before(b.in.Until):
	case len(b.intents) < b.opts.MaxNames && len(r.RequestID) <= maxName:
		b.intents[r.RequestID] = true
	default:
		b.totals.Unfinished++ // cannot be followed; never that many are under way
	}
}

// remember takes from before the range what tells old from new.
func (b *builder) remember(r *audit.Record) {
	if len(b.earlier) < b.opts.MaxNames && len(r.Caller) <= maxName {
		b.earlier[r.Caller] = true
	}
	b.credentials.count(r)
}

// result counts a request of the range.
func (b *builder) result(r *audit.Record) {
	at := int(r.Time.Sub(b.start) / b.step)
	b.latest = max(b.latest, at)
	period := &b.periods[at]
	period.Counts.add(r)
	b.totals.Counts.add(r)

	caller := b.callers.row(r.Caller)
	caller.count(r, at)
	caller.mark(at)
	if r.Provider != "" {
		b.providers.row(r.Provider).count(r, at)
	}
	if r.Operation != "" {
		b.operations.row(r.Provider+"/"+r.Operation).count(r, at)
	}
	switch r.Decision {
	case audit.Answered:
		b.answer(r, at)
	case audit.Refused:
		b.refusals.row(r.Reason).Requests++
		b.refusal(r, period)
	case audit.Failed:
		b.failures.row(r.Reason).Requests++
	}
	b.credentials.count(r)
}

// answer counts what an answer told.
func (b *builder) answer(r *audit.Record, at int) {
	for _, class := range r.Released {
		row := b.classes.row(class)
		row.Requests++
		row.Series[at]++
	}
	for _, number := range r.Numbers {
		row := b.places.row(number.Region)
		row.Requests++
		row.Series[at]++
	}
	b.totals.Numbers += int64(len(r.Numbers))
}

// refusal counts attempts to get in.
func (b *builder) refusal(r *audit.Record, period *Period) {
	switch r.Reason {
	case reasonUnauthenticated:
		period.Unauthenticated++
		b.totals.Unauthenticated++
	case reasonLockedOut:
		period.LockedOut++
		b.totals.LockedOut++
	}
}

func (b *builder) finish() *Report {
	r := &Report{
		Title: b.opts.Title, Since: b.in.Since, Until: b.in.Until, Generated: b.opts.Generated.UTC(),
		Version: b.opts.Version, Instances: append([]string{}, b.opts.Instances...),
		Totals: b.totals, Step: "day", Periods: b.periods,
		Callers: b.callers.sorted(), Providers: b.providers.sorted(), Operations: b.operations.sorted(),
		Classes: b.classes.sorted(), Regions: b.places.sorted(),
		Refusals: b.refusals.counts(), Failures: b.failures.counts(),
		Credentials: b.credentials.sorted(b.in.Since), Integrity: b.opts.Integrity,
	}
	if b.step == time.Hour {
		r.Step = "hour"
	}
	if r.Title == "" {
		r.Title = "Phone lookups " + r.when()
	}
	r.Totals.Unfinished += int64(len(b.intents))
	for _, t := range []*tally{b.callers, b.providers, b.operations, b.classes, b.places, b.refusals, b.failures} {
		r.Totals.Uncounted = r.Totals.Uncounted || t.other != nil
	}
	r.Totals.Uncounted = r.Totals.Uncounted || b.credentials.full
	r.Unusual = b.unusual(r.Callers)
	r.Summary = r.summary()
	return r
}
