package demo

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"context"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/andybalholm/brotli"
)

// Fault is a way in which an answer goes wrong. The zero value changes
// nothing; fields that are set act together.
//
// In Body, Append and the values of all headers the text "{credential}" stands
// for the key that the request carried, and "{credential.base64}",
// "{credential.basic}" (base64 of "key:"), "{credential.hex}",
// "{credential.url}" (every byte percent-encoded) and "{credential.json}"
// (every byte as \u00XX) for other renderings of it.
type Fault struct {
	// Sticky faults stay until SetFault or Reset. Others are used up by one
	// request.
	Sticky bool

	// Status replaces the status; 0 keeps it.
	Status int

	// Header is set on the answer.
	Header http.Header

	// Body replaces the body, unless it is empty, and with it every header but
	// Content-Type.
	Body string

	// Append is text like `"name":"value"` that is added to the end of a JSON
	// object. A name that is in it already makes a duplicate.
	Append string

	// PadMiB makes the body this much longer. A JSON object gets a "padding"
	// member at its start, and so stays valid.
	PadMiB int

	// Encoding compresses the body, and says so: "gzip", "deflate", "br", or
	// "raw deflate", which is what some servers send as "deflate".
	Encoding string

	// EarlyHints are headers of a 103 answer that is sent ahead.
	EarlyHints http.Header

	// Trailer is sent after the body.
	Trailer http.Header

	// Wait delays the answer until the channel is closed or the request is
	// canceled, which ends it without an answer. Stall does so in the middle
	// of the body.
	Wait, Stall <-chan struct{}

	// Truncate announces the whole body but keeps back so many bytes of it,
	// then ends the connection. It goes with neither PadMiB nor Encoding.
	Truncate int

	// ResetConn breaks the connection before the answer.
	ResetConn bool
}

// SetFault replaces the faults that are in force by the given ones: each is
// used for one request, in order; a sticky one for all that follow. With none
// the provider works again.
func (p *Provider) SetFault(faults ...Fault) {
	p.faultMu.Lock()
	defer p.faultMu.Unlock()
	p.faults = append([]Fault(nil), faults...)
}

func (p *Provider) nextFault() (Fault, bool) {
	p.faultMu.Lock()
	defer p.faultMu.Unlock()
	if len(p.faults) == 0 {
		return Fault{}, false
	}
	next := p.faults[0]
	if !next.Sticky {
		p.faults = p.faults[1:]
	}
	return next, true
}

// write sends an answer with the fault in it.
func (f Fault) write(w http.ResponseWriter, r *http.Request, answer reply, key string) {
	pause(r.Context(), f.Wait)
	if f.ResetConn {
		resetConn(w)
	}
	fill := credentialFiller(key)
	sendEarlyHints(w, f.EarlyHints, fill)
	f.setHeaders(w.Header(), &answer, fill)
	body := f.body(answer.body, fill)
	if f.Truncate > 0 {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	}
	w.WriteHeader(answer.status)
	f.send(w, r, body)
	for name, values := range f.Trailer {
		w.Header()[http.CanonicalHeaderKey(name)] = filled(values, fill)
	}
}

func (f Fault) setHeaders(h http.Header, answer *reply, fill *strings.Replacer) {
	if f.Status != 0 {
		answer.status = f.Status
	}
	maps.Copy(h, answer.header)
	if f.Body != "" {
		maps.DeleteFunc(h, func(name string, _ []string) bool { return name != "Content-Type" })
	}
	if f.Encoding != "" {
		h.Set("Content-Encoding", strings.TrimPrefix(f.Encoding, "raw "))
	}
	for name, values := range f.Header {
		h[http.CanonicalHeaderKey(name)] = filled(values, fill)
	}
	for name := range f.Trailer {
		h.Add("Trailer", name)
	}
}

// body makes the bytes of the answer, without padding.
func (f Fault) body(original []byte, fill *strings.Replacer) []byte {
	body := original
	if f.Body != "" {
		body = []byte(fill.Replace(f.Body))
	}
	if open, ok := bytes.CutSuffix(body, []byte("}")); ok && f.Append != "" {
		body = fmt.Appendf(nil, "%s,%s}", open, fill.Replace(f.Append))
	}
	return body
}

