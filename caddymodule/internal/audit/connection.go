package audit

import (
	"crypto/tls"
	"io"
	"net"
	"time"
)

// connection is one connection to a receiver.
type connection struct {
	net.Conn
	raw   net.Conn // below TLS, if there is any
	since time.Time
	ended chan struct{} // closed when the receiver ended it
}

// newConnection watches what it is given, if that is a stream. A receiver never
// answers, so its end of the connection would not be read otherwise, and the
// first line after a restart of the receiver would be written to nobody.
func newConnection(conn net.Conn, isStream bool) *connection {
	c := &connection{Conn: conn, raw: conn, since: time.Now(), ended: make(chan struct{})}
	if over, ok := conn.(*tls.Conn); ok {
		c.raw = over.NetConn()
	}
	if isStream {
		go c.watch()
	}
	return c
}

// watch ends with the connection.
func (c *connection) watch() {
	_, _ = io.Copy(io.Discard, c.Conn) // how it ended makes no difference
	close(c.ended)
}

func (c *connection) hasEnded() bool {
	select {
	case <-c.ended:
		return true
	default:
		return false
	}
}

// abandon closes a connection that failed. TLS would say goodbye first, and wait
// for that.
func (c *connection) abandon() { _ = c.raw.Close() }

// finish closes a connection that works, goodbye included.
func (c *connection) finish(timeout time.Duration) {
	timer := time.AfterFunc(timeout, c.abandon)
	defer timer.Stop()
	_ = c.Close() // all lines have been sent before, or their writers were told
}
