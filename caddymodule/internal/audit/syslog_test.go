package audit

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// rfc5424 is the grammar of its section 6, as far as it has one line.
var rfc5424 = regexp.MustCompile(`^<(\d{1,3})>([1-9]\d{0,2}) ` +
	`(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{1,6}Z) ` +
	`(-|[!-~]{1,255}) (-|[!-~]{1,48}) (-|[!-~]{1,128}) (-|[!-~]{1,32}) - (.*)$`)

func TestASyslogMessageIsOfRFC5424(t *testing.T) {
	line, _ := link{}.append(nil, startLine{instance: "ü"}.appendJSON(nil))
	text := strings.TrimSuffix(string(line), "\n")
	when := time.Date(2026, 11, 3, 4, 5, 6, 7800, time.FixedZone("", 3600))
	for _, tt := range []struct {
		opts           SyslogOptions
		priority       string
		host, app, pid string
	}{
		{SyslogOptions{}, "134", hostInstance(), "ringward", fmt.Sprint(os.Getpid())},
		{SyslogOptions{Facility: "audit", AppName: "door", Hostname: "h.test"}, "110", "h.test", "door", fmt.Sprint(os.Getpid())},
		{SyslogOptions{Facility: "local7", AppName: strings.Repeat("a", 48), Hostname: strings.Repeat("h", 255)}, "190", strings.Repeat("h", 255), strings.Repeat("a", 48), fmt.Sprint(os.Getpid())},
	} {
		header, err := tt.opts.header()
		must(t, err)
		message := string(header.appendMessage(nil, []byte(text), when))
		got := rfc5424.FindStringSubmatch(message)
		if got == nil {
			t.Fatalf("got %q", message)
		}
		for i, want := range []string{tt.priority, "1", "2026-11-03T03:05:06.000007Z", tt.host, tt.app, tt.pid, "audit", text} {
			if got[i+1] != want {
				t.Errorf("field %d: got %q, want %q", i, got[i+1], want)
			}
		}
		if counted := string(header.appendCounted(nil, []byte(text), when)); counted != fmt.Sprint(len(message), " ", message) {
			t.Errorf("counted: got %q", counted)
		}
	}
}

func TestSyslogOptionsAreChecked(t *testing.T) {
	for _, tt := range []struct {
		opts SyslogOptions
		want error
	}{
		{SyslogOptions{Facility: "kern"}, errFacility},
		{SyslogOptions{Facility: "local8"}, errFacility},
		{SyslogOptions{AppName: "two words"}, errAppName},
		{SyslogOptions{AppName: strings.Repeat("a", 49)}, errAppName},
		{SyslogOptions{AppName: "ü"}, errAppName},
		{SyslogOptions{Hostname: "a\nb"}, errHostname},
		{SyslogOptions{Hostname: strings.Repeat("h", 256)}, errHostname},
	} {
		if _, err := NewSyslogWriter(Receiver{Network: "unixgram", Address: "/dev/log"}, tt.opts); !errors.Is(err, tt.want) {
			t.Errorf("got %v, want %v", err, tt.want)
		}
	}
}

func openSyslog(t *testing.T, to Receiver) (*Log, *NetWriter) {
	t.Helper()
	w, err := NewSyslogWriter(to, SyslogOptions{})
	must(t, err)
	l, err := OpenWriterLog(w, Options{Instance: "i"})
	must(t, err)
	return l, w
}

// linesOf takes the lines out of messages.
func linesOf(t *testing.T, messages []string) string {
	t.Helper()
	var text strings.Builder
	for _, message := range messages {
		got := rfc5424.FindStringSubmatch(message)
		if got == nil {
			t.Fatalf("got %q", message)
		}
		text.WriteString(got[8] + "\n")
	}
	return text.String()
}

func TestSyslogOverAStreamIsCounted(t *testing.T) {
	r := listen(t, "tcp", "127.0.0.1:0", nil)
	defer wantNoGoroutinesLeft(t)()
	l, _ := openSyslog(t, Receiver{Network: "tcp", Address: r.address(), Timeout: time.Minute})
	mustWrite(t, l, "1")
	mustWrite(t, l, "2")
	conn := <-r.conns
	defer conn.Close()
	if chain := mustVerifyText(t, linesOf(t, readFrames(t, conn, 3))); chain.Entries != 2 {
		t.Errorf("%d entries, want 2", chain.Entries)
	}
	must(t, l.Close())
}

