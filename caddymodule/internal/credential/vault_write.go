package credential

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/vault/api"
)

// errTaken: Vault's answer to a create may mean that the secret is there already.
// It is a cause beside the kind, for a policy without "update" answers as one
// without "create" does.
var errTaken = errors.New("it may be there already")

// create writes the first version of a secret of KV version 2, and fails where one
// was ever written. It needs the capability "create" alone: to Vault, a write to
// what has metadata is an update, also where all versions are destroyed.
func (s *VaultSource) create(ctx context.Context, mount kvMount, fields map[string]any) (meta map[string]any, err error) {
	if _, err := s.session.ensureLogin(ctx); err != nil {
		return nil, err
	}
	path := mount.apiPath(s.ref.Path)
	answer, err := s.session.reader.Logical().WriteWithContext(ctx, path, map[string]any{
		"data": fields, "options": map[string]any{"cas": 0},
	})
	switch {
	case isForbidden(err):
		return nil, fmt.Errorf(`grant "create" on %s, and if only metadata stands there, delete that: %w: %w`, path, errTaken, ErrDenied)
	case isCheckAndSet(err):
		return nil, fmt.Errorf("another instance has created it just now: %w: %w", errTaken, ErrUnavailable)
	case err != nil:
		return nil, vaultError(ctx, err)
	case answer == nil || answer.Data == nil:
		return nil, fmt.Errorf("the Vault server does not say what it wrote: %w", ErrUnavailable)
	}
	return answer.Data, nil
}

// isCheckAndSet reports that a secret has another version than a write supposed.
func isCheckAndSet(err error) bool {
	answer, ok := errors.AsType[*api.ResponseError](err)
	return ok && answer.StatusCode == http.StatusBadRequest &&
		slices.ContainsFunc(answer.Errors, func(text string) bool { return strings.Contains(text, "check-and-set") })
}

// destroy makes all versions of a secret of KV version 2 unreadable for ever. Its
// metadata stays: it shows that there was something, and keeps create from making
// it anew. What is destroyed already is left as it is.
func (s *VaultSource) destroy(ctx context.Context, mount kvMount) error {
	path := mount.areaPath("metadata", s.ref.Path)
	answer, err := s.session.read(ctx, path)
	switch {
	case errors.Is(err, ErrDenied):
		return fmt.Errorf(`%w; grant "read" on %s`, err, path)
	case err != nil:
		return err
	case answer == nil || answer.Data == nil:
		return fmt.Errorf("nothing stands at %s: %w", path, ErrNotFound)
	}
	if err := s.checkEnvironment(answer.Data); err != nil {
		return err
	}
	listed, _ := answer.Data["versions"].(map[string]any)
	versions, err := undestroyed(listed)
	if err != nil || len(versions) == 0 {
		return err
	}
	path = mount.areaPath("destroy", s.ref.Path)
	_, err = s.session.ask(ctx, func(vault *api.Logical) (*api.Secret, error) {
		return vault.WriteWithContext(ctx, path, map[string]any{"versions": versions})
	})
	if errors.Is(err, ErrDenied) {
		return fmt.Errorf(`%w; grant "update" on %s`, err, path)
	}
	return err
}

// undestroyed lists the versions in a secret's metadata that can still be read or
// undeleted.
func undestroyed(listed map[string]any) ([]int, error) {
	if len(listed) == 0 {
		return nil, fmt.Errorf("there is metadata and no version: %w", ErrNotFound)
	}
	var versions []int
	for _, text := range slices.Sorted(maps.Keys(listed)) {
		about, _ := listed[text].(map[string]any)
		if destroyed, _ := about["destroyed"].(bool); destroyed {
			continue
		}
		version, err := strconv.Atoi(text)
		if err != nil { // nothing is called destroyed that may not be
			return nil, fmt.Errorf("the answer is not one of KV version 2: %w", ErrInvalid)
		}
		versions = append(versions, version)
	}
	return versions, nil
}

// names lists what stands in a folder of KV version 2, what is destroyed included.
// A folder that is not there is empty.
func (s *Session) names(ctx context.Context, mount kvMount, folder string) ([]string, error) {
	path := mount.areaPath("metadata", folder+"/")
	answer, err := s.ask(ctx, func(vault *api.Logical) (*api.Secret, error) {
		return vault.ListWithContext(ctx, path)
	})
	switch {
	case errors.Is(err, ErrDenied):
		return nil, fmt.Errorf(`%w; grant "list" on %s`, err, path)
	case err != nil || answer == nil:
		return nil, err
	}
	return textsOf(answer.Data["keys"]), nil
}

// areaPath is the path in one of the API's areas beside data, for a path that
// apiPath takes.
func (m kvMount) areaPath(area, path string) string {
	return m.path + "/" + area + "/" + strings.TrimPrefix(m.apiPath(path), m.path+"/data/")
}
