package harness

import (
	"io"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Forward is a TCP port behind which a server is reachable or not, as a test
// wants it.
type Forward struct {
	address string // on which it listens when it is open
	target  string
	lag     atomic.Int64 // how long every packet is kept, in nanoseconds

	mu       sync.Mutex
	listener net.Listener
	conns    map[net.Conn]bool
}

// NewForward makes a closed port before the server at a URL.
func NewForward(t testing.TB, target string) *Forward {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	f := &Forward{address: "127.0.0.1:" + FreePort(t), target: u.Host, conns: make(map[net.Conn]bool)}
	t.Cleanup(f.Close)
	return f
}

// URL is the address of the port, for a server that speaks TLS.
func (f *Forward) URL() string { return "https://" + f.address }

// Slow keeps everything that passes, in either direction, for a while; 0 ends
// that.
func (f *Forward) Slow(lag time.Duration) { f.lag.Store(int64(lag)) }

// Open begins to forward.
func (f *Forward) Open(t testing.TB) {
	t.Helper()
	listener, err := net.Listen("tcp", f.address)
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.listener = listener
	f.mu.Unlock()
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			go f.pass(conn)
		}
	}()
}

// Close refuses connections and breaks those there are.
func (f *Forward) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listener != nil {
		_ = f.listener.Close()
		f.listener = nil
	}
	for conn := range f.conns {
		_ = conn.Close()
	}
}

func (f *Forward) pass(from net.Conn) {
	to, err := net.Dial("tcp", f.target)
	if err != nil {
		_ = from.Close()
		return
	}
	if !f.track(from, to) {
		return
	}
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{from, to}, {to, from}} {
		both.Go(func() {
			_, _ = io.Copy(laggard{way[0], f}, way[1]) // until either side is closed
			_ = way[0].Close()
			_ = way[1].Close()
		})
	}
	both.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, from)
	delete(f.conns, to)
}

// track remembers connections, unless the port has been closed meanwhile.
func (f *Forward) track(conns ...net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, conn := range conns {
		if f.listener == nil {
			_ = conn.Close()
			continue
		}
		f.conns[conn] = true
	}
	return f.listener != nil
}

// laggard is a connection that gets everything late.
type laggard struct {
	to net.Conn
	f  *Forward
}

// Write writes when the lag is over.
func (l laggard) Write(p []byte) (int, error) {
	time.Sleep(time.Duration(l.f.lag.Load())) // a slow network, not a wait for something
	return l.to.Write(p)
}
