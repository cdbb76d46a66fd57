package attacks

import (
	"bytes"
	"crypto/tls"
	"io"
	"net"
	"strconv"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"

	"github.com/ringward/ringward/e2e/harness"
)

// h2 is a client of HTTP/2 that sends what frames it likes.
type h2 struct {
	*http2.Framer
	conn net.Conn

	block   bytes.Buffer
	encoder *hpack.Encoder
}

// field is a header field; names are sent as they are.
type field [2]string

// speakH2 begins HTTP/2 at a site, over TLS where the site has it.
func (a *arena) speakH2(at site, settings ...http2.Setting) *h2 {
	a.t.Helper()
	conn := a.dial(at)
	if at == overTLS || at == scarce {
		conn = tls.Client(conn, &tls.Config{RootCAs: a.roots, ServerName: "127.0.0.1", NextProtos: []string{"h2"}})
	}
	c := &h2{Framer: http2.NewFramer(conn, conn), conn: conn}
	c.encoder = hpack.NewEncoder(&c.block)
	c.AllowIllegalWrites = true
	c.ReadMetaHeaders = hpack.NewDecoder(4096, nil)
	if _, err := io.WriteString(conn, http2.ClientPreface); err != nil {
		a.t.Fatal(err)
	}
	if err := c.WriteSettings(settings...); err != nil {
		a.t.Fatal(err)
	}
	return c
}

// lookupFields are those of a lookup that is answered.
func (a *arena) lookupFields() []field {
	return []field{
		{":method", "POST"},
		{":scheme", "https"},
		{":authority", "127.0.0.1"},
		{":path", "/v1/lookup"},
		{"content-type", "application/json"},
		{"x-api-key", a.Full.Key},
	}
}

// encode compresses fields.
func (c *h2) encode(fields []field) []byte {
	c.block.Reset()
	for _, f := range fields {
		_ = c.encoder.WriteField(hpack.HeaderField{Name: f[0], Value: f[1]}) // to memory
	}
	return c.block.Bytes()
}

// request sends a request with a body; without one for "".
func (c *h2) request(stream uint32, fields []field, body string) {
	_ = c.WriteHeaders(http2.HeadersFrameParam{ // the server may have had enough
		StreamID: stream, BlockFragment: c.encode(fields), EndHeaders: true, EndStream: body == "",
	})
	if body != "" {
		_ = c.WriteData(stream, true, []byte(body))
	}
}

// answer returns the answer of a stream. The status is 0 where the server
// answers with a reset, or ends the connection.
func (c *h2) answer(stream uint32) (got harness.Reply) {
	for {
		frame, err := c.ReadFrame()
		if err != nil {
			return harness.Reply{}
		}
		switch f := frame.(type) {
		case *http2.SettingsFrame:
			if !f.IsAck() {
				_ = c.WriteSettingsAck()
			}
		case *http2.MetaHeadersFrame:
			if f.StreamID != stream {
				continue
			}
			got.Status, _ = strconv.Atoi(f.PseudoValue("status"))
			if f.StreamEnded() {
				return got
			}
		case *http2.DataFrame:
			if f.StreamID != stream {
				continue
			}
			got.Body += string(f.Data())
			if f.StreamEnded() {
				return got
			}
		case *http2.RSTStreamFrame:
			if f.StreamID == stream {
				return got
			}
		case *http2.GoAwayFrame:
			return got
		}
	}
}
