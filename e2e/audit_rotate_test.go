package e2e

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// TestRotationAndRetentionUnderLoad rotates by size as often as that can be, and
// keeps files for so short a time that most are deleted meanwhile. The log is
// whole at any time, and the page about it says so.
func TestRotationAndRetentionUnderLoad(t *testing.T) {
	t.Parallel()
	s := newAuditStage(t, "rotate 64KiB\nretain 500ms\ncheckpoint 100 1h")
	s.Audit = filepath.Join(s.Dir, "log", "audit.jsonl")
	s.Run()
	load := s.load()
	var whole int
	harness.Eventually(t, 2*harness.Soon, "files to be deleted", func() error {
		for _, verified := range []string{s.verifyRotated(), s.verify(filepath.Dir(s.Audit))} {
			whole++
			if counted(verified, "lines are past their retention") < 300 {
				return errors.New("none was")
			}
		}
		return nil
	})
	answered := load.stop()
	load.wantNoFailure()
	load.wantNoRefusal()
	s.stop()
	verified := s.verifyRotated()
	kept := auditTextOf(t, filepath.Join(s.Dir, "log", "audit*.jsonl"))
	if gone := len(kept.lacks(answered)); gone == 0 || gone > counted(verified, "lines are past their retention") {
		t.Errorf("%d of %d entries are gone: %s", gone, len(answered), verified)
	}
	kept.wantAll(t, answered[len(answered)-10:])
	if kept.types["tombstone"] == 0 || strings.Contains(s.Process.Stderr(), `"event":"audit_problem"`) {
		t.Errorf("%d tombstones", kept.types["tombstone"])
	}
	t.Logf("%d answers, verified %d times under load: %s", len(answered), whole, verified)
}
