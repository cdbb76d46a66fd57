package report

import (
	"cmp"
	"slices"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

// Credential is one version of a provider's credential, as far as it was used.
type Credential struct {
	Provider string `json:"provider"`
	Version  int    `json:"version"`

	// First and Last are when it was used first and last. First lies before the
	// range where the records do.
	First time.Time `json:"first_used"`
	Last  time.Time `json:"last_used"`

	// Uses counts the requests in which it was the last that was used.
	Uses int64 `json:"uses"`

	// Successor is when a later version was used first; zero when none was.
	Successor time.Time `json:"successor_used,omitzero"`
}

// Age is how long the credential has been in use.
func (c *Credential) Age() time.Duration { return c.Last.Sub(c.First) }

type credentialKey struct {
	provider string
	version  int
}

// credentials notes the use of credentials, in bounded memory.
type credentials struct {
	most int
	used map[credentialKey]*Credential
	full bool // some were left out
}

func (c *credentials) count(r *audit.Record) {
	if r.CredentialVersion == 0 {
		return
	}
	key := credentialKey{r.Provider, r.CredentialVersion}
	seen := c.used[key]
	if seen == nil {
		if len(c.used) >= c.most || len(r.Provider) > maxName {
			c.full = true
			return
		}
		seen = &Credential{Provider: r.Provider, Version: r.CredentialVersion, First: r.Time, Last: r.Time}
		c.used[key] = seen
	}
	seen.Uses++
	if r.Time.Before(seen.First) {
		seen.First = r.Time
	}
	if r.Time.After(seen.Last) {
		seen.Last = r.Time
	}
}

// sorted lists the credentials that were used from since on, by provider, the
// newest first.
func (c *credentials) sorted(since time.Time) []Credential {
	all := []Credential{}
	for _, credential := range c.used {
		all = append(all, *credential)
	}
	slices.SortFunc(all, func(a, b Credential) int {
		return cmp.Or(cmp.Compare(a.Provider, b.Provider), cmp.Compare(b.Version, a.Version))
	})
	for i := 1; i < len(all); i++ {
		if newer := &all[i-1]; newer.Provider == all[i].Provider {
			all[i].Successor = newer.First
		}
	}
	return slices.DeleteFunc(all, func(c Credential) bool { return c.Last.Before(since) })
}
