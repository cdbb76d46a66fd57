package faults

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// auditUnavailable is the reason of refusals that cannot be audited.
const auditUnavailable = "audit_unavailable"

// Answer is what a caller got: a status and Ringward's reason for it.
type Answer struct {
	Status int
	Reason string
}

// Row is what came of one fault.
type Row struct {
	Group, Fault    string
	Rate            float64        // lookups a second
	Answers         map[Answer]int // all of the load
	Healthy, During time.Duration  // the time of 99 in 100 lookups
	Unaudited       int            // answers without an entry of their own
	WrongKeys       int            // calls with a key that was not the provider's, or no more
	Lost            int            // entries of answers that nobody got
	Before, After   harness.Gauge
}

// file counts outcomes, and compares each with its audit entry.
func (row *Row) file(outcomes []harness.Outcome, entries map[string]harness.Entry, auditAway bool) {
	row.Answers = make(map[Answer]int)
	for _, o := range outcomes {
		id := o.Header.Get("X-Request-Id")
		entry := entries[id]
		answer := Answer{o.Status, entry.Reason}
		switch {
		case auditAway && o.Status == http.StatusServiceUnavailable:
			answer.Reason = auditUnavailable
		case o.Status != NoAnswer && entry.Status != o.Status:
			row.Unaudited++
		}
		if !o.Failed() {
			delete(entries, id)
		}
		row.Answers[answer]++
	}
	for _, entry := range entries {
		if entry.Status == http.StatusOK {
			row.Lost++
		}
	}
}

// judge asserts what is promised whatever happens.
func (row *Row) judge(t *testing.T, f Fault, before, during []harness.Outcome) {
	t.Helper()
	for _, o := range before {
		if o.Failed() {
			t.Errorf("before the fault a lookup got %d %.200s, %v", o.Status, o.Body, o.Err)
			break
		}
	}
	statuses, wrong := make(map[int]int), 0
	for _, o := range during {
		statuses[o.Status]++
		switch {
		case o.Status != http.StatusOK && !slices.Contains(f.Seen, o.Status) && !slices.Contains(f.May, o.Status):
			if wrong++; wrong <= 3 {
				t.Errorf("a lookup got %d %.200s, %v", o.Status, o.Body, o.Err)
			}
		case o.Status != NoAnswer && o.Err != nil:
			t.Errorf("an answer broke off: %v", o.Err)
		}
	}
	if wrong > 0 {
		t.Errorf("%d lookups did not get what they may", wrong)
	}
	if len(f.Seen) > 0 && statuses[f.Seen[0]] == 0 {
		t.Errorf("nobody got %d: %v", f.Seen[0], statuses)
	}
	if row.Unaudited > 0 {
		t.Errorf("%d answers without their audit entry", row.Unaudited)
	}
	if row.Lost > 0 && !f.AuditAway && !f.Crash {
		t.Errorf("%d answers were audited and did not arrive", row.Lost)
	}
	if row.WrongKeys > 0 {
		t.Errorf("%d calls with a wrong key", row.WrongKeys)
	}
}
