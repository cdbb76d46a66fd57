package caddymodule

import "net/http"

// sink is the response writer that everything behind the front door gets. It
// drops what is written: an answer leaves through the exchange or not at all.
type sink struct{ header http.Header }

func newSink() *sink { return &sink{header: make(http.Header)} }

// Header returns a header that nobody reads.
func (s *sink) Header() http.Header { return s.header }

// WriteHeader does nothing.
func (s *sink) WriteHeader(int) {}

// Write drops p.
func (s *sink) Write(p []byte) (int, error) { return len(p), nil }
