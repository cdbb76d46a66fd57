package audit

import (
	"bytes"
	"io"
	"math"
	"strconv"
	"sync"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// recordReader reads the JSON of one line. After its first error it reads no more.
type recordReader struct {
	buf  bytes.Buffer
	dec  jsontext.Decoder
	err  error
	seen member
}

var recordReaders = sync.Pool{New: func() any { return new(recordReader) }}

// fail keeps the first error.
func (r *recordReader) fail(what string) {
	if r.err == nil {
		r.err = malformed(what)
	}
}

// open reads the start of an object or an array.
func (r *recordReader) open(kind jsontext.Kind) {
	if r.err != nil {
		return
	}
	if r.dec.PeekKind() != kind {
		r.fail("has a member of another type")
		return
	}
	if _, err := r.dec.ReadToken(); err != nil {
		r.fail("is not JSON")
	}
}

// more reports whether another member or element follows, and reads the end
// where none does.
func (r *recordReader) more(end jsontext.Kind) bool {
	if r.err != nil {
		return false
	}
	if r.dec.PeekKind() != end {
		return true
	}
	if _, err := r.dec.ReadToken(); err != nil {
		r.fail("is not JSON")
	}
	return false
}

// raw reads a value of one kind. It is valid until the next read.
func (r *recordReader) raw(kind jsontext.Kind) []byte {
	if r.err != nil {
		return nil
	}
	value, err := r.dec.ReadValue()
	switch {
	case err != nil:
		r.fail("is not JSON")
	case value.Kind() != kind:
		r.fail("has a member of another type")
	default:
		return value
	}
	return nil
}

// name reads a member's name. No writer escapes one, and readers that do not
// decode escapes would take it for another.
func (r *recordReader) name() []byte {
	raw := r.raw('"')
	if bytes.IndexByte(raw, '\\') >= 0 {
		r.fail("has an escaped name")
	}
	if r.err != nil {
		return nil
	}
	return raw[1 : len(raw)-1]
}

func (r *recordReader) text() string {
	raw := r.raw('"')
	if r.err != nil {
		return ""
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1])
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		r.fail("is not JSON")
	}
	return string(text)
}

// integer reads a whole number from 0 to most.
func (r *recordReader) integer(most uint64) uint64 {
	raw := r.raw('0')
	if r.err != nil {
		return 0
	}
	value, err := strconv.ParseUint(string(raw), 10, 64)
	if err != nil || value > most {
		r.fail("has a number out of range")
		return 0
	}
	return value
}

func (r *recordReader) count() int { return int(r.integer(math.MaxInt32)) }

// duration reads a number of units.
func (r *recordReader) duration(unit time.Duration) time.Duration {
	return time.Duration(r.integer(uint64(math.MaxInt64/unit))) * unit
}

// time reads a time in UTC.
func (r *recordReader) time() (t time.Time) {
	raw := r.raw('"')
	if r.err != nil {
		return t
	}
	raw = raw[1 : len(raw)-1]
	// The time package takes hours of one digit and a comma before the fraction.
	strict := bytes.HasSuffix(raw, []byte("Z")) && len(raw) >= len("2006-01-02T15:04:05Z") && raw[13] == ':' &&
		bytes.IndexByte(raw, ',') < 0
	if !strict || t.UnmarshalText(raw) != nil {
		r.fail("has a time that is not UTC in RFC 3339")
	}
	return t
}

func (r *recordReader) texts(most int) (all []string) {
	r.open('[')
	for r.more(']') {
		if len(all) == most {
			r.fail("has a list that is too long")
			return nil
		}
		all = append(all, r.text())
	}
	return all
}

// skip passes over a value.
func (r *recordReader) skip() {
	if r.err == nil && r.dec.SkipValue() != nil {
		r.fail("is not JSON")
	}
}

// end reports anything that follows.
func (r *recordReader) end() {
	if r.err != nil {
		return
	}
	if _, err := r.dec.ReadToken(); err != io.EOF { //nolint:errorlint // the decoder returns it as it is
		r.fail("goes on after its end")
	}
}
