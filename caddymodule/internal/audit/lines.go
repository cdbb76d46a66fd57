package audit

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"
)

// Line is a line of an audit file.
type Line struct {
	// File and Number say where it stands; numbers count from 1.
	File   string
	Number int

	// Seq is its number in its chain; 0 for what is not a whole line.
	Seq uint64

	// IsControl reports that it is a control line, not an entry.
	IsControl bool

	// Text is the line without its newline. It is valid until the next one.
	Text []byte
}

// Lines reads audit files and all audit files in directories, chain by chain and
// each in order; paths are those of Verify. It verifies nothing. Memory is bounded.
// After an error there is nothing more.
func Lines(paths ...string) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		chains, err := arrange(paths)
		if err != nil {
			yield(Line{}, err)
			return
		}
		lines := newLineReader(nil, readBuffer)
		for _, chain := range chains {
			for _, s := range chain {
				for line, err := range s.lines(lines) {
					if !yield(line.exported(), err) || err != nil {
						return
					}
				}
			}
		}
	}
}

// rawLine is a line as it is read.
type rawLine struct {
	file   string
	number int
	text   []byte
	closed bool // it has its newline
}

func (l rawLine) exported() Line {
	line := Line{File: l.file, Number: l.number, Text: l.text}
	if e, ok := parseLine(l.text); ok {
		line.Seq, line.IsControl = e.seq, e.isControl()
	}
	return line
}

// errGone means that the log itself deleted a file while it was read.
var errGone = errors.New("it was deleted meanwhile: read the log again")

// open opens the file that was found, though it may have been rotated since.
func (s *source) open() (*os.File, error) {
	directory, base := filepath.Split(s.path)
	rotated := filepath.Join(directory, newSegmentNames(base).name(s.head.time, s.head.seq))
	for _, path := range []string{s.path, rotated} {
		file, _, err := openRegular(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if s.isAs(file) {
			return file, nil
		}
		_ = file.Close()
	}
	return nil, fmt.Errorf("%s: %w", s.path, errGone)
}

// isAs reports whether an open file is the one that was found.
func (s *source) isAs(file *os.File) bool {
	info, err := file.Stat()
	if err != nil {
		return false
	}
	first, err := readHead(file)
	return err == nil && (&source{info: info, head: first}).isSame(s)
}

func (s *source) lines(reader *lineReader) iter.Seq2[rawLine, error] {
	return func(yield func(rawLine, error) bool) {
		file, err := s.open()
		if err != nil {
			yield(rawLine{}, err)
			return
		}
		defer file.Close()
		reader.reset(file)
		for number := 1; ; number++ {
			text, closed, err := reader.next()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				err = fmt.Errorf("%s: line %d: %w", s.path, number, err)
			}
			if !yield(rawLine{s.path, number, text, closed}, err) || err != nil {
				return
			}
		}
	}
}
