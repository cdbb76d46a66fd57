package audit

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

const (
	// tailWindow is what is read of a file's end at first: a line always fits.
	tailWindow = 4 * MaxEntry

	// maxTail is the most that is read of it. Only a torn batch after torn
	// batches needs that much.
	maxTail = 4 * maxBatch
)

var errNotChain = errors.New("it does not end with lines of an audit chain: move the file away, a new one will be begun")

// tail is where the writing goes on.
type tail struct {
	empty bool      // there is no line, nor a part of one
	last  link      // the last whole line; zero if there is none
	time  time.Time // of the last whole line
	torn  fragment  // what follows the last whole line
	open  bool      // the file does not end with a newline
}

// fragment is what is left of lines that were not written to their end. The
// newline that closes it does not count.
type fragment struct {
	size int64
	hash [sha256.Size]byte
}

func newFragment(torn []byte) fragment {
	if len(torn) == 0 {
		return fragment{}
	}
	return fragment{int64(len(torn)), sha256.Sum256(torn)}
}

// readTail reads the end of a file.
func readTail(file io.ReaderAt, size int64) (tail, error) {
	if size == 0 {
		return tail{empty: true}, nil
	}
	for _, window := range []int64{tailWindow, maxTail} {
		end := make([]byte, min(window, size))
		if _, err := file.ReadAt(end, size-int64(len(end))); err != nil && !errors.Is(err, io.EOF) {
			return tail{}, fmt.Errorf("reading the end of the file: %w", err)
		}
		found, err := parseTail(end, int64(len(end)) == size)
		if !errors.Is(err, errWindow) {
			return found, err
		}
	}
	return tail{}, errNotChain
}

var errWindow = errors.New("more of the file is needed")

// parseTail finds the last whole line in the end of a file. A line counts as
// torn only if it is no complete object: any other is not of this log.
func parseTail(end []byte, isAll bool) (tail, error) {
	content, closed := bytes.CutSuffix(end, []byte{'\n'})
	found := tail{open: !closed}
	for stop := len(content); ; {
		begin := bytes.LastIndexByte(content[:stop], '\n') + 1
		if begin == 0 && !isAll {
			return tail{}, errWindow
		}
		line := content[begin:stop]
		if e, ok := parseLine(line); ok {
			found.last, found.time = e.link(line), e.time()
			found.torn = newFragment(content[min(stop+1, len(content)):])
			return found, nil
		}
		if jsontext.Value(line).IsValid() {
			return tail{}, errNotChain
		}
		if begin == 0 {
			found.torn = newFragment(content)
			return found, nil
		}
		stop = begin - 1
	}
}

// head is where a file begins.
type head struct {
	seq  uint64 // of the first whole line; 0 if there is none
	prev [sha256.Size]byte
	time time.Time
}

// readHead finds the first whole line, looking no further than a torn batch
// reaches.
func readHead(file io.ReaderAt) (head, error) {
	lines := newLineReader(io.NewSectionReader(file, 0, maxTail), headBuffer)
	for {
		line, _, err := lines.next()
		if errors.Is(err, io.EOF) {
			return head{}, nil
		}
		if err != nil {
			return head{}, err
		}
		if e, ok := parseLine(line); ok {
			return head{e.seq, e.prev, e.time()}, nil
		}
	}
}
