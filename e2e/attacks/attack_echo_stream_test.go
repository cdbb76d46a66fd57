package attacks

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/andybalholm/brotli"
)

// encoders compress as content encodings do.
var encoders = map[string]func(io.Writer) io.WriteCloser{
	"gzip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"x-gzip":  func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"GZip":    func(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) },
	"deflate": func(w io.Writer) io.WriteCloser { return zlib.NewWriter(w) },
	"br":      func(w io.Writer) io.WriteCloser { return brotli.NewWriterLevel(w, brotli.BestSpeed) },
}

// rawDeflate is what some servers send as "deflate".
func rawDeflate(w io.Writer) io.WriteCloser {
	encoder, _ := flate.NewWriter(w, flate.BestSpeed) // a valid level does not fail
	return encoder
}

func compressed(with func(io.Writer) io.WriteCloser, text string) string {
	var b bytes.Buffer
	encoder := with(&b)
	_, _ = io.WriteString(encoder, text) // to memory
	_ = encoder.Close()
	return b.String()
}

// TestAttackEchoCompressed has the provider repeat its key in an answer that is
// compressed, whether it was asked for that or not (OpenSandbox#1137: a search
// in the bytes as they come finds nothing). The caller would hold the key.
func TestAttackEchoCompressed(t *testing.T) {
	a := enter(t)
	try := func(name, encoding, coded string, with func(io.Writer) io.WriteCloser, statuses ...int) {
		t.Helper()
		a.villain.answers(t, func(v visit) {
			v.sendsJSON(compressed(with, answerWith(spellings[coded](v.key))), "Content-Encoding: "+encoding)
		})
		a.refused(name, a.reply(toVillain, a.lookup()), statuses...)
	}
	for encoding, with := range encoders {
		for _, coded := range []string{"raw", "base64", "Basic, as a user", "hexadecimal", "percent-encoded", "JSON escapes"} {
			try(encoding+" "+coded, encoding, coded, with, http.StatusBadGateway)
		}
	}
	try("deflate without its wrapper", "deflate", "raw", rawDeflate, http.StatusBadGateway)
	try("compressed twice", "gzip, gzip", "raw", func(w io.Writer) io.WriteCloser { return encoders["gzip"](w) }, http.StatusBadGateway)
	try("an encoding in a second line", "gzip\r\nContent-Encoding: br", "raw", encoders["gzip"], http.StatusBadGateway)
	try("an encoding that is not known", "zstd", "raw", encoders["gzip"], http.StatusBadGateway)
	try("another encoding than said", "br", "raw", encoders["gzip"], http.StatusBadGateway)
	try("an encoding that is not said", "identity", "raw", encoders["gzip"], http.StatusBadGateway)
}

// TestAttackEchoSplit has the provider send its key in pieces, over the borders
// of chunks, TLS records and TCP segments, where filters that look at one buffer
// at a time miss it. The caller would hold the key.
func TestAttackEchoSplit(t *testing.T) {
	a := enter(t)
	for _, size := range []int{1, 3, 7, 16} {
		for _, coded := range []string{"raw", "base64", "hexadecimal", "JSON escapes"} {
			name := fmt.Sprintf("%s, in pieces of %d", coded, size)
			a.villain.answers(t, func(v visit) {
				v.sends("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
				for piece := range pieces(answerWith(spellings[coded](v.key)), size) {
					v.sends(fmt.Sprintf("%x;ignored=%s\r\n", len(piece), "x")) // each a TLS record of its own
					v.sends(piece)
					v.sends("\r\n")
				}
				v.sends("0\r\n\r\n")
			})
			a.refused(name+", chunked", a.reply(toVillain, a.lookup()), http.StatusBadGateway)
		}
	}
	// At the end of buffers of usual sizes.
	for _, size := range []int{512, 1024, 2048, 4096, 8192, 32768} {
		a.villain.answers(t, func(v visit) {
			before := strings.Repeat(" ", size-len(`{"success":true,"valid":true,"line_type":"`)-len(v.key)/2)
			v.sendsJSON(before + answerWith(spellings["raw"](v.key)))
		})
		a.refused(fmt.Sprintf("at byte %d", size), a.reply(toVillain, a.lookup()), http.StatusBadGateway)
	}
}

// pieces cuts a text.
func pieces(text string, size int) func(func(string) bool) {
	return func(yield func(string) bool) {
		for len(text) > 0 {
			n := min(size, len(text))
			if !yield(text[:n]) {
				return
			}
			text = text[n:]
		}
	}
}
