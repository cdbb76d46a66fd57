package credential

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/hashicorp/vault/api"
)

// VaultSource reads one reference from Vault's KV engine, version 1 or 2.
type VaultSource struct {
	session *Session
	ref     Reference
}

// NewVaultSource makes a source of a reference, which it checks. Nothing is read
// yet.
func NewVaultSource(session *Session, ref Reference) (*VaultSource, error) {
	ref, err := ref.normalized()
	if err != nil {
		return nil, err
	}
	return &VaultSource{session: session, ref: ref}, nil
}

// Describe names the reference.
func (s *VaultSource) Describe() string { return "vault " + s.ref.String() }

// Fetch reads the newest version of the secret.
func (s *VaultSource) Fetch(ctx context.Context) (*Value, error) {
	value, err := s.fetch(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", s.Describe(), err)
	}
	return value, nil
}

func (s *VaultSource) fetch(ctx context.Context) (*Value, error) {
	mount, answer, err := s.look(ctx)
	if err != nil {
		return nil, err
	}
	return s.valueOf(mount, answer)
}

// look finds the mount and reads the secret.
func (s *VaultSource) look(ctx context.Context) (mount kvMount, answer *api.Secret, err error) {
	if mount, err = s.session.mountOf(ctx, s.ref); err == nil {
		answer, err = s.ask(ctx, mount)
	}
	return mount, answer, err
}

// ask reads the secret; the answer has data.
func (s *VaultSource) ask(ctx context.Context, mount kvMount) (*api.Secret, error) {
	path := mount.apiPath(s.ref.Path)
	answer, err := s.session.read(ctx, path)
	switch {
	case errors.Is(err, ErrDenied):
		return nil, fmt.Errorf("%w; grant \"read\" on %s", err, path)
	case err != nil:
		return nil, err
	case answer == nil || answer.Data == nil:
		s.session.mounts.forget(mount)
		return nil, fmt.Errorf("nothing stands at %s (mount %s, KV version %d): check the path, or write it with \"vault kv put\": %w",
			path, mount.path, mount.version, ErrNotFound)
	}
	return answer, nil
}

// valueOf makes a value of an answer.
func (s *VaultSource) valueOf(mount kvMount, answer *api.Secret) (*Value, error) {
	data, version, created, err := s.open(mount, answer)
	if err != nil {
		return nil, err
	}
	fields, err := pickFields(data, s.ref.Fields)
	if err != nil {
		return nil, err
	}
	return NewValue(fields, version, created, time.Now())
}

// open takes the fields of a secret out of an answer. KV version 1 tells neither
// the secret's version nor its age.
func (s *VaultSource) open(mount kvMount, answer *api.Secret) (data map[string]any, version int, created time.Time, err error) {
	if mount.version != 2 {
		return answer.Data, 0, time.Time{}, nil
	}
	meta, _ := answer.Data["metadata"].(map[string]any)
	data, _ = answer.Data["data"].(map[string]any)
	version = intOf(meta["version"])
	if data == nil {
		if meta == nil {
			return nil, 0, time.Time{}, fmt.Errorf("the answer is not one of KV version 2: check kv: %w", ErrInvalid)
		}
		return nil, 0, time.Time{}, fmt.Errorf("version %d is deleted or destroyed: undo it with \"vault kv undelete\" or write a new version: %w",
			version, ErrDeleted)
	}
	return data, version, timeOf(meta["created_time"]), s.checkEnvironment(meta)
}

// checkEnvironment compares the secret's mark with the reference's.
func (s *VaultSource) checkEnvironment(meta map[string]any) error {
	mark := environmentOf(meta)
	if mark == "" || mark == s.ref.Environment {
		return nil
	}
	if s.ref.Environment == "" {
		return fmt.Errorf("the secret is marked for environment %.64q and this instance names none: set its environment, or change the path: %w",
			mark, ErrEnvironment)
	}
	return fmt.Errorf("the secret is marked for environment %.64q and this is %.64q: change the path, or the secret's custom metadata: %w",
		mark, s.ref.Environment, ErrEnvironment)
}

// environmentOf is the environment for which a secret's metadata marks it.
func environmentOf(meta map[string]any) string {
	custom, _ := meta["custom_metadata"].(map[string]any)
	mark, _ := custom["environment"].(string)
	return mark
}

// pickFields takes the named fields out of a secret's data. Texts and numbers are
// values; anything else is a mistake.
func pickFields(data map[string]any, names []string) ([]Field, error) {
	fields := make([]Field, 0, len(names))
	for _, name := range names {
		raw, ok := data[name]
		if !ok {
			return nil, fmt.Errorf("the secret has no field %q: check its name, or add it with \"vault kv patch\": %w", name, ErrFieldMissing)
		}
		switch v := raw.(type) {
		case string:
			fields = append(fields, Field{Name: name, Secret: SecretFromString(v)})
		case json.Number:
			fields = append(fields, Field{Name: name, Secret: SecretFromString(v.String())})
		case nil:
			return nil, fmt.Errorf("field %q %w", name, ErrEmpty)
		default:
			return nil, fmt.Errorf("field %q is neither a text nor a number: %w", name, ErrInvalid)
		}
	}
	return fields, nil
}

func intOf(raw any) int {
	number, _ := raw.(json.Number)
	n, _ := number.Int64()
	return int(n)
}

// timeOf reads one of Vault's times; the zero time stands for none.
func timeOf(raw any) time.Time {
	text, _ := raw.(string)
	t, err := time.Parse(time.RFC3339Nano, text)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Interface guard
var _ Source = (*VaultSource)(nil)
