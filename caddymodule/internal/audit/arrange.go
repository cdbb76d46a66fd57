package audit

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// source is a file to be read, and its place among others.
type source struct {
	path  string
	info  fs.FileInfo
	head  head
	tail  tail
	order uint64 // of its first line
	group string // names files that seem to be of one log
}

// arrange finds the files at the given paths, which may be directories or patterns,
// and puts them in order: one list a chain. Which follows which is told by the hashes;
// only where these do not fit, as after tampering, by names and numbers.
func arrange(paths []string) ([][]*source, error) {
	sources, err := findSources(paths)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(sources, func(a, b *source) int { return cmp.Compare(a.order, b.order) })
	byEnd := map[link]*source{}
	for _, s := range sources {
		if s.tail.last.seq > 0 {
			byEnd[s.tail.last] = s
		}
	}
	chainOf := map[*source]int{}
	var chains [][]*source
	for _, s := range sources {
		before := byEnd[link{s.head.seq - 1, s.head.prev}]
		at, ok := chainOf[before]
		if isRoot := s.head.seq == 1 && s.head.prev == (link{}).hash; !ok && !isRoot {
			at, ok = lastOfGroup(chains, s.group)
		}
		if !ok {
			at, chains = len(chains), append(chains, nil)
		}
		chains[at] = append(chains[at], s)
		chainOf[s] = at
	}
	return chains, nil
}

// lastOfGroup finds the chain that has the newest file of a group.
func lastOfGroup(chains [][]*source, group string) (at int, ok bool) {
	var newest uint64
	for i, chain := range chains {
		for _, s := range chain {
			if s.group == group && s.order >= newest {
				at, ok, newest = i, true, s.order
			}
		}
	}
	return at, ok
}

func newSource(path string) (*source, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	file, size, err := openRegular(absolute)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	s := &source{path: path}
	if s.info, err = file.Stat(); err != nil {
		return nil, err
	}
	if s.head, err = readHead(file); err != nil && !errors.Is(err, errLongLine) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	// An end that is not a chain's is for the verifier to judge.
	if s.tail, err = readTail(file, size); err != nil && !errors.Is(err, errNotChain) {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	s.group, s.order = groupOf(absolute), s.head.seq
	if named, ok := seqInName(filepath.Base(path)); ok {
		s.order = named
	}
	if s.order == 0 { // no whole line: a file that was just begun
		s.order = ^uint64(0)
	}
	return s, nil
}

// groupOf is the name of the active file that a file seems to come from.
func groupOf(path string) string {
	base := filepath.Base(path)
	if match, names := segmentOf(base); match {
		return filepath.Join(filepath.Dir(path), names.stem+names.ext)
	}
	if at := strings.Index(base, ".jsonl"); at >= 0 { // audit.jsonl.1
		base = base[:at+len(".jsonl")]
	}
	return filepath.Join(filepath.Dir(path), base)
}

func seqInName(base string) (uint64, bool) {
	match, names := segmentOf(base)
	if !match {
		return 0, false
	}
	return names.parse(base)
}

// segmentOf takes a segment's name apart without knowing the active file's.
func segmentOf(base string) (bool, segmentNames) {
	ext := filepath.Ext(base)
	parts := strings.Split(strings.TrimSuffix(base, ext), "-")
	if len(parts) < 3 {
		return false, segmentNames{}
	}
	names := segmentNames{strings.Join(parts[:len(parts)-2], "-"), ext}
	_, ok := names.parse(base)
	return ok, names
}
