package faults

import (
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

func newDiskRig(t *testing.T, d *Disk) *Rig {
	t.Helper()
	s := harness.NewStage(t, bin, "checkthatphone")
	s.Audit = filepath.Join(d.Dir, "audit.jsonl")
	return NewRig(t, "audit disk", s, *phase)
}

// TestDiskFaults: what cannot be audited is refused, and is answered again as
// soon as it can be.
func TestDiskFaults(t *testing.T) { //nolint:paralleltest // it measures times
	refused := []int{http.StatusServiceUnavailable}
	t.Run("in memory", func(t *testing.T) {
		d := newTmpfs(t, "32m")
		r := newDiskRig(t, d)
		r.Run(Fault{Name: "full", Seen: refused, AuditAway: true, Break: d.Fill, Mend: d.Empty})
	})
	t.Run("in a file", func(t *testing.T) {
		d := newExt4(t)
		r := newDiskRig(t, d)
		r.Run(Fault{
			Name: "read-only", Seen: refused, AuditAway: true,
			Break: func() { command(t, "chattr", "+i", r.Audit, d.Dir) },
			Mend:  func() { command(t, "chattr", "-i", r.Audit, d.Dir) },
		})
		r.Run(Fault{
			Name: "slow, writes hang for 150 ms", Break: func() {}, Mend: func() {},
			During: func() {
				for end := time.Now().Add(phaseOf(*phase)); time.Now().Before(end); {
					d.Freeze(150 * time.Millisecond)
				}
			},
		})
		r.Run(Fault{
			Name: "hanging for 3 s", Seen: refused, AuditAway: true, Break: func() {}, Mend: func() {},
			During: func() { d.Freeze(3 * time.Second) }, // longer than an entry may take
		})
	})
}
