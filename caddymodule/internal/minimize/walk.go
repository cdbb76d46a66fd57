package minimize

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"
)

// walker reads one answer. jsontext guards the grammar, UTF-8 and unique
// names; the walker steps through the automaton beside it, guards the bounds,
// and writes the projection.
type walker struct {
	dec     *jsontext.Decoder
	in      bytes.Buffer
	plan    *Plan
	body    []byte
	out     []byte
	scratch []byte // unescaped text of the current name or string
	seen    []sighting

	values       int // read
	kept         int // written scalars
	released     ClassSet
	fields       FieldSet
	undocumented bool
}

// escapeGrowth is how many bytes of JSON can stand for one byte of text, at
// most: six, as in "\u0041".
const escapeGrowth = 6

// value reads one value, which is of the given kind and inside of depth
// objects and arrays, and writes it if its node keeps that kind.
func (w *walker) value(n *node, kind jsontext.Kind, depth int) error {
	if w.values++; w.values > w.plan.opts.MaxValues {
		return ErrTooManyValues
	}
	switch kind {
	case jsontext.KindBeginObject:
		w.see(n, "")
		return w.object(n, n.keepsObject, depth+1)
	case jsontext.KindBeginArray:
		w.see(n, "")
		return w.array(n, n.keepsArray, depth+1)
	default:
		return w.scalar(n)
	}
}

// object reads an object and writes its kept members. Without write, none of
// them is kept.
func (w *walker) object(n *node, write bool, depth int) error {
	if err := w.open(depth); err != nil {
		return err
	}
	w.punctuate(write, '{')
	first := len(w.out)
	for {
		switch w.dec.PeekKind() {
		case jsontext.KindEndObject:
			return w.close(write, '}')
		case jsontext.KindString:
		default:
			return ErrSyntax
		}
		raw, err := w.raw()
		if err != nil {
			return err
		}
		child, quoted, plain := w.child(n, raw)
		kind := w.dec.PeekKind()
		if child.keeps(kind) {
			w.comma(first)
			w.name(quoted, plain)
		}
		if err := w.value(child, kind, depth); err != nil {
			return err
		}
	}
}

// array reads an array and writes its kept elements. Without write, none of
// them is kept. Where objects are kept, anything else becomes null: an element's
// place may say which number of a batch it is about.
func (w *walker) array(n *node, write bool, depth int) error {
	if err := w.open(depth); err != nil {
		return err
	}
	w.punctuate(write, '[')
	first := len(w.out)
	for i := 0; ; i++ {
		kind := w.dec.PeekKind()
		if kind == jsontext.KindEndArray {
			return w.close(write, ']')
		}
		child := n.star
		for _, e := range n.indexed {
			if e.index == i {
				child = e.node
			}
		}
		isGap := write && child.keepsObject && !child.releases && !child.keeps(kind)
		if isGap || child.keeps(kind) {
			w.comma(first)
		}
		if err := w.value(child, kind, depth); err != nil {
			return err
		}
		if isGap {
			w.out = append(w.out, "null"...)
		}
	}
}

// open reads the first delimiter of an object or array at a depth.
func (w *walker) open(depth int) error {
	if depth > w.plan.opts.MaxDepth {
		return ErrTooDeep
	}
	if _, err := w.dec.ReadToken(); err != nil {
		return unreadable(err)
	}
	return nil
}

// close reads the last delimiter of an object or array.
func (w *walker) close(write bool, delimiter byte) error {
	if _, err := w.dec.ReadToken(); err != nil {
		return unreadable(err)
	}
	w.punctuate(write, delimiter)
	return nil
}

func (w *walker) punctuate(write bool, c byte) {
	if write {
		w.out = append(w.out, c)
	}
}

// comma separates a member or element from one before it; first is where the
// first one stands in the output.
func (w *walker) comma(first int) {
	if len(w.out) > first {
		w.out = append(w.out, ',')
	}
}

// child returns the node of a member. Its name is given as some pointer spells
// it, quoted, or else as plain text of the answer, good until the next name or
// string is read.
func (w *walker) child(n *node, raw []byte) (child *node, quoted string, plain []byte) {
	if n == dead {
		return dead, "", nil
	}
	name := w.unquote(raw)
	if m, ok := n.members[string(name)]; ok {
		return m.node, m.quoted, nil
	}
	if n.star != dead && plainName(name) {
		return n.star, "", name
	}
	return dead, "", nil
}

// name writes the name of a kept member.
func (w *walker) name(quoted string, plain []byte) {
	if quoted != "" {
		w.out = append(w.out, quoted...)
	} else {
		// Nothing in a plain name needs an escape.
		w.out = append(append(append(w.out, '"'), plain...), '"')
	}
	w.out = append(w.out, ':')
}

// scalar reads a string, number, boolean or null.
func (w *walker) scalar(n *node) error {
	raw, err := w.raw()
	if err != nil {
		return err
	}
	if n.watch >= 0 {
		w.see(n, w.recognise(n, raw))
	}
	if !n.releases {
		return nil
	}
	w.kept++
	w.released |= n.classes
	if n.field >= 0 {
		w.fields.add(n.field)
	}
	w.undocumented = w.undocumented || !n.documented
	return w.write(raw)
}

// write appends a released scalar to the output.
func (w *walker) write(raw []byte) error {
	if raw[0] != '"' {
		if len(raw) > maxNumber {
			return ErrLongScalar
		}
		w.out = append(w.out, raw...)
		return nil
	}
	longest := w.plan.opts.MaxScalar
	if len(raw)-2 > escapeGrowth*longest {
		return ErrLongScalar
	}
	text := w.unquote(raw)
	if len(text) > longest {
		return ErrLongScalar
	}
	if len(text) == len(raw)-2 {
		// Without escapes, the text is already in its one spelling.
		w.out = append(w.out, raw...)
		return nil
	}
	out, err := jsontext.AppendQuote(w.out, text)
	if err != nil {
		return ErrSyntax
	}
	w.out = out
	return nil
}

// see notes what stands at a watched pointer.
func (w *walker) see(n *node, text string) {
	if n.watch >= 0 {
		w.seen[n.watch] = sighting{text: text, found: true}
	}
}

// recognise returns a watched scalar as the rules know it.
func (w *walker) recognise(n *node, raw []byte) string {
	watch := &w.plan.watches[n.watch]
	if raw[0] != '"' {
		return watch.recognise(raw)
	}
	if len(raw)-2 > escapeGrowth*watch.longest {
		return otherText
	}
	return watch.recognise(w.unquote(raw))
}

// raw reads a name or scalar and returns its bytes in the body.
func (w *walker) raw() ([]byte, error) {
	value, err := w.dec.ReadValue()
	if err != nil {
		return nil, unreadable(err)
	}
	// jsontext lends its slice until the next call only; the body is ours.
	end := int(w.dec.InputOffset())
	return w.body[end-len(value) : end], nil
}

// unquote returns the text of a JSON string that jsontext found valid. It is
// good until the next call.
func (w *walker) unquote(quoted []byte) []byte {
	inner := quoted[1 : len(quoted)-1]
	if bytes.IndexByte(inner, '\\') < 0 {
		return inner
	}
	w.scratch, _ = jsontext.AppendUnquote(w.scratch[:0], quoted)
	return w.scratch
}
