package audit

import (
	"bytes"
	"crypto/sha256"
	"hash"
	"io"
)

// streamSink writes lines to a stream. What was written before it began cannot
// be read, so each begins a chain.
type streamSink struct {
	w     io.Writer
	ready bool
	open  bool      // the stream does not end with a newline
	torn  hash.Hash // over what was written after the last whole line
	size  int64     // of what was
}

func newStreamSink(w io.Writer) *streamSink { return &streamSink{w: w, torn: sha256.New()} }

func (s *streamSink) Ready() (tail, bool, error) {
	if s.ready {
		return tail{}, false, nil
	}
	s.ready = true
	end := tail{empty: true, open: s.open, torn: fragment{size: s.size}}
	s.torn.Sum(end.torn.hash[:0])
	return end, true, nil
}

func (s *streamSink) Append(lines []byte) (int, error) {
	n, err := s.w.Write(lines)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	n = min(max(n, 0), len(lines))
	if err == nil {
		s.open = false
		s.setTorn(nil)
		return n, nil
	}
	s.ready = false
	if n > 0 {
		s.tear(lines, n)
	}
	return n, err
}

// tear notes that only n bytes of lines were written.
func (s *streamSink) tear(lines []byte, n int) {
	part := lines[:n]
	wasOpen := s.open
	s.open = part[n-1] != '\n'
	whole := bytes.LastIndexByte(part, '\n') + 1
	switch {
	case s.open && n < len(lines) && lines[n] == '\n': // only the newline is missing
		s.setTorn(nil)
	case s.size == 0 || whole > 1: // a line before admits what was torn
		s.setTorn(part[whole:])
	case n == 1 && !s.open: // a newline at the end does not count
	case wasOpen:
		s.addTorn(part)
	default:
		s.addTorn([]byte{'\n'})
		s.addTorn(part)
	}
}

func (s *streamSink) setTorn(part []byte) {
	s.torn.Reset()
	s.size = 0
	s.addTorn(part)
}

func (s *streamSink) addTorn(part []byte) {
	s.torn.Write(part)
	s.size += int64(len(part))
}

func (s *streamSink) Close() error { return nil }
