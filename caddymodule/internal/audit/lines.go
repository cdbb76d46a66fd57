package audit

import (
	"errors"
	"fmt"
	"io"
	"iter"
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
// each in order. It verifies nothing: see Verify. Memory is bounded. After an
// error there is nothing more.
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

func (s *source) lines(reader *lineReader) iter.Seq2[rawLine, error] {
	return func(yield func(rawLine, error) bool) {
		file, _, err := openRegular(s.path)
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
