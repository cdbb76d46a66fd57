//go:build !unix

package audit

import "os"

const openFlags = 0

// isUnlinked reports whether the file has no name left: here an open file
// cannot be removed.
func isUnlinked(*os.File) (bool, error) { return false, nil }

// syncDirectory does nothing: directories cannot be synced here.
func syncDirectory(string) error { return nil }
