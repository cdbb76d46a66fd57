package demo

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

func (v *Vault) kvMetadata(req vaultRequest) vaultReply {
	switch req.method {
	case http.MethodGet:
		return v.kvReadMetadata(req)
	case methodList:
		return v.kvList(req)
	case http.MethodPost, http.MethodPut:
		return v.kvWriteMetadata(req)
	case http.MethodDelete:
		delete(v.versioned, req.rest)
		return vaultNoContent()
	default:
		return vaultUnsupported()
	}
}

// kvList lists what stands in a folder, what is destroyed included. Folders in it
// end in "/".
func (v *Vault) kvList(req vaultRequest) vaultReply {
	folder := strings.TrimSuffix(req.rest, "/") + "/"
	found := map[string]bool{}
	for path := range v.versioned {
		if name, ok := strings.CutPrefix(path, folder); ok {
			if i := strings.IndexByte(name, '/'); i >= 0 {
				name = name[:i+1]
			}
			found[name] = true
		}
	}
	if len(found) == 0 {
		return vaultNotFound()
	}
	return vaultData("kv", map[string]any{"keys": slices.Sorted(maps.Keys(found))})
}

func (v *Vault) kvReadMetadata(req vaultRequest) vaultReply {
	secret := v.versioned[req.rest]
	if secret == nil {
		return vaultNotFound()
	}
	versions := make(map[string]any, len(secret.versions))
	for n, version := range secret.versions {
		versions[strconv.Itoa(n)] = map[string]any{
			"created_time": vaultTime(version.created), "deletion_time": vaultTime(version.deleted),
			"destroyed": version.destroyed,
		}
	}
	return vaultData("kv", map[string]any{
		"versions": versions, "current_version": secret.current, "oldest_version": secret.oldest,
		"created_time": vaultTime(secret.created), "updated_time": vaultTime(secret.updated),
		"max_versions": secret.maxVersions, "cas_required": secret.casRequired,
		"delete_version_after": secret.deleteAfter.String(), "custom_metadata": secret.custom,
	})
}

func (v *Vault) kvWriteMetadata(req vaultRequest) vaultReply {
	var maxVersions int
	if raw, ok := req.body["max_versions"].(json.Number); ok {
		n, err := strconv.Atoi(raw.String())
		if err != nil || n < 0 {
			return vaultFail(http.StatusBadRequest, "Field validation failed: error converting input for field \"max_versions\"")
		}
		maxVersions = n
	}
	secret := v.secretAt(req.rest)
	secret.updated = v.now()
	if _, ok := req.body["max_versions"]; ok {
		secret.maxVersions = maxVersions
	}
	if casRequired, ok := req.body["cas_required"].(bool); ok {
		secret.casRequired = casRequired
	}
	if after, ok := vaultDuration(req.body["delete_version_after"]); ok {
		secret.deleteAfter = after
	}
	if custom, ok := req.body["custom_metadata"]; ok {
		secret.custom, _ = custom.(map[string]any)
	}
	return vaultNoContent()
}
