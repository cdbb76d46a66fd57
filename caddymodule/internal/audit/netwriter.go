package audit

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// NetWriter sends lines to a receiver; it is meant for OpenWriterLog. It
// connects with the first write, and anew after a failure: at once, or if that
// fails too, after a pause of at most two seconds, in which writes fail. No
// write takes longer than Receiver.Timeout.
//
// A stream counts as having taken a line when the operating system has. The line
// can still be lost, when the receiver crashes or the network fails before it
// got there; the next write may be the first to fail. The same goes for
// datagrams over udp, which may be lost at any time, and without a trace. A
// datagram to a socket of this host is in the receiver's own queue. So where a
// receiver's word is all there is, lines can be missing there. The chain tells:
// the receiver's copy does not verify then.
//
// It deals in whole lines. When a stream breaks within one, the receiver must
// drop the beginning that it got; the chain goes on as if it had never been sent.
type NetWriter struct {
	mu     sync.Mutex
	wire   *wire
	frame  func(dst, line []byte, at time.Time) []byte // nil: lines go as they are
	buffer []byte
	marks  []mark
	closed bool
}

// mark says that with so many bytes sent, so many bytes of lines have been.
type mark struct{ sent, lines int }

var _ io.WriteCloser = (*NetWriter)(nil)

// NewNetWriter returns a writer that sends JSON lines over tcp, TLS or a unix
// socket. It does not connect yet.
func NewNetWriter(to Receiver) (*NetWriter, error) {
	if to.Network != "tcp" && to.Network != "unix" {
		return nil, fmt.Errorf("audit receiver: %w", errStreamNetwork)
	}
	return newNetWriter(to, nil)
}

func newNetWriter(to Receiver, frame func(dst, line []byte, at time.Time) []byte) (*NetWriter, error) {
	if err := to.complete(); err != nil {
		return nil, fmt.Errorf("audit receiver: %w", err)
	}
	return &NetWriter{wire: newWire(to), frame: frame}, nil
}

// Write sends lines, each with its newline. When it fails, n counts the bytes of
// the whole lines that may have got through.
func (w *NetWriter) Write(lines []byte) (n int, err error) {
	if len(lines) == 0 || lines[len(lines)-1] != '\n' {
		return 0, errNotLines
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return 0, net.ErrClosed
	}
	if err := w.wire.ready(time.Now().Add(w.wire.to.Timeout)); err != nil {
		return 0, err
	}
	switch {
	case w.frame == nil:
		n, err = w.wire.send(lines)
		n = bytes.LastIndexByte(lines[:n], '\n') + 1
	case w.wire.to.isDatagram():
		n, err = w.sendEach(lines)
	default:
		n, err = w.sendFramed(lines)
	}
	return n, err
}

// sendEach sends a datagram for each line.
func (w *NetWriter) sendEach(lines []byte) (n int, err error) {
	now := time.Now()
	for line := range bytes.Lines(lines) {
		if text := line[:len(line)-1]; len(text) > 0 {
			w.buffer = w.frame(w.buffer[:0], text, now)
			if _, err := w.wire.send(w.buffer); err != nil {
				return n, err
			}
		}
		n += len(line)
	}
	return n, nil
}

// sendFramed sends all lines at once.
func (w *NetWriter) sendFramed(lines []byte) (n int, err error) {
	now := time.Now()
	w.buffer, w.marks = w.buffer[:0], w.marks[:0]
	for line := range bytes.Lines(lines) {
		if text := line[:len(line)-1]; len(text) > 0 {
			w.buffer = w.frame(w.buffer, text, now)
		}
		n += len(line)
		w.marks = append(w.marks, mark{len(w.buffer), n})
	}
	sent, err := w.wire.send(w.buffer)
	if err == nil {
		return n, nil
	}
	n = 0
	for _, m := range w.marks {
		if m.sent <= sent {
			n = m.lines
		}
	}
	return n, err
}

// Close ends the connection. It waits for a running write. Later writes fail.
func (w *NetWriter) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = true
	w.wire.close()
	return nil
}
