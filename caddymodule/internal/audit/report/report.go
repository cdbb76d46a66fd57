package report

import (
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

const (
	// DefaultMaxNames is the default of Options.MaxNames.
	DefaultMaxNames = 10_000

	// MaxDays is the most that a report may cover.
	MaxDays = 400

	// hourlyUpTo is the longest range that is shown by the hour.
	hourlyUpTo = 3 * 24 * time.Hour
)

// Range is the time that a report covers: from Since on and before Until.
type Range struct{ Since, Until time.Time }

// Options say what the records do not. The zero value has the defaults.
type Options struct {
	// Title heads the report. Default: made of the range.
	Title string

	// Instances names where the records come from. Version is Ringward's, and
	// Generated when the report is made.
	Instances []string
	Version   string
	Generated time.Time

	// Integrity is what checking the log found; nil when it was not checked.
	Integrity *Integrity

	// MaxNames bounds the distinct callers, providers, operations and so on that
	// are counted apart; those that come later are counted together. Default:
	// DefaultMaxNames.
	MaxNames int
}

// Integrity is what checking the log found.
type Integrity struct {
	// OK reports that nothing was changed, removed or added.
	OK bool `json:"ok"`

	// Lines says what was checked and found, a sentence each.
	Lines []string `json:"lines"`

	// Counts are the numbers to it, such as of entries and files.
	Counts []Count `json:"counts"`
}

// Count is a number and what it counts.
type Count struct {
	Name  string `json:"name"`
	Count int64  `json:"count"`
}

// Report is what the records of a range add up to. Lists are ordered by what
// counts most.
type Report struct {
	Title     string    `json:"title"`
	Since     time.Time `json:"since"`
	Until     time.Time `json:"until"`
	Generated time.Time `json:"generated,omitzero"`
	Version   string    `json:"version"`
	Instances []string  `json:"instances"`

	// Summary says the most important in sentences.
	Summary []string `json:"summary"`
	Totals  Totals   `json:"totals"`

	// Step is the length of a period: "day" or "hour".
	Step    string   `json:"step"`
	Periods []Period `json:"periods"`

	// Callers, Providers and Operations count requests; their Series are
	// answered lookups. Operations are named provider/operation.
	Callers    []Row `json:"callers"`
	Providers  []Row `json:"providers"`
	Operations []Row `json:"operations"`

	// Classes counts answered lookups by data class, and each lookup once for
	// each class in its answer. Regions counts the numbers of answered lookups.
	Classes []Row `json:"classes"`
	Regions []Row `json:"regions"`

	// Refusals and Failures count requests by reason.
	Refusals []Count `json:"refusals"`
	Failures []Count `json:"failures"`

	Credentials []Credential `json:"credentials"`
	Unusual     []Finding    `json:"unusual"`
	Integrity   *Integrity   `json:"integrity"`
}

// Counts are requests by their outcome, and what they cost.
type Counts struct {
	Requests int64 `json:"requests"`
	Answered int64 `json:"answered"`
	Refused  int64 `json:"refused"`
	Failed   int64 `json:"failed"`

	// UpstreamCalls are calls to providers, Cost is in cost units.
	UpstreamCalls int64 `json:"upstream_calls"`
	Cost          int64 `json:"cost"`
}

// Totals are the counts of the whole range.
type Totals struct {
	Counts

	// Numbers are those of answered lookups: a batch has several.
	Numbers int64 `json:"numbers"`

	// Unauthenticated requests named no caller that Ringward knows. LockedOut
	// ones came from where too many of those had come from before.
	Unauthenticated int64 `json:"unauthenticated"`
	LockedOut       int64 `json:"locked_out"`

	// Unfinished lookups have an intent, but no result.
	Unfinished int64 `json:"unfinished"`

	// Malformed lines could not be read. They have no time, so all in what was
	// read are counted.
	Malformed int64 `json:"malformed"`

	// Uncounted says that some names were counted together as others.
	Uncounted bool `json:"names_counted_together"`
}

// Period is a day or an hour.
type Period struct {
	Start time.Time `json:"start"`
	Counts
	Unauthenticated int64 `json:"unauthenticated"`
	LockedOut       int64 `json:"locked_out"`
}

// Row is what one name stands for.
type Row struct {
	// Name is empty for requests that have none, such as a caller's where nobody
	// was authenticated. Other marks the row of all names that were too many.
	Name  string `json:"name"`
	Other bool   `json:"other,omitempty"`
	Counts

	// Series has a number for each period.
	Series []uint32 `json:"series"`

	requests    []uint32 // for each period
	first, last int      // periods with requests
}

// Build makes the report of a range. A line that is malformed is counted; any
// other error of records ends it, because what is missing cannot be told.
func Build(records iter.Seq2[audit.Record, error], in Range, opts Options) (*Report, error) {
	b, err := newBuilder(in, opts)
	if err != nil {
		return nil, err
	}
	for record, err := range records {
		switch {
		case errors.Is(err, audit.ErrMalformed):
			b.totals.Malformed++
		case err != nil:
			return nil, fmt.Errorf("reading audit records: %w", err)
		default:
			b.add(&record)
		}
	}
	return b.finish(), nil
}
