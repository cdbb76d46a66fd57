package audit

import (
	"crypto/tls"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const collectorName = "collector.test"

func openNetLog(t *testing.T, to Receiver) (*Log, *NetWriter) {
	t.Helper()
	w, err := NewNetWriter(to)
	must(t, err)
	l, err := OpenWriterLog(w, Options{Instance: "i"})
	must(t, err)
	return l, w
}

func TestWhatAReceiverGetsVerifies(t *testing.T) {
	authority := newAuthority(t)
	server := &tls.Config{Certificates: []tls.Certificate{authority.issue(t, collectorName, time.Now().Add(time.Hour))}}
	client := &tls.Config{RootCAs: authority.pool(), ServerName: collectorName}
	for _, tt := range []struct {
		name, network, address string
		server, client         *tls.Config
	}{
		{"tcp", "tcp", "127.0.0.1:0", nil, nil},
		{"TLS", "tcp", "127.0.0.1:0", server, client},
		{"unix", "unix", filepath.Join(t.TempDir(), "socket"), nil, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := listen(t, tt.network, tt.address, tt.server)
			defer wantNoGoroutinesLeft(t)()
			l, _ := openNetLog(t, Receiver{Network: tt.network, Address: r.address(), TLS: tt.client, Timeout: time.Minute})
			received := make(chan string)
			go func() {
				text, err := io.ReadAll(<-r.conns)
				if err != nil { // over TLS: no goodbye
					t.Error(err)
				}
				received <- string(text)
			}()
			mustWrite(t, l, "1")
			mustWrite(t, l, "2")
			must(t, l.Close())
			if chain := mustVerifyText(t, <-received); chain.Entries != 2 {
				t.Errorf("%d entries, want 2", chain.Entries)
			}
			if err := l.Write(t.Context(), entry("late")); !errors.Is(err, ErrClosed) {
				t.Errorf("after closing: %v", err)
			}
		})
	}
}

func TestAReceiverThatRestartsLosesNothing(t *testing.T) {
	r := listen(t, "tcp", "127.0.0.1:0", nil)
	l, w := openNetLog(t, Receiver{Network: "tcp", Address: r.address(), Timeout: time.Minute})
	mustWrite(t, l, "1")
	conn := <-r.conns
	text := readLines(t, conn, 2)
	must(t, conn.Close())
	r.stop()
	<-w.wire.conn.ended
	if err := l.Write(t.Context(), entry("while-away")); !errors.Is(err, ErrUnavailable) {
		t.Errorf("while it is away: %v", err)
	}
	w.wire.again = time.Time{} // nobody writes: no need to wait for the pause
	if err := l.Write(t.Context(), entry("while-away")); !errors.Is(err, syscall.ECONNREFUSED) || !l.Failing() {
		t.Errorf("still away: %v", err)
	}

	r = listen(t, "tcp", r.address(), nil)
	w.wire.again = time.Time{}
	mustWrite(t, l, "2")
	conn = <-r.conns
	text += readLines(t, conn, 1)
	must(t, l.Close())
	if chain := mustVerifyText(t, text); chain.Entries != 2 || strings.Contains(text, "while-away") {
		t.Errorf("got %d entries, want 2", chain.Entries)
	}
}

func TestAResetIsFound(t *testing.T) {
	r := listen(t, "tcp", "127.0.0.1:0", nil)
	l, w := openNetLog(t, Receiver{Network: "tcp", Address: r.address(), Timeout: time.Minute})
	mustWrite(t, l, "1")
	conn := <-r.conns
	text := readLines(t, conn, 2)
	reset(t, conn)
	<-w.wire.conn.ended
	w.wire.conn.since = time.Time{} // it lasted for long
	mustWrite(t, l, "2")
	text += readLines(t, <-r.conns, 1)
	must(t, l.Close())
	if chain := mustVerifyText(t, text); chain.Entries != 2 {
		t.Errorf("%d entries, want 2", chain.Entries)
	}
}

