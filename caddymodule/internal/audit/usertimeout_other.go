//go:build !linux

package audit

import "syscall"

// limitSilence leaves it to the system how long a receiver may not answer.
func limitSilence(_, _ string, _ syscall.RawConn) error { return nil }
