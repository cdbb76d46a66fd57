package audit

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// maxLooks bounds how often the paths are looked at again.
const maxLooks = 10

// findSources opens what the paths name. A log that is being written may be rotated
// meanwhile, and its segments deleted, so it looks again until there is nothing new:
// then the files are those of one moment.
func findSources(paths []string) ([]*source, error) {
	f := finder{changed: true, missing: make(map[string]error)}
	for look := 0; look < maxLooks && f.changed; look++ {
		f.changed = false
		for _, path := range paths {
			if err := f.look(path); err != nil {
				return nil, err
			}
		}
	}
	return f.sources, f.missed()
}

type finder struct {
	sources []*source
	changed bool             // what is found now was not, or the other way about
	missing map[string]error // of active files that were named and not there
}

// missed is the error of a file that was named and not found. Where there are
// segments of it, it is only not begun yet.
func (f *finder) missed() error {
	for _, s := range f.sources {
		delete(f.missing, s.group)
	}
	for _, err := range f.missing {
		return err
	}
	return nil
}

// look opens what a path stands for: a file, a directory or, where there is neither,
// a pattern.
func (f *finder) look(path string) error {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return f.lookThrough(path, logsIn)
	case errors.Is(err, fs.ErrNotExist) && strings.ContainsAny(path, "*?["):
		return f.lookThrough(path, filepath.Glob)
	case errors.Is(err, fs.ErrNotExist):
		return f.miss(path, err)
	default:
		return f.add(path)
	}
}

// lookThrough opens segments last: what is rotated after the active file was opened
// is then among them, so that there is no gap.
func (f *finder) lookThrough(path string, list func(string) ([]string, error)) error {
	for _, wantSegments := range []bool{false, true} {
		found, err := list(path)
		if err != nil {
			return err
		}
		for _, path := range found {
			if is, _ := segmentOf(filepath.Base(path)); is != wantSegments {
				continue
			}
			if err := f.add(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// miss notes that a file is not there. A segment will not come back.
func (f *finder) miss(path string, err error) error {
	absolute, failed := filepath.Abs(path)
	if failed != nil || groupOf(absolute) != absolute {
		return err
	}
	f.missing[absolute] = err
	return nil
}

// add takes a file in, unless it is known already.
func (f *finder) add(path string) error {
	s, err := newSource(path)
	if errors.Is(err, fs.ErrNotExist) {
		f.changed = true
		return nil
	}
	if err != nil {
		return err
	}
	if s.info.Size() > 0 && !slices.ContainsFunc(f.sources, s.isSame) {
		f.sources, f.changed = append(f.sources, s), true
	}
	return nil
}

// isSame reports whether another source is the same file, perhaps by another name.
// A file's number alone does not tell: that of a deleted file is soon another's.
func (s *source) isSame(other *source) bool {
	return os.SameFile(s.info, other.info) && (other.head == s.head || other.head.seq == 0)
}

// logsIn lists what seem to be audit files in a directory: what begins as a line
// does, or has the usual name.
func logsIn(directory string) ([]string, error) {
	entries, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var found []string
	for _, entry := range entries {
		path := filepath.Join(directory, entry.Name())
		if entry.Type().IsRegular() && (filepath.Ext(path) == ".jsonl" || beginsAsLine(path)) {
			found = append(found, path)
		}
	}
	return found, nil
}

func beginsAsLine(path string) bool {
	file, _, err := openRegular(path)
	if err != nil {
		return false
	}
	defer file.Close()
	var start [len(envelopeSeq)]byte
	_, err = file.ReadAt(start[:], 0)
	return err == nil && string(start[:]) == envelopeSeq
}