// The chain goes on after the last line that may have got through, so the copy
// of a receiver that lost lines does not verify.
func TestAReceiverThatStopsReadingIsGivenUp(t *testing.T) {
	r := listen(t, "tcp", "127.0.0.1:0", nil)
	w, err := NewNetWriter(Receiver{Network: "tcp", Address: r.address(), Timeout: 300 * time.Millisecond})
	must(t, err)
	line := []byte(strings.Repeat("x", MaxEntry) + "\n")
	for err = nil; err == nil; { // until the buffers of both ends are full
		_, err = w.Write(line)
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) || w.wire.conn != nil {
		t.Errorf("got %v", err)
	}
	w.wire.again = time.Time{}
	if _, err := w.Write([]byte("{}\n")); err != nil {
		t.Errorf("over a new connection: %v", err)
	}
	<-r.conns
	if got := readLines(t, <-r.conns, 1); got != "{}\n" {
		t.Errorf("got %q", got)
	}
	must(t, w.Close())
}

func TestLinesGoOnlyToTheRightReceiver(t *testing.T) {
	right, wrong := newAuthority(t), newAuthority(t)
	hour := time.Now().Add(time.Hour)
	serve := func(c tls.Certificate) *tls.Config { return &tls.Config{Certificates: []tls.Certificate{c}} }
	old := serve(right.issue(t, collectorName, hour))
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	for name, server := range map[string]*tls.Config{
		"of another authority":  serve(wrong.issue(t, collectorName, hour)),
		"of another name":       serve(right.issue(t, "other.test", hour)),
		"expired":               serve(right.issue(t, collectorName, time.Now().Add(-time.Hour))),
		"older than TLS 1.2":    old,
		"without TLS, answers":  nil,
		"without a certificate": {GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return nil, errors.New("none") }},
	} {
		t.Run(name, func(t *testing.T) {
			r := listen(t, "tcp", "127.0.0.1:0", server)
			defer wantNoGoroutinesLeft(t)()
			w, err := NewNetWriter(Receiver{
				Network: "tcp", Address: r.address(), Timeout: time.Minute,
				TLS: &tls.Config{RootCAs: right.pool(), ServerName: collectorName},
			})
			must(t, err)
			got := make(chan string)
			go func() {
				conn := <-r.conns
				if server == nil {
					_, _ = conn.Write([]byte("220 who are you?\r\n"))
				}
				text, _ := io.ReadAll(conn)
				_ = conn.Close()
				got <- string(text)
			}()
			if n, err := w.Write([]byte("{\"secret\":1}\n")); n != 0 || err == nil {
				t.Errorf("got %d, %v", n, err)
			}
			if text := <-got; strings.Contains(text, "secret") {
				t.Error("the line was sent")
			}
			must(t, w.Close())
		})
	}
}

// Under TLS 1.3 a client learns that its certificate is refused only after it
// has written. Then at least it must not go on writing.
func TestAReceiverThatRefusesOurCertificateIsFound(t *testing.T) {
	authority := newAuthority(t)
	r := listen(t, "tcp", "127.0.0.1:0", &tls.Config{
		Certificates: []tls.Certificate{authority.issue(t, collectorName, time.Now().Add(time.Hour))},
		ClientAuth:   tls.RequireAndVerifyClientCert, ClientCAs: newAuthority(t).pool(),
	})
	defer wantNoGoroutinesLeft(t)()
	w, err := NewNetWriter(Receiver{
		Network: "tcp", Address: r.address(), Timeout: time.Minute,
		TLS: &tls.Config{RootCAs: authority.pool(), ServerName: collectorName},
	})
	must(t, err)
	go func() {
		conn := <-r.conns
		_, _ = io.ReadAll(conn)
		_ = conn.Close()
	}()
	if _, err := w.Write([]byte("{}\n")); err == nil {
		<-w.wire.conn.ended
		if _, err := w.Write([]byte("{}\n")); !errors.Is(err, errEnded) {
			t.Errorf("the second write: %v", err)
		}
	}
	must(t, w.Close())
}
