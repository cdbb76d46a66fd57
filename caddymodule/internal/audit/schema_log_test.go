//go:build unix

package audit

import (
	"path/filepath"
	"strings"
	"testing"
)

// Not only entries: whatever a log writes is as published, and can be read.
func TestLinesOfALogAreAsTheSchemaSays(t *testing.T) {
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	l := openLog(t, path)
	full, intent := fullEntry(), intentEntry()
	for _, e := range []*Entry{&intent, &full} {
		if err := l.Write(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	s := lineSchema(t)
	var kinds []string
	for line := range strings.Lines(read(t, path)) {
		if err := validLine(t, s, []byte(line)); err != nil {
			t.Errorf("%s: %v", line, err)
		}
		record, err := ParseRecord([]byte(line))
		if err != nil {
			t.Errorf("%s: %v", line, err)
		}
		if !record.Kind.IsControl() {
			kinds = append(kinds, string(record.Kind))
		}
	}
	if strings.Join(kinds, ",") != "intent," {
		t.Errorf("got %q", kinds)
	}
}
