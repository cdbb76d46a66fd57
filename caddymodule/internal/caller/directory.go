package caller

import (
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
)

const (
	// MaxKeys is how many keys a caller may have at once: two, so that a key can
	// be replaced without an interruption, and no more, so that old ones go.
	MaxKeys = 2

	// MaxPresented bounds a presented key in bytes. Longer ones are refused
	// before anything is computed of them.
	MaxPresented = 256

	// MaxToken bounds a presented JSON Web Token in bytes.
	MaxToken = 8 << 10
)

// namePattern is what names of callers look like: they stand in configs, metric
// labels and audit entries.
var namePattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_.-]{0,63}$`)

// ValidName reports whether a caller can have the name.
func ValidName(name string) bool { return namePattern.MatchString(name) }

// checkName reports a faulty name. It does not repeat what may be a key.
func checkName(name string) error {
	if strings.HasPrefix(name, KeyPrefix) {
		return errors.New("a caller has a key for a name: replace the key, as it has been written down")
	}
	if !ValidName(name) {
		return fmt.Errorf("caller name %q: use 1 to 64 of a-z, 0-9, _, . and -, with a letter or digit first", name)
	}
	return nil
}

// Caller is one application that may call. Value is what the owner of a
// directory wants to find with it, such as the caller's limits and releases.
type Caller[T any] struct {
	// Name is unique: 1 to 64 characters of a-z, 0-9, "_", "." and "-", of which
	// the first is a letter or digit.
	Name string

	// Keys are the caller's keys: one, or two during a rotation.
	Keys []Key

	// Subjects are what tokens call the caller, and Certificates what client
	// certificates may be called. Each belongs to one caller.
	Subjects     []string
	Certificates []CertificateName

	// Keyless allows a caller that shows nothing: one whose keys were all revoked.
	Keyless bool

	// Expires is when the caller is no longer served, whatever it shows.
	Expires Expiry

	// Ranges, if not nil, holds the addresses from which the caller may call.
	Ranges *IPSet

	Value T
}

// AllowsFrom reports whether the caller may call from an address.
func (c *Caller[T]) AllowsFrom(addr netip.Addr) bool {
	return c.Ranges == nil || c.Ranges.Contains(addr)
}

// Key is a caller key as Ringward knows it.
type Key struct {
	Digest Digest `json:"digest"`

	// Expires is when the key is no longer accepted.
	Expires Expiry `json:"expires,omitzero"`
}

// The reasons for which no caller is found. A client must not learn which one
// it was; the audit may.
var (
	// ErrUnknownKey: nobody has the key.
	ErrUnknownKey = errors.New("unknown caller key")

	// ErrUnknownCaller: nobody has the name.
	ErrUnknownCaller = errors.New("unknown caller")

	// ErrKeyExpired: the key was good until its expiry.
	ErrKeyExpired = errors.New("expired caller key")

	// ErrCallerExpired: the caller was served until its expiry.
	ErrCallerExpired = errors.New("expired caller")
)

// Directory is the set of callers. It is immutable, and safe for concurrent use.
type Directory[T any] struct {
	byDigest      map[Digest]entry[T]
	byName        map[string]*Caller[T]
	bySubject     map[string]*Caller[T]
	byCertificate map[CertificateName]*Caller[T]
}

type entry[T any] struct {
	caller  *Caller[T]
	keyID   string
	expires Expiry
}

// NewDirectory builds a directory. It refuses names that are malformed or used
// twice, callers that cannot be known by anything or have more than MaxKeys keys,
// digests that no key can have, keys that share their key id with another, and
// keys, subjects and names of certificates that are used twice.
func NewDirectory[T any](callers []Caller[T]) (*Directory[T], error) {
	d := &Directory[T]{
		byDigest:  make(map[Digest]entry[T], MaxKeys*len(callers)),
		byName:    make(map[string]*Caller[T], len(callers)),
		bySubject: make(map[string]*Caller[T]),

		byCertificate: make(map[CertificateName]*Caller[T]),
	}
	ids := make(map[string]string, MaxKeys*len(callers)) // caller of a key id
	for _, given := range callers {
		c := &given
		c.Keys = slices.Clone(c.Keys)
		if err := checkName(c.Name); err != nil {
			return nil, err
		}
		if d.byName[c.Name] != nil {
			return nil, fmt.Errorf("caller %q is defined twice", c.Name)
		}
		d.byName[c.Name] = c
		if err := d.addKeys(c, ids); err != nil {
			return nil, fmt.Errorf("caller %q: %w", c.Name, err)
		}
		if err := d.addSubjects(c); err != nil {
			return nil, fmt.Errorf("caller %q: %w", c.Name, err)
		}
		if err := d.addCertificates(c); err != nil {
			return nil, fmt.Errorf("caller %q: %w", c.Name, err)
		}
	}
	return d, nil
}

func (d *Directory[T]) addKeys(c *Caller[T], ids map[string]string) error {
	if len(c.Keys) == 0 && len(c.Subjects) == 0 && len(c.Certificates) == 0 && !c.Keyless {
		return errors.New("has nothing to be known by: a key, a token or a certificate")
	}
	if len(c.Keys) > MaxKeys {
		return fmt.Errorf("has %d keys, at most %d are allowed: remove the oldest", len(c.Keys), MaxKeys)
	}
	for _, key := range c.Keys {
		digest := key.Digest
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
		d.byDigest[digest] = entry[T]{caller: c, keyID: id, expires: key.Expires}
	}
	return nil
}

// MaxSubject bounds what a token calls a caller, in bytes.
const MaxSubject = 256

func (d *Directory[T]) addSubjects(c *Caller[T]) error {
	for i, subject := range c.Subjects {
		if subject == "" || len(subject) > MaxSubject {
			return fmt.Errorf("token %d: a subject has 1 to %d bytes", i+1, MaxSubject)
		}
		if d.bySubject[subject] != nil {
			return fmt.Errorf("token %d is used already, by caller %q: a subject belongs to one caller, once", i+1, d.bySubject[subject].Name)
		}
		d.bySubject[subject] = c
	}
	return nil
}

func (d *Directory[T]) addCertificates(c *Caller[T]) error {
	for i, name := range c.Certificates {
		if name == (CertificateName{}) {
			return fmt.Errorf("certificate %d has no name", i+1)
		}
		if other := d.byCertificate[name]; other != nil {
			return fmt.Errorf("certificate %d is used already, by caller %q: a name belongs to one caller, once", i+1, other.Name)
		}
		d.byCertificate[name] = c
	}
	return nil
}

// Find tells whose key was presented, and the id of that key. It looks up the
// key's digest and never compares keys, so the time it takes says nothing about
// any key; an unknown caller and a wrong key are the same thing to it. The
// errors are ErrUnknownKey, ErrKeyExpired and ErrCallerExpired; with the last
// two comes the key's id, for the audit. The caller must not be changed.
func (d *Directory[T]) Find(presented string, now time.Time) (c *Caller[T], keyID string, err error) {
	if presented == "" || len(presented) > MaxPresented {
		return nil, "", ErrUnknownKey
	}
	e, ok := d.byDigest[DigestOf(presented)]
	switch {
	case !ok:
		return nil, "", ErrUnknownKey
	case e.expires.Passed(now):
		return nil, e.keyID, ErrKeyExpired
	case e.caller.Expires.Passed(now):
		return nil, e.keyID, ErrCallerExpired
	default:
		return e.caller, e.keyID, nil
	}
}

// Has reports whether there is a caller of the name, expired or not.
func (d *Directory[T]) Has(name string) bool { return d.byName[name] != nil }

// All calls do for every caller, in no order. The callers must not be changed.
func (d *Directory[T]) All(do func(*Caller[T])) {
	for _, c := range d.byName {
		do(c)
	}
}

// BySubject is the caller that a verified token names. The errors are
// ErrUnknownCaller and ErrCallerExpired. The caller must not be changed.
func (d *Directory[T]) BySubject(subject string, now time.Time) (*Caller[T], error) {
	c, ok := d.bySubject[subject]
	switch {
	case !ok:
		return nil, ErrUnknownCaller
	case c.Expires.Passed(now):
		return nil, ErrCallerExpired
	default:
		return c, nil
	}
}

// Len is the number of callers.
func (d *Directory[T]) Len() int { return len(d.byName) }
