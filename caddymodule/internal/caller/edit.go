package caller

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// List reads the callers of a callers file.
func List(path string) ([]Spec, error) {
	content, _, err := NewFile(path, MaxCallersBytes).Poll()
	if err != nil {
		return nil, err
	}
	specs, err := ParseCallers(content)
	if err != nil {
		return nil, fmt.Errorf("file %s: %w", path, err)
	}
	return specs, nil
}

// AddKey adds a key to a caller of a callers file. A file or a caller that does
// not exist is made; the new caller has nothing but its name and key. Keys of
// the caller that have expired make room. The file is replaced as a whole, so a
// reader sees it before or after.
func AddKey(path, name string, key Key, now time.Time) error {
	if err := checkName(name); err != nil {
		return err
	}
	return edit(path, func(specs []Spec) ([]Spec, error) {
		at := indexOf(specs, name)
		if at < 0 {
			return append(specs, Spec{Name: name, Keys: []Key{key}}), nil
		}
		c := &specs[at]
		c.Keys = slices.DeleteFunc(c.Keys, func(k Key) bool { return k.Expires.Passed(now) })
		c.Keys = append(c.Keys, key)
		return specs, nil
	})
}

// Revoke takes the key of an id from a caller. The caller stays, with all else
// it has, even without a key.
func Revoke(path, name, keyID string) error {
	return editCaller(path, name, func(c *Spec) error {
		kept := slices.DeleteFunc(slices.Clone(c.Keys), func(k Key) bool { return k.Digest.KeyID() == keyID })
		if len(kept) == len(c.Keys) {
			return fmt.Errorf("caller %q has no key of this id", name)
		}
		c.Keys = kept
		return nil
	})
}

// RevokeAll takes every key from a caller, which stays.
func RevokeAll(path, name string) error {
	return editCaller(path, name, func(c *Spec) error {
		c.Keys = []Key{}
		return nil
	})
}

func editCaller(path, name string, change func(*Spec) error) error {
	return edit(path, func(specs []Spec) ([]Spec, error) {
		at := indexOf(specs, name)
		if at < 0 {
			return nil, errors.New("the file has no caller of this name")
		}
		return specs, change(&specs[at])
	})
}

func indexOf(specs []Spec, name string) int {
	return slices.IndexFunc(specs, func(s Spec) bool { return s.Name == name })
}

// edit changes a callers file. Two edits at the same time follow one another, so
// that none undoes a revocation. What would not be a good file is not written.
func edit(path string, change func([]Spec) ([]Spec, error)) error {
	// The link stays a link: its target is what is replaced.
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	unlock, err := lockDirectory(filepath.Dir(path))
	if err != nil {
		return fmt.Errorf("locking the directory of %s failed: %w", path, err)
	}
	defer unlock()
	specs, err := List(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if specs, err = change(specs); err != nil {
		return fmt.Errorf("file %s: %w", path, err)
	}
	if err := checkSpecs(specs); err != nil {
		return fmt.Errorf("file %s: %w", path, err)
	}
	content, err := writeCallers(specs)
	if err != nil {
		return err
	}
	return replaceFile(path, content)
}

// replaceFile writes a file and puts it in the place of another with one rename.
// Whoever could read the other can read the new one.
func replaceFile(path string, content []byte) (err error) {
	file, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = file.Close()
			_ = os.Remove(file.Name())
		}
	}()
	if err := keepAccess(path, file); err != nil {
		return err
	}
	if _, err := file.Write(content); err != nil {
		return err
	}
	if err := file.Sync(); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	return syncDirectory(filepath.Dir(path))
}
