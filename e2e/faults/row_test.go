package faults

import (
	"net/http"
	"os"
	"path/filepath"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

func outcomeOf(id string, status int) harness.Outcome {
	return harness.Outcome{Status: status, Header: http.Header{"X-Request-Id": {id}}}
}

// TestRowsCountWhatIsWrong: the figures that must be 0 can be something else.
func TestRowsCountWhatIsWrong(t *testing.T) {
	t.Parallel()
	audited := func(status int) map[string]harness.Entry {
		return map[string]harness.Entry{"a": {RequestID: "a", Status: status}}
	}
	for _, tt := range []struct {
		name            string
		outcome         harness.Outcome
		entries         map[string]harness.Entry
		auditAway       bool
		unaudited, lost int
	}{
		{"an answer and its entry", outcomeOf("a", 200), audited(200), false, 0, 0},
		{"an answer without an entry", outcomeOf("b", 200), nil, false, 1, 0},
		{"an answer that was audited as another", outcomeOf("a", 200), audited(502), false, 1, 0},
		{"a refusal without an entry", outcomeOf("b", 503), nil, false, 1, 0},
		{"a refusal while nothing can be audited", outcomeOf("b", 503), nil, true, 0, 0},
		{"data while nothing can be audited", outcomeOf("b", 200), nil, true, 1, 0},
		{"an answer that did not arrive", outcomeOf("", NoAnswer), audited(200), false, 0, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var row Row
			row.file([]harness.Outcome{tt.outcome}, tt.entries, tt.auditAway)
			if row.Unaudited != tt.unaudited || row.Lost != tt.lost {
				t.Errorf("%d without an entry and %d lost", row.Unaudited, row.Lost)
			}
		})
	}
}

func TestRigsKnowWrongAndStaleKeys(t *testing.T) {
	t.Parallel()
	record, audit := filepath.Join(t.TempDir(), "record"), filepath.Join(t.TempDir(), "audit")
	calls := ""
	for _, key := range []string{"old", "old", "new", "old", "stranger"} {
		calls += `{"headers":{"Authorization":["Bearer ` + key + `"]}}` + "\n"
	}
	for path, text := range map[string]string{record: calls + `{"torn`, audit: "{torn\n{}\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	r := &Rig{t: t, retired: map[string]int{"old": -1}}
	r.record.path, r.audit.path = record, audit
	r.Allow("new")
	r.Retire("old", 3)
	var row Row
	r.check(&row, Fault{}, nil)
	if row.WrongKeys != 2 || r.calls != 5 {
		t.Errorf("%d wrong keys in %d calls", row.WrongKeys, r.calls)
	}
	if n := r.unknown([]string{"new", "stranger"}); n != 1 {
		t.Errorf("%d unknown keys", n)
	}
}
