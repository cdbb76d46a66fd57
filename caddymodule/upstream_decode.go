package caddymodule

import (
	"bufio"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"io"
	"net/http"
	"strings"

	"github.com/andybalholm/brotli"
)

// decoded undoes the content encoding of an answer. Ringward asks for gzip
// alone, which net/http undoes; some servers compress as they please. Whoever
// reads bounds what comes out.
func decoded(h http.Header, body io.Reader) (io.Reader, error) {
	values := h["Content-Encoding"]
	if len(values) == 0 {
		return body, nil
	}
	if len(values) > 1 {
		return nil, errEncoding
	}
	switch strings.ToLower(values[0]) {
	case "identity":
		return body, nil
	case "gzip", "x-gzip":
		r, err := gzip.NewReader(body)
		if err != nil {
			return nil, errTruncated
		}
		return r, nil
	case "deflate":
		return inflated(body)
	case "br":
		return brotli.NewReader(body), nil
	default:
		return nil, errEncoding
	}
}

// inflated reads "deflate", which is DEFLATE in a zlib wrapper (RFC 9110,
// section 8.4.1.2). Some servers leave the wrapper out.
func inflated(body io.Reader) (io.Reader, error) {
	buffered := bufio.NewReader(body)
	head, err := buffered.Peek(2)
	if err != nil {
		return nil, errTruncated
	}
	// RFC 1950: method 8, and a multiple of 31.
	if head[0]&0x0f != 8 || (int(head[0])<<8|int(head[1]))%31 != 0 {
		return flate.NewReader(buffered), nil
	}
	r, err := zlib.NewReader(buffered)
	if err != nil {
		return nil, errTruncated
	}
	return r, nil
}
