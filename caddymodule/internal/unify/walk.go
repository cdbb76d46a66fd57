package unify

import (
	"bytes"
	"errors"
	"io"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// errProjection means that what was given is no projection: one JSON value
// without surprises.
var errProjection = errors.New("the projection cannot be read")

// Append appends the unified form of a projection to dst: an object with the
// unified fields that have a value, in the order of provider.UnifiedFields. A
// batch gives {"results":[...]} with one such object for each element of the
// answer, in its order.
func (p *Plan) Append(dst, projection []byte) ([]byte, error) {
	w, _ := walkers.Get().(*walker)
	w.begin(p, dst, projection)
	if p.batch {
		w.out = append(w.out, `{"results":[`...)
		w.first = len(w.out)
	}
	if err := w.document(); err != nil {
		return nil, err // the walker is dropped with what it holds
	}
	if p.batch {
		w.out = append(w.out, "]}"...)
	} else {
		w.flush()
	}
	out := w.out
	w.end()
	return out, nil
}

// walker reads one projection.
type walker struct {
	plan  *Plan
	in    bytes.Buffer
	dec   *jsontext.Decoder
	out   []byte
	first int // where the first element of a batch stands in out

	slots   []slot // by field
	scratch []byte // the texts of slots
	text    []byte // a string without its escapes
}

// slot is what was found for one unified field: scratch[start:end].
type slot struct {
	start, end int
	rank       int
}

var walkers = sync.Pool{New: func() any {
	w := new(walker)
	w.dec = jsontext.NewDecoder(&w.in)
	return w
}}

func (w *walker) begin(p *Plan, dst, projection []byte) {
	w.plan, w.out = p, dst
	w.in = *bytes.NewBuffer(projection)
	w.dec.Reset(&w.in)
	w.slots = append(w.slots[:0], make([]slot, len(p.fields))...)
}

// end forgets the answer and puts the walker back.
func (w *walker) end() {
	w.in = bytes.Buffer{}
	w.dec.Reset(&w.in)
	clear(w.scratch)
	clear(w.text)
	w.plan, w.out, w.scratch, w.text = nil, nil, w.scratch[:0], w.text[:0]
	walkers.Put(w)
}

// document reads the projection, which is one value and nothing after it.
func (w *walker) document() error {
	if err := w.value(w.plan.root); err != nil {
		return err
	}
	if _, err := w.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errProjection
	}
	return nil
}

// value reads the value at a node; nil is a place that gives nothing.
func (w *walker) value(n *node) error {
	if n == nil {
		return w.skip()
	}
	switch w.dec.PeekKind() {
	case jsontext.KindBeginObject:
		return w.object(n)
	case jsontext.KindBeginArray:
		return w.array(n)
	default:
		return w.scalar(n)
	}
}

func (w *walker) skip() error {
	if w.dec.SkipValue() != nil {
		return errProjection
	}
	return nil
}

func (w *walker) object(n *node) error {
	if _, err := w.dec.ReadToken(); err != nil {
		return errProjection
	}
	for w.dec.PeekKind() != jsontext.KindEndObject {
		name, err := w.dec.ReadValue()
		if err != nil {
			return errProjection
		}
		if err := w.value(n.child(w.unquote(name))); err != nil {
			return err
		}
	}
	if _, err := w.dec.ReadToken(); err != nil {
		return errProjection
	}
	if n.element {
		w.endElement()
	}
	return nil
}

func (w *walker) endElement() {
	if len(w.out) > w.first {
		w.out = append(w.out, ',')
	}
	w.flush()
}

func (w *walker) array(n *node) error {
	if _, err := w.dec.ReadToken(); err != nil {
		return errProjection
	}
	for w.dec.PeekKind() != jsontext.KindEndArray {
		if err := w.value(n.any); err != nil {
			return err
		}
	}
	if _, err := w.dec.ReadToken(); err != nil {
		return errProjection
	}
	return nil
}

func (w *walker) scalar(n *node) error {
	raw, err := w.dec.ReadValue()
	if err != nil {
		return errProjection
	}
	for i := range n.sources {
		w.offer(&n.sources[i], raw)
	}
	if n.element { // null, in place of an answer that could not be read
		w.endElement()
	}
	return nil
}

// offer takes a scalar for a unified field, unless a better source has given it.
func (w *walker) offer(s *source, raw []byte) {
	at := &w.slots[s.field]
	if at.end > at.start && at.rank <= s.rank {
		return
	}
	start := len(w.scratch)
	w.scratch = s.appendTo(w.scratch, &w.plan.fields[s.field], raw, w.unquote)
	if len(w.scratch) > start {
		*at = slot{start: start, end: len(w.scratch), rank: s.rank}
	}
}

// flush writes an object of what was found, and begins anew.
func (w *walker) flush() {
	w.out = append(w.out, '{')
	comma := false
	for i, s := range w.slots {
		if s.end == s.start {
			continue
		}
		if comma {
			w.out = append(w.out, ',')
		}
		comma = true
		w.out = append(w.out, '"')
		w.out = append(w.out, w.plan.fields[i].Field...) // plain ASCII
		w.out = append(w.out, `":`...)
		w.out = append(w.out, w.scratch[s.start:s.end]...)
	}
	w.out = append(w.out, '}')
	clear(w.slots)
	clear(w.scratch)
	w.scratch = w.scratch[:0]
}

// unquote returns the text of a JSON string. It is good until the next call.
func (w *walker) unquote(quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	w.text, _ = jsontext.AppendUnquote(w.text[:0], quoted)
	return w.text
}
