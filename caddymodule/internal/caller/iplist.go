package caller

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

// maxListBytes bounds a file of IP addresses: well over 100,000 networks.
const maxListBytes = 8 << 20

// IPList is a set of addresses from a config and from files that may change. It
// is safe for concurrent use. The zero list and nil hold nothing.
type IPList struct {
	current atomic.Pointer[IPSet]

	mu     sync.Mutex
	inline []netip.Prefix
	files  []*listFile
}

type listFile struct {
	*File
	prefixes []netip.Prefix // the last good ones
}

// NewIPList makes a list of written addresses and prefixes and of those in
// files: one a line, with comments after "#". It refuses what it cannot read,
// so that a list never begins with less than it was given; a list of nothing at
// all is accepted and holds nothing.
func NewIPList(inline, files []string) (*IPList, error) {
	l := &IPList{}
	for _, text := range inline {
		prefix, err := ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("address %q %w", text, err)
		}
		l.inline = append(l.inline, prefix)
	}
	for _, path := range files {
		l.files = append(l.files, &listFile{File: NewFile(path, maxListBytes)})
	}
	if _, err := l.Refresh(); err != nil {
		return nil, err
	}
	return l, nil
}

// Contains reports whether the list holds an address.
func (l *IPList) Contains(addr netip.Addr) bool { return l != nil && l.current.Load().Contains(addr) }

// Len is the number of separate ranges of addresses.
func (l *IPList) Len() int {
	if l == nil {
		return 0
	}
	return l.current.Load().Len()
}

// Refresh looks at the files and takes what changed. A file that cannot be read
// or has a bad line leaves the last good state of that file in force, however
// long it lasts; the error names the file and the line. The owner calls Refresh
// every few seconds.
func (l *IPList) Refresh() (changed bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var faults []error
	for _, file := range l.files {
		fresh, err := file.refresh()
		changed = changed || fresh
		faults = append(faults, err)
	}
	if changed || l.current.Load() == nil {
		all := slices.Clone(l.inline)
		for _, file := range l.files {
			all = append(all, file.prefixes...)
		}
		l.current.Store(NewIPSet(all))
	}
	return changed, errors.Join(faults...)
}

func (f *listFile) refresh() (changed bool, err error) {
	content, changed, err := f.Poll()
	if err != nil || !changed {
		return false, err
	}
	prefixes, err := parseIPLines(content)
	if err != nil {
		f.Forget() // a bad file is reported until it is mended
		return false, fmt.Errorf("file %s: %w", f.Path(), err)
	}
	f.prefixes = prefixes
	return true, nil
}

// parseIPLines reads the content of a file. The error names the line, by number.
func parseIPLines(content []byte) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	lines := bufio.NewScanner(bytes.NewReader(content))
	for number := 1; lines.Scan(); number++ {
		text, _, _ := strings.Cut(lines.Text(), "#")
		if text = strings.TrimSpace(text); text == "" {
			continue
		}
		prefix, err := ParsePrefix(text)
		if err != nil {
			return nil, fmt.Errorf("line %d %w", number, err)
		}
		prefixes = append(prefixes, prefix)
	}
	if lines.Err() != nil {
		return nil, errors.New("a line is too long")
	}
	return prefixes, nil
}
