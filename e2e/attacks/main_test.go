package attacks

import (
	"fmt"
	"os"
	"sync"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

var (
	bin   harness.Binaries
	suite *harness.Suite
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ringward-attacks-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if bin, err = harness.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, "building the programs under test:", err)
		return 1
	}
	suite = harness.NewSuite(dir)
	code := m.Run()
	if running != nil && code == 0 {
		running.searchTraces()
	}
	if !suite.Close() {
		return 1
	}
	return code
}

var running *arena

// start starts what all attacks share.
var start = sync.OnceFunc(func() {
	a := newArena(suite)
	a.Run()
	running = a
})
