package audit

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"
)

const (
	// minPause and maxPause bound how long connecting is left alone after it
	// failed; the pause doubles each time. A write in between fails at once.
	minPause = 100 * time.Millisecond
	maxPause = 2 * time.Second
)

var (
	errEnded    = errors.New("the receiver ended the connection")
	errTooLong  = errors.New("a line is longer than a datagram can be: send it over tcp")
	errNotLines = errors.New("only whole lines can be sent")
)

// wire keeps a connection to a receiver. One goroutine at a time uses it.
//
// A connection that failed is never written to again: the next write makes a new
// one. One that ended soon after it began counts as an attempt that failed, or
// a receiver that accepts connections only to drop them, as one does that
// refuses a client's certificate under TLS 1.3, would swallow a line each time.
type wire struct {
	to   Receiver
	dial func(ctx context.Context, network, address string) (net.Conn, error)

	conn  *connection // nil if there is none
	pause time.Duration
	again time.Time // no attempt is made before
	cause error     // of the pause
}

// newWire takes a receiver that is complete.
func newWire(to Receiver) *wire {
	dialer := &net.Dialer{}
	if to.Network == "tcp" {
		dialer.Control = limitSilence
	}
	if to.TLS != nil {
		return &wire{to: to, dial: (&tls.Dialer{NetDialer: dialer, Config: to.TLS}).DialContext}
	}
	return &wire{to: to, dial: dialer.DialContext}
}

// ready connects, unless there is a connection that works as far as is known.
func (w *wire) ready(deadline time.Time) error {
	if w.conn != nil && w.conn.hasEnded() {
		w.drop(errEnded)
	}
	if w.conn != nil {
		return w.conn.SetWriteDeadline(deadline)
	}
	if time.Now().Before(w.again) {
		return fmt.Errorf("not connected to the receiver: %w", w.cause)
	}
	ctx, cancel := context.WithDeadline(context.Background(), deadline)
	defer cancel()
	conn, err := w.dial(ctx, w.to.Network, w.to.Address)
	if err != nil {
		err = withoutAddress(err)
		w.wait(err)
		return fmt.Errorf("connecting to the receiver: %w", err)
	}
	w.conn = newConnection(conn, !w.to.isDatagram())
	return w.conn.SetWriteDeadline(deadline)
}

// send is to be used after ready. When it fails, n bytes may have got through.
func (w *wire) send(p []byte) (n int, err error) {
	n, err = w.conn.Write(p)
	if err == nil {
		return n, nil
	}
	if w.to.isDatagram() && errors.Is(err, syscall.EMSGSIZE) {
		return 0, errTooLong
	}
	err = withoutAddress(err)
	w.drop(err)
	return n, fmt.Errorf("sending to the receiver: %w", err)
}

func (w *wire) drop(cause error) {
	lived := time.Since(w.conn.since)
	w.conn.abandon()
	w.conn = nil
	if lived < maxPause {
		w.wait(cause)
	} else {
		w.pause = 0
	}
}

func (w *wire) wait(cause error) {
	w.pause = min(max(2*w.pause, minPause), maxPause)
	w.again, w.cause = time.Now().Add(w.pause), cause
}

// close ends the connection in order, and waits for that no longer than a write
// may take.
func (w *wire) close() {
	if w.conn != nil {
		w.conn.finish(w.to.Timeout)
		w.conn = nil
	}
}

// withoutAddress takes the addresses out of what went wrong.
func withoutAddress(err error) error {
	if operation, ok := errors.AsType[*net.OpError](err); ok {
		err = operation.Err
	}
	if lookup, ok := errors.AsType[*net.DNSError](err); ok {
		return errors.New("looking up its name: " + lookup.Err)
	}
	return err
}
