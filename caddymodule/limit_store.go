package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/caddyserver/caddy/v2"

	"github.com/ringward/ringward/caddymodule/internal/alert"
	"github.com/ringward/ringward/caddymodule/internal/credential"
	"github.com/ringward/ringward/caddymodule/internal/quota"
)

// LimitStoreConfig says in which Redis or Valkey limits and budgets are counted,
// so that all instances share them.
type LimitStoreConfig struct {
	// Addresses are host:port: of the server, of the Sentinels where MasterName
	// is set, or of some nodes of a Cluster. One can be the path of a unix socket.
	Addresses []string `json:"addresses"`

	// MasterName is what the Sentinels call the server.
	MasterName string `json:"master_name,omitempty"`

	// Cluster says that the addresses are nodes of a Cluster.
	Cluster bool `json:"cluster,omitempty"`

	// Database is the number of the database. Default: 0.
	Database int `json:"database,omitempty"`

	// Username is the ACL user. Default: Redis' default user.
	Username string `json:"username,omitempty"`

	// Password says where the password is kept. Default: none.
	Password *SecretConfig `json:"password,omitempty"`

	// TLS asks for TLS 1.2 or later, under the authorities in CAFile or the
	// system's. ServerName is the name in the certificate, if not the host's.
	TLS        bool   `json:"tls,omitempty"`
	CAFile     string `json:"ca_file,omitempty"`
	ServerName string `json:"server_name,omitempty"`

	// PseudonymKey says where the key is kept under which counters are named:
	// numbers, callers and addresses do not stand in Redis. All instances need
	// the same. Required.
	PseudonymKey *SecretConfig `json:"pseudonym_key,omitempty"`

	// OnFailure says what happens to requests while Redis is slow or down: local
	// (the default: counted here, against a share of each limit), deny or allow.
	OnFailure string `json:"on_failure,omitempty"`

	// Share is the share of each limit under local. Default: 0.5.
	Share float64 `json:"share,omitempty"`
}

func (c *LimitStoreConfig) check() error {
	switch {
	case len(c.Addresses) == 0:
		return errors.New("the limit store needs an address: limits redis <host:port>")
	case c.PseudonymKey == nil:
		return errors.New("the limit store needs a pseudonym_key, the same for all instances")
	case c.OnFailure != "" && c.OnFailure != string(quota.FailLocal) && c.OnFailure != string(quota.FailDeny) && c.OnFailure != string(quota.FailAllow):
		return fmt.Errorf("on_failure %q: use local, deny or allow", c.OnFailure)
	case c.Share < 0 || c.Share > 1 || (c.Share > 0 && c.OnFailure != "" && c.OnFailure != string(quota.FailLocal)):
		return errors.New("on_failure local takes a share of more than 0 and up to 1")
	}
	return nil
}

// The names of the limit store's secrets in status and metrics.
const (
	limitKeyName      = "limit_pseudonyms"
	limitPasswordName = "limit_store"
)

// provisionStore opens the counters: those of this process, or a Redis.
func (a *App) provisionStore(ctx caddy.Context) error {
	if a.LimitStore == nil {
		var err error
		a.store, err = lease(a.leases, storePool, "memory", newStore)
		return err
	}
	c := a.LimitStore
	if err := c.check(); err != nil {
		return err
	}
	key, err := a.keepSecret(ctx, c.PseudonymKey, limitKeyName)
	if err != nil {
		return fmt.Errorf("pseudonym key: %w", err)
	}
	password, err := a.keepSecret(ctx, c.Password, limitPasswordName)
	if err != nil {
		return fmt.Errorf("password: %w", err)
	}
	a.store, err = lease(a.leases, storePool, poolKey(c, a.Vault, digestOfFile(c.CAFile)), func() (quota.Counters, func() error, error) {
		s := &redisCounters{config: c, key: key, password: password}
		return s, s.close, s.open()
	})
	return err
}

// keepSecret keeps a secret that does not get worse with age; nil for none.
func (a *App) keepSecret(ctx caddy.Context, c *SecretConfig, name string) (*credential.Keeper, error) {
	if c == nil {
		return nil, nil
	}
	from := CredentialConfig{SecretConfig: *c, MaxStale: keepForever, RotateEvery: -1}
	keeper, err := from.keep(ctx, a, name)
	if err == nil {
		a.secrets.watch(name, keeper)
	}
	return keeper, err
}

// redisCounters is a Redis that is connected to as soon as the key for the
// names of its counters is there. Until then nothing is counted, and so nothing
// passes.
type redisCounters struct {
	config        *LimitStoreConfig
	key, password *credential.Keeper

	mu    sync.Mutex
	store *quota.RedisStore
}

// open connects, if the key is there. A key that is not fit is an error; one
// that is not there yet is not.
func (s *redisCounters) open() error {
	_, err := s.ready()
	if errors.Is(err, credential.ErrNotReady) || errors.Is(err, credential.ErrStale) {
		return nil
	}
	return err
}

func (s *redisCounters) ready() (*quota.RedisStore, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store != nil {
		return s.store, nil
	}
	value, err := s.key.Current()
	if err != nil {
		return nil, err
	}
	c := s.config
	s.store, err = quota.NewRedisStore(context.Background(), quota.RedisConfig{
		Addresses: c.Addresses, MasterName: c.MasterName, Cluster: c.Cluster, Database: c.Database,
		Username: c.Username, Password: s.revealPassword(), TLS: c.TLS, CAFile: c.CAFile, ServerName: c.ServerName,
		PseudonymKey: []byte(value.Fields[0].Secret.Reveal()), OnFailure: quota.FailurePolicy(c.OnFailure), Share: c.Share,
		OnDown: func(error) { hub().Emit(alert.Event{Name: alert.LimitStoreDown}) },
		OnUp:   func() { hub().Emit(alert.Event{Name: alert.LimitStoreUp}) },
	})
	return s.store, err
}

func (s *redisCounters) revealPassword() func(context.Context) (string, error) {
	if s.password == nil {
		return nil
	}
	return func(context.Context) (string, error) {
		value, err := s.password.Current()
		if err != nil {
			return "", err
		}
		return value.Fields[0].Secret.Reveal(), nil
	}
}

// Add counts in Redis.
func (s *redisCounters) Add(ctx context.Context, tallies []quota.Tally) error {
	store, err := s.ready()
	if err != nil {
		return err
	}
	return store.Add(ctx, tallies)
}

// GiveBack takes away again what was counted.
func (s *redisCounters) GiveBack(ctx context.Context, tallies []quota.Tally) error {
	store, err := s.ready()
	if err != nil {
		return err
	}
	return store.GiveBack(ctx, tallies)
}

// Forget removes counters, in Redis.
func (s *redisCounters) Forget(ctx context.Context, tallies []quota.Tally) (int, error) {
	store, err := s.ready()
	if err != nil {
		return 0, err
	}
	return store.Forget(ctx, tallies)
}

// status tells how Redis fares; one that was never connected to is down.
func (s *redisCounters) status() quota.RedisStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store == nil {
		return quota.RedisStatus{Down: true}
	}
	return s.store.Status()
}

func (s *redisCounters) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.store == nil {
		return nil
	}
	return s.store.Close()
}
