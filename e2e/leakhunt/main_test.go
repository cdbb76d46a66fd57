package leakhunt

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

var (
	huntFor = flag.Duration("for", time.Minute, "how long the hunt goes on")
	seed    = flag.Uint64("seed", 0, "seed of the random choices; 0 for one of its own")
	bin     harness.Binaries
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	workDir, err := os.MkdirTemp("", "ringward-leakhunt-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(workDir) }()
	if bin, err = harness.Build(workDir); err != nil {
		fmt.Fprintln(os.Stderr, "building the programs under test:", err)
		return 1
	}
	return m.Run()
}

// startVault starts a Vault server; nil where there is none.
func startVault(t *testing.T) *harness.Vault {
	t.Helper()
	if bin.Vault == "" {
		return nil
	}
	v, err := harness.StartVault(bin, harness.ShortDir(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(v.Stop)
	return v
}