// listenPacket is a real syslog daemon's socket.
func listenPacket(t *testing.T, network, address string) net.PacketConn {
	t.Helper()
	conn, err := net.ListenPacket(network, address)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

func readMessages(t *testing.T, conn net.PacketConn, n int) (messages []string) {
	t.Helper()
	buffer := make([]byte, 1<<17)
	for range n {
		length, _, err := conn.ReadFrom(buffer)
		must(t, err)
		messages = append(messages, string(buffer[:length]))
	}
	return messages
}

func TestSyslogOverDatagrams(t *testing.T) {
	for network, address := range map[string]string{
		"udp": "127.0.0.1:0", "unixgram": filepath.Join(t.TempDir(), "log"),
	} {
		t.Run(network, func(t *testing.T) {
			server := listenPacket(t, network, address)
			defer wantNoGoroutinesLeft(t)()
			l, _ := openSyslog(t, Receiver{Network: network, Address: server.LocalAddr().String(), Timeout: time.Minute})
			mustWrite(t, l, "1")
			mustWrite(t, l, "2")
			if chain := mustVerifyText(t, linesOf(t, readMessages(t, server, 3))); chain.Entries != 2 {
				t.Errorf("%d entries, want 2", chain.Entries)
			}
			must(t, l.Close())
		})
	}
}

func TestALineTooLongForADatagramIsAnError(t *testing.T) {
	server := listenPacket(t, "udp", "127.0.0.1:0")
	w, err := NewSyslogWriter(Receiver{Network: "udp", Address: server.LocalAddr().String(), Timeout: time.Minute}, SyslogOptions{})
	must(t, err)
	long := strings.Repeat("x", MaxEntry) + "\n"
	if n, err := w.Write([]byte("{\"a\":1}\n" + long + "{\"b\":2}\n")); n != len("{\"a\":1}\n") || !errors.Is(err, errTooLong) {
		t.Errorf("got %d, %v", n, err)
	}
	if _, err := w.Write([]byte("{\"b\":2}\n")); err != nil {
		t.Errorf("after it: %v", err)
	}
	if got := linesOf(t, readMessages(t, server, 2)); got != "{\"a\":1}\n{\"b\":2}\n" {
		t.Errorf("got %q", got)
	}
	must(t, w.Close())
}

func TestASyslogDaemonThatStopsReadingIsGivenUp(t *testing.T) {
	server := listenPacket(t, "unixgram", filepath.Join(t.TempDir(), "log"))
	w, err := NewSyslogWriter(Receiver{Network: "unixgram", Address: server.LocalAddr().String(), Timeout: 300 * time.Millisecond}, SyslogOptions{})
	must(t, err)
	sent := 0
	for err == nil { // until its queue is full
		var n int
		n, err = w.Write([]byte("{}\n{}\n{}\n"))
		sent += n / len("{}\n")
	}
	if !errors.Is(err, os.ErrDeadlineExceeded) || w.wire.conn != nil {
		t.Errorf("got %v", err)
	}
	readMessages(t, server, sent) // all that were counted are there
	w.wire.again = time.Time{}
	if _, err := w.Write([]byte("{}\n")); err != nil {
		t.Errorf("when it reads again: %v", err)
	}
	must(t, w.Close())
}

func TestASyslogDaemonThatRestartsIsFound(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	server := listenPacket(t, "unixgram", path)
	l, w := openSyslog(t, Receiver{Network: "unixgram", Address: path, Timeout: time.Minute})
	mustWrite(t, l, "1")
	text := linesOf(t, readMessages(t, server, 2))
	must(t, server.Close())
	if err := l.Write(t.Context(), entry("while-away")); !errors.Is(err, syscall.ECONNREFUSED) || !errors.Is(err, ErrUnavailable) {
		t.Errorf("while it is away: %v", err)
	}
	_ = os.Remove(path)
	server = listenPacket(t, "unixgram", path)
	w.wire.again = time.Time{}
	mustWrite(t, l, "2")
	text += linesOf(t, readMessages(t, server, 1))
	must(t, l.Close())
	if chain := mustVerifyText(t, text); chain.Entries != 2 {
		t.Errorf("%d entries, want 2", chain.Entries)
	}
}
