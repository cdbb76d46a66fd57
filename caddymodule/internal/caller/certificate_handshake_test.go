package caller

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
	"time"
)

// TestCertificateOfARealHandshakeIsRecognized, also where the session is
// resumed and no certificate is sent.
func TestCertificateOfARealHandshakeIsRecognized(t *testing.T) {
	t.Parallel()
	ca := newAuthority(t)
	clock := func() time.Time { return today }
	pair := func(change func(*x509.Certificate)) tls.Certificate {
		template := &x509.Certificate{
			SerialNumber: ca.cert.SerialNumber, NotBefore: today.Add(-time.Hour), NotAfter: today.Add(time.Hour),
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageServerAuth},
		}
		change(template)
		cert, key := issue(t, template, ca.cert, ca.key)
		return tls.Certificate{Certificate: [][]byte{cert.Raw}, PrivateKey: key}
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca.cert)
	server := &tls.Config{
		Time: clock, Certificates: []tls.Certificate{pair(names("server.example.com"))}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
	}
	client := &tls.Config{
		Time: clock, Certificates: []tls.Certificate{pair(names("", "spiffe://example.org/ns/signup"))}, RootCAs: pool,
		ServerName: "server.example.com", ClientSessionCache: tls.NewLRUClientSessionCache(1),
	}
	m := newMatcher(t, CertificateConfig{}, "signup", "uri:spiffe://example.org/ns/*")
	for _, resumed := range []bool{false, true} {
		state := handshake(t, server, client)
		if state.DidResume != resumed {
			t.Fatalf("resumed: got %t", state.DidResume)
		}
		if got, _, err := m.Identify(state, today); got != "signup" || err != nil {
			t.Errorf("resumed %t: got %q, %v", resumed, got, err)
		}
		if _, _, err := m.Identify(state, today.Add(2*time.Hour)); err != ErrCertificateTime {
			t.Errorf("resumed %t, expired: got %v", resumed, err)
		}
	}
}

// handshake returns the server's state of a connection.
func handshake(t *testing.T, server, client *tls.Config) *tls.ConnectionState {
	t.Helper()
	listener, err := tls.Listen("tcp", "127.0.0.1:0", server)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	states := make(chan *tls.ConnectionState, 1)
	go func() {
		defer close(states)
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err := conn.Write([]byte("x")); err != nil { // with the session's ticket in front
			return
		}
		state := conn.(*tls.Conn).ConnectionState()
		states <- &state
	}()
	dialer := &tls.Dialer{NetDialer: &net.Dialer{Timeout: 10 * time.Second}, Config: client}
	conn, err := dialer.DialContext(t.Context(), "tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	state := <-states
	if state == nil {
		t.Fatal("the server did not accept")
	}
	return state
}