// send writes the body in the way that the fault asks for.
func (f Fault) send(w http.ResponseWriter, r *http.Request, body []byte) {
	var to io.Writer = w
	if f.Encoding != "" {
		encoder := encoderTo(w, f.Encoding)
		defer func() { _ = encoder.Close() }()
		to = encoder
	}
	switch {
	case f.PadMiB > 0:
		_, _ = io.Copy(to, padded(body, int64(f.PadMiB)<<20))
	case f.Truncate > 0:
		_, _ = to.Write(body[:max(0, len(body)-f.Truncate)])
		flush(w)
		panic(http.ErrAbortHandler) // ends the connection; net/http does not log it
	case f.Stall != nil:
		_, _ = to.Write(body[:len(body)/2])
		flush(w)
		pause(r.Context(), f.Stall)
		_, _ = to.Write(body[len(body)/2:])
	default:
		_, _ = to.Write(body)
	}
	if len(f.Trailer) > 0 {
		flush(w) // trailers need a body of unannounced length
	}
}

// encoderTo compresses what is written to it.
func encoderTo(w io.Writer, encoding string) io.WriteCloser {
	switch encoding {
	case "gzip":
		gz, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // a valid level does not fail
		return gz
	case "deflate":
		return zlib.NewWriter(w)
	case "raw deflate":
		raw, _ := flate.NewWriter(w, flate.BestSpeed) // nor does this one
		return raw
	case "br":
		return brotli.NewWriterLevel(w, brotli.BestSpeed)
	default:
		panic("demo: unknown encoding " + encoding)
	}
}

// padded returns the body with n more bytes in it.
func padded(body []byte, n int64) io.Reader {
	padding := io.LimitReader(endless{}, n)
	if rest, ok := bytes.CutPrefix(body, []byte("{")); ok {
		return io.MultiReader(strings.NewReader(`{"padding":"`), padding, strings.NewReader(`",`), bytes.NewReader(rest))
	}
	return io.MultiReader(padding, bytes.NewReader(body))
}

// endless reads as "xxx..." for ever.
type endless struct{}

var xs = bytes.Repeat([]byte("x"), 32<<10)

func (endless) Read(b []byte) (int, error) { return copy(b, xs), nil }

// pause waits for a channel, if there is one. If the request ends first, so
// does its handler.
func pause(ctx context.Context, until <-chan struct{}) {
	if until == nil {
		return
	}
	select {
	case <-until:
	case <-ctx.Done():
		panic(http.ErrAbortHandler)
	}
}

// resetConn ends the handler and the connection: HTTP/1 clients get a TCP
// reset, HTTP/2 clients a reset of the stream.
func resetConn(w http.ResponseWriter) {
	if hijacker, ok := w.(http.Hijacker); ok {
		if conn, _, err := hijacker.Hijack(); err == nil {
			raw := conn
			if secure, ok := conn.(*tls.Conn); ok {
				raw = secure.NetConn()
			}
			if tcp, ok := raw.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0) // close with a reset
			}
			_ = raw.Close()
		}
	}
	panic(http.ErrAbortHandler)
}

func sendEarlyHints(w http.ResponseWriter, hints http.Header, fill *strings.Replacer) {
	if len(hints) == 0 {
		return
	}
	for name, values := range hints {
		w.Header()[http.CanonicalHeaderKey(name)] = filled(values, fill)
	}
	w.WriteHeader(http.StatusEarlyHints)
	for name := range hints {
		w.Header().Del(name)
	}
}

func flush(w http.ResponseWriter) { _ = http.NewResponseController(w).Flush() }

func filled(values []string, fill *strings.Replacer) []string {
	out := make([]string, len(values))
	for i, value := range values {
		out[i] = fill.Replace(value)
	}
	return out
}

// credentialFiller replaces the placeholders of a Fault.
func credentialFiller(key string) *strings.Replacer {
	var escaped, percent strings.Builder
	for _, b := range []byte(key) {
		fmt.Fprintf(&escaped, `\u%04x`, b)
		fmt.Fprintf(&percent, "%%%02X", b)
	}
	return strings.NewReplacer(
		"{credential}", key,
		"{credential.base64}", base64.StdEncoding.EncodeToString([]byte(key)),
		"{credential.basic}", base64.StdEncoding.EncodeToString([]byte(key+":")),
		"{credential.hex}", hex.EncodeToString([]byte(key)),
		"{credential.url}", percent.String(),
		"{credential.json}", escaped.String(),
	)
}
