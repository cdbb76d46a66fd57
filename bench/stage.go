package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/ringward/ringward/e2e/harness"
)

// stage is what stands around the contenders: the provider, Vault, Redis, and
// who calls.
type stage struct {
	dir      string
	binaries string // directory of what was built
	key      string // the provider's
	caFile   string
	upstream struct{ Fast, Slow string } // addresses
	caller   harness.Caller
	tokens   *issuer
	vault    *vault // nil: keys are in files
	redis    string // address; empty for none
	parts    []*process
}

// newStage builds what is measured and starts what stands around it.
func newStage(o *options) (*stage, error) {
	s := &stage{key: harness.RandomText(), caller: harness.NewCaller()}
	var err error
	if s.dir, err = os.MkdirTemp(o.dir, "ringward-bench-"); err != nil {
		return nil, err
	}
	if err := os.Chmod(s.dir, 0o755); err != nil { // nginx's workers are another user
		return nil, err
	}
	s.binaries = filepath.Join(s.dir, "bin")
	s.caFile = filepath.Join(s.dir, "upstream.pem")
	for _, step := range []func(*options) error{s.build, s.startUpstream, s.startVault, s.startRedis} {
		if err := step(o); err != nil {
			s.close()
			return nil, err
		}
	}
	s.tokens, err = newIssuer(s.dir, o.connections)
	return s, err
}

func (s *stage) close() {
	for _, p := range s.parts {
		p.stop()
	}
	if s.vault != nil {
		s.vault.server.Stop()
	}
	_ = os.RemoveAll(s.dir)
}

// build makes the programs as `make build` does. KrakenD's engine has a module of
// its own, which not everybody can fetch: without it, that contender is missing.
func (s *stage) build(*options) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	flags := []string{"build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", s.binaries + string(filepath.Separator)}
	if err := goCommand(root, append(flags, "./cmd/ringward", "./bench/barecaddy", "./bench/upstream")...); err != nil {
		return err
	}
	if err := goCommand(filepath.Join(root, "bench", "lura"), append(flags, ".")...); err != nil {
		fmt.Fprintln(os.Stderr, "KrakenD's engine could not be built:", err)
	}
	return nil
}

func goCommand(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %s: %w\n%s", args[0], err, out)
	}
	return nil
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("go list: %w", err)
	}
	return string(out[:len(out)-1]), nil
}

func (s *stage) startUpstream(o *options) error {
	printed, stdout, err := os.Pipe()
	if err != nil {
		return err
	}
	defer printed.Close()
	args := []string{"-key", s.key, "-ca-out", s.caFile}
	if o.http2 {
		args = append(args, "-http2")
	}
	p, err := launch(s.dir, stdout, filepath.Join(s.binaries, "upstream"), args...)
	_ = stdout.Close()
	if err != nil {
		return err
	}
	s.parts = append(s.parts, p)
	line, err := bufio.NewReader(printed).ReadBytes('\n')
	if err != nil && err != io.EOF {
		return err
	}
	return json.Unmarshal(line, &s.upstream)
}

// startRedis starts a Redis that keeps nothing, where there is one to start.
func (s *stage) startRedis(*options) error {
	path, err := exec.LookPath("redis-server")
	if errors.Is(err, exec.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	port, _, err := freePorts()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp(s.dir, "redis-")
	if err != nil {
		return err
	}
	p, err := launch(dir, nil, path, "--bind", "127.0.0.1", "--port", port, "--save", "", "--appendonly", "no")
	if err != nil {
		return err
	}
	s.parts = append(s.parts, p)
	s.redis = "127.0.0.1:" + port
	return nil
}

// freePorts returns two ports of loopback that nobody listens on.
func freePorts() (first, second string, err error) {
	var ports [2]string
	for i := range ports {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return "", "", err
		}
		defer listener.Close()
		_, ports[i], _ = net.SplitHostPort(listener.Addr().String())
	}
	return ports[0], ports[1], nil
}
