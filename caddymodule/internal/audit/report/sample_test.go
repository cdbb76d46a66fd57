package report

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"net/netip"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

// The month of the sample.
var (
	april    = Range{time.Date(2026, 4, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}
	mayFirst = time.Date(2026, 5, 1, 6, 30, 0, 0, time.UTC)
)

// habit is how one caller of the sample behaves.
type habit struct {
	caller    string
	provider  string
	operation string
	released  []string
	regions   []string
	cost      int
	perDay    int
	weekend   int // percentage of a working day
	from      int // the day on which it begins; 0 for the first
	hour      int // around which it asks
}

var habits = []habit{
	{caller: "signup", provider: "checkthatphone", operation: "lookup", released: []string{"validity", "line_type"}, regions: []string{"US", "US", "US", "CA"}, cost: 1, perDay: 640, weekend: 70, hour: 14},
	{caller: "signup", provider: "twilio", operation: "fetch_v2", released: []string{"validity", "line_type", "carrier"}, regions: []string{"GB", "DE", "FR", "US"}, cost: 1, perDay: 170, weekend: 75, hour: 13},
	{caller: "fraud-desk", provider: "twilio", operation: "fetch_v2", released: []string{"risk", "carrier", "line_type"}, regions: []string{"US", "GB", "NG"}, cost: 4, perDay: 130, weekend: 55, hour: 11},
	{caller: "fraud-desk", provider: "telesign", operation: "phoneid", released: []string{"risk", "identity"}, regions: []string{"US", "BR"}, cost: 3, perDay: 55, weekend: 40, hour: 10},
	{caller: "crm-sync", provider: "numverify", operation: "validate", released: []string{"validity", "carrier", "location"}, regions: []string{"DE", "AT", "CH"}, cost: 1, perDay: 210, weekend: 100, hour: 3},
	{caller: "support-tool", provider: "checkthatphone", operation: "lookup", released: []string{"validity"}, regions: []string{"US", "CA", "MX"}, cost: 1, perDay: 60, weekend: 15, hour: 15},
	{caller: "onboarding-eu", provider: "twilio", operation: "fetch_v2", released: []string{"validity", "line_type", "portability"}, regions: []string{"FR", "ES", "IT", "PT"}, cost: 2, perDay: 120, weekend: 50, from: 13, hour: 12},
}

// sample is a month of records as a real installation has them.
func sample() iter.Seq2[audit.Record, error] {
	return func(yield func(audit.Record, error) bool) {
		random := rand.New(rand.NewPCG(1, 2))
		for day := 1; day <= 30; day++ {
			if !sampleDay(random, day, yield) {
				return
			}
		}
	}
}

func sampleDay(random *rand.Rand, day int, yield func(audit.Record, error) bool) bool {
	midnight := april.Since.AddDate(0, 0, day-1)
	weekend := midnight.Weekday() == time.Saturday || midnight.Weekday() == time.Sunday
	for i := range habits {
		h := &habits[i]
		n := h.perDay + random.IntN(h.perDay/6+1)
		if weekend {
			n = n * h.weekend / 100
		}
		if h.caller == "crm-sync" && day == 17 {
			n *= 5 // somebody ran the import again and again
		}
		if day < h.from {
			n = 0
		}
		for range n {
			when := midnight.Add(time.Duration((float64(h.hour)+random.NormFloat64()*3+24)*float64(time.Hour)) % (24 * time.Hour))
			if !yield(h.record(random, when, day), nil) {
				return false
			}
		}
	}
	strangers := random.IntN(6)
	if day == 22 {
		strangers = 240 // somebody tried keys
	}
	for i := range strangers {
		e := audit.Entry{
			Time: midnight.Add(time.Duration(i) * time.Minute), Decision: audit.Refused, Reason: reasonUnauthenticated,
			Status: 401, ClientIP: netip.MustParseAddr("203.0.113.9"), Provider: "twilio",
		}
		if day == 22 && i%4 == 3 {
			e.Reason, e.Status = reasonLockedOut, 429
		}
		if !yield(audit.Record{Entry: e}, nil) {
			return false
		}
	}
	return true
}

// record is one request.
func (h *habit) record(random *rand.Rand, when time.Time, day int) audit.Record {
	e := audit.Entry{
		Time: when, RequestID: fmt.Sprintf("%016x", random.Uint64()), Caller: h.caller, KeyID: "f87087f0",
		Auth: audit.AuthKey, ClientIP: netip.MustParseAddr("192.0.2.7"), Provider: h.provider, Operation: h.operation,
		Numbers: []audit.NumberRef{{
			Pseudonym: fmt.Sprintf("015db288:%016x%016x", random.Uint64(), random.Uint64()),
			Region:    h.regions[random.IntN(len(h.regions))],
		}},
		Limits:   []audit.LimitState{{Name: "caller", Window: time.Minute, Limit: 100, Remaining: int64(random.IntN(100))}},
		Config:   "5d41402abc4b",
		Version:  "1.0.0",
		Duration: 120 * time.Millisecond,
	}
	refusals := []string{"rate_limited", "rate_limited", "rate_limited", "number_not_allowed", "invalid_number", "budget_exceeded"}
	failures := []string{"upstream_timeout", "upstream_error", "upstream_error", "upstream_busy"}
	switch chance := random.IntN(1000); {
	case chance < 14, h.caller == "support-tool" && chance < 310:
		e.Decision, e.Reason, e.Status = audit.Refused, refusals[random.IntN(len(refusals))], 429
	case chance < 320 && chance >= 314:
		e.Decision, e.Reason, e.Status, e.UpstreamCalls = audit.Failed, failures[random.IntN(len(failures))], 502, 1
	default:
		e.Decision, e.Status, e.UpstreamStatus, e.UpstreamCalls = audit.Answered, 200, 200, 1
		e.Cost, e.Released = h.cost, h.released
	}
	if e.UpstreamCalls > 0 {
		e.CredentialVersion = map[string]int{"checkthatphone": 3, "twilio": 7, "telesign": 2, "numverify": 11}[h.provider]
		if h.provider == "twilio" && day >= 15 || h.provider == "numverify" && day >= 8 {
			e.CredentialVersion++
		}
	}
	return audit.Record{Entry: e}
}

func sampleOptions() Options {
	return Options{
		Instances: []string{"ringward-a", "ringward-b"}, Version: "1.0.0", Generated: mayFirst,
		Integrity: &Integrity{
			OK: true,
			Lines: []string{
				"Every entry follows the one before it; none is missing, changed or added.",
				"30 checkpoints are signed with the key of the ledger.",
				"The first entry continues the ledger of March 2026.",
			},
			Counts: []Count{{"files", 30}, {"entries", 40_769}, {"checkpoints", 30}, {"entries deleted by retention", 0}},
		},
	}
}
