//go:build !(linux || darwin || freebsd || netbsd || openbsd || dragonfly)

package caller

import "os"

// lockDirectory does nothing: directories cannot be locked here.
func lockDirectory(string) (unlock func(), err error) { return func() {}, nil }

// keepAccess does nothing: files have no owner that could be kept here.
func keepAccess(string, *os.File) error { return nil }

// syncDirectory does nothing: directories cannot be synced here.
func syncDirectory(string) error { return nil }
