package demo

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"time"
)

// Lifetimes of a token where its role gives none.
const (
	defaultTokenTTL    = time.Hour
	defaultTokenMaxTTL = 24 * time.Hour
)

// defaultGrants is what Vault's "default" policy lets every token do, as far
// as this Vault can do it.
var defaultGrants = map[string][]string{
	"auth/token/lookup-self": {"read"},
	"auth/token/renew-self":  {"update"},
	"auth/token/revoke-self": {"update"},
	"sys/capabilities-self":  {"update"},
}

// token is a live token. A nil token is that of a stranger.
type token struct {
	id, accessor string
	root         bool
	role         string
	path         string // where it was issued
	policies     []string
	grants       map[string][]string // path, or prefix ending in "*", to capabilities
	ttl, maxTTL  time.Duration
	issued       time.Time
	renewed      time.Time // zero before the first renewal
	expires      time.Time // zero means never
}

func (v *Vault) addRootToken() string {
	t := &token{
		id: "hvs." + rand.Text(), accessor: rand.Text(), root: true,
		path: "auth/token/root", policies: []string{"root"}, issued: v.now(),
	}
	v.tokens[t.id] = t
	return t.id
}

func (v *Vault) findToken(id string) *token {
	t := v.tokens[id]
	if t == nil || (!t.expires.IsZero() && !v.now().Before(t.expires)) {
		return nil
	}
	return t
}

// RevokeToken ends a token, as an operator would.
func (v *Vault) RevokeToken(id string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.tokens, id)
}

func (t *token) auth(now time.Time) *vaultAuth {
	return &vaultAuth{
		ClientToken: t.id, Accessor: t.accessor,
		Policies: t.policies, TokenPolicies: t.policies,
		Metadata:      map[string]string{"role_name": t.role},
		LeaseDuration: seconds(t.expires.Sub(now)),
		Renewable:     true, TokenType: "service", Orphan: true,
	}
}

func (v *Vault) lookupSelf(req vaultRequest) vaultReply {
	if req.method != http.MethodGet {
		return vaultUnsupported()
	}
	t, now := req.token, v.now()
	data := map[string]any{
		"id": t.id, "accessor": t.accessor, "policies": t.policies, "path": t.path,
		"meta": nil, "display_name": "root", "num_uses": 0, "orphan": true,
		"creation_time": t.issued.Unix(), "creation_ttl": seconds(t.ttl),
		"expire_time": nil, "ttl": 0, "explicit_max_ttl": 0, "entity_id": "", "type": "service",
	}
	if !t.root {
		data["display_name"] = "approle"
		data["meta"] = map[string]string{"role_name": t.role}
		data["expire_time"] = vaultTime(t.expires)
		data["issue_time"] = vaultTime(t.issued)
		data["ttl"] = seconds(t.expires.Sub(now))
		data["renewable"] = true
		if !t.renewed.IsZero() {
			data["last_renewal"] = vaultTime(t.renewed)
			data["last_renewal_time"] = t.renewed.Unix()
		}
	}
	return vaultData("token", data)
}

// renewSelf extends a token, never past its maximum lifetime.
func (v *Vault) renewSelf(req vaultRequest) vaultReply {
	t, now := req.token, v.now()
	switch {
	case req.method != http.MethodPost && req.method != http.MethodPut:
		return vaultUnsupported()
	case t.root:
		return vaultFail(http.StatusBadRequest, "lease is not renewable")
	}
	ttl := t.ttl
	if wanted, ok := vaultDuration(req.body["increment"]); ok && wanted > 0 {
		ttl = wanted
	}
	envelope := vaultEnvelope{RequestID: newUUID(), MountType: "token"}
	if left := t.issued.Add(t.maxTTL).Sub(now); ttl > left {
		envelope.Warnings = []string{fmt.Sprintf(
			"TTL of %q exceeded the effective max_ttl of %q; TTL value is capped accordingly", ttl, left)}
		ttl = left
	}
	t.renewed, t.expires = now, now.Add(ttl)
	envelope.Auth = t.auth(now)
	return vaultReply{http.StatusOK, envelope}
}

func (v *Vault) revokeSelf(req vaultRequest) vaultReply {
	if req.method != http.MethodPost && req.method != http.MethodPut {
		return vaultUnsupported()
	}
	delete(v.tokens, req.token.id)
	return vaultNoContent()
}

// issue makes a token for a role. Dead tokens are swept on the way, so that
// clients that log in again and again do not fill the memory.
func (v *Vault) issue(r *role) *token {
	now := v.now()
	maps.DeleteFunc(v.tokens, func(_ string, t *token) bool {
		return !t.expires.IsZero() && !now.Before(t.expires)
	})
	grants := maps.Clone(defaultGrants)
	maps.Copy(grants, r.Grants)
	t := &token{
		id: "hvs." + rand.Text(), accessor: rand.Text(), role: r.Name,
		path: "auth/approle/login", policies: []string{"default", r.Name}, grants: grants,
		ttl: r.TTL, maxTTL: r.MaxTTL, issued: now, expires: now.Add(min(r.TTL, r.MaxTTL)),
	}
	v.tokens[t.id] = t
	return t
}

// seconds renders a duration as Vault does, in whole seconds.
func seconds(d time.Duration) int { return int(d / time.Second) }

// vaultTime renders a time as Vault does; the zero time is empty.
func vaultTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// vaultDuration reads a duration parameter: seconds, or a Go duration.
func vaultDuration(value any) (time.Duration, bool) {
	switch value := value.(type) {
	case json.Number:
		n, err := value.Int64()
		return time.Duration(n) * time.Second, err == nil
	case string:
		d, err := time.ParseDuration(value)
		return d, err == nil
	}
	return 0, false
}
