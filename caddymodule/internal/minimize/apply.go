package minimize

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Result is what Apply made of an answer.
type Result struct {
	// Verdict says what the answer means.
	Verdict provider.Verdict

	// Hint is the deciding rule's advice to the operator; may be empty.
	Hint string

	// Body is dst with the projection appended; nil unless Verdict is Answer.
	Body []byte

	// Released are the data classes of which a value is in Body.
	Released ClassSet

	// Fields are the documented fields of which a value is in Body.
	Fields FieldSet

	// Values is the number of scalars in Body, envelope included.
	Values int

	// Undocumented says that Body holds a value that no documented field
	// describes (see Options.AllowUndocumented).
	Undocumented bool
}

// Apply reads an answer, classifies it and appends its projection to dst,
// which must not overlap with body. The body is not changed.
//
// An error means that the answer could not be read; it wraps ErrUnreadable
// and holds nothing of the answer. The Result is then that of Unread.
//
// Where no Body comes back, what was written behind dst's length is cleared.
func (p *Plan) Apply(dst []byte, status int, body []byte) (Result, error) {
	if len(body) > p.opts.MaxBody {
		return p.Unread(status), ErrTooLarge
	}
	w := walkers.Get().(*walker)
	w.begin(p, dst, body)
	if err := w.read(); err != nil {
		// The walker is dropped: a strange answer may have left it large.
		wipe(dst, w.out)
		return p.Unread(status), err
	}
	res := Result{Body: w.out, Released: w.released, Fields: w.fields, Values: w.kept, Undocumented: w.undocumented}
	verdict, hint := p.classify(status, w.seen)
	w.end()
	if verdict != provider.Answer {
		wipe(dst, res.Body)
		return Result{Verdict: verdict, Hint: hint}, nil
	}
	res.Verdict, res.Hint = verdict, hint
	return res, nil
}

// wipe clears what an abandoned projection has left behind dst's length, also
// where out outgrew dst and stands elsewhere.
func wipe(dst, out []byte) {
	clear(dst[len(dst):min(len(out), cap(dst))])
	clear(out[len(dst):])
}

var walkers = sync.Pool{New: func() any {
	w := new(walker)
	w.dec = jsontext.NewDecoder(&w.in)
	return w
}}

// maxScratch bounds, in bytes, the scratch space a pooled walker keeps.
const maxScratch = 8 << 10

// begin prepares the walker for one answer.
func (w *walker) begin(p *Plan, dst, body []byte) {
	w.plan, w.body, w.out = p, body, dst
	// jsontext reads a bytes.Buffer in place, without copying or changing it.
	w.in = *bytes.NewBuffer(body)
	w.seen = append(w.seen[:0], make([]sighting, len(p.watches))...)
	w.values, w.kept, w.released, w.fields, w.undocumented = 0, 0, 0, FieldSet{}, false
}

// end forgets the answer and puts the walker back.
func (w *walker) end() {
	w.in = bytes.Buffer{}
	w.dec.Reset(&w.in)
	w.plan, w.body, w.out = nil, nil, nil
	clear(w.scratch)
	w.scratch = w.scratch[:0]
	if cap(w.scratch) <= maxScratch && cap(w.seen) <= maxScratch {
		walkers.Put(w)
	}
}

// read walks the whole body.
func (w *walker) read() error {
	var err error
	switch w.dec.PeekKind() {
	case jsontext.KindBeginObject:
		err = w.object(w.plan.root, true, 1)
	case jsontext.KindBeginArray:
		err = w.array(w.plan.root, true, 1)
	case jsontext.KindInvalid:
		if _, err := w.dec.ReadToken(); errors.Is(err, io.EOF) {
			return ErrEmpty
		}
		return ErrSyntax
	default:
		return ErrTopLevel
	}
	if err != nil {
		return err
	}
	if _, err := w.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return ErrSyntax
	}
	return nil
}
