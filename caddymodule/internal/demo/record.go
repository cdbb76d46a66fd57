package demo

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
	"unicode/utf8"
)

// RecordedRequest is one line of a provider's record: all of a request that
// reached it. It holds keys and phone numbers in clear.
type RecordedRequest struct {
	Time    time.Time   `json:"time"`
	Method  string      `json:"method"`
	Host    string      `json:"host"`
	URI     string      `json:"uri"`
	Headers http.Header `json:"headers"`

	// Body is the body, at most one byte more than the provider accepts. One
	// that is not UTF-8 stands in BodyBytes instead, in base64.
	Body      string `json:"body"`
	BodyBytes []byte `json:"body_bytes,omitempty"`

	Remote string `json:"remote"`
}

// writeRecord appends a request to the record.
func (p *Provider) writeRecord(r *http.Request, body []byte) error {
	entry := RecordedRequest{
		Time: p.now().UTC(), Method: r.Method, Host: r.Host, URI: r.RequestURI,
		Headers: r.Header, Remote: r.RemoteAddr,
	}
	if utf8.Valid(body) {
		entry.Body = string(body)
	} else {
		entry.BodyBytes = body
	}
	// Keys and numbers are looked for as they are: no escapes but JSON's own.
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(entry); err != nil {
		return fmt.Errorf("encoding record: %w", err)
	}
	p.recordMu.Lock()
	defer p.recordMu.Unlock()
	if _, err := p.record.Write(line.Bytes()); err != nil {
		return fmt.Errorf("writing record: %w", err)
	}
	return nil
}

// Recording is a record in memory, for tests. The zero value is empty and
// ready; it is safe for concurrent use.
type Recording struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

// Write appends to the record.
func (c *Recording) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.Write(b)
}

// String returns the lines of the record.
func (c *Recording) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.buf.String()
}

// Reset empties the record.
func (c *Recording) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.buf.Reset()
}

// Requests returns the recorded requests, oldest first.
func (c *Recording) Requests() ([]RecordedRequest, error) {
	var requests []RecordedRequest
	for line := range bytes.Lines([]byte(c.String())) {
		var r RecordedRequest
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, fmt.Errorf("decoding record: %w", err)
		}
		requests = append(requests, r)
	}
	return requests, nil
}
