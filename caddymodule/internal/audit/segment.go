package audit

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// segment is a file of the log that is written no more.
type segment struct {
	name         string // without directory
	first        uint64
	last         link
	begun, ended time.Time // of the first and the last line
}

// segmentNames makes the names of rotated files out of the active file's:
// audit.jsonl becomes audit-20260102T150405Z-000000000001.jsonl.
type segmentNames struct{ stem, ext string }

const segmentTime = "20060102T150405Z"

func newSegmentNames(path string) segmentNames {
	base := filepath.Base(path)
	ext := filepath.Ext(base)
	return segmentNames{strings.TrimSuffix(base, ext), ext}
}

// name is that of the segment that begins at a time with a line.
func (n segmentNames) name(begun time.Time, first uint64) string {
	return fmt.Sprintf("%s-%s-%012d%s", n.stem, begun.UTC().Format(segmentTime), first, n.ext)
}

// parse reads the first line's number out of a name.
func (n segmentNames) parse(name string) (first uint64, ok bool) {
	rest, hasStem := strings.CutPrefix(name, n.stem+"-")
	rest, hasExt := strings.CutSuffix(rest, n.ext)
	begun, digits, hasSeq := strings.Cut(rest, "-")
	if !hasStem || !hasExt || !hasSeq || len(digits) < 12 {
		return 0, false
	}
	if _, err := time.Parse(segmentTime, begun); err != nil {
		return 0, false
	}
	first, left, ok := cutUint([]byte(strings.TrimLeft(digits, "0")))
	return first, ok && len(left) == 0
}

// list returns the names of the segments in a directory, oldest first.
func (n segmentNames) list(directory string) ([]string, error) {
	found, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range found {
		if _, ok := n.parse(entry.Name()); ok && entry.Type().IsRegular() {
			names = append(names, entry.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		first, _ := n.parse(a)
		second, _ := n.parse(b)
		return cmp.Compare(first, second)
	})
	return names, nil
}

// foreign returns the names that another program's rotation may have given to
// files of this log, such as audit.jsonl.1.
func (n segmentNames) foreign(directory string) ([]string, error) {
	found, err := os.ReadDir(directory)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range found {
		name := entry.Name()
		if entry.Type().IsRegular() && strings.HasPrefix(name, n.stem+n.ext) && name != n.stem+n.ext && !strings.HasSuffix(name, lockSuffix) {
			names = append(names, name)
		}
	}
	return names, nil
}

// newestTail finds where the chain ends when the active file has no line: a
// process may have ended between a rotation and the first line after it.
func (n segmentNames) newestTail(directory string) (tail, error) {
	newest := tail{empty: true}
	names, err := n.list(directory)
	if err != nil {
		return tail{}, err
	}
	if len(names) > 0 {
		name := names[len(names)-1]
		if newest, err = tailOf(filepath.Join(directory, name)); err != nil {
			return tail{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	foreign, err := n.foreign(directory)
	if err != nil {
		return tail{}, err
	}
	for _, name := range foreign {
		// What cannot be read, such as a compressed file, is not the newest.
		if found, err := tailOf(filepath.Join(directory, name)); err == nil && found.last.seq > newest.last.seq {
			newest = found
		}
	}
	return newest, nil
}

func tailOf(path string) (tail, error) {
	file, size, err := openRegular(path)
	if err != nil {
		return tail{}, err
	}
	defer file.Close()
	return readTail(file, size)
}

// readSegment reads where a segment begins and ends.
func readSegment(directory, name string) (segment, error) {
	file, size, err := openRegular(filepath.Join(directory, name))
	if err != nil {
		return segment{}, err
	}
	defer file.Close()
	first, err := readHead(file)
	if err != nil {
		return segment{}, fmt.Errorf("%s: %w", name, err)
	}
	end, err := readTail(file, size)
	if err != nil {
		return segment{}, fmt.Errorf("%s: %w", name, err)
	}
	if first.seq == 0 || end.last.seq < first.seq {
		return segment{}, fmt.Errorf("%s: %w", name, errNotChain)
	}
	return segment{name, first.seq, end.last, first.time, end.time}, nil
}

// openRegular opens a file for reading.
func openRegular(path string) (*os.File, int64, error) {
	file, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, 0, err
	}
	info, err := file.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", path)
	}
	if err != nil {
		_ = file.Close()
		return nil, 0, err
	}
	return file, info.Size(), nil
}

// renameNew renames a file to a name that must be free.
func renameNew(from, to string) error {
	if _, err := os.Lstat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already", to)
	}
	return os.Rename(from, to)
}
