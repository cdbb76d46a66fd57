package audit

import "io"

// streamSink writes lines to a stream.
type streamSink struct {
	w    io.Writer
	torn bool // the last line written is not complete
}

func (s *streamSink) Append(lines []byte) error {
	if s.torn {
		if _, err := s.w.Write([]byte{'\n'}); err != nil {
			return err
		}
		s.torn = false
	}
	n, err := s.w.Write(lines)
	if err == nil && n < len(lines) {
		err = io.ErrShortWrite
	}
	if n > 0 {
		s.torn = lines[min(n, len(lines))-1] != '\n'
	}
	return err
}

func (s *streamSink) Close() error { return nil }
