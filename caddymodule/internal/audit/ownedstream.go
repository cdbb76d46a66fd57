package audit

import (
	"fmt"
	"io"
)

// OpenWriterLog is NewWriterLog for a w that belongs to the log: closing the log
// closes it. When an error is returned, w is still open.
func OpenWriterLog(w io.WriteCloser, opts Options) (*Log, error) {
	if err := opts.complete(); err != nil {
		return nil, fmt.Errorf("audit log: %w", err)
	}
	return newLog(ownedStream{newStreamSink(w), w}, opts), nil
}

type ownedStream struct {
	*streamSink
	w io.Closer
}

func (s ownedStream) Close() error { return s.w.Close() }
