package quota

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// MaxWait is the longest that a store in the network keeps one request waiting.
const MaxWait = 50 * time.Millisecond

const (
	defaultShare     = 0.5
	defaultThreshold = 5

	// connectTimeout bounds what no request waits for: dialling, handshakes, and
	// looking for a Redis that was away.
	connectTimeout = time.Second
)

// RedisConfig says where a Redis or Valkey is, and how to go on without it.
type RedisConfig struct {
	// Addresses are "host:port": of the server, of the Sentinels where MasterName
	// is set, or of some nodes of a Cluster. One address may be the path of a unix
	// socket.
	Addresses []string

	// MasterName is what the Sentinels call the server.
	MasterName string

	// Cluster says that the addresses are nodes of a Cluster.
	Cluster bool

	// Database is the number of the database; a Cluster has only 0.
	Database int

	// Username is the ACL user; empty for the default user. Password is asked for
	// each new connection, so that a rotated one is taken up, and must answer from
	// memory, since a request waits; nil for none.
	Username string
	Password func(context.Context) (string, error)

	// SentinelUsername and SentinelPassword log in to the Sentinels; the password
	// is asked for once.
	SentinelUsername string
	SentinelPassword func(context.Context) (string, error)

	// TLS asks for TLS 1.2 or newer, with certificates signed by the CAs in the
	// PEM file CAFile, or by the system's where it is empty. ServerName is the
	// name in the server's certificate, where that is not the host's.
	TLS        bool
	CAFile     string
	ServerName string

	// PseudonymKey makes the pseudonyms that stand for keys in Redis. Replicas
	// that share limits must have the same. At least 32 bytes.
	PseudonymKey []byte

	// Wait is the longest that one request waits for Redis in all; default
	// MaxWait. A burst of more requests than Redis counts within that time counts
	// as a failure too.
	Wait time.Duration

	// Threshold is how many failures in a row take Redis for down; default 5.
	Threshold int

	// OnFailure says what happens to requests while Redis is slow or down; default
	// FailLocal.
	OnFailure FailurePolicy

	// Share is the part of each limit that one replica allows on its own under
	// FailLocal, more than 0 and up to 1; at least one request passes. The default
	// is 0.5: two replicas together then keep the limits, a single one gets half.
	Share float64

	// OnDown and OnUp, where set, are told when Redis is taken for down, with the
	// last failure, and when it is used again. They must not block.
	OnDown func(cause error)
	OnUp   func()
}

// FailurePolicy says what happens to requests that Redis cannot count.
type FailurePolicy string

// The failure policies.
const (
	FailLocal FailurePolicy = "local" // count in this process, against a share of the limits
	FailDeny  FailurePolicy = "deny"  // refuse all
	FailAllow FailurePolicy = "allow" // let all pass, uncounted
)

func (c *RedisConfig) setDefaults() {
	if c.Wait == 0 {
		c.Wait = MaxWait
	}
	if c.Threshold == 0 {
		c.Threshold = defaultThreshold
	}
	if c.OnFailure == "" {
		c.OnFailure = FailLocal
	}
	if c.Share == 0 {
		c.Share = defaultShare
	}
}

func (c *RedisConfig) check() error {
	switch {
	case len(c.Addresses) == 0:
		return errors.New("redis without an address")
	case len(c.Addresses) > 1 && !c.Cluster && c.MasterName == "":
		return errors.New("several redis addresses: set a Sentinel's master name or the cluster mode")
	case c.Cluster && (c.MasterName != "" || c.Database != 0):
		return errors.New("a redis cluster has neither a master name nor a database")
	case c.Database < 0:
		return errors.New("redis database must not be negative")
	case !c.TLS && (c.CAFile != "" || c.ServerName != ""):
		return errors.New("redis CA file or server name without TLS")
	case len(c.PseudonymKey) < 32:
		return errors.New("redis pseudonym key must have at least 32 bytes")
	case c.Wait < 0 || c.Threshold < 0:
		return errors.New("redis wait and threshold must not be negative")
	case c.OnFailure != FailLocal && c.OnFailure != FailDeny && c.OnFailure != FailAllow:
		return fmt.Errorf("unknown failure policy %q: use local, deny or allow", c.OnFailure)
	case !(c.Share > 0 && c.Share <= 1):
		return errors.New("redis share must be more than 0 and up to 1")
	}
	return nil
}

// options turns the config into go-redis's. Nothing is tried again: a request
// waits too short for that, and a repeated increment would count twice.
func (c *RedisConfig) options(ctx context.Context) (*redis.UniversalOptions, error) {
	// Requests have their own, shorter deadlines; these are for the connections.
	timeout := max(connectTimeout, c.Wait)
	o := &redis.UniversalOptions{
		Addrs:                 c.Addresses,
		MasterName:            c.MasterName,
		IsClusterMode:         c.Cluster,
		DB:                    c.Database,
		MaxRetries:            -1,
		DialerRetries:         1,
		DialTimeout:           connectTimeout,
		ReadTimeout:           timeout,
		WriteTimeout:          timeout,
		PoolTimeout:           timeout,
		ContextTimeoutEnabled: true, // a request's wait is in its context
		// Without these an ACL user needs fewer rights, and a connection fewer steps.
		DisableIdentity:          true,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
	if c.Password != nil {
		o.CredentialsProviderContext = func(ctx context.Context) (string, string, error) {
			password, err := c.Password(ctx)
			return c.Username, password, err
		}
	}
	if c.SentinelPassword != nil {
		password, err := c.SentinelPassword(ctx)
		if err != nil {
			return nil, fmt.Errorf("getting the password of the sentinels: %w", err)
		}
		o.SentinelUsername, o.SentinelPassword = c.SentinelUsername, password
	}
	var err error
	o.TLSConfig, err = c.tlsConfig()
	return o, err
}

func (c *RedisConfig) tlsConfig() (*tls.Config, error) {
	if !c.TLS {
		return nil, nil
	}
	config := &tls.Config{MinVersion: tls.VersionTLS12, ServerName: c.ServerName}
	if c.CAFile == "" {
		return config, nil
	}
	pem, err := os.ReadFile(c.CAFile)
	if err != nil {
		return nil, fmt.Errorf("reading the CAs for redis: %w", err)
	}
	config.RootCAs = x509.NewCertPool()
	if !config.RootCAs.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("reading the CAs for redis: no certificate in %s", c.CAFile)
	}
	return config, nil
}
