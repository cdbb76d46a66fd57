package demo

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// defaultMaxVersions is how many versions of a secret Vault keeps.
const defaultMaxVersions = 10

// versionedSecret is one secret of the KV version 2 engine.
type versionedSecret struct {
	versions         map[int]*secretVersion
	current, oldest  int // oldest is 0 until versions have been dropped
	created, updated time.Time
	maxVersions      int // 0 means defaultMaxVersions
	casRequired      bool
	deleteAfter      time.Duration
	custom           map[string]any
}

type secretVersion struct {
	data      map[string]any
	created   time.Time
	deleted   time.Time // may lie in the future
	destroyed bool
}

func (s *secretVersion) readable(now time.Time) bool {
	return !s.destroyed && (s.deleted.IsZero() || now.Before(s.deleted))
}

func (s *versionedSecret) metadata(version int) map[string]any {
	one := s.versions[version]
	return map[string]any{
		"version": version, "created_time": vaultTime(one.created), "deletion_time": vaultTime(one.deleted),
		"destroyed": one.destroyed, "custom_metadata": s.custom,
	}
}

// secretAt returns a secret, made empty where there is none.
func (v *Vault) secretAt(path string) *versionedSecret {
	secret := v.versioned[path]
	if secret == nil {
		now := v.now()
		secret = &versionedSecret{versions: map[int]*secretVersion{}, created: now, updated: now}
		v.versioned[path] = secret
	}
	return secret
}

// putVersion adds a version and drops those past the limit.
func (v *Vault) putVersion(path string, data map[string]any) int {
	secret, now := v.secretAt(path), v.now()
	secret.current++
	secret.updated = now
	added := &secretVersion{data: data, created: now}
	if secret.deleteAfter > 0 {
		added.deleted = now.Add(secret.deleteAfter)
	}
	secret.versions[secret.current] = added
	limit := secret.maxVersions
	if limit <= 0 {
		limit = defaultMaxVersions
	}
	for old := range secret.versions {
		if old <= secret.current-limit {
			delete(secret.versions, old)
			secret.oldest = secret.current - limit + 1
		}
	}
	return secret.current
}

func (v *Vault) kvData(req vaultRequest) vaultReply {
	switch req.method {
	case http.MethodGet:
		return v.kvRead(req)
	case http.MethodPost, http.MethodPut:
		return v.kvWrite(req)
	case http.MethodDelete:
		secret := v.versioned[req.rest]
		if secret != nil && secret.versions[secret.current] != nil {
			v.deleteVersion(secret.versions[secret.current])
		}
		return vaultNoContent()
	default: // PATCH too: clients then read, change and write
		return vaultUnsupported()
	}
}

func (v *Vault) kvRead(req vaultRequest) vaultReply {
	secret := v.versioned[req.rest]
	if secret == nil {
		return vaultNotFound()
	}
	version := secret.current
	if wanted := req.query("version"); wanted != "" {
		n, err := strconv.Atoi(wanted)
		if err != nil || n < 0 {
			return vaultFail(http.StatusBadRequest, "Field validation failed: error converting input for field \"version\"")
		}
		if n > 0 {
			version = n
		}
	}
	found := secret.versions[version]
	if found == nil {
		return vaultNotFound()
	}
	if !found.readable(v.now()) {
		// A deleted version is a 404 with a full envelope, not an error.
		gone := vaultData("kv", map[string]any{"data": nil, "metadata": secret.metadata(version)})
		gone.status = http.StatusNotFound
		return gone
	}
	return vaultData("kv", map[string]any{"data": found.data, "metadata": secret.metadata(version)})
}

func (v *Vault) kvWrite(req vaultRequest) vaultReply {
	data, ok := req.body["data"].(map[string]any)
	if !ok {
		return vaultFail(http.StatusBadRequest, "no data provided")
	}
	current, casRequired := 0, false
	if secret := v.versioned[req.rest]; secret != nil {
		current, casRequired = secret.current, secret.casRequired
	}
	options, _ := req.body["options"].(map[string]any)
	if cas, given := options["cas"]; given {
		if fmt.Sprint(cas) != strconv.Itoa(current) {
			return vaultFail(http.StatusBadRequest, "check-and-set parameter did not match the current version")
		}
	} else if casRequired {
		return vaultFail(http.StatusBadRequest, "check-and-set parameter required for this call")
	}
	version := v.putVersion(req.rest, data)
	return vaultData("kv", v.versioned[req.rest].metadata(version))
}

func (v *Vault) deleteVersion(version *secretVersion) {
	if version.readable(v.now()) {
		version.deleted = v.now()
	}
}

func (v *Vault) kvDelete(req vaultRequest) vaultReply {
	return v.eachVersion(req, v.deleteVersion)
}

func (v *Vault) kvUndelete(req vaultRequest) vaultReply {
	return v.eachVersion(req, func(version *secretVersion) { version.deleted = time.Time{} })
}

func (v *Vault) kvDestroy(req vaultRequest) vaultReply {
	return v.eachVersion(req, func(version *secretVersion) { version.destroyed, version.data = true, nil })
}

// eachVersion changes the versions that the body lists; unknown ones are
// passed over, as Vault does.
func (v *Vault) eachVersion(req vaultRequest, change func(*secretVersion)) vaultReply {
	if req.method != http.MethodPost && req.method != http.MethodPut {
		return vaultUnsupported()
	}
	listed, _ := req.body["versions"].([]any)
	if len(listed) == 0 {
		return vaultFail(http.StatusBadRequest, "No version number provided")
	}
	secret := v.versioned[req.rest]
	if secret == nil {
		return vaultNoContent()
	}
	for _, element := range listed {
		n, err := strconv.Atoi(fmt.Sprint(element)) // a number or its text
		if version := secret.versions[n]; err == nil && version != nil {
			change(version)
		}
	}
	return vaultNoContent()
}

// kvWrongPath answers a path that a KV version 1 client would use here. Vault
// sends a 404 with a warning, which its own client returns as a secret without
// data rather than as an error.
func (v *Vault) kvWrongPath(vaultRequest) vaultReply {
	return vaultReply{http.StatusNotFound, vaultEnvelope{RequestID: newUUID(), Warnings: []string{
		"Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API endpoints to use. " +
			"If using the Vault CLI, use 'vault kv get' for this operation.",
	}}}
}

// kvPlain serves the KV version 1 engine.
func (v *Vault) kvPlain(req vaultRequest) vaultReply {
	switch req.method {
	case http.MethodGet:
		data, ok := v.plain[req.rest]
		if !ok {
			return vaultNotFound()
		}
		return vaultReply{http.StatusOK, vaultEnvelope{
			RequestID: newUUID(), LeaseDuration: seconds(defaultLease), Data: data, MountType: "kv",
		}}
	case http.MethodPost, http.MethodPut:
		if len(req.body) == 0 {
			return vaultFail(http.StatusBadRequest, "missing data fields")
		}
		v.plain[req.rest] = req.body
		return vaultNoContent()
	case http.MethodDelete:
		delete(v.plain, req.rest)
		return vaultNoContent()
	default:
		return vaultUnsupported()
	}
}
