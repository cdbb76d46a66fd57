package audit

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// maxExpired bounds how many segments are deleted at a time.
const maxExpired = 64

var errHeadless = errors.New("it has no whole line")

// Due reports whether the file is to be rotated before more bytes are written:
// when they do not fit below maxSize, or its first line is older than maxAge.
// Zero bounds are none.
func (s *fileSink) Due(more int, maxSize int64, maxAge time.Duration, now time.Time) bool {
	if s.file == nil || s.head.seq == 0 {
		return false
	}
	return maxSize > 0 && s.size+int64(more) > maxSize ||
		maxAge > 0 && now.Sub(s.head.time) >= maxAge
}

// Rotate gives the file, all of which is synced, the name of a segment. After a
// crash in between, the newest segment is where the chain ends.
func (s *fileSink) Rotate() error {
	if s.head.seq == 0 {
		return fmt.Errorf("rotating %s: %w", s.path, errHeadless)
	}
	s.forget() // some systems rename no open file
	directory := filepath.Dir(s.path)
	if err := renameNew(s.path, filepath.Join(directory, s.names.name(s.head.time, s.head.seq))); err != nil {
		return fmt.Errorf("rotating: %w", err)
	}
	if err := syncDirectory(directory); err != nil {
		return fmt.Errorf("syncing %s: %w", directory, err)
	}
	return nil
}

// Expired returns the oldest segments, as long as their last line is older than
// a time.
func (s *fileSink) Expired(before time.Time) ([]segment, error) {
	directory := filepath.Dir(s.path)
	names, err := s.names.list(directory)
	if err != nil {
		return nil, err
	}
	var expired []segment
	for _, name := range names[:min(len(names), maxExpired)] {
		found, err := readSegment(directory, name)
		if err != nil {
			return expired, err
		}
		if found.ended.IsZero() || !found.ended.Before(before) {
			break
		}
		expired = append(expired, found)
	}
	return expired, nil
}

// Delete removes segments.
func (s *fileSink) Delete(segments []segment) error {
	directory := filepath.Dir(s.path)
	var failed error
	for _, gone := range segments {
		failed = errors.Join(failed, os.Remove(filepath.Join(directory, gone.name)))
	}
	return errors.Join(failed, syncDirectory(directory))
}
