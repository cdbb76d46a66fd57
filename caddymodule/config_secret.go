package caddymodule

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/alert"
	"github.com/ringward/ringward/caddymodule/internal/credential"
)

// The kinds of sources.
const (
	sourceVault = "vault"
	sourceFile  = "file"
	sourceEnv   = "env"
)

// loadTimeout bounds how long loading a config waits for a source.
const loadTimeout = 10 * time.Second

// SecretConfig says where a secret is kept. It never holds the secret.
type SecretConfig struct {
	// Source is vault; or, for development, file or env.
	Source string `json:"source,omitempty"`

	// Path is the secret's path in Vault, as `vault kv get` or as Vault's API
	// has it; or the path of a file.
	Path string `json:"path,omitempty"`

	// Fields are the fields of the secret in Vault, in the order in which the
	// provider needs them; most need one.
	Fields []string `json:"fields,omitempty"`

	// KV is the version of Vault's KV engine, 1 or 2. Default: asked of Vault.
	KV int `json:"kv,omitempty"`

	// Name is the name of an environment variable.
	Name string `json:"name,omitempty"`
}

// CredentialConfig says where a provider's credential is kept and how fresh it
// must be.
type CredentialConfig struct {
	SecretConfig

	// Refresh is how often the source is asked. Default: 30s.
	Refresh caddy.Duration `json:"refresh,omitempty"`

	// MaxStale is for how long the last good value is used while the source
	// cannot be reached. Default: 1h.
	MaxStale caddy.Duration `json:"max_stale,omitempty"`

	// RotationGrace is for how long after a rotation the version before is
	// used when the provider refuses the new one. Default: 10m.
	RotationGrace caddy.Duration `json:"rotation_grace,omitempty"`

	// RotateEvery is the age from which a version is reported as overdue for
	// rotation. Default: 90 days.
	RotateEvery caddy.Duration `json:"rotate_every,omitempty"`
}

// fieldName is the name of the only field of file and env sources.
const fieldName = "value"

func (c *SecretConfig) validate() error {
	switch {
	case c.Source == sourceVault && c.Path != "" && len(c.Fields) > 0:
		_, err := credential.ParseReference(c.Path, c.Fields...)
		return err
	case c.Source == sourceFile && c.Path != "" && len(c.Fields) == 0:
	case c.Source == sourceEnv && c.Name != "" && c.Path == "" && len(c.Fields) == 0:
	default:
		return errors.New("a secret is named by: vault with path and field, file with path, or env with name")
	}
	return nil
}

// count is how many secrets the source gives.
func (c *SecretConfig) count() int {
	if c.Source == sourceVault {
		return len(c.Fields)
	}
	return 1
}

// source builds the source. What it needs is held by l.
func (c *SecretConfig) source(app *App, l *leases, logger *zap.Logger) (credential.Source, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	warn := func(text string) { logger.Warn(text) }
	switch c.Source {
	case sourceFile:
		warnOnce(logger, c.Source)
		return credential.NewFileSource(warn, credential.Location{Field: fieldName, At: c.Path})
	case sourceEnv:
		warnOnce(logger, c.Source)
		return credential.NewEnvSource(credential.Location{Field: fieldName, At: c.Name})
	}
	session, err := app.vaultSession(l)
	if err != nil {
		return nil, err
	}
	return credential.NewVaultSource(session, c.reference(app))
}

// reference is what a source of the kind vault reads.
func (c *SecretConfig) reference(app *App) credential.Reference {
	return credential.Reference{Path: c.Path, Fields: c.Fields, KV: c.KV, Environment: app.Environment}
}

// sessionConfig says how to reach Vault; VAULT_ADDR and VAULT_TOKEN may say it
// all.
func (a *App) sessionConfig() credential.SessionConfig {
	if a.Vault == nil {
		return credential.SessionConfig{}
	}
	return *a.Vault
}

// vaultSession returns the login that all references of this config share.
func (a *App) vaultSession(l *leases) (*credential.Session, error) {
	config := a.sessionConfig()
	return lease(l, sessionPool, poolKey(config, digestOfFile(config.CAFile)), func() (*credential.Session, func() error, error) {
		session, err := credential.NewSession(config)
		if err != nil {
			return nil, nil, err
		}
		return session, func() error { session.Close(); return nil }, nil
	})
}

