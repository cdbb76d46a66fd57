package demo

import (
	"crypto/subtle"
	"maps"
	"net/http"
	"time"
)

// Role is an AppRole: a machine identity that logs in for a token.
type Role struct {
	// Name names the role and its policy.
	Name string

	// Grants maps an API path ("secret/data/phone/x"), or a prefix ending in
	// "*", to capabilities: "read", "create", "update", "delete", "deny". What
	// is not granted is denied.
	Grants map[string][]string

	// TTL is the lifetime of a token; default one hour.
	TTL time.Duration

	// MaxTTL bounds the lifetime across renewals; default 24 hours.
	MaxTTL time.Duration
}

type role struct {
	Role
	id       string
	secretID string
}

// AddRole registers an AppRole and returns the ids that it logs in with.
func (v *Vault) AddRole(r Role) (roleID, secretID string) {
	if r.TTL <= 0 {
		r.TTL = defaultTokenTTL
	}
	if r.MaxTTL <= 0 {
		r.MaxTTL = defaultTokenMaxTTL
	}
	r.Grants = maps.Clone(r.Grants)
	added := &role{Role: r, id: newUUID(), secretID: newUUID()}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.roles[added.id] = added
	return added.id, added.secretID
}

// RemoveRole ends a role: it can no longer log in. Its tokens live on, as
// those of a real role do.
func (v *Vault) RemoveRole(roleID string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.roles, roleID)
}

func (v *Vault) approleLogin(req vaultRequest) vaultReply {
	if req.method != http.MethodPost && req.method != http.MethodPut {
		return vaultUnsupported()
	}
	roleID, _ := req.body["role_id"].(string)
	secretID, _ := req.body["secret_id"].(string)
	if roleID == "" {
		return vaultFail(http.StatusBadRequest, "missing role_id")
	}
	known := v.roles[roleID]
	if known != nil && secretID == "" {
		return vaultFail(http.StatusBadRequest, "missing secret_id")
	}
	if known == nil || subtle.ConstantTimeCompare([]byte(known.secretID), []byte(secretID)) != 1 {
		return vaultFail(http.StatusBadRequest, "invalid role or secret ID")
	}
	return vaultReply{http.StatusOK, vaultEnvelope{
		RequestID: newUUID(), Auth: v.issue(known).auth(v.now()), MountType: "approle",
	}}
}
