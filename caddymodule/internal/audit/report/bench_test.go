package report

import (
	"fmt"
	"io"
	"runtime"
	"slices"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

const benchmarkLines = 1_000_000

// endless hands out lines again and again, n in all.
type endless struct {
	lines   [][]byte
	n, next int
	rest    []byte
}

func (e *endless) Read(p []byte) (read int, err error) {
	for read < len(p) {
		if len(e.rest) == 0 {
			if e.next == e.n {
				break
			}
			e.rest = e.lines[e.next%len(e.lines)]
			e.next++
		}
		n := copy(p[read:], e.rest)
		e.rest, read = e.rest[n:], read+n
	}
	if read == 0 {
		return 0, io.EOF
	}
	return read, nil
}

// sampleLines are the lines of the sample, as a ledger has them.
func sampleLines() (lines [][]byte) {
	seq := 0
	for record := range sample() {
		line := record.AppendJSON(nil)
		lines = append(lines, append(fmt.Appendf(nil, `{"seq":%d,"prev":"%064x",`, seq, seq), line[1:]...))
		seq++
	}
	return lines
}

// BenchmarkMillionLines reads, parses and counts a million lines. The metrics
// are of one such run; live-B is the most memory in use at a time, of which the
// lines themselves are not a part.
func BenchmarkMillionLines(b *testing.B) {
	lines := sampleLines()
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	b.ReportAllocs()
	var live uint64
	for b.Loop() {
		n := 0
		records := func(yield func(audit.Record, error) bool) {
			for record, err := range audit.Records(&endless{lines: lines, n: benchmarkLines}) {
				if n++; n%(benchmarkLines/4) == 0 {
					live = max(live, heapInUse())
				}
				if !yield(record, err) {
					return
				}
			}
		}
		if r := build(b, records, april, Options{}); r.Totals.Requests != benchmarkLines {
			b.Fatalf("%d requests", r.Totals.Requests)
		}
	}
	b.ReportMetric(float64(b.N)*benchmarkLines/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric(float64(live-min(live, before.HeapAlloc)), "live-B")
}

func heapInUse() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}

// What a report holds grows with the names in the log, not with its length.
func TestMemoryDoesNotGrowWithTheLog(t *testing.T) {
	lines := sampleLines()[:2000]
	held := func(n int) int {
		b, err := newBuilder(april, Options{})
		if err != nil {
			t.Fatal(err)
		}
		for record, err := range audit.Records(&endless{lines: lines, n: n}) {
			if err != nil {
				t.Fatal(err)
			}
			b.add(&record)
		}
		rows := slices.Concat(b.callers.sorted(), b.providers.sorted(), b.operations.sorted(), b.classes.sorted(), b.places.sorted())
		return len(rows) + len(b.credentials.used) + len(b.earlier) + len(b.intents)
	}
	if once, thrice := held(len(lines)), held(3*len(lines)); once != thrice {
		t.Errorf("%d things are held, and of a longer log %d", once, thrice)
	}
}
