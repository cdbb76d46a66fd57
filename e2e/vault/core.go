package main

import (
	"maps"
	"net/http"
	"os"
	"slices"
	"time"

	"github.com/hashicorp/go-hclog"
	authjwt "github.com/hashicorp/vault-plugin-auth-jwt"
	authkubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	secretskv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/audit"
	authapprole "github.com/hashicorp/vault/builtin/credential/approle"
	authcert "github.com/hashicorp/vault/builtin/credential/cert"
	"github.com/hashicorp/vault/builtin/logical/transit"
	"github.com/hashicorp/vault/helper/metricsutil"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

// secretsEngines and authMethods are what can be mounted, by plugin name.
var (
	secretsEngines = map[string]logical.Factory{
		"kv":      secretskv.Factory,
		"transit": transit.Factory,
	}
	authMethods = map[string]logical.Factory{
		"approle":    authapprole.Factory,
		"cert":       authcert.Factory,
		"jwt":        authjwt.Factory,
		"kubernetes": authkubernetes.Factory,
		"oidc":       authjwt.Factory,
	}
)

// newCore makes a sealed, uninitialised Vault on storage in memory.
func newCore(verbose bool) (*vault.Core, error) {
	logger := newLogger(verbose)
	storage, err := inmem.NewInmem(nil, logger.Named("storage"))
	if err != nil {
		return nil, err
	}
	return vault.NewCore(&vault.CoreConfig{
		BuiltinRegistry:    registry{},
		LogicalBackends:    maps.Clone(secretsEngines),
		CredentialBackends: maps.Clone(authMethods),
		AuditBackends:      map[string]audit.Factory{"file": audit.NewFileBackend},
		Physical:           storage,
		StorageType:        "inmem",
		// Locked memory needs a capability that test machines do not give,
		// and these secrets are not secret.
		DisableMlock: true,
		Logger:       logger,
		MetricSink:   metricsutil.BlackholeSink(),
		ClusterName:  "e2e",
	})
}

// newLogger always makes an InterceptLogger: Vault expects that type.
func newLogger(verbose bool) hclog.Logger {
	level := hclog.Off
	if verbose {
		level = hclog.Debug
	}
	return hclog.NewInterceptLogger(&hclog.LoggerOptions{Name: "vault", Level: level, Output: os.Stderr})
}

// coreHandler is Vault's HTTP API over core.
func coreHandler(core *vault.Core) http.Handler {
	return vaulthttp.Handler.Handler(&vault.HandlerProperties{
		Core: core,
		ListenerConfig: &configutil.Listener{
			MaxRequestSize:     vaulthttp.DefaultMaxRequestSize,
			MaxRequestDuration: 30 * time.Second,
		},
	})
}

// shutDown stops core, and stops waiting for it after shutdownLimit.
func shutDown(core *vault.Core) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = core.Shutdown()
	}()
	select {
	case <-done:
	case <-time.After(shutdownLimit):
	}
}

// registry is Vault's catalogue of built-in plugins, cut down to the ones that
// are linked in. Vault's own catalogue would link all of them.
type registry struct{}

func (registry) factories(kind consts.PluginType) map[string]logical.Factory {
	switch kind {
	case consts.PluginTypeSecrets:
		return secretsEngines
	case consts.PluginTypeCredential:
		return authMethods
	default:
		return nil
	}
}

func (r registry) Contains(name string, kind consts.PluginType) bool {
	_, ok := r.factories(kind)[name]
	return ok
}

func (r registry) Get(name string, kind consts.PluginType) (func() (any, error), bool) {
	factory, ok := r.factories(kind)[name]
	if !ok {
		return nil, false
	}
	return func() (any, error) { return factory, nil }, true
}

func (r registry) Keys(kind consts.PluginType) []string {
	return slices.Sorted(maps.Keys(r.factories(kind)))
}

func (r registry) DeprecationStatus(name string, kind consts.PluginType) (consts.DeprecationStatus, bool) {
	if !r.Contains(name, kind) {
		return consts.Unknown, false
	}
	return consts.Supported, true
}

func (registry) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }
