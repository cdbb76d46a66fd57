package audit

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// pipeReceiver takes connections in a bubble, where there are no sockets.
type pipeReceiver struct {
	begun  time.Time
	dials  []time.Duration // when each attempt was made
	refuse error
	accept func(net.Conn) // takes over the receiver's end of a connection
}

func (r *pipeReceiver) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	r.dials = append(r.dials, time.Since(r.begun))
	if r.refuse != nil {
		return nil, r.refuse
	}
	ours, theirs := net.Pipe()
	r.accept(theirs)
	return ours, nil
}

func pipeWriter(t *testing.T, r *pipeReceiver) *NetWriter {
	t.Helper()
	w, err := NewNetWriter(Receiver{Network: "tcp", Address: "collector.test:6514"})
	must(t, err)
	r.begun = time.Now()
	w.wire.dial = r.dial
	return w
}

func readAll(conn net.Conn) { go func() { _, _ = io.Copy(io.Discard, conn) }() }

// everyTenMilliseconds writes for ten seconds.
func everyTenMilliseconds(w io.Writer) (failures int) {
	for range 1000 {
		if _, err := w.Write([]byte("{}\n")); err != nil {
			failures++
		}
		time.Sleep(10 * time.Millisecond)
	}
	return failures
}

var pauses = []time.Duration{
	0, 100 * time.Millisecond, 300 * time.Millisecond, 700 * time.Millisecond,
	1500 * time.Millisecond, 3100 * time.Millisecond, 5100 * time.Millisecond, 7100 * time.Millisecond, 9100 * time.Millisecond,
}

func TestAReceiverThatIsAwayIsLeftAloneForAWhile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &pipeReceiver{refuse: syscall.ECONNREFUSED, accept: readAll}
		w := pipeWriter(t, r)
		if failures := everyTenMilliseconds(w); failures != 1000 {
			t.Errorf("%d of 1000 writes failed", failures)
		}
		if !slices.Equal(r.dials, pauses) {
			t.Errorf("attempts after %v, want %v", r.dials, pauses)
		}
		if _, err := w.Write([]byte("{}\n")); !errors.Is(err, syscall.ECONNREFUSED) {
			t.Errorf("within a pause: %v", err)
		}
		r.refuse = nil
		time.Sleep(maxPause)
		if _, err := w.Write([]byte("{}\n")); err != nil {
			t.Errorf("when it is back: %v", err)
		}
		must(t, w.Close())
	})
}

// Such a receiver would swallow every line, were the pauses not kept.
func TestAReceiverThatDropsEachConnectionCountsAsAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &pipeReceiver{accept: func(conn net.Conn) {
			go func() {
				_, _ = conn.Read(make([]byte, 100))
				_ = conn.Close()
			}()
		}}
		w := pipeWriter(t, r)
		if failures := everyTenMilliseconds(w); failures != 1000-len(r.dials) {
			t.Errorf("%d of 1000 writes failed, with %d connections", failures, len(r.dials))
		}
		if len(r.dials) > len(pauses) {
			t.Errorf("attempts after %v", r.dials)
		}
		must(t, w.Close())
	})
}

func TestNoLineGoesToAConnectionThatTheReceiverEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var conns []net.Conn
		r := &pipeReceiver{accept: func(conn net.Conn) { conns = append(conns, conn); readAll(conn) }}
		w := pipeWriter(t, r)
		for range 5 {
			if _, err := w.Write([]byte("{}\n")); err != nil {
				t.Fatal(err)
			}
			time.Sleep(maxPause)
			must(t, conns[len(conns)-1].Close())
			synctest.Wait()
		}
		if len(conns) != 5 {
			t.Errorf("%d connections, want 5", len(conns))
		}
		must(t, w.Close())
	})
}

func TestOneConnectionLasts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := &pipeReceiver{accept: readAll}
		w := pipeWriter(t, r)
		for range 3 {
			if _, err := w.Write([]byte("{}\n")); err != nil {
				t.Error(err)
			}
			time.Sleep(time.Hour)
		}
		if len(r.dials) != 1 {
			t.Errorf("%d connections, want 1", len(r.dials))
		}
		must(t, w.Close())
	})
}

