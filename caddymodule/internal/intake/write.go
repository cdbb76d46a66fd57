package intake

import (
	"net/url"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// Outbound is the request for the provider, still without its credential.
type Outbound struct {
	Method string

	// Path is the path with the number in it, percent-encoded.
	Path string

	// RawQuery is the encoded query string; empty for none.
	RawQuery string

	// Body is the JSON body; nil for none.
	Body []byte
}

// Write builds the request for the provider. numbers are those of the input, in
// its order, in the form that the operation's slot asks for.
func (f *Form) Write(in *Input, numbers []string) Outbound {
	out := Outbound{Method: f.op.Method, Path: f.op.Path}
	if f.numberIn(provider.InPath) {
		out.Path = strings.Replace(f.op.Path, provider.NumberSegment, url.PathEscape(numbers[0]), 1)
	}
	var query queryWriter
	if f.numberIn(provider.InQuery) {
		query.pair(f.number.Name, numbers[0])
	}
	if len(in.query) > 0 {
		for _, p := range f.query {
			query.param(p, in.query)
		}
	}
	out.RawQuery = string(query.buf)
	if f.root != nil {
		body := bodyWriter{buf: make([]byte, 0, 128), numbers: numbers}
		body.value(&in.body)
		out.Body = body.buf
	}
	return out
}

// queryWriter appends pairs.
type queryWriter struct{ buf []byte }

func (w *queryWriter) pair(name, text string) {
	if len(w.buf) > 0 {
		w.buf = append(w.buf, '&')
	}
	w.buf = append(w.buf, url.QueryEscape(name)...)
	w.buf = append(w.buf, '=')
	w.buf = append(w.buf, url.QueryEscape(text)...)
}

// param writes the values of one parameter: each as a pair of its own, or all
// as one list.
func (w *queryWriter) param(p *param, values []value) {
	if p.Consumed {
		return
	}
	first := true
	for _, v := range values {
		switch {
		case v.param != p:
			continue
		case p.Separator == "" || first:
			w.pair(p.Name, v.text)
		default:
			w.buf = append(w.buf, url.QueryEscape(p.Separator+v.text)...)
		}
		first = false
	}
}

// bodyWriter appends JSON. Members come in the order of the description.
type bodyWriter struct {
	buf     []byte
	numbers []string // those still to be written
}

func (w *bodyWriter) value(n *node) {
	switch {
	case n.shape.kind == object:
		w.object(n)
	case n.shape.kind == array:
		w.array(n)
	case n.shape.role == isNumber:
		w.buf = quote(w.buf, w.numbers[0])
		w.numbers = w.numbers[1:]
	case n.shape.param.quoted():
		w.buf = quote(w.buf, n.text)
	default:
		w.buf = append(w.buf, n.text...)
	}
}

func (w *bodyWriter) object(n *node) {
	w.buf = append(w.buf, '{')
	first := true
	for i := range n.items {
		item := &n.items[i]
		if item.shape == nil || item.shape.silent {
			continue
		}
		if !first {
			w.buf = append(w.buf, ',')
		}
		first = false
		w.buf = append(w.buf, item.shape.label...)
		w.value(item)
	}
	w.buf = append(w.buf, '}')
}

func (w *bodyWriter) array(n *node) {
	w.buf = append(w.buf, '[')
	for i := range n.items {
		if i > 0 {
			w.buf = append(w.buf, ',')
		}
		w.value(&n.items[i])
	}
	w.buf = append(w.buf, ']')
}

// quote appends a JSON string. Read has checked that the text is valid UTF-8,
// the only thing that AppendQuote can fail for.
func quote(buf []byte, text string) []byte {
	out, _ := jsontext.AppendQuote(buf, text)
	return out
}
