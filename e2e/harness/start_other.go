//go:build !linux

package harness

import "os/exec"

// StartTied starts a process. Elsewhere than on Linux it outlives a test binary
// that is killed.
func StartTied(cmd *exec.Cmd) error { return cmd.Start() }
