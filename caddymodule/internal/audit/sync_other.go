//go:build !linux

package audit

import "os"

// syncData makes a file's content and length durable.
func syncData(file *os.File) error { return file.Sync() }
