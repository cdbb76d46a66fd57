// Package e2e drives the ringward binary as its users do: as a process, with
// Caddyfiles, signals and sockets, before stand-ins for the providers and a
// real Vault server.
package e2e

import (
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

var (
	bin     harness.Binaries
	workDir string
)

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	var err error
	if workDir, err = os.MkdirTemp("", "ringward-e2e-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(workDir) }()
	if bin, err = harness.Build(workDir); err != nil {
		fmt.Fprintln(os.Stderr, "building the programs under test:", err)
		return 1
	}
	code := m.Run()
	if v := runningVault; v != nil {
		v.Stop()
	}
	return code
}

var runningVault *harness.Vault

// startVault starts the Vault server that all tests share.
var startVault = sync.OnceValues(func() (*harness.Vault, error) {
	dir := filepath.Join(workDir, "vault")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return nil, err
	}
	var err error
	runningVault, err = harness.StartVault(bin, dir)
	return runningVault, err
})

// realVault returns the shared Vault server.
func realVault(t *testing.T) *harness.Vault {
	t.Helper()
	if bin.Vault == "" {
		t.Skip("there is no Vault server to test with: build one with `make e2e-vault`, or name one in RINGWARD_E2E_VAULT")
	}
	v, err := startVault()
	if err != nil {
		t.Fatal(err)
	}
	return v
}
