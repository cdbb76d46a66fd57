package credential

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// epochKeyField is the field of a secret that holds an epoch's key.
	epochKeyField = "key"

	// epochKeyBytes is the length of a key; it stands in Vault as twice as many
	// hexadecimal digits.
	epochKeyBytes = 32
)

// EpochKey is the pseudonym key of one epoch. It is never changed after it was
// made.
type EpochKey struct {
	Name    string    // of the epoch
	Secret  Secret    // 32 random bytes
	Created time.Time // by Vault's clock
}

// equal compares the secrets in constant time.
func (k *EpochKey) equal(other *EpochKey) bool {
	return k != nil && k.Created.Equal(other.Created) && k.Secret.Equal(other.Secret)
}

// EpochKeys are the pseudonym keys in a folder of Vault's KV engine, version 2:
// one secret an epoch, of one version, in the field "key". It is for the commands
// of an operator, with a session of the operator's own; Epochs is what a service
// uses.
type EpochKeys struct {
	session     *Session
	folder      string
	environment string
}

// NewEpochKeys names the folder, such as secret/ringward/production/pseudonyms.
// Keys that are marked for another environment are refused, as VaultSource refuses
// them. Nothing is read yet. Errors wrap ErrInvalid.
func NewEpochKeys(session *Session, folder, environment string) (*EpochKeys, error) {
	if session == nil {
		return nil, fmt.Errorf("epoch keys need a session with Vault: %w", ErrInvalid)
	}
	at, err := Reference{Path: folder}.located()
	if err != nil {
		return nil, err
	}
	return &EpochKeys{session: session, folder: at.Path, environment: environment}, nil
}

// Describe names the folder.
func (k *EpochKeys) Describe() string { return "vault " + k.folder }

// List returns the epochs in the folder, the earliest first, those whose key is
// destroyed included: Read tells them apart. What is not named as an epoch is left
// out. Vault's policy must allow "list" on the folder's metadata.
func (k *EpochKeys) List(ctx context.Context) ([]Epoch, error) {
	epochs, err := k.list(ctx)
	if err != nil {
		return nil, fmt.Errorf("listing %s: %w", k.Describe(), err)
	}
	return epochs, nil
}

func (k *EpochKeys) list(ctx context.Context) ([]Epoch, error) {
	mount, err := k.mountOf(ctx, Reference{Path: k.folder + "/"})
	if err != nil {
		return nil, err
	}
	names, err := k.session.names(ctx, mount, k.folder)
	if err != nil {
		return nil, err
	}
	var epochs []Epoch
	for _, name := range names {
		if epoch, err := ParseEpoch(name); err == nil {
			epochs = append(epochs, epoch)
		}
	}
	slices.SortFunc(epochs, func(a, b Epoch) int { return a.Start.Compare(b.Start) })
	return epochs, nil
}

// Read reads the key of an epoch. It fails with ErrNotFound where there never was
// one and with ErrDeleted where it is deleted or destroyed.
func (k *EpochKeys) Read(ctx context.Context, name string) (*EpochKey, error) {
	source, mount, err := k.locate(ctx, name)
	if err != nil {
		return nil, err
	}
	return k.read(ctx, source, mount, name)
}

// Destroy destroys the key of an epoch, so that nobody can tell any more which
// number a pseudonym of it stands for. There is no way back. The secret's metadata
// stays, so that everybody sees it and no instance makes the epoch a second key.
// In the epoch of the moment it stops the service until the next one. A key that
// is destroyed already is no error.
func (k *EpochKeys) Destroy(ctx context.Context, name string) error {
	source, mount, err := k.locate(ctx, name)
	if err != nil {
		return err
	}
	if err := source.destroy(ctx, mount); err != nil {
		return fmt.Errorf("destroying vault %s: %w", source.ref.Path, err)
	}
	return nil
}

// obtain reads the key of an epoch and makes it where there never was one. Of
// several instances that make one at the same time all get the same.
func (k *EpochKeys) obtain(ctx context.Context, name string) (key *EpochKey, created bool, err error) {
	source, mount, err := k.locate(ctx, name)
	if err != nil {
		return nil, false, err
	}
	key, err = k.read(ctx, source, mount, name)
	if !errors.Is(err, ErrNotFound) {
		return key, false, err
	}
	key, refused := k.create(ctx, source, mount, name)
	if !errors.Is(refused, errTaken) {
		return key, refused == nil, refused
	}
	key, err = k.read(ctx, source, mount, name)
	if errors.Is(err, ErrNotFound) {
		err = refused
	}
	return key, false, err
}

// locate finds where the key of an epoch stands.
func (k *EpochKeys) locate(ctx context.Context, name string) (*VaultSource, kvMount, error) {
	if _, err := ParseEpoch(name); err != nil {
		return nil, kvMount{}, err
	}
	ref := Reference{Path: k.folder + "/" + name, Environment: k.environment}
	mount, err := k.mountOf(ctx, ref)
	if err != nil {
		return nil, kvMount{}, fmt.Errorf("finding vault %s: %w", ref.Path, err)
	}
	return &VaultSource{session: k.session, ref: ref}, mount, nil
}

// mountOf refuses version 1, where two instances could each write a key and the
// second would win.
func (k *EpochKeys) mountOf(ctx context.Context, ref Reference) (kvMount, error) {
	mount, err := k.session.mountOf(ctx, ref)
	if err == nil && mount.version != 2 {
		err = fmt.Errorf("the engine at %s has KV version 1, which cannot write a key only once: use a mount of version 2: %w", mount.path, ErrInvalid)
	}
	return mount, err
}

func (k *EpochKeys) read(ctx context.Context, source *VaultSource, mount kvMount, name string) (*EpochKey, error) {
	key, err := func() (*EpochKey, error) {
		answer, err := source.ask(ctx, mount)
		if err != nil {
			return nil, err
		}
		data, _, created, err := source.open(mount, answer)
		if err != nil {
			return nil, err
		}
		return newEpochKey(name, data, created)
	}()
	if err != nil {
		return nil, fmt.Errorf("reading vault %s: %w", source.ref.Path, err)
	}
	return key, nil
}

func (k *EpochKeys) create(ctx context.Context, source *VaultSource, mount kvMount, name string) (*EpochKey, error) {
	raw := make([]byte, epochKeyBytes)
	_, _ = rand.Read(raw) // never fails: crypto/rand ends the process instead
	defer clear(raw)
	meta, err := source.create(ctx, mount, map[string]any{epochKeyField: hex.EncodeToString(raw)})
	if err != nil {
		return nil, fmt.Errorf("creating vault %s: %w", source.ref.Path, err)
	}
	return &EpochKey{Name: name, Secret: NewSecret(raw), Created: timeOf(meta["created_time"])}, nil
}

// newEpochKey takes the key out of a secret's fields.
func newEpochKey(name string, data map[string]any, created time.Time) (*EpochKey, error) {
	fields, err := pickFields(data, []string{epochKeyField})
	if err != nil {
		return nil, err
	}
	digits := fields[0].Secret.copied()
	defer clear(digits)
	raw := make([]byte, hex.DecodedLen(len(digits)))
	defer clear(raw)
	if _, err := hex.Decode(raw, digits); err != nil || len(raw) != epochKeyBytes {
		return nil, fmt.Errorf("field %q is not %d hexadecimal digits: leave the writing of keys to Ringward: %w",
			epochKeyField, hex.EncodedLen(epochKeyBytes), ErrInvalid)
	}
	return &EpochKey{Name: name, Secret: NewSecret(raw), Created: created}, nil
}
