package audit

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// lineReader reads lines in bounded memory.
type lineReader struct {
	r    *bufio.Reader
	long []byte // a line that did not fit into r's buffer
}

const (
	readBuffer = 256 << 10
	headBuffer = 4 << 10 // for a first line
)

// errLongLine: no line and no torn batch is that long.
var errLongLine = fmt.Errorf("has more than %d bytes", maxTail)

func newLineReader(r io.Reader, buffer int) *lineReader {
	return &lineReader{r: bufio.NewReaderSize(r, buffer)}
}

func (l *lineReader) reset(r io.Reader) { l.r.Reset(r) }

// next returns a line without its newline, and whether it had one. It is valid
// until the next call. At the end of the input the error is io.EOF.
func (l *lineReader) next() (line []byte, closed bool, err error) {
	line, err = l.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.nextLong(line)
	}
	switch {
	case err == nil:
		return line[:len(line)-1], true, nil
	case errors.Is(err, io.EOF) && len(line) > 0:
		return line, false, nil
	}
	return nil, false, err
}

func (l *lineReader) nextLong(begun []byte) ([]byte, error) {
	l.long = append(l.long[:0], begun...)
	for {
		part, err := l.r.ReadSlice('\n')
		if len(l.long)+len(part) > maxTail {
			return nil, errLongLine
		}
		l.long = append(l.long, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
	}
}