// digestOfFile tells contents of a file apart, so that a reload takes up an
// authority that was replaced in place. What cannot be read is reported by
// whoever needs it.
func digestOfFile(path string) string {
	if path == "" {
		return ""
	}
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// poolKey tells configs of pooled values apart. They hold no secrets.
func poolKey(parts ...any) string {
	key, err := json.Marshal(parts)
	if err != nil {
		panic(err) // plain structs of texts and numbers
	}
	return string(key)
}

// keep returns the keeper of the credential. A wrong reference is an error; a
// source that cannot be reached is not.
func (c *CredentialConfig) keep(ctx caddy.Context, app *App, name string) (*credential.Keeper, error) {
	logger := ctx.Logger()
	ca := ""
	if app.Vault != nil {
		ca = digestOfFile(app.Vault.CAFile)
	}
	return lease(app.leases, keeperPool, poolKey(app.Vault, ca, app.Environment, c, name), func() (*credential.Keeper, func() error, error) {
		own := new(leases)
		of := poolKey(app.Vault, app.Environment, c.SecretConfig)
		keeper, err := c.newKeeper(ctx, own, app, name, logger, of)
		if err != nil {
			return nil, nil, errors.Join(err, own.Close())
		}
		siblings.add(of, keeper)
		return keeper, func() error {
			siblings.remove(of, keeper)
			keeper.Close()
			return own.Close()
		}, nil
	})
}

// siblings are the keepers that are in use, by source. A reload that changes how
// a source is kept finds here what it held, should the source be out of reach.
var siblings keeperSet

type keeperSet struct {
	mu      sync.Mutex
	keepers map[string][]*credential.Keeper
}

func (s *keeperSet) add(of string, k *credential.Keeper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.keepers == nil {
		s.keepers = make(map[string][]*credential.Keeper)
	}
	s.keepers[of] = append(s.keepers[of], k)
}

func (s *keeperSet) remove(of string, k *credential.Keeper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keepers[of] = slices.DeleteFunc(s.keepers[of], func(other *credential.Keeper) bool { return other == k })
	if len(s.keepers[of]) == 0 {
		delete(s.keepers, of)
	}
}

// bequeath gives what a sibling holds to a keeper that holds nothing.
func (s *keeperSet) bequeath(of string, to *credential.Keeper) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, from := range s.keepers[of] {
		to.Inherit(from)
	}
}

func (c *CredentialConfig) newKeeper(ctx context.Context, l *leases, app *App, name string, logger *zap.Logger, of string) (*credential.Keeper, error) {
	source, err := c.source(app, l, logger)
	if err != nil {
		return nil, err
	}
	keeper, err := credential.NewKeeper(credential.KeeperConfig{
		Source:      source,
		Refresh:     time.Duration(c.Refresh),
		MaxStale:    time.Duration(c.MaxStale),
		Grace:       time.Duration(c.RotationGrace),
		RotateEvery: time.Duration(c.RotateEvery),
		OnEvent:     func(e credential.Event) { hub().Emit(keeperEvent(e, name)) },
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, loadTimeout)
	defer cancel()
	if err := keeper.Load(ctx); err != nil {
		keeper.Close()
		return nil, err
	}
	siblings.bequeath(of, keeper)
	if _, err := keeper.Current(); err != nil {
		logger.Warn("the credential's source cannot be reached: requests are answered with 503 until it can",
			zap.String("credential", name), zap.String("source", source.Describe()))
	}
	keeper.Start()
	return keeper, nil
}

// keeperEvent translates what happened to a credential.
func keeperEvent(e credential.Event, name string) alert.Event {
	attributes := map[string]string{
		alert.AttrProvider: name,
		alert.AttrSource:   e.Source,
		alert.AttrVersion:  strconv.Itoa(e.Version),
	}
	if e.Err != nil {
		attributes["error"] = credential.Class(e.Err)
		attributes["detail"] = e.Err.Error()
	}
	return alert.Event{Name: keeperEvents[e.Kind], At: e.At, Attributes: attributes}
}

var keeperEvents = map[credential.EventKind]string{
	credential.EventRefreshFailed: alert.CredentialRefreshFailed,
	credential.EventRecovered:     alert.CredentialRecovered,
	credential.EventRotated:       alert.CredentialRotated,
	credential.EventRejected:      alert.CredentialRejected,
	credential.EventStale:         alert.CredentialStale,
	credential.EventOverdue:       alert.CredentialOverdue,
	credential.EventCreated:       alert.PseudonymKeyCreated,
	credential.EventDestroyed:     alert.PseudonymKeyDestroyed,
}
