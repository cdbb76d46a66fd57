package demo

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// maxVaultBody bounds the body of a request to the Vault, in bytes.
const maxVaultBody = 1 << 20

// Vault is an in-memory server of the part of HashiCorp Vault's HTTP API that
// a reader of KV secrets uses: KV version 2 mounted at "secret/", KV version 1
// at "kv1/", AppRole logins at "auth/approle/", and tokens with a lifetime.
// It is safe for concurrent use.
type Vault struct {
	root  string
	calls atomic.Int64

	mu        sync.Mutex // guards everything below
	now       func() time.Time
	sealed    bool
	versioned map[string]*versionedSecret
	plain     map[string]map[string]any
	tokens    map[string]*token
	roles     map[string]*role // by role id
}

// NewVault returns an unsealed, empty Vault with a random root token.
func NewVault() *Vault {
	v := &Vault{
		now:       time.Now,
		versioned: map[string]*versionedSecret{},
		plain:     map[string]map[string]any{},
		tokens:    map[string]*token{},
		roles:     map[string]*role{},
	}
	v.root = v.addRootToken()
	return v
}

// RootToken returns the token that may do everything and never expires.
func (v *Vault) RootToken() string { return v.root }

// Put stores data and returns the version that it became. The path starts with
// a mount: "secret/phone/x" (the API's spelling "secret/data/phone/x" means the
// same secret) or "kv1/phone/x", which has no versions and returns 0. Any other
// path is a mistake of the program and panics.
func (v *Vault) Put(path string, data map[string]string) (version int) {
	stored := make(map[string]any, len(data))
	for name, value := range data {
		stored[name] = value
	}
	mount, rest, _ := strings.Cut(path, "/")
	v.mu.Lock()
	defer v.mu.Unlock()
	switch {
	case mount == "secret" && rest != "":
		return v.putVersion(strings.TrimPrefix(rest, "data/"), stored)
	case mount == "kv1" && rest != "":
		v.plain[rest] = stored
		return 0
	}
	panic("demo: Put needs a path below secret/ or kv1/")
}

// SetMetadata sets the custom metadata of a secret below "secret/".
func (v *Vault) SetMetadata(path string, custom map[string]string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	stored := make(map[string]any, len(custom))
	for name, value := range custom {
		stored[name] = value
	}
	v.secretAt(strings.TrimPrefix(path, "secret/")).custom = stored
}

// SetSealed makes the Vault answer 503 to everything, as a sealed one does, or
// ends that.
func (v *Vault) SetSealed(sealed bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.sealed = sealed
}

// SetClock replaces the clock that lifetimes of tokens and versions go by.
func (v *Vault) SetClock(now func() time.Time) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.now = now
}

// Calls returns how many requests the Vault has received.
func (v *Vault) Calls() int64 { return v.calls.Load() }

// vaultRequest is what a handler needs of a request.
type vaultRequest struct {
	method string
	path   string // below /v1/
	rest   string // below the route
	query  func(name string) string
	body   map[string]any
	token  *token // nil where the request has no valid one
}

// ServeHTTP answers one request of a Vault client.
func (v *Vault) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	v.calls.Add(1)
	path, ok := strings.CutPrefix(r.URL.Path, "/v1/")
	if !ok {
		vaultNotFound().write(w)
		return
	}
	body, err := vaultBody(w, r)
	if err != nil {
		status := http.StatusBadRequest
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			status = http.StatusRequestEntityTooLarge
		}
		vaultFail(status, "error parsing JSON").write(w)
		return
	}
	req := vaultRequest{method: r.Method, path: path, query: r.URL.Query().Get, body: body}
	if req.method == http.MethodGet && req.query("list") == "true" { // how clients spell it that know no LIST
		req.method = methodList
	}
	v.reply(req, clientToken(r)).write(w)
}

// vaultBody reads a bounded JSON object; an empty body is an empty object.
func vaultBody(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxVaultBody))
	if err != nil {
		return nil, fmt.Errorf("reading request: %w", err)
	}
	body := map[string]any{}
	if len(bytes.TrimSpace(raw)) == 0 {
		return body, nil
	}
	// Numbers keep their spelling, so that a secret comes back as it went in.
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if err := dec.Decode(&body); err != nil {
		return nil, fmt.Errorf("decoding request: %w", err)
	}
	return body, nil
}

func clientToken(r *http.Request) string {
	if t := r.Header.Get("X-Vault-Token"); t != "" {
		return t
	}
	t, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	return t
}

// vaultRoute is one branch of the API. A prefix that ends in "/" has a path
// below it.
type vaultRoute struct {
	prefix string
	open   bool // needs no token, or checks it itself
	serve  func(*Vault, vaultRequest) vaultReply
}

var vaultRoutes = []vaultRoute{
	{"sys/health", true, (*Vault).health},
	{"sys/internal/ui/mounts/", true, (*Vault).mountOf},
	{"sys/capabilities-self", false, (*Vault).capabilitiesSelf},
	{"auth/approle/login", true, (*Vault).approleLogin},
	{"auth/token/lookup-self", false, (*Vault).lookupSelf},
	{"auth/token/renew-self", false, (*Vault).renewSelf},
	{"auth/token/revoke-self", false, (*Vault).revokeSelf},
	{"secret/data/", false, (*Vault).kvData},
	{"secret/metadata/", false, (*Vault).kvMetadata},
	{"secret/delete/", false, (*Vault).kvDelete},
	{"secret/undelete/", false, (*Vault).kvUndelete},
	{"secret/destroy/", false, (*Vault).kvDestroy},
	{"secret/", false, (*Vault).kvWrongPath},
	{"kv1/", false, (*Vault).kvPlain},
}

// reply routes a request and checks that its token may make it.
func (v *Vault) reply(req vaultRequest, id string) vaultReply {
	v.mu.Lock()
	defer v.mu.Unlock()
	req.token = v.findToken(id)
	for _, route := range vaultRoutes {
		rest, ok := strings.CutPrefix(req.path, route.prefix)
		isTree := strings.HasSuffix(route.prefix, "/")
		if !ok || isTree != (rest != "") {
			continue
		}
		if v.sealed && route.prefix != "sys/health" {
			return vaultFail(http.StatusServiceUnavailable, "Vault is sealed")
		}
		req.rest = rest
		if !route.open && !req.token.may(req.path, v.needed(req)...) {
			return vaultDenied()
		}
		return route.serve(v, req)
	}
	// A real Vault does not tell strangers which routes exist.
	if req.token == nil {
		return vaultDenied()
	}
	return vaultFail(http.StatusNotFound, "no handler for route "+strconv.Quote(req.path)+". route entry not found.")
}

// newUUID returns a random UUID, the form of Vault's ids.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // crypto/rand does not fail, it ends the program
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[0:4], b[4:6], b[6:8], b[8:10], b[10:16])
}
