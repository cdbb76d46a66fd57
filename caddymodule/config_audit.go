package caddymodule

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/credential"
)

// AuditConfig says where audit entries go. One entry is written for every
// request, and no answer leaves before its entry is safe.
type AuditConfig struct {
	// File is a file of JSON lines, appended to and synced. Default:
	// ringward/audit.jsonl in Caddy's data directory.
	File string `json:"file,omitempty"`

	// Stdout writes the entries to standard output instead, for platforms that
	// collect it. Nothing can be synced there.
	Stdout bool `json:"stdout,omitempty"`

	// PseudonymKey is the secret under which numbers are turned into
	// pseudonyms: at least 32 bytes. Without one a random key is used that is
	// gone when the process ends, and pseudonyms of different runs differ.
	PseudonymKey *SecretConfig `json:"pseudonym_key,omitempty"`
}

func (a *App) provisionAudit(ctx caddy.Context) error {
	if a.Audit.File != "" && a.Audit.Stdout {
		return errors.New("audit: choose either file or stdout")
	}
	var err error
	if a.auditLog, err = lease(a.leases, auditPool, a.Audit.destination(), a.Audit.open); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if a.pseudonyms, err = a.newPseudonyms(ctx); err != nil {
		return fmt.Errorf("audit: pseudonym key: %w", err)
	}
	return nil
}

// destination names where the entries go; it is "-" for standard output.
func (c *AuditConfig) destination() string {
	switch {
	case c.Stdout:
		return "-"
	case c.File == "":
		return filepath.Join(caddy.AppDataDir(), "ringward", "audit.jsonl")
	}
	if absolute, err := filepath.Abs(c.File); err == nil {
		return absolute
	}
	return c.File
}

func (c *AuditConfig) open() (*audit.Log, func() error, error) {
	if c.Stdout {
		log, err := audit.OpenStdout(audit.Options{})
		if err != nil {
			return nil, nil, err
		}
		return log, log.Close, nil
	}
	// Only prepared: a config that is merely validated must not write.
	log, err := audit.Prepare(c.destination(), audit.Options{})
	if err != nil {
		return nil, nil, err
	}
	return log, log.Close, nil
}

// ephemeralKey lasts as long as the process, over all reloads.
var ephemeralKey = sync.OnceValue(func() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the process instead
	return key
})

// pseudonyms gives the pseudonymizer under the key of the moment.
type pseudonyms struct {
	fixed   *audit.Pseudonymizer // without a configured key
	keeper  *credential.Keeper
	current atomic.Pointer[keyedPseudonyms]
}

type keyedPseudonyms struct {
	value *credential.Value
	under *audit.Pseudonymizer
}

// pseudonymKeyName stands for the pseudonym key among the credentials.
const pseudonymKeyName = "audit_pseudonyms"

// keepForever is for a key that does not get worse with age: an outage of its
// source must not stop the service.
const keepForever = caddy.Duration(10 * 365 * 24 * time.Hour)

func (a *App) newPseudonyms(ctx caddy.Context) (*pseudonyms, error) {
	if a.Audit.PseudonymKey == nil {
		ephemeralWarning.Do(func() {
			a.logger.Warn("pseudonyms in the audit log change at every start: set pseudonym_key in the audit option to keep them")
		})
		fixed, err := audit.NewPseudonymizer(keyIDOf(ephemeralKey()), ephemeralKey())
		return &pseudonyms{fixed: fixed}, err
	}
	from := CredentialConfig{SecretConfig: *a.Audit.PseudonymKey, MaxStale: keepForever, RotateEvery: -1}
	keeper, err := from.keep(ctx, a, pseudonymKeyName)
	if err != nil {
		return nil, err
	}
	a.secrets.watch(pseudonymKeyName, keeper)
	p := &pseudonyms{keeper: keeper}
	if _, err := p.get(); err != nil && !errors.Is(err, credential.ErrNotReady) {
		return nil, err
	}
	return p, nil
}

// get returns the pseudonymizer, or an error while its key is not loaded.
func (p *pseudonyms) get() (*audit.Pseudonymizer, error) {
	if p.fixed != nil {
		return p.fixed, nil
	}
	value, err := p.keeper.Current()
	if err != nil {
		return nil, err
	}
	if c := p.current.Load(); c != nil && c.value == value {
		return c.under, nil
	}
	key := []byte(value.Fields[0].Secret.Reveal())
	under, err := audit.NewPseudonymizer(keyIDOf(key), key)
	if err != nil {
		return nil, err
	}
	p.current.Store(&keyedPseudonyms{value, under})
	return under, nil
}

var ephemeralWarning sync.Once

// keyIDOf names a pseudonym key, so that entries under different keys can be
// told apart. It says nothing about the key.
func keyIDOf(key []byte) string {
	digest := sha256.Sum256(append([]byte("ringward pseudonym key id\x00"), key...))
	return hex.EncodeToString(digest[:4])
}

// warned remembers which kinds of development sources were warned about.
var warned sync.Map

// warnOnce says once in a process that a source is for development.
func warnOnce(logger *zap.Logger, source string) {
	if _, again := warned.LoadOrStore(source, true); !again {
		logger.Warn("a credential source meant for development is in use; use vault in production", zap.String("source", source))
	}
}
