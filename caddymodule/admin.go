package caddymodule

import (
	"encoding/json"
	"errors"
	"net/http"

	"github.com/caddyserver/caddy/v2"

	"github.com/ringward/ringward/caddymodule/internal/credential"
)

func init() {
	caddy.RegisterModule(Admin{})
}

// Admin adds GET /ringward/status to Caddy's admin API: what an operator wants
// to know of the running config, without any secret; and POST /ringward/forget,
// which `ringward audit forget` uses.
type Admin struct{}

// CaddyModule returns the Caddy module information.
func (Admin) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "admin.api.ringward",
		New: func() caddy.Module { return new(Admin) },
	}
}

// Routes lists the endpoint.
func (a *Admin) Routes() []caddy.AdminRoute {
	return []caddy.AdminRoute{
		{Pattern: "/ringward/status", Handler: caddy.AdminHandlerFunc(a.status)},
		{Pattern: forgetPath, Handler: caddy.AdminHandlerFunc(a.forget)},
	}
}

// statusReport is the answer of the status endpoint.
type statusReport struct {
	Ready       bool               `json:"ready"`
	Credentials []credentialReport `json:"credentials"`
}

type credentialReport struct {
	Name string `json:"name"`
	credential.Status
}

func (*Admin) status(w http.ResponseWriter, r *http.Request) error {
	if r.Method != http.MethodGet {
		return caddy.APIError{HTTPStatus: http.StatusMethodNotAllowed, Err: errors.New("use GET")}
	}
	app := running.latest()
	if app == nil {
		return caddy.APIError{HTTPStatus: http.StatusNotFound, Err: errors.New("the running config has no ringward routes")}
	}
	report := statusReport{Ready: app.ready(), Credentials: []credentialReport{}}
	for _, entry := range app.secrets.list() {
		report.Credentials = append(report.Credentials, credentialReport{entry.name, entry.keeper.Status()})
	}
	w.Header().Set("Content-Type", "application/json")
	return json.NewEncoder(w).Encode(report)
}

// Interface guards.
var _ caddy.AdminRouter = (*Admin)(nil)
