//go:build !linux

package harness

import "os/exec"

// startTied starts a process. Elsewhere than on Linux it outlives a test binary
// that is killed.
func startTied(cmd *exec.Cmd) error { return cmd.Start() }
