package caddymodule

import (
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
)

// AuditConfig says where audit entries go. One entry is written for every
// request.
type AuditConfig struct {
	// File is a file of JSON lines, appended to and synced. Default:
	// ringward/audit.jsonl in Caddy's data directory.
	File string `json:"file,omitempty"`

	// Stdout writes the entries to standard output instead, for platforms that
	// collect it. Nothing can be synced there.
	Stdout bool `json:"stdout,omitempty"`

	// Also, when set, is a second place. Entries count as written when one of the
	// two has them. Default: none.
	Also *AuditSinkConfig `json:"also,omitempty"`

	// Durability is when an answer may leave: sync (the default), when its entry
	// is durable; strict, when an entry was durable also before the provider was
	// asked; async, when its entry waits to be written.
	Durability string `json:"durability,omitempty"`

	// PseudonymKey is the secret under which numbers are turned into
	// pseudonyms: at least 32 bytes. Without one a random key is used that is
	// gone when the process ends, and pseudonyms of different runs differ.
	PseudonymKey *SecretConfig `json:"pseudonym_key,omitempty"`

	// PseudonymKeys says instead where keys stand that change with time.
	PseudonymKeys *EpochsConfig `json:"pseudonym_keys,omitempty"`

	// ClientIP is how clients' addresses are recorded: full (the default),
	// truncated (to /24, IPv6 to /48) or pseudonym.
	ClientIP string `json:"client_ip,omitempty"`

	// Instance names this process among others. Default: the host's name.
	Instance string `json:"instance,omitempty"`

	// SigningKey is the secret that checkpoints are signed with, as `ringward
	// audit key` makes it. Default: lines are chained and not signed.
	SigningKey *SecretConfig `json:"signing_key,omitempty"`

	// CheckpointEntries and CheckpointEvery say how often lines are signed.
	// Default: 1000 and 1m.
	CheckpointEntries int            `json:"checkpoint_entries,omitempty"`
	CheckpointEvery   caddy.Duration `json:"checkpoint_every,omitempty"`

	// RotateSize (bytes) and RotateEvery say when a file is renamed and a new one
	// begun. Default: never; with Retain, every 24h.
	RotateSize  int64          `json:"rotate_size,omitempty"`
	RotateEvery caddy.Duration `json:"rotate_every,omitempty"`

	// Retain is how long rotated files are kept. Default: for ever.
	Retain caddy.Duration `json:"retain,omitempty"`
}

// The words of AuditConfig.
const (
	durabilityStrict = "strict"
	durabilitySync   = "sync"
	durabilityAsync  = "async"

	clientIPFull      = "full"
	clientIPTruncated = "truncated"
	clientIPPseudonym = "pseudonym"
)

var instancePattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,128}$`)

func (c *AuditConfig) check() error {
	switch {
	case c.File != "" && c.Stdout:
		return errors.New("choose either file or stdout")
	case c.Durability != "" && c.Durability != durabilityStrict && c.Durability != durabilitySync && c.Durability != durabilityAsync:
		return fmt.Errorf("durability %q: use strict, sync or async", c.Durability)
	case c.ClientIP != "" && c.ClientIP != clientIPFull && c.ClientIP != clientIPTruncated && c.ClientIP != clientIPPseudonym:
		return fmt.Errorf("client_ip %q: use full, truncated or pseudonym", c.ClientIP)
	case c.PseudonymKey != nil && c.PseudonymKeys != nil:
		return errors.New("choose either pseudonym_key, which stays, or pseudonym_keys, which change with time")
	case c.Stdout && (c.RotateSize != 0 || c.RotateEvery != 0 || c.Retain != 0):
		return errors.New("what goes to stdout is not rotated here")
	case c.RotateSize < 0 || c.RotateEvery < 0 || c.Retain < 0 || c.CheckpointEntries < 0 || c.CheckpointEvery < 0:
		return errors.New("a size, count or time is negative")
	case c.Instance != "" && !instancePattern.MatchString(c.Instance):
		return errors.New("instance: use 1 to 128 letters, digits, '.', '_' and '-'")
	case c.Also != nil:
		return c.Also.check()
	}
	return nil
}

func (a *App) provisionAudit(ctx caddy.Context) error {
	c := &a.Audit
	if err := c.check(); err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	signing, err := a.keepSecret(ctx, c.SigningKey, signingKeyName)
	if err != nil {
		return fmt.Errorf("audit: signing key: %w", err)
	}
	options := poolKey(c.Also, c.Instance, c.SigningKey, c.CheckpointEntries, c.CheckpointEvery, c.RotateSize, c.RotateEvery, c.Retain)
	a.auditLog, err = lease(a.leases, auditPool, c.destination(), func() (*auditLog, func() error, error) {
		log := &auditLog{config: *c, options: options, signing: signing}
		return log, log.Close, log.open()
	})
	if err != nil {
		return fmt.Errorf("audit: %w", err)
	}
	if a.auditLog.options != options {
		a.logger.Warn("options of the audit log have changed: they count from the next start on, as the log goes on over a reload")
	}
	if a.pseudonyms, err = a.newPseudonyms(ctx); err != nil {
		return fmt.Errorf("audit: pseudonym key: %w", err)
	}
	return nil
}

// signingKeyName stands for the checkpoints' key among the credentials.
const signingKeyName = "audit_signing"

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

// warned remembers which kinds of development sources were warned about.
var warned sync.Map

// warnOnce says once in a process that a source is for development.
func warnOnce(logger *zap.Logger, source string) {
	if _, again := warned.LoadOrStore(source, true); !again {
		logger.Warn("a credential source meant for development is in use; use vault in production", zap.String("source", source))
	}
}
