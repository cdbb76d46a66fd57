package audit

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// streamReceiver is a real collector on a loopback or unix socket.
type streamReceiver struct {
	listener net.Listener
	conns    chan net.Conn // accepted; who takes one reads it
}

// listen begins anew at an address that it returned before, or at a free one.
func listen(t *testing.T, network, address string, config *tls.Config) *streamReceiver {
	t.Helper()
	listener, err := net.Listen(network, address)
	must(t, err)
	if config != nil {
		listener = tls.NewListener(listener, config)
	}
	r := &streamReceiver{listener, make(chan net.Conn, 100)}
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				close(r.conns)
				return
			}
			r.conns <- conn
		}
	}()
	t.Cleanup(r.stop)
	return r
}

func (r *streamReceiver) address() string { return r.listener.Addr().String() }

// stop stops listening, and drops the connections that nobody took.
func (r *streamReceiver) stop() {
	_ = r.listener.Close()
	for conn := range r.conns {
		_ = conn.Close()
	}
}

// reset ends a connection as a crash of the receiver does.
func reset(t *testing.T, conn net.Conn) {
	t.Helper()
	must(t, conn.(*net.TCPConn).SetLinger(0))
	must(t, conn.Close())
}

// readLines reads so many lines.
func readLines(t *testing.T, conn net.Conn, n int) string {
	t.Helper()
	var text strings.Builder
	for reader := bufio.NewReader(conn); n > 0; n-- {
		line, err := reader.ReadString('\n')
		if err != nil {
			t.Fatalf("%d lines too few: %v", n, err)
		}
		text.WriteString(line)
	}
	return text.String()
}

// mustVerifyText verifies what a receiver got.
func mustVerifyText(t *testing.T, text string) ChainReport {
	t.Helper()
	path := filepath.Join(t.TempDir(), "received.jsonl")
	must(t, os.WriteFile(path, []byte(text), 0o600))
	return mustVerify(t, []string{path}).Chains[0]
}

// wantNoGoroutinesLeft is to be deferred first.
func wantNoGoroutinesLeft(t *testing.T) func() {
	t.Helper()
	before := runtime.NumGoroutine()
	return func() {
		for deadline := time.Now().Add(10 * time.Second); runtime.NumGoroutine() > before; runtime.Gosched() {
			if time.Now().After(deadline) {
				stacks := make([]byte, 1<<16)
				t.Fatalf("goroutines are left:\n%s", stacks[:runtime.Stack(stacks, true)])
			}
		}
	}
}

// testAuthority makes certificates.
type testAuthority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) testAuthority {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	return testAuthority{certificate, key}
}

func (a testAuthority) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.certificate)
	return pool
}

// issue makes a certificate that ends at a time.
func (a testAuthority) issue(t *testing.T, host string, until time.Time) tls.Certificate {
	t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-2 * time.Hour), NotAfter: until,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	must(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestAReceiverIsChecked(t *testing.T) {
	const secret = "user:secret@collector"
	for _, tt := range []struct {
		name   string
		to     Receiver
		stream error // what NewNetWriter says
		syslog error // what NewSyslogWriter says
	}{
		{"tcp", Receiver{Network: "tcp", Address: "collector.test:6514"}, nil, nil},
		{"tcp, IPv6", Receiver{Network: "tcp", Address: "[::1]:6514"}, nil, nil},
		{"TLS", Receiver{Network: "tcp", Address: "collector.test:6514", TLS: &tls.Config{}}, nil, nil},
		{"unix", Receiver{Network: "unix", Address: "/run/collector"}, nil, nil},
		{"udp", Receiver{Network: "udp", Address: "collector.test:514"}, errStreamNetwork, nil},
		{"unixgram", Receiver{Network: "unixgram", Address: "/dev/log"}, errStreamNetwork, nil},
		{"nothing", Receiver{}, errStreamNetwork, errSyslogNetwork},
		{"another network", Receiver{Network: "ip", Address: secret}, errStreamNetwork, errSyslogNetwork},
		{"no port", Receiver{Network: "tcp", Address: secret}, errHostPort, errHostPort},
		{"an empty port", Receiver{Network: "tcp", Address: "collector.test:"}, errHostPort, errHostPort},
		{"no host", Receiver{Network: "tcp", Address: ":6514"}, errHostPort, errHostPort},
		{"a relative path", Receiver{Network: "unix", Address: secret}, errSocketPath, errSocketPath},
		{"TLS over unix", Receiver{Network: "unix", Address: "/run/collector", TLS: &tls.Config{}}, errTLSNetwork, errTLSNetwork},
		{"TLS over udp", Receiver{Network: "udp", Address: "collector.test:514", TLS: &tls.Config{}}, errStreamNetwork, errTLSNetwork},
		{"TLS with anybody", Receiver{Network: "tcp", Address: "collector.test:6514", TLS: &tls.Config{InsecureSkipVerify: true}}, errTLSUnverified, errTLSUnverified},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := NewNetWriter(tt.to)
			_, syslogErr := NewSyslogWriter(tt.to, SyslogOptions{})
			if !errors.Is(err, tt.stream) || !errors.Is(syslogErr, tt.syslog) {
				t.Errorf("got %v and %v", err, syslogErr)
			}
			if err != nil && strings.Contains(err.Error(), secret) {
				t.Errorf("repeats the address: %v", err)
			}
		})
	}
}

func TestTheCallersTLSConfigIsNotChanged(t *testing.T) {
	for given, want := range map[uint16]uint16{
		0: tls.VersionTLS12, tls.VersionTLS10: tls.VersionTLS12, tls.VersionTLS13: tls.VersionTLS13,
	} {
		config := &tls.Config{MinVersion: given}
		w, err := NewNetWriter(Receiver{Network: "tcp", Address: "collector.test:6514", TLS: config})
		must(t, err)
		if got := w.wire.to.TLS.MinVersion; got != want || config.MinVersion != given {
			t.Errorf("%#x given: %#x used, want %#x; then %#x", given, got, want, config.MinVersion)
		}
	}
}

func TestErrorsOfANetworkHoldNoAddress(t *testing.T) {
	r := listen(t, "tcp", "127.0.0.1:0", nil)
	refused := r.address()
	r.stop()
	_, port, _ := net.SplitHostPort(refused)
	for name, to := range map[string]Receiver{
		"refused":      {Network: "tcp", Address: refused},
		"unknown name": {Network: "tcp", Address: "collector.invalid:" + port},
		"no socket":    {Network: "unix", Address: filepath.Join(t.TempDir(), port)},
	} {
		w, err := NewNetWriter(to)
		must(t, err)
		_, err = w.Write([]byte("{}\n"))
		if err == nil || strings.Contains(err.Error(), "127.0.0.1") || strings.Contains(err.Error(), port) || strings.Contains(err.Error(), "invalid") {
			t.Errorf("%s: got %v", name, err)
		}
		must(t, w.Close())
	}
}

// readFrames takes counted messages apart.
func readFrames(t *testing.T, from io.Reader, n int) (messages []string) {
	t.Helper()
	for reader := bufio.NewReader(from); n > 0; n-- {
		digits, err := reader.ReadString(' ')
		must(t, err)
		length, err := strconv.Atoi(strings.TrimSuffix(digits, " "))
		must(t, err)
		message := make([]byte, length)
		_, err = io.ReadFull(reader, message)
		must(t, err)
		messages = append(messages, string(message))
	}
	return messages
}
