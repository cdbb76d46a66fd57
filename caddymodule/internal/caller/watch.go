package caller

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// restless is how long after a change a file's times are not trusted: a second
// change within one tick of the file system's clock leaves them as they were.
const restless = 2 * time.Second

// File is a file that is looked at again and again. A symbolic link is followed
// each time, so a link that Kubernetes turns to a new directory is a change. It
// is not safe for concurrent use.
type File struct {
	path  string
	limit int64
	now   func() time.Time

	seen   fs.FileInfo // nil: look into the file in any case
	digest [sha256.Size]byte
	loaded bool
}

// NewFile makes a file to be polled, of at most limit bytes. It does not read it.
func NewFile(path string, limit int64) *File {
	return &File{path: path, limit: limit, now: time.Now}
}

// Path is the name of the file.
func (f *File) Path() string { return f.path }

// Poll looks for a change. Changed is true for the first reading and for each
// content that differs from the last one; content is nil otherwise. An error
// names the file and repeats nothing of its content.
func (f *File) Poll() (content []byte, changed bool, err error) {
	info, err := os.Stat(f.path)
	if err != nil {
		return nil, false, f.fault(err)
	}
	if f.isAsSeen(info) {
		return nil, false, nil
	}
	content, info, err = f.read(info)
	if err != nil {
		return nil, false, f.fault(err)
	}
	f.seen = info
	digest := sha256.Sum256(content)
	if f.loaded && digest == f.digest {
		return nil, false, nil
	}
	f.digest, f.loaded = digest, true
	return content, true, nil
}

// Forget makes the next Poll read the file and report its content as changed.
func (f *File) Forget() { f.seen, f.loaded = nil, false }

func (f *File) isAsSeen(info fs.FileInfo) bool {
	return f.seen != nil && os.SameFile(f.seen, info) &&
		f.seen.Size() == info.Size() && f.seen.ModTime().Equal(info.ModTime()) &&
		f.now().Sub(info.ModTime()) > restless
}

var (
	errNotRegular = errors.New("is not a regular file")
	errTooLong    = errors.New("is too long")
)

// read refuses what is not a regular file unopened: a pipe would block for ever.
func (f *File) read(info fs.FileInfo) ([]byte, fs.FileInfo, error) {
	if !info.Mode().IsRegular() {
		return nil, nil, errNotRegular
	}
	file, err := os.Open(f.path)
	if err != nil {
		return nil, nil, err
	}
	defer file.Close()
	if info, err = file.Stat(); err != nil {
		return nil, nil, err
	}
	var content bytes.Buffer
	if _, err := io.Copy(&content, io.LimitReader(file, f.limit+1)); err != nil {
		return nil, nil, err
	}
	if int64(content.Len()) > f.limit {
		return nil, nil, errTooLong
	}
	return content.Bytes(), info, nil
}

func (f *File) fault(err error) error {
	f.seen = nil
	switch {
	case errors.Is(err, errTooLong):
		return fmt.Errorf("file %s is longer than %d bytes", f.path, f.limit)
	case errors.Is(err, errNotRegular):
		return fmt.Errorf("file %s is not a regular file", f.path)
	case errors.Is(err, fs.ErrNotExist):
		return &fileFault{"file " + f.path + " does not exist", fs.ErrNotExist}
	case errors.Is(err, fs.ErrPermission):
		return &fileFault{"file " + f.path + " may not be read by this user", fs.ErrPermission}
	default:
		return fmt.Errorf("file %s cannot be read", f.path)
	}
}

// fileFault says all in its own words, and still is the error that it stands for.
type fileFault struct {
	text string
	is   error
}

func (f *fileFault) Error() string { return f.text }
func (f *fileFault) Unwrap() error { return f.is }
