package harness

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"
)

// Suite stands for a whole package where a helper wants a test, so that the
// tests of a package can share what is slow to start. TestMain makes it and
// closes it. A failure while things are started is a panic.
type Suite struct {
	testing.TB // nil: only what is overridden here can be used

	dir      string
	cleanups []func()
	failed   bool
}

// NewSuite makes a suite that keeps its files below a directory.
func NewSuite(dir string) *Suite { return &Suite{dir: dir} }

// Close undoes what was set up, the last first, and reports whether all went
// well.
func (s *Suite) Close() bool {
	for _, undo := range slices.Backward(s.cleanups) {
		undo()
	}
	return !s.failed
}

// Helper does nothing.
func (s *Suite) Helper() {}

// Context never ends.
func (s *Suite) Context() context.Context { return context.Background() }

// Cleanup leaves something to do for Close.
func (s *Suite) Cleanup(undo func()) { s.cleanups = append(s.cleanups, undo) }

// TempDir makes a directory.
func (s *Suite) TempDir() string {
	dir, err := os.MkdirTemp(s.dir, "suite")
	if err != nil {
		panic(err)
	}
	return dir
}

// Failed reports whether something went wrong.
func (s *Suite) Failed() bool { return s.failed }

// Errorf prints a failure.
func (s *Suite) Errorf(format string, args ...any) {
	s.failed = true
	s.Logf(format, args...)
}

// Logf prints to standard error.
func (s *Suite) Logf(format string, args ...any) { fmt.Fprintf(os.Stderr, format+"\n", args...) }

// Fatal panics.
func (s *Suite) Fatal(args ...any) { panic(fmt.Sprintln(args...)) }

// Fatalf panics.
func (s *Suite) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// For is the same stage for another test, which is the one that fails.
func (s *Stage) For(t testing.TB) *Stage {
	same := *s
	same.t = t
	return &same
}
