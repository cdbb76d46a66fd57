package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
)

// Records reads the lines of r, one at a time. A line that is not a record is
// yielded as an ErrMalformed that has its number, and reading goes on; empty
// lines are passed over. An error of r is the last that is yielded.
func Records(r io.Reader) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		lines := bufio.NewReaderSize(r, maxRecord+1)
		for number := 1; ; number++ {
			record, err := nextRecord(lines)
			switch {
			case errors.Is(err, errEmptyLine):
				continue
			case err == io.EOF: //nolint:errorlint // an error of r that wraps it is no regular end
				return
			case errors.Is(err, ErrMalformed):
				err = fmt.Errorf("line %d: %w", number, err)
			}
			if !yield(record, err) || err != nil && !errors.Is(err, ErrMalformed) {
				return
			}
		}
	}
}

var errEmptyLine = errors.New("empty line")

func nextRecord(lines *bufio.Reader) (Record, error) {
	line, err := lines.ReadSlice('\n')
	switch {
	case errors.Is(err, bufio.ErrBufferFull):
		return Record{}, skipLine(lines)
	case err == io.EOF && len(line) > 0:
	case err != nil:
		return Record{}, err
	}
	if len(bytes.TrimSpace(line)) == 0 {
		return Record{}, errEmptyLine
	}
	return ParseRecord(line)
}

// skipLine passes over the rest of a line that no buffer should hold.
func skipLine(lines *bufio.Reader) error {
	for {
		_, err := lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
		case err == nil, err == io.EOF:
			return malformed("is too long")
		default:
			return err
		}
	}
}
