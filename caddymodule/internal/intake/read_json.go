package intake

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
)

// jsonReader reads a body in one pass, led by its shape: what the shape does
// not have ends it, so its depth is bounded. The decoder refuses duplicate
// names and invalid UTF-8.
type jsonReader struct {
	dec    *jsontext.Decoder
	buffer bytes.Buffer // what dec reads, in place
	in     *Input
}

// jsonReaders are kept for the memory of their decoders.
var jsonReaders = sync.Pool{New: func() any {
	r := new(jsonReader)
	r.dec = jsontext.NewDecoder(&r.buffer)
	return r
}}

// forget lets go of the body, so that the reader can be used again.
func (r *jsonReader) forget() {
	r.buffer = bytes.Buffer{}
	r.dec.Reset(&r.buffer)
	r.in = nil
}

var errMalformed = invalid("the body must be one JSON object in UTF-8, each name once")

func (f *Form) readJSON(in *Input, body []byte) error {
	r := jsonReaders.Get().(*jsonReader)
	r.buffer, r.in = *bytes.NewBuffer(body), in
	if r.dec.PeekKind() != '{' {
		return errMalformed
	}
	var err error
	if in.body, err = r.object(f.root); err != nil {
		return err
	}
	// Anything after the object is another message in disguise.
	if _, err := r.dec.ReadToken(); !errors.Is(err, io.EOF) {
		return errMalformed
	}
	// Not kept after an error: a strange body may have left it large.
	r.forget()
	jsonReaders.Put(r)
	return nil
}

func (r *jsonReader) value(s *shape) (node, error) {
	kind := r.dec.PeekKind()
	switch {
	case kind == 0:
		return node{}, errMalformed
	case s.kind == object && kind == '{':
		return r.object(s)
	case s.kind == array && kind == '[':
		return r.array(s)
	case s.kind == object:
		return node{}, invalid("the parameter " + s.name + " must be an object")
	case s.kind == array:
		return node{}, invalid("the parameter " + s.name + " must be an array")
	case s.role == isNumber:
		return r.number(s, kind)
	default:
		return r.scalar(s, kind)
	}
}

// object reads the members that are sent; what the route sets stands already.
func (r *jsonReader) object(s *shape) (node, error) {
	if s.param != nil {
		if err := s.param.open(); err != nil {
			return node{}, err
		}
	}
	n := node{shape: s, items: make([]node, len(s.members))}
	copy(n.items, s.fixed)
	before := len(r.in.Numbers)
	sent, err := r.members(n)
	if err != nil {
		return node{}, err
	}
	if err := r.bindRegion(n, before); err != nil {
		return node{}, err
	}
	if !sent && s.fixed == nil && s.param == nil && s != r.in.form.root {
		return node{}, invalid("the parameter " + s.name + " is empty")
	}
	return n, nil
}

// members reports whether any was sent. A null is how clients spell "not given".
func (r *jsonReader) members(n node) (sent bool, err error) {
	if _, err := r.dec.ReadToken(); err != nil {
		return false, errMalformed
	}
	for r.dec.PeekKind() != '}' {
		i, err := r.member(n.shape)
		if err != nil {
			return false, err
		}
		if r.dec.PeekKind() == 'n' {
			if _, err := r.dec.ReadToken(); err != nil {
				return false, errMalformed
			}
			continue
		}
		if n.items[i], err = r.value(n.shape.members[i]); err != nil {
			return false, err
		}
		sent = true
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return false, errMalformed
	}
	return sent, nil
}

// bindRegion gives the number of an object the region that stands beside it.
func (r *jsonReader) bindRegion(n node, before int) error {
	if !n.shape.asks() {
		return nil
	}
	if len(r.in.Numbers) == before {
		return invalid("the number is missing; send it as " + r.in.form.numberName())
	}
	if n.shape.regions() {
		r.in.Numbers[before].Region = n.items[1].text
	}
	return nil
}

// member reads a name and finds its position in the shape. Names without
// escapes, all that clients send, are compared where they stand.
func (r *jsonReader) member(s *shape) (int, error) {
	raw, err := r.dec.ReadValue()
	if err != nil || raw.Kind() != '"' {
		return 0, errMalformed
	}
	name := raw[1 : len(raw)-1]
	if bytes.IndexByte(name, '\\') >= 0 {
		if name, err = jsontext.AppendUnquote(nil, raw); err != nil {
			return 0, errMalformed
		}
	}
	for i, m := range s.members {
		if m.member == string(name) {
			return i, nil
		}
	}
	return 0, r.in.form.unknown()
}

// array wants at least one element: an empty list either means nothing, and can
// be left out, or means something that is not documented, such as "all".
func (r *jsonReader) array(s *shape) (node, error) {
	if _, err := r.dec.ReadToken(); err != nil {
		return node{}, errMalformed
	}
	n := node{shape: s}
	for r.dec.PeekKind() != ']' {
		if len(n.items) == s.max {
			return node{}, r.tooMany(s)
		}
		item, err := r.value(s.element)
		if err != nil {
			return node{}, err
		}
		if p := s.element.param; p != nil {
			for i := range n.items {
				if n.items[i].text == item.text {
					return node{}, p.repeated()
				}
			}
		}
		n.items = append(n.items, item)
	}
	if _, err := r.dec.ReadToken(); err != nil {
		return node{}, errMalformed
	}
	if len(n.items) == 0 {
		return node{}, invalid("the parameter " + s.name + " is empty")
	}
	return n, nil
}

func (r *jsonReader) tooMany(s *shape) error {
	if s.element.own {
		return tooLarge("too many numbers: this operation takes " + strconv.Itoa(s.max) + " in one request")
	}
	return invalid("the parameter " + s.name + " has too many values")
}

// number takes an integer as well as a text.
func (r *jsonReader) number(s *shape, kind jsontext.Kind) (node, error) {
	text, err := r.text(s, kind)
	if err != nil {
		return node{}, err
	}
	if kind != '"' && !isDigits(text) {
		return node{}, invalid("the number must be a text")
	}
	return node{shape: s}, r.in.addNumber(text)
}

func (r *jsonReader) scalar(s *shape, kind jsontext.Kind) (node, error) {
	text, err := r.text(s, kind)
	switch {
	case err != nil:
		return node{}, err
	case s.role == isRegion && kind != '"':
		text, err = "", invalid("the parameter "+s.name+" must be a text")
	case s.role == isRegion:
		text, err = r.in.form.regionOf(text)
	default:
		text, err = s.param.admit(text, kind == '"')
	}
	return node{shape: s, text: text}, err
}

// text reads what is neither an object nor an array nor null.
func (r *jsonReader) text(s *shape, kind jsontext.Kind) (string, error) {
	if kind == '{' || kind == '[' || kind == 'n' {
		return "", invalid("the parameter " + s.name + " must be a plain value")
	}
	raw, err := r.dec.ReadValue()
	if err != nil {
		return "", errMalformed
	}
	if kind != '"' {
		return string(raw), nil
	}
	if bytes.IndexByte(raw, '\\') < 0 {
		return string(raw[1 : len(raw)-1]), nil
	}
	text, err := jsontext.AppendUnquote(nil, raw)
	if err != nil {
		return "", errMalformed
	}
	return string(text), nil
}
