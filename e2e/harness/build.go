package harness

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// buildTimeout is for a cold build cache; with a warm one it takes seconds.
const buildTimeout = 10 * time.Minute

// Version is what the ringward binary is built to say of itself.
const Version = "v0.0.0-e2e"

// Binaries are the paths of the programs that the tests run.
type Binaries struct {
	Ringward   string // cmd/ringward
	PlainCaddy string // e2e/plaincaddy
	Standin    string // caddymodule/internal/demo/standin
	Vault      string // e2e/vault, built by make; empty when it is not there
	Root       string // of the repository
}

// Build builds the programs into dir.
func Build(dir string) (Binaries, error) {
	root, err := moduleRoot()
	if err != nil {
		return Binaries{}, err
	}
	vault, err := findVault(root)
	if err != nil {
		return Binaries{}, err
	}
	// No -trimpath: with it nothing in the build cache of `go test` would fit.
	args := []string{
		"build", "-o", dir + string(filepath.Separator),
		"-ldflags", "-s -w -X github.com/caddyserver/caddy/v2.CustomVersion=" + Version,
	}
	if RaceDetector {
		args = append(args, "-race")
	}
	args = append(args, "./cmd/ringward", "./e2e/plaincaddy", "./caddymodule/internal/demo/standin")
	if err := goCommand(root, args...); err != nil {
		return Binaries{}, err
	}
	return Binaries{
		Ringward:   filepath.Join(dir, "ringward"),
		PlainCaddy: filepath.Join(dir, "plaincaddy"),
		Standin:    filepath.Join(dir, "standin"),
		Vault:      vault,
		Root:       root,
	}, nil
}

// BuildTool builds a program that few tests need, without the race detector, and
// returns its path.
func (b Binaries) BuildTool(t testing.TB, path string) string {
	t.Helper()
	dir := t.TempDir()
	if err := goCommand(b.Root, "build", "-o", dir+string(filepath.Separator), "./"+path); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, filepath.Base(path))
}

func goCommand(dir string, args ...string) error {
	ctx, cancel := context.WithTimeout(context.Background(), buildTimeout)
	defer cancel()
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
	}
	return nil
}

// moduleRoot finds the repository; tests run in their package's directory.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out))), nil
}

// findVault looks for the Vault server where RINGWARD_E2E_VAULT says, or else
// where make puts it. One that is named must be there.
func findVault(root string) (string, error) {
	if path := os.Getenv("RINGWARD_E2E_VAULT"); path != "" {
		if _, err := os.Stat(path); err != nil {
			return "", fmt.Errorf("RINGWARD_E2E_VAULT: %w", err)
		}
		return filepath.Abs(path)
	}
	path := filepath.Join(root, ".cache", "bin", "e2e-vault")
	switch _, err := os.Stat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return "", nil
	default:
		return path, err
	}
}
