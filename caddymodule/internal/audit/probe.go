package audit

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Probed is what stands where entries are to be written.
type Probed struct {
	// Exists reports that the file is there. Otherwise it would be made.
	Exists bool

	// Mode are its permissions, and TooOpen reports that some of them would be
	// taken away.
	Mode    fs.FileMode
	TooOpen bool

	// Successor is why no file could be made anew after this one is renamed, which
	// is how the file is rotated; nil if one could.
	Successor error
}

// Probe finds out whether Open would succeed for this user, as far as that can
// be told without making the file, changing it or writing to it, and without its
// lock: a running process may hold that. For a moment Probe makes another file,
// in the same directory or where that would be made.
func Probe(path string) (Probed, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return Probed{}, err
	}
	directory := filepath.Dir(path)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND|openFlags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return Probed{}, probeDirectory(directory)
	}
	if err != nil {
		return Probed{}, err
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return Probed{}, err
	}
	if !info.Mode().IsRegular() {
		return Probed{}, fmt.Errorf("%s is not a regular file", path)
	}
	if _, err := readTail(file, info.Size()); err != nil {
		return Probed{}, fmt.Errorf("%s: %w", path, err)
	}
	found := Probed{Exists: true, Mode: info.Mode().Perm()}
	if found.TooOpen = found.Mode&^mostMode != 0; found.TooOpen {
		// Only who may change the permissions may set them to what they are.
		if err := file.Chmod(found.Mode); err != nil {
			return found, err
		}
	}
	found.Successor = probeDirectory(directory)
	return found, probeLock(path+lockSuffix, found.Successor)
}

// probeLock reports whether the lock file can be opened, or else made.
func probeLock(path string, making error) error {
	file, err := os.OpenFile(path, os.O_RDWR|openFlags, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return making
	}
	if err != nil {
		return err
	}
	return file.Close()
}

// probeDirectory reports whether a file can be made in a directory, or in the
// nearest one above it that is there.
func probeDirectory(directory string) error {
	info, err := os.Stat(directory)
	if parent := filepath.Dir(directory); errors.Is(err, fs.ErrNotExist) && parent != directory {
		return probeDirectory(parent)
	}
	if err != nil {
		return err
	}
	if !info.IsDir() {
		return fmt.Errorf("%s is not a directory", directory)
	}
	file, err := os.CreateTemp(directory, ".ringward-probe-*")
	if err != nil {
		return err
	}
	_ = file.Close()
	if err := os.Remove(file.Name()); err != nil {
		return err
	}
	return syncDirectory(directory)
}
