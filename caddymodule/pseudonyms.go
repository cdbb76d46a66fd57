package caddymodule

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/credential"
)

// EpochsConfig says where the keys of pseudonyms stand that change with time. What
// was recorded in an epoch whose key is destroyed can be linked to nobody.
type EpochsConfig struct {
	// Path is a folder in Vault, in an engine of KV version 2. Ringward makes the
	// keys there itself.
	Path string `json:"path"`

	// Every is how long an epoch is: month (the default), week or day, of UTC.
	Every string `json:"every,omitempty"`

	// Refresh is how often the keys are read again, and so the time after which a
	// destroyed one is no longer used. Default: 5m; 1h at most.
	Refresh caddy.Duration `json:"refresh,omitempty"`
}

// check reports a folder that cannot be one. Vault is not asked.
func (c *EpochsConfig) check() error {
	if _, err := credential.NewEpochKeys(new(credential.Session), c.Path, ""); err != nil {
		return err
	}
	switch c.Every {
	case "", credential.EveryMonth, credential.EveryWeek, credential.EveryDay:
		return nil
	default:
		return fmt.Errorf("%q is no epoch: use month, week or day", c.Every)
	}
}

// ephemeralKey lasts as long as the process, over all reloads.
var ephemeralKey = sync.OnceValue(func() []byte {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails: crypto/rand ends the process instead
	return key
})

// pseudonyms gives the pseudonymizer under the key of the moment. One of its
// sources is set.
type pseudonyms struct {
	fixed  *audit.Pseudonymizer // without a configured key
	keeper *credential.Keeper
	epochs *credential.Epochs

	current atomic.Pointer[keyedPseudonyms]
}

// keyedPseudonyms is a pseudonymizer with the value that its key is from: a
// *credential.Value or a *credential.EpochKey.
type keyedPseudonyms struct {
	from  any
	under *audit.Pseudonymizer
}

// pseudonymKeyName stands for the pseudonym key among the credentials.
const pseudonymKeyName = "audit_pseudonyms"

// keepForever is for a key that does not get worse with age: an outage of its
// source must not stop the service.
const keepForever = caddy.Duration(10 * 365 * 24 * time.Hour)

func (a *App) newPseudonyms(ctx caddy.Context) (*pseudonyms, error) {
	if a.Audit.PseudonymKey == nil && a.Audit.PseudonymKeys == nil {
		ephemeralWarning.Do(func() {
			a.logger.Warn("pseudonyms in the audit log change at every start: set pseudonym_key in the audit option to keep them")
		})
		fixed, err := audit.NewPseudonymizer(keyIDOf(ephemeralKey()), ephemeralKey())
		return &pseudonyms{fixed: fixed}, err
	}
	if a.Audit.PseudonymKeys != nil {
		epochs, err := a.Audit.PseudonymKeys.keep(ctx, a)
		return &pseudonyms{epochs: epochs}, err
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
	if p.epochs != nil {
		key, err := p.epochs.Current()
		if err != nil {
			return nil, err
		}
		return p.under(key, func() (string, []byte) { return key.Name, []byte(key.Secret.Reveal()) })
	}
	value, err := p.keeper.Current()
	if err != nil {
		return nil, err
	}
	return p.under(value, func() (string, []byte) {
		key := []byte(value.Fields[0].Secret.Reveal())
		return keyIDOf(key), key
	})
}

// under returns the pseudonymizer of a key, made once for each.
func (p *pseudonyms) under(from any, reveal func() (id string, key []byte)) (*audit.Pseudonymizer, error) {
	if c := p.current.Load(); c != nil && c.from == from {
		return c.under, nil
	}
	id, key := reveal()
	defer clear(key)
	under, err := audit.NewPseudonymizer(id, key)
	if err != nil {
		return nil, err
	}
	p.current.Store(&keyedPseudonyms{from, under})
	return under, nil
}

// keep returns the keys of the epochs, which reloads share.
func (c *EpochsConfig) keep(ctx context.Context, a *App) (*credential.Epochs, error) {
	ca := ""
	if a.Vault != nil {
		ca = digestOfFile(a.Vault.CAFile)
	}
	return lease(a.leases, epochsPool, poolKey(a.Vault, ca, a.Environment, c), func() (*credential.Epochs, func() error, error) {
		own := new(leases)
		session, err := a.vaultSession(own)
		if err != nil {
			return nil, nil, err
		}
		epochs, err := credential.NewEpochs(credential.EpochsConfig{
			Session: session, Path: c.Path, Every: c.Every, Environment: a.Environment, Refresh: time.Duration(c.Refresh),
			OnEvent: func(e credential.Event) { hub().Emit(keeperEvent(e, pseudonymKeyName)) },
		})
		if err != nil {
			return nil, nil, errors.Join(err, own.Close())
		}
		end := func() error { epochs.Close(); return own.Close() }
		ctx, cancel := context.WithTimeout(ctx, loadTimeout)
		defer cancel()
		if err := epochs.Load(ctx); err != nil {
			return nil, nil, errors.Join(err, end())
		}
		siblingEpochs.bequeath(c.Path, epochs)
		epochs.Start()
		siblingEpochs.add(c.Path, epochs)
		return epochs, func() error { siblingEpochs.remove(c.Path, epochs); return end() }, nil
	})
}

// siblingEpochs are the epochs in use, by path: a reload that changes how they are
// kept finds here what is held, should Vault be out of reach.
var siblingEpochs epochsSet

type epochsSet struct {
	mu    sync.Mutex
	inUse map[string][]*credential.Epochs
}

func (s *epochsSet) add(path string, e *credential.Epochs) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.inUse == nil {
		s.inUse = make(map[string][]*credential.Epochs)
	}
	s.inUse[path] = append(s.inUse[path], e)
}

func (s *epochsSet) remove(path string, e *credential.Epochs) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.inUse[path] = slices.DeleteFunc(s.inUse[path], func(other *credential.Epochs) bool { return other == e })
}

func (s *epochsSet) bequeath(path string, to *credential.Epochs) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, from := range s.inUse[path] {
		to.Inherit(from)
	}
}

var ephemeralWarning sync.Once

// keyIDOf names a pseudonym key, so that entries under different keys can be
// told apart. It says nothing about the key.
func keyIDOf(key []byte) string {
	digest := sha256.Sum256(append([]byte("ringward pseudonym key id\x00"), key...))
	return hex.EncodeToString(digest[:4])
}
