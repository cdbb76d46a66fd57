package demo

import (
	"encoding/json"
	"net/http"
	"time"
)

// defaultLease is the lifetime that Vault gives to mounts and static secrets.
const defaultLease = 32 * 24 * time.Hour

// vaultEnvelope is the frame of every successful answer of Vault.
type vaultEnvelope struct {
	RequestID     string     `json:"request_id"`
	LeaseID       string     `json:"lease_id"`
	Renewable     bool       `json:"renewable"`
	LeaseDuration int        `json:"lease_duration"`
	Data          any        `json:"data"`
	WrapInfo      any        `json:"wrap_info"`
	Warnings      []string   `json:"warnings"`
	Auth          *vaultAuth `json:"auth"`
	MountType     string     `json:"mount_type"`
}

// vaultAuth is the answer to a login and to the renewal of a token.
type vaultAuth struct {
	ClientToken    string            `json:"client_token"`
	Accessor       string            `json:"accessor"`
	Policies       []string          `json:"policies"`
	TokenPolicies  []string          `json:"token_policies"`
	Metadata       map[string]string `json:"metadata"`
	LeaseDuration  int               `json:"lease_duration"`
	Renewable      bool              `json:"renewable"`
	EntityID       string            `json:"entity_id"`
	TokenType      string            `json:"token_type"`
	Orphan         bool              `json:"orphan"`
	MFARequirement any               `json:"mfa_requirement"`
	NumUses        int               `json:"num_uses"`
}

// vaultReply is an answer before it is written; a nil body means none.
type vaultReply struct {
	status int
	body   any
}

func (a vaultReply) write(w http.ResponseWriter) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	if a.body != nil {
		// A client that went away is no concern of the Vault.
		_ = json.NewEncoder(w).Encode(a.body)
	}
}

func vaultData(mountType string, data any) vaultReply {
	return vaultReply{http.StatusOK, vaultEnvelope{RequestID: newUUID(), Data: data, MountType: mountType}}
}

func vaultNoContent() vaultReply { return vaultReply{status: http.StatusNoContent} }

func vaultFail(status int, messages ...string) vaultReply {
	return vaultReply{status, map[string][]string{"errors": messages}}
}

func vaultNotFound() vaultReply {
	return vaultReply{http.StatusNotFound, map[string][]string{"errors": {}}}
}

func vaultDenied() vaultReply { return vaultFail(http.StatusForbidden, "permission denied") }

func vaultUnsupported() vaultReply {
	return vaultFail(http.StatusMethodNotAllowed, "1 error occurred:\n\t* unsupported operation\n\n")
}
