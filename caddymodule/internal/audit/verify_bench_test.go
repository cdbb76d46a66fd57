//go:build unix

package audit

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkVerify reads a signed log of 200,000 full entries.
func BenchmarkVerify(b *testing.B) {
	const entries = 200_000
	signer, verifiers := testKeys(b)
	opts := Options{Signer: signer, Instance: "i"}
	must(b, opts.complete())
	c := chain{opts: &opts, known: true, starts: true}
	must(b, c.begin())
	e := fullEntry()
	e.Time = time.Now()
	line := e.AppendJSON(nil)
	for range entries {
		must(b, c.add(line))
	}
	path := filepath.Join(b.TempDir(), "audit.jsonl")
	must(b, os.WriteFile(path, c.lines, 0o600))
	b.SetBytes(int64(len(c.lines)))
	c.lines = nil
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Verify([]string{path}, VerifyOptions{Verifiers: verifiers}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(entries*b.N)/b.Elapsed().Seconds(), "entries/s")
}
