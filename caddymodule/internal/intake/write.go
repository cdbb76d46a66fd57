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

// Write builds the request for the provider. number is the number in the form
// that the operation's slot asks for; it is empty for an operation without one.
func (f *Form) Write(in *Input, number string) Outbound {
	out := Outbound{Method: f.op.Method, Path: f.op.Path}
	var query, body builder
	if f.hasJSON {
		body.open()
	}
	if f.number != nil {
		switch f.number.In {
		case provider.InPath:
			out.Path = strings.Replace(f.op.Path, "{number}", url.PathEscape(number), 1)
		case provider.InQuery:
			query.pair(f.number.Name, number)
		case provider.InJSON:
			body.member(f.number.Name, number, true)
		}
	}
	for _, v := range in.values {
		switch {
		case v.param.Consumed:
		case v.param.In == provider.InQuery:
			query.pair(v.param.Name, v.text)
		default:
			quoted := v.param.Kind != provider.KindBoolean && v.param.Kind != provider.KindInteger
			body.member(v.param.Name, v.text, quoted)
		}
	}
	if f.hasJSON {
		out.Body = append(body.buf, '}')
	}
	out.RawQuery = string(query.buf)
	return out
}

// builder appends query pairs or JSON members.
type builder struct{ buf []byte }

func (b *builder) open() { b.buf = append(make([]byte, 0, 128), '{') }

func (b *builder) pair(name, text string) {
	if len(b.buf) > 0 {
		b.buf = append(b.buf, '&')
	}
	b.buf = append(b.buf, url.QueryEscape(name)...)
	b.buf = append(b.buf, '=')
	b.buf = append(b.buf, url.QueryEscape(text)...)
}

func (b *builder) member(name, text string, quoted bool) {
	if len(b.buf) > 1 {
		b.buf = append(b.buf, ',')
	}
	b.buf = quote(b.buf, name)
	b.buf = append(b.buf, ':')
	if quoted {
		b.buf = quote(b.buf, text)
	} else {
		b.buf = append(b.buf, text...)
	}
}

// quote appends a JSON string. Read has checked that the text is valid UTF-8,
// the only thing that AppendQuote can fail for.
func quote(buf []byte, text string) []byte {
	out, _ := jsontext.AppendQuote(buf, text)
	return out
}
