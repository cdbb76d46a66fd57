package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"sync"
	"time"
)

// FileSource reads secrets from files, one file a field, as Vault Agent,
// Kubernetes and systemd write them. The whole file is the secret, but for one
// line feed at its end. The newest of the files' modification times stands for
// the time of creation.
type FileSource struct {
	fields []Location
	warn   func(text string)
	now    func() time.Time

	mu     sync.Mutex
	warned map[string]bool
}

// NewFileSource makes a source of the given files. It does not read them. Warn,
// which may be nil, is told once about each file that everybody may read.
func NewFileSource(warn func(text string), fields ...Location) (*FileSource, error) {
	if err := checkLocations(fields, "file"); err != nil {
		return nil, err
	}
	return &FileSource{fields: fields, warn: warn, now: time.Now, warned: make(map[string]bool)}, nil
}

// Fetch reads the files.
func (s *FileSource) Fetch(context.Context) (*Value, error) {
	var created time.Time
	fields := make([]Field, 0, len(s.fields))
	for _, f := range s.fields {
		secret, info, err := readSecretFile(f.At)
		if err != nil {
			return nil, err
		}
		s.warnIfPublic(f.At, info)
		if info.ModTime().After(created) {
			created = info.ModTime()
		}
		fields = append(fields, Field{Name: f.Field, Secret: secret})
	}
	return NewValue(fields, 0, created, s.now())
}

// Describe names the files.
func (s *FileSource) Describe() string { return "file " + joinLocations(s.fields) }

func (s *FileSource) warnIfPublic(path string, info fs.FileInfo) {
	if s.warn == nil || info.Mode().Perm()&0o004 == 0 {
		return
	}
	s.mu.Lock()
	first := !s.warned[path]
	s.warned[path] = true
	s.mu.Unlock()
	if first {
		s.warn(fmt.Sprintf("credential file %s can be read by every user (mode %#o): take the right away with \"chmod o-r\"",
			path, info.Mode().Perm()))
	}
}

// readSecretFile reads one secret and checks it. The error names the file.
func readSecretFile(path string) (Secret, fs.FileInfo, error) {
	text, info, err := readSmallFile(path, MaxSecretLength+1)
	defer clear(text)
	if err != nil {
		return Secret{}, nil, err
	}
	secret := NewSecret(bytes.TrimSuffix(text, []byte("\n")))
	if err := secret.checkField(); err != nil {
		return Secret{}, nil, fmt.Errorf("file %s %w", path, err)
	}
	return secret, info, nil
}

// readSmallFile reads a regular file of at most limit bytes. What is not a
// regular file is refused unopened: a FIFO would block for ever.
func readSmallFile(path string, limit int64) ([]byte, fs.FileInfo, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, nil, fileError(path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, nil, fmt.Errorf("%s is not a regular file: %w", path, ErrInvalid)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, nil, fileError(path, err)
	}
	defer file.Close()
	text, err := io.ReadAll(io.LimitReader(file, limit+1))
	if err != nil {
		clear(text)
		return nil, nil, fileError(path, err)
	}
	if int64(len(text)) > limit {
		clear(text)
		return nil, nil, fmt.Errorf("file %s is longer than %d bytes: %w", path, limit, ErrInvalid)
	}
	return text, info, nil
}

func fileError(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("file %s does not exist: %w", path, ErrNotFound)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("file %s may not be read by this user: %w", path, ErrDenied)
	default:
		return fmt.Errorf("file %s cannot be read: %w", path, ErrUnavailable)
	}
}

// Interface guard
var _ Source = (*FileSource)(nil)
