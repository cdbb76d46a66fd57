package demo

import (
	"net/http"
	"slices"
	"strings"
)

// methodList is the method by which Vault lists a folder.
const methodList = "LIST"

// needed lists the capabilities any of which allows a request. To what has
// metadata in KV version 2 a write is an update, and to what has none it is the
// making of it; elsewhere either is enough here.
func (v *Vault) needed(req vaultRequest) []string {
	switch req.method {
	case http.MethodGet:
		return []string{"read"}
	case methodList:
		return []string{"list"}
	case http.MethodDelete:
		return []string{"delete"}
	case http.MethodPost, http.MethodPut:
	default:
		return nil
	}
	isSecret := strings.HasPrefix(req.path, "secret/data/") || strings.HasPrefix(req.path, "secret/metadata/")
	switch {
	case !isSecret:
		return []string{"update", "create"}
	case v.versioned[req.rest] != nil:
		return []string{"update"}
	default:
		return []string{"create"}
	}
}

// capabilities lists what the token may do at a path: an exact grant decides,
// else the one with the longest prefix.
func (t *token) capabilities(path string) []string {
	if t.root {
		return []string{"root"}
	}
	found, ok := t.grants[path]
	if !ok {
		longest := -1
		for pattern, granted := range t.grants {
			prefix, isPrefix := strings.CutSuffix(pattern, "*")
			if isPrefix && len(prefix) > longest && strings.HasPrefix(path, prefix) {
				longest, found = len(prefix), granted
			}
		}
	}
	if len(found) == 0 || slices.Contains(found, "deny") {
		return []string{"deny"}
	}
	return slices.Sorted(slices.Values(found))
}

// may reports whether the token allows what needs one of the capabilities.
func (t *token) may(path string, needed ...string) bool {
	if t == nil {
		return false
	}
	granted := t.capabilities(path)
	return granted[0] == "root" || slices.ContainsFunc(needed, func(one string) bool { return slices.Contains(granted, one) })
}

// mayAnyUnder reports whether the token may do something below a mount.
func (t *token) mayAnyUnder(mount string) bool {
	if t == nil {
		return false
	}
	if t.root {
		return true
	}
	for pattern, granted := range t.grants {
		prefix := strings.TrimSuffix(pattern, "*")
		under := strings.HasPrefix(prefix, mount) || (prefix != pattern && strings.HasPrefix(mount, prefix))
		if under && !slices.Contains(granted, "deny") {
			return true
		}
	}
	return false
}
