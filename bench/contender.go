package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// contender is a proxy that a user could put in front of the provider.
type contender struct {
	name    string
	does    string // besides passing on
	filters bool   // lets some fields of an answer out, not all
	tokens  bool   // its callers show tokens

	// launch starts it. Its config makes it listen on r.port and ask the provider's
	// fast address, and on r.slowPort for the slow one.
	launch func(s *stage, r *running) (*process, error)
}

// errSkip says why a contender does not take part.
var errSkip = errors.New("left out")

// Names of contenders that others are compared with.
const (
	bareCaddy = "bare Caddy"
	ringward  = "Ringward"
	unsynced  = "Ringward, audit not synced"
	inRedis   = "Ringward, limits in Redis"
)

func contenders() []contender {
	return []contender{
		{name: bareCaddy, does: "key header", launch: launchBare},
		{name: "nginx", does: "key header, rate limit, JSON access log", launch: launchNginx},
		{name: "HAProxy", does: "key header, rate limit, JSON access log", launch: launchHAProxy},
		{name: "lura (KrakenD)", does: "key header, response filter", filters: true, launch: launchLura},
		{name: ringward, does: "everything: caller key, limits in four dimensions, number check, credential, projection, audit synced to disk", filters: true, launch: ringwardWith(variant{})},
		{name: unsynced, does: "the same, audit to /dev/null", filters: true, launch: ringwardWith(variant{unsynced: true})},
		{name: inRedis, does: "the same as Ringward, limits counted in Redis", filters: true, launch: ringwardWith(variant{redis: true})},
		{name: "Ringward, JWT callers", does: "the same as Ringward, EdDSA tokens for caller keys", filters: true, tokens: true, launch: ringwardWith(variant{tokens: true})},
	}
}

// running is a contender that serves.
type running struct {
	contender
	*process
	port, slowPort string
	credentials    []string // what callers show, one a connection in turn
	want           *answer
	ready          time.Duration // from the start to the first right answer
}

// start runs a contender until it has answered a lookup rightly.
func (s *stage) start(c contender) (*running, error) {
	dir, err := os.MkdirTemp(s.dir, "proxy-")
	if err != nil {
		return nil, err
	}
	if err := os.Chmod(dir, 0o755); err != nil { // nginx's workers are another user
		return nil, err
	}
	r := &running{contender: c, process: &process{dir: dir}, credentials: []string{s.caller.Key}}
	if c.tokens {
		r.credentials = s.tokens.texts
	}
	if r.port, r.slowPort, err = freePorts(); err != nil {
		return nil, err
	}
	begin := time.Now()
	if r.process, err = c.launch(s, r); err != nil {
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	if err := r.await(begin); err != nil {
		r.stop()
		return nil, fmt.Errorf("%s: %w", c.name, err)
	}
	return r, nil
}

// startLimit bounds how long a contender may take to answer.
const startLimit = 30 * time.Second

func (r *running) await(begin time.Time) error {
	for {
		var err error
		if r.want, err = learn(r.address(), r.credentials[0], r.filters); err == nil {
			r.ready = time.Since(begin)
			return nil
		}
		if ended := r.running(); ended != nil {
			return ended
		}
		if time.Since(begin) > startLimit {
			return fmt.Errorf("not ready in %s: %w", startLimit, err)
		}
		time.Sleep(time.Millisecond)
	}
}

func (r *running) address() string { return "127.0.0.1:" + r.port }

// slowly is the same contender where it asks the slow address.
func (r *running) slowly() *running {
	slow := *r
	slow.port = r.slowPort
	return &slow
}

func (r *running) dial(connections int) ([]*client, error) {
	clients := make([]*client, 0, connections)
	for i := range connections {
		c, err := dial(r.address(), r.credentials[i%len(r.credentials)], r.want)
		if err != nil {
			for _, c := range clients {
				c.close()
			}
			return nil, err
		}
		clients = append(clients, c)
	}
	return clients, nil
}

// file writes a file that the contender reads, and returns its path.
func (r *running) file(name, text string) (string, error) {
	path := filepath.Join(r.dir, name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}
