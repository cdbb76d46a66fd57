package demo

import (
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// imitatedVersion is the release of Vault whose answers these are.
const imitatedVersion = "1.21.4"

// health tells whether the Vault is sealed. Clients choose the statuses that
// they want to see for that.
func (v *Vault) health(req vaultRequest) vaultReply {
	status, parameter := http.StatusOK, "activecode"
	if v.sealed {
		status, parameter = http.StatusServiceUnavailable, "sealedcode"
	}
	if wanted := req.query(parameter); wanted != "" {
		n, err := strconv.Atoi(wanted)
		if err != nil || n < 200 || n > 599 {
			return vaultReply{status: http.StatusBadRequest}
		}
		status = n
	}
	return vaultReply{status, map[string]any{
		"initialized": true, "sealed": v.sealed, "standby": false, "performance_standby": false,
		"replication_performance_mode": "disabled", "replication_dr_mode": "disabled",
		"server_time_utc": v.now().Unix(), "version": imitatedVersion, "enterprise": false,
		"cluster_name": "ringward-demo", "cluster_id": "", "echo_duration_ms": 0, "clock_skew_ms": 0,
		"replication_primary_canary_age_ms": 0,
	}}
}

// mountOf tells the mount of a path, from which clients learn the version of
// its KV engine. Strangers and unknown paths get the same refusal, so that the
// mounts cannot be guessed.
func (v *Vault) mountOf(req vaultRequest) vaultReply {
	if req.method != http.MethodGet {
		return vaultUnsupported()
	}
	path := strings.TrimSuffix(req.rest, "/") + "/"
	mount := path[:strings.Index(path, "/")+1]
	// The options of a KV v1 mount are usually null, as they are here.
	options, known := map[string]any{"secret/": map[string]string{"version": "2"}, "kv1/": nil}[mount]
	if !known || !req.token.mayAnyUnder(mount) {
		return vaultFail(http.StatusForbidden, fmt.Sprintf(
			"preflight capability check returned 403, please ensure client's policies grant access to path %q", path))
	}
	return vaultData("system", map[string]any{
		"accessor": "kv_" + strings.TrimSuffix(mount, "/"), "path": mount, "type": "kv", "options": options,
		"config": map[string]any{
			"default_lease_ttl": seconds(defaultLease), "max_lease_ttl": seconds(defaultLease), "force_no_cache": false,
		},
		"deprecation_status": "supported", "description": "", "external_entropy_access": false,
		"local": false, "plugin_version": "", "running_plugin_version": "", "running_sha256": "",
		"seal_wrap": false, "uuid": "",
	})
}

// capabilitiesSelf tells what the client's token may do. Vault repeats the
// data at the top level of this answer, for old clients.
func (v *Vault) capabilitiesSelf(req vaultRequest) vaultReply {
	if req.method != http.MethodPost && req.method != http.MethodPut {
		return vaultUnsupported()
	}
	paths := stringList(req.body["paths"])
	if len(paths) == 0 {
		paths = stringList(req.body["path"])
	}
	if len(paths) == 0 {
		return vaultFail(http.StatusBadRequest, "paths must be supplied")
	}
	data := map[string]any{}
	for _, path := range paths {
		data[path] = req.token.capabilities(path)
	}
	if len(paths) == 1 {
		data["capabilities"] = data[paths[0]]
	}
	answer := map[string]any{
		"request_id": newUUID(), "lease_id": "", "renewable": false, "lease_duration": 0,
		"wrap_info": nil, "warnings": nil, "auth": nil, "mount_type": "system",
	}
	maps.Copy(answer, data)
	answer["data"] = data
	return vaultReply{http.StatusOK, answer}
}

// stringList reads a parameter that is one text or a list of texts.
func stringList(value any) []string {
	switch value := value.(type) {
	case string:
		return strings.Split(value, ",")
	case []any:
		var list []string
		for _, element := range value {
			if text, ok := element.(string); ok {
				list = append(list, text)
			}
		}
		return list
	}
	return nil
}
