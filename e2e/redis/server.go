package redis

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

const startTimeout = 20 * time.Second

// Server is a redis-server process on a free port of the loopback interface.
type Server struct {
	// Address is its "host:port".
	Address string

	t    testing.TB
	dir  string
	args []string
	cmd  *exec.Cmd
}

// Start starts a server with further arguments, and ends it with the test.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	port := FreePort(t)
	return startAt(t, port, append([]string{"--port", port}, args...)...)
}

func startAt(t testing.TB, port string, args ...string) *Server {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("there is no redis-server to test with: install it, on Debian the package redis-server")
	}
	s := &Server{Address: "127.0.0.1:" + port, t: t, dir: t.TempDir()}
	s.args = append([]string{
		"--bind", "127.0.0.1", "--dir", s.dir, "--daemonize", "no", "--save", "", "--appendonly", "no",
		"--logfile", filepath.Join(s.dir, "log"),
	}, args...)
	s.run()
	t.Cleanup(func() {
		s.Kill()
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			t.Logf("log of redis at %s:\n%s", s.Address, log)
		}
	})
	return s
}

func (s *Server) run() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	if err := harness.StartTied(s.cmd); err != nil {
		s.t.Fatalf("starting redis-server: %v", err)
	}
	s.waitUntil("accepts connections", func() bool {
		conn, err := net.Dial("tcp", s.Address)
		if err == nil {
			_ = conn.Close()
		}
		return err == nil
	})
}

// Kill ends the process at once, and with it all that it counted.
func (s *Server) Kill() {
	if s.cmd.ProcessState == nil {
		_ = s.cmd.Process.Kill()
		_ = s.cmd.Wait()
	}
}

// Restart starts a killed server again at its address.
func (s *Server) Restart() {
	s.t.Helper()
	s.run()
}

// Freeze stops the process: connections stay, and nothing answers.
func (s *Server) Freeze() { s.signal(syscall.SIGSTOP) }

// Thaw lets a frozen process go on.
func (s *Server) Thaw() { s.signal(syscall.SIGCONT) }

func (s *Server) signal(signal syscall.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(signal); err != nil {
		s.t.Fatal(err)
	}
}

// Command runs one command without TLS or login and returns the answer as Redis
// writes it. Its words must not hold spaces.
func (s *Server) Command(words ...string) (string, error) {
	conn, err := net.DialTimeout("tcp", s.Address, time.Second)
	if err != nil {
		return "", err
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(5 * time.Second))
	if _, err := fmt.Fprintf(conn, "%s\r\n", strings.Join(words, " ")); err != nil {
		return "", err
	}
	_ = conn.(*net.TCPConn).CloseWrite() // Redis answers, then closes its side
	var answer strings.Builder
	lines := bufio.NewScanner(conn)
	for lines.Scan() {
		answer.WriteString(lines.Text() + "\n")
	}
	return answer.String(), lines.Err()
}

// waitUntil polls: Redis tells nobody when it is ready.
func (s *Server) waitUntil(what string, done func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(startTimeout); !done(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			log, _ := os.ReadFile(filepath.Join(s.dir, "log"))
			s.t.Fatalf("redis at %s: waited in vain until it %s; its log:\n%s", s.Address, what, log)
		}
	}
}

// FreePort returns a port of the loopback interface that nothing uses now.
func FreePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