// TLS says goodbye when it closes a connection, and waits five seconds for that.
func TestAReceiverThatStopsReadingTLSTakesABoundedTime(t *testing.T) {
	for name, end := range map[string]func(w *NetWriter) error{
		"writing": func(w *NetWriter) error { _, err := w.Write([]byte("{}\n")); return err },
		"closing": (*NetWriter).Close,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				authority := newAuthority(t)
				server := &tls.Config{Certificates: []tls.Certificate{authority.issue(t, collectorName, time.Now().Add(time.Hour))}}
				client := &tls.Config{RootCAs: authority.pool(), ServerName: collectorName}
				w := pipeWriter(t, &pipeReceiver{})
				w.wire.dial = func(ctx context.Context, _, _ string) (net.Conn, error) {
					ours, theirs := net.Pipe()
					go func() { _, _ = tls.Server(theirs, server).Read(make([]byte, 100)) }()
					conn := tls.Client(ours, client)
					return conn, conn.HandshakeContext(ctx)
				}
				if _, err := w.Write([]byte("{}\n")); err != nil {
					t.Fatal(err)
				}
				start := time.Now()
				err := end(w)
				if took := time.Since(start); took != DefaultReceiverTimeout {
					t.Errorf("took %v, want %v; %v", took, DefaultReceiverTimeout, err)
				}
				must(t, w.Close())
			})
		})
	}
}

func TestAWriteToAReceiverTakesABoundedTime(t *testing.T) {
	hangingDial := func(after time.Duration) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, _, _ string) (net.Conn, error) {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(after):
				ours, _ := net.Pipe() // nobody reads
				return ours, nil
			}
		}
	}
	for _, tt := range []struct {
		name string
		dial func(context.Context, string, string) (net.Conn, error)
		want error
	}{
		{"connecting hangs", hangingDial(time.Hour), context.DeadlineExceeded},
		{"nobody reads", hangingDial(0), os.ErrDeadlineExceeded},
		{"connecting takes long, and then nobody reads", hangingDial(DefaultReceiverTimeout * 9 / 10), os.ErrDeadlineExceeded},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := pipeWriter(t, &pipeReceiver{})
				w.wire.dial = tt.dial
				start := time.Now()
				if n, err := w.Write([]byte("{}\n")); n != 0 || !errors.Is(err, tt.want) {
					t.Errorf("got %d, %v", n, err)
				}
				if took := time.Since(start); took != DefaultReceiverTimeout {
					t.Errorf("took %v, want %v", took, DefaultReceiverTimeout)
				}
				if w.wire.conn != nil {
					t.Error("the connection is kept")
				}
				must(t, w.Close())
			})
		})
	}
}

// Whatever part of a write gets through, whole lines are counted, and no other.
func TestAPartialWriteCountsItsWholeLines(t *testing.T) {
	const text = "{\"a\":1}\n{\"b\":22}\n\n{\"c\":333}\n"
	opts := SyslogOptions{Hostname: "h"}
	header, err := opts.header()
	must(t, err)
	for name, tt := range map[string]struct {
		make func(Receiver) (*NetWriter, error)
		sent func(line string) int // bytes, for a line
	}{
		"JSON lines": {NewNetWriter, func(line string) int { return len(line) }},
		"syslog": {
			func(to Receiver) (*NetWriter, error) { return NewSyslogWriter(to, opts) },
			func(line string) int {
				if line == "\n" {
					return 0
				}
				return len(header.appendCounted(nil, []byte(line[:len(line)-1]), time.Now()))
			},
		},
	} {
		counted := func(room int) (n int) {
			sent, end := 0, 0
			for line := range strings.Lines(text) {
				sent, end = sent+tt.sent(line), end+len(line)
				if sent <= room {
					n = end
				}
			}
			return n
		}
		for room := 0; counted(room) < len(text); room++ {
			synctest.Test(t, func(t *testing.T) {
				w, err := tt.make(Receiver{Network: "tcp", Address: "collector.test:6514"})
				must(t, err)
				w.wire.dial = (&pipeReceiver{accept: func(conn net.Conn) {
					go func() {
						_, _ = io.ReadFull(conn, make([]byte, room))
						_ = conn.Close()
					}()
				}}).dial
				if n, err := w.Write([]byte(text)); err == nil || n != counted(room) {
					t.Errorf("%s: room for %d: got %d, %v, want %d", name, room, n, err, counted(room))
				}
				must(t, w.Close())
			})
		}
	}
}

func TestOnlyWholeLinesAreSent(t *testing.T) {
	w := pipeWriter(t, &pipeReceiver{})
	for _, text := range []string{"", "{}", "{}\n{"} {
		if n, err := w.Write([]byte(text)); n != 0 || err == nil {
			t.Errorf("%q: got %d, %v", text, n, err)
		}
	}
	must(t, w.Close())
	if _, err := w.Write([]byte("{}\n")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("after closing: %v", err)
	}
}
