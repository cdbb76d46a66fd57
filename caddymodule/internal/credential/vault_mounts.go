package credential

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
)

// maxMounts bounds the memory of mounts; a config names a handful.
const maxMounts = 256

// kvMount is where a KV engine is mounted, and its version.
type kvMount struct {
	path    string // without slashes around it
	version int
}

// mountCache remembers mounts. Mounts never nest in Vault, so at most one fits a
// path.
type mountCache struct {
	mu     sync.Mutex
	mounts map[string]kvMount
}

func (c *mountCache) find(path string) (kvMount, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.mounts {
		if strings.HasPrefix(path, m.path+"/") {
			return m, true
		}
	}
	return kvMount{}, false
}

func (c *mountCache) add(m kvMount) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.mounts == nil || len(c.mounts) >= maxMounts {
		c.mounts = make(map[string]kvMount)
	}
	c.mounts[m.path] = m
}

// forget makes the next fetch ask again, in case the engine was upgraded.
func (c *mountCache) forget(m kvMount) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.mounts, m.path)
}

// mountOf finds out where the reference's engine is mounted and its version.
func (s *Session) mountOf(ctx context.Context, ref Reference) (kvMount, error) {
	if ref.KV != 0 {
		return explicitMount(ref), nil
	}
	if m, ok := s.mounts.find(ref.Path); ok {
		return m, nil
	}
	m, err := s.detectMount(ctx, ref.Path)
	if err != nil {
		return kvMount{}, err
	}
	s.mounts.add(m)
	return m, nil
}

// explicitMount finds the mount of a reference whose version is given.
func explicitMount(ref Reference) kvMount {
	mount := ref.Mount
	if mount == "" && ref.KV == 2 {
		if before, _, ok := strings.Cut(ref.Path, "/data/"); ok {
			mount = before
		}
	}
	if mount == "" {
		mount, _, _ = strings.Cut(ref.Path, "/")
	}
	return kvMount{path: mount, version: ref.KV}
}

// detectMount asks Vault as the vault command does. Any token that may read below
// the mount may ask. A Vault too old to know the question has version 1 only.
func (s *Session) detectMount(ctx context.Context, path string) (kvMount, error) {
	answer, err := s.read(ctx, "sys/internal/ui/mounts/"+path)
	switch {
	case errors.Is(err, ErrNotFound), err == nil && answer == nil:
		first, _, _ := strings.Cut(path, "/")
		return kvMount{path: first, version: 1}, nil
	case errors.Is(err, ErrDenied):
		return kvMount{}, fmt.Errorf("the token may not read anything below this path: grant \"read\" on <mount>/data/<name> (KV version 2) or <mount>/<name> (version 1), and check that the mount exists: %w", ErrDenied)
	case err != nil:
		return kvMount{}, err
	}
	text, _ := answer.Data["path"].(string)
	mount, ok := mountWithin(path, strings.TrimSuffix(text, "/"))
	if !ok {
		return kvMount{}, fmt.Errorf("the path is not below the mount that Vault names: %w", ErrInvalid)
	}
	m := kvMount{path: mount, version: 1}
	options, _ := answer.Data["options"].(map[string]any)
	if version, _ := options["version"].(string); version == "2" {
		m.version = 2
	}
	return m, nil
}

// mountWithin returns the part of a mount that path starts with. A mount may be
// named with a namespace in front that the path does not have.
func mountWithin(path, mount string) (string, bool) {
	for mount != "" {
		if strings.HasPrefix(path, mount+"/") {
			return mount, true
		}
		_, mount, _ = strings.Cut(mount, "/")
	}
	return "", false
}

// apiPath is the path to read for a reference below a mount.
func (m kvMount) apiPath(path string) string {
	name := strings.TrimPrefix(path, m.path+"/")
	if m.version == 2 && !strings.HasPrefix(name, "data/") {
		name = "data/" + name
	}
	return m.path + "/" + name
}
