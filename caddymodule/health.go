package caddymodule

import (
	"net/http"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	caddy.RegisterModule(Health{})
	httpcaddyfile.RegisterHandlerDirective("ringward_health", parseHealth)
	httpcaddyfile.RegisterDirectiveOrder("ringward_health", httpcaddyfile.Before, "respond")
}

// Health answers 200 when every credential of the config is loaded and fresh, and
// every source of callers and of their tokens' keys has been read; 503 otherwise. It tells nothing else, so that it may listen where a kubelet
// can reach it.
type Health struct {
	app *App
}

// CaddyModule returns the Caddy module information.
func (Health) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.ringward_health",
		New: func() caddy.Module { return new(Health) },
	}
}

// Provision finds the app.
func (h *Health) Provision(ctx caddy.Context) error {
	app, err := appFrom(ctx)
	h.app = app
	return err
}

// ServeHTTP answers a probe.
func (h *Health) ServeHTTP(w http.ResponseWriter, _ *http.Request, _ caddyhttp.Handler) error {
	status, body := http.StatusOK, "{\"status\":\"ready\"}\n"
	if !h.app.ready() {
		status, body = http.StatusServiceUnavailable, "{\"status\":\"not ready\"}\n"
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(body)) // the prober is gone
	return nil
}

// ready reports whether requests can be served now.
func (a *App) ready() bool {
	for _, entry := range a.secrets.list() {
		if _, err := entry.keeper.Current(); err != nil {
			return false
		}
	}
	if a.pseudonyms.epochs != nil && a.pseudonyms.epochs.Ready() != nil {
		return false
	}
	return a.registry.Ready() == nil && (a.tokens == nil || a.tokens.verifier.Ready() == nil)
}

// parseHealth reads the directive, which takes nothing:
//
//	ringward_health
func parseHealth(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	health := new(Health)
	return health, health.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile checks that nothing follows the directive.
func (h *Health) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next() // consume the directive's name
	if d.NextArg() {
		return d.ArgErr()
	}
	if d.NextBlock(0) {
		return d.Err("ringward_health takes no options")
	}
	return nil
}

// Interface guards.
var (
	_ caddy.Provisioner           = (*Health)(nil)
	_ caddyhttp.MiddlewareHandler = (*Health)(nil)
	_ caddyfile.Unmarshaler       = (*Health)(nil)
)
