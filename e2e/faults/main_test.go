package faults

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

var (
	update = flag.Bool("update", false, "write the table of docs/faults.md")
	phase  = flag.Duration("phase", 750*time.Millisecond, "how long each fault is watched before it happens")
	bin    harness.Binaries
)

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ringward-faults-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	if bin, err = harness.Build(dir); err != nil {
		fmt.Fprintln(os.Stderr, "building the programs under test:", err)
		return 1
	}
	code := m.Run()
	if code != 0 || !*update {
		return code
	}
	groups := []string{"provider", "Vault", "Redis", "audit disk", "process"}
	if err := WriteTable(filepath.Join(bin.Root, "docs", "faults.md"), groups); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}
