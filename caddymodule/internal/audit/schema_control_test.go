package audit

import (
	"strings"
	"testing"
	"time"
)

// Control lines are as the published schema says, and can be read.
func TestControlLinesAreAsTheSchemaSays(t *testing.T) {
	s := lineSchema(t)
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	for name, line := range map[string][]byte{
		"start":      startLine{time: at, instance: "one"}.appendJSON(nil),
		"torn start": startLine{time: at, instance: "one", version: "1", config: "ab", torn: fragment{size: 3}}.appendJSON(nil),
		"checkpoint": checkpointLine{at, "signed\nnote"}.appendJSON(nil),
		"tombstone":  tombstoneLine{at, segment{name: "a", first: 1, last: link{seq: 2}, begun: at, ended: at}, "old"}.appendJSON(nil),
		"forget":     Forget{at, "e1"}.appendJSON(nil),
		"missed":     missedLine{at, 3, at, at}.appendJSON(nil),
	} {
		t.Run(name, func(t *testing.T) {
			line := enveloped(line)
			if err := validLine(t, s, line); err != nil {
				t.Errorf("%s: %v", line, err)
			}
			record, err := ParseRecord(line)
			if err != nil || !record.Kind.IsControl() || !strings.HasSuffix(name, string(record.Kind)) {
				t.Errorf("got %+v, %v", record, err)
			}
		})
	}
}

// An intent is an entry: the ledger takes it for no control line.
func TestIntentsAreEntriesOfTheLedger(t *testing.T) {
	intent := intentEntry()
	e, ok := parseEnvelope(enveloped(intent.AppendJSON(nil))[:len(enveloped(intent.AppendJSON(nil)))-1])
	if !ok || e.isControl() || !e.time().Equal(asRead(intent).Time) {
		t.Errorf("got %+v, %v", e, ok)
	}
}
