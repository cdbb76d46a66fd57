package quota

import (
	"context"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
	"github.com/ringward/ringward/e2e/redis"
)

func passwordIs(text string) func(context.Context) (string, error) {
	return func(context.Context) (string, error) { return text, nil }
}

func TestTLSAndAnACLUserWithFewRights(t *testing.T) {
	dir := t.TempDir()
	certificate := harness.NewCertificate(t, dir, "127.0.0.1")
	server := redis.StartTLS(t, certificate.CertFile, certificate.KeyFile, redis.OnlyCounter("counter", "right")...)
	secure := func(c *RedisConfig) {
		c.TLS, c.CAFile = true, certificate.CertFile
		c.Username, c.Password = "counter", passwordIs("right")
	}
	s, told := openRedis(t, secure, server.Address)
	if s.Status().Down {
		t.Fatal(<-told.down)
	}
	l := newLimiter(t, s, Rule{Dimension: ByIP, Rate: per(1, 24*time.Hour)})
	for i, reached := range []bool{false, true, true} {
		if state := take(t, l, ByIP, "192.0.2.1"); state.Reached != reached {
			t.Errorf("request %d: %+v", i+1, state)
		}
	}
	for name, spoil := range map[string]func(*RedisConfig){
		"wrong password": func(c *RedisConfig) { c.Password = passwordIs("wrong") },
		"unknown CA":     func(c *RedisConfig) { c.CAFile = harness.NewCertificate(t, t.TempDir(), "127.0.0.1").CertFile },
		"other name":     func(c *RedisConfig) { c.ServerName = "redis.example.com" },
		"no password to be had": func(c *RedisConfig) {
			c.Password = func(context.Context) (string, error) { return "", errors.New("vault is sealed") }
		},
	} {
		s, _ := openRedis(t, func(c *RedisConfig) { secure(c); spoil(c) }, server.Address)
		if !s.Status().Down {
			t.Errorf("%s: the store is connected", name)
		}
	}
}

func TestSentinelsLeadToTheNewMaster(t *testing.T) {
	master := redis.Start(t)
	_, port, _ := net.SplitHostPort(master.Address)
	replica := redis.Start(t, "--replicaof", "127.0.0.1", port)
	sentinels := redis.StartSentinels(t, master)
	s, told := openRedis(t, func(c *RedisConfig) { c.MasterName = redis.MasterName }, sentinels...)
	l := newLimiter(t, s, Rule{Dimension: ByIP, Rate: per(100, 24*time.Hour)})
	take(t, l, ByIP, "192.0.2.1")
	if s.Status().Down {
		t.Fatal("the store does not find the master")
	}
	master.Kill()
	for !s.Status().Down {
		_, _ = l.Take(t.Context(), ByIP, "192.0.2.1")
	}
	await(t, "down", told.down)
	await(t, "up", told.up)
	take(t, l, ByIP, "192.0.2.1")
	if role, err := replica.Command("ROLE"); err != nil || !strings.Contains(role, "master") {
		t.Errorf("role of the replica: %s%v", role, err)
	}
}

func TestAClusterCountsOnAllNodes(t *testing.T) {
	nodes := redis.StartCluster(t)
	s, told := openRedis(t, func(c *RedisConfig) { c.Cluster = true }, nodes[0].Address)
	if s.Status().Down {
		t.Fatal(<-told.down)
	}
	l := newLimiter(t, s,
		Rule{Dimension: ByIP, Rate: per(1, 24*time.Hour)},
		Rule{Dimension: ByIP, Rate: per(5, 48*time.Hour)},
	)
	for i := range 50 {
		key := fmt.Sprintf("192.0.2.%d", i)
		if take(t, l, ByIP, key).Reached || !take(t, l, ByIP, key).Reached {
			t.Errorf("client %d is not counted", i)
		}
	}
	for i, node := range nodes {
		if size, err := node.Command("DBSIZE"); err != nil || size == ":0\n" {
			t.Errorf("node %d holds no counter: %s%v", i, size, err)
		}
	}
}

func TestUnsoundRedisConfigsAreRefused(t *testing.T) {
	good := func() RedisConfig {
		return RedisConfig{Addresses: []string{"127.0.0.1:1"}, PseudonymKey: pseudonymKey}
	}
	for name, spoil := range map[string]func(*RedisConfig){
		"no address":           func(c *RedisConfig) { c.Addresses = nil },
		"two lone servers":     func(c *RedisConfig) { c.Addresses = append(c.Addresses, "127.0.0.1:2") },
		"cluster and master":   func(c *RedisConfig) { c.Cluster, c.MasterName = true, "m" },
		"cluster and database": func(c *RedisConfig) { c.Cluster, c.Database = true, 1 },
		"short pseudonym key":  func(c *RedisConfig) { c.PseudonymKey = pseudonymKey[:31] },
		"unknown policy":       func(c *RedisConfig) { c.OnFailure = "retry" },
		"share above 1":        func(c *RedisConfig) { c.Share = 1.5 },
		"negative share":       func(c *RedisConfig) { c.Share = -1 },
		"CA without TLS":       func(c *RedisConfig) { c.CAFile = "ca.pem" },
		"missing CA file":      func(c *RedisConfig) { c.TLS, c.CAFile = true, filepath.Join(t.TempDir(), "none") },
		"password of sentinels": func(c *RedisConfig) {
			c.MasterName = "m"
			c.SentinelPassword = func(context.Context) (string, error) { return "", errors.New("none") }
		},
	} {
		config := good()
		spoil(&config)
		if s, err := NewRedisStore(t.Context(), config); err == nil {
			t.Errorf("%s: accepted", name)
			_ = s.Close()
		}
	}
}
