package caller

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
)

const (
	// MaxKeys is how many keys a caller may have at once: two, so that a key can
	// be replaced without an interruption, and no more, so that old ones go.
	MaxKeys = 2

	// MaxPresented bounds a presented key in bytes. Longer ones are refused
	// before anything is computed of them.
	MaxPresented = 256
)

// namePattern is what names of callers look like: they stand in configs, metric
// labels and audit entries.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)

// ValidName reports whether a caller can have the name.
func ValidName(name string) bool { return namePattern.MatchString(name) }

// Caller is one application that may call. Value is what the owner of a
// directory wants to find with it, such as the caller's limits and releases.
type Caller[T any] struct {
	// Name is unique: 1 to 64 characters of a-z, 0-9, "_", "." and "-", of which
	// the first is a letter or digit.
	Name string

	// Keys are the digests of the caller's keys: one, or two during a rotation.
	Keys []Digest

	Value T
}

// Directory is the set of callers. It is immutable, and safe for concurrent use.
type Directory[T any] struct {
	byDigest map[Digest]entry[T]
	byName   map[string]*Caller[T]
}

type entry[T any] struct {
	caller *Caller[T]
	keyID  string
}

// NewDirectory builds a directory. It refuses names that are malformed or used
// twice, callers without keys or with more than MaxKeys, digests that no key can
// have, and keys that are used twice or share their key id with another.
func NewDirectory[T any](callers []Caller[T]) (*Directory[T], error) {
	d := &Directory[T]{
		byDigest: make(map[Digest]entry[T], MaxKeys*len(callers)),
		byName:   make(map[string]*Caller[T], len(callers)),
	}
	ids := make(map[string]string, MaxKeys*len(callers)) // caller of a key id
	for _, given := range callers {
		c := &Caller[T]{Name: given.Name, Keys: slices.Clone(given.Keys), Value: given.Value}
		if !ValidName(c.Name) {
			return nil, fmt.Errorf("caller name %q: use 1 to 64 of a-z, 0-9, _, . and -, with a letter or digit first", c.Name)
		}
		if d.byName[c.Name] != nil {
			return nil, fmt.Errorf("caller %q is defined twice", c.Name)
		}
		d.byName[c.Name] = c
		if err := d.addKeys(c, ids); err != nil {
			return nil, fmt.Errorf("caller %q: %w", c.Name, err)
		}
	}
	return d, nil
}

func (d *Directory[T]) addKeys(c *Caller[T], ids map[string]string) error {
	if len(c.Keys) == 0 {
		return errors.New("has no key")
	}
	if len(c.Keys) > MaxKeys {
		return fmt.Errorf("has %d keys, at most %d are allowed: remove the oldest", len(c.Keys), MaxKeys)
	}
	for _, digest := range c.Keys {
		if digest.isEmpty() {
			return ErrDigestEmpty
		}
		id := digest.KeyID()
		if other, taken := ids[id]; taken {
			if _, same := d.byDigest[digest]; same {
				return fmt.Errorf("key %s is used already, by caller %q: a key belongs to one caller, once", id, other)
			}
			return fmt.Errorf("key %s has the same id as another key, of caller %q: make a new key", id, other)
		}
		ids[id] = c.Name
		d.byDigest[digest] = entry[T]{caller: c, keyID: id}
	}
	return nil
}

// Find tells whose key was presented, and the id of that key. It looks up the
// key's digest and never compares keys, so the time it takes says nothing about
// any key; an unknown caller and a wrong key are the same thing to it. The
// caller must not be changed.
func (d *Directory[T]) Find(presented string) (c *Caller[T], keyID string, ok bool) {
	if presented == "" || len(presented) > MaxPresented {
		return nil, "", false
	}
	e, ok := d.byDigest[DigestOf(presented)]
	return e.caller, e.keyID, ok
}

// Named is the caller of a name, for callers that are known by something other
// than a key. The caller must not be changed.
func (d *Directory[T]) Named(name string) (c *Caller[T], ok bool) {
	c, ok = d.byName[name]
	return c, ok
}

// Len is the number of callers.
func (d *Directory[T]) Len() int { return len(d.byName) }
