package caddymodule

import (
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"

	"github.com/ringward/ringward/caddymodule/internal/credential"
)

func init() {
	httpcaddyfile.RegisterGlobalOption("ringward", parseApp)
}

// parseApp reads the global option:
//
//	ringward {
//		environment <name>
//		vault [<address>] {
//			auth token | token_file <path> | approle { ... } | kubernetes <role> | jwt [<role>] | cert [<role>] { ... }
//			namespace <name>
//			ca <file>
//			client_cert <cert_file> <key_file>
//			tls_server_name <name>
//			proxy <url>
//		}
//		audit file <path> | stdout { ... }
//		limits redis <address...> { ... }
//		lockout { ... }
//		tier <name> { limit ...; budget ...; concurrency ... }
//		allow_ip|deny_ip <address|prefix...> | file <path...>
//		jwt <issuer> { ... }
//		certificates { ... }
//		callers file <path> | vault <path> { ... }
//		caller <name> { ... }
//	}
func parseApp(d *caddyfile.Dispenser, existing any) (any, error) {
	d.Next() // consume the option's name
	if existing != nil {
		return nil, d.Err("the global option ringward is given twice: put everything in one")
	}
	if d.NextArg() {
		return nil, d.ArgErr()
	}
	app := new(App)
	options := map[string]option{
		"vault":        once(func(d *caddyfile.Dispenser) error { return parseVault(d, app) }),
		"environment":  text("environment <name>", &app.Environment),
		"audit":        once(func(d *caddyfile.Dispenser) error { return parseAudit(d, &app.Audit) }),
		"limits":       once(func(d *caddyfile.Dispenser) error { return parseLimitStore(d, app) }),
		"lockout":      once(func(d *caddyfile.Dispenser) error { return parseLockout(d, app) }),
		"tier":         many(func(d *caddyfile.Dispenser) error { return parseTier(d, app) }),
		"jwt":          once(func(d *caddyfile.Dispenser) error { return parseJWT(d, app) }),
		"certificates": once(func(d *caddyfile.Dispenser) error { return parseCertificates(d, app) }),
		"callers":      many(func(d *caddyfile.Dispenser) error { return parseCallerSource(d, app) }),
		"caller":       many(func(d *caddyfile.Dispenser) error { return parseCaller(d, app) }),
	}
	addressOptions(options, &app.Addresses)
	if err := readBlock(d, options); err != nil {
		return nil, err
	}
	return httpcaddyfile.App{Name: "ringward", Value: caddyconfig.JSON(app, nil)}, nil
}

func parseVault(d *caddyfile.Dispenser, app *App) error {
	v := new(credential.SessionConfig)
	app.Vault = v
	if d.NextArg() {
		v.Address = d.Val()
	}
	if d.NextArg() {
		return d.ArgErr()
	}
	return readBlock(d, map[string]option{
		"auth":      once(func(d *caddyfile.Dispenser) error { return parseAuth(d, &v.Auth) }),
		"namespace": text("namespace <name>", &v.Namespace),
		"ca":        text("ca <file>", &v.CAFile),
		"client_cert": once(func(d *caddyfile.Dispenser) error {
			return exactly(d, "client_cert <cert_file> <key_file>", &v.ClientCertFile, &v.ClientKeyFile)
		}),
		"tls_server_name": text("tls_server_name <name>", &v.TLSServerName),
		"proxy":           text("proxy <url>", &v.Proxy),
	})
}

func parseAuth(d *caddyfile.Dispenser, a *credential.AuthConfig) error {
	args := d.RemainingArgs()
	if len(args) == 0 || len(args) > 2 {
		return d.Err("the form is: auth token | token_file <path> | approle { ... } | kubernetes <role> | jwt [<role>] | cert [<role>]")
	}
	a.Method = args[0]
	if len(args) == 2 {
		switch a.Method {
		case credential.MethodToken:
			return d.Err("a token does not belong in a Caddyfile: set VAULT_TOKEN, or use auth token_file <path>")
		case credential.MethodTokenFile:
			a.TokenFile = args[1]
		case credential.MethodAppRole:
			a.RoleID = args[1]
		default:
			a.Role = args[1]
		}
	}
	return readBlock(d, map[string]option{
		"mount":          text("mount <path>", &a.Mount),
		"role":           text("role <name>", &a.Role),
		"role_id":        text("role_id <id>", &a.RoleID),
		"role_id_file":   text("role_id_file <path>", &a.RoleIDFile),
		"secret_id_file": text("secret_id_file <path>", &a.SecretIDFile),
		"secret_id_env":  text("secret_id_env <name>", &a.SecretIDEnv),
		"secret_id_wrapped": once(func(d *caddyfile.Dispenser) error {
			a.SecretIDWrapped = true
			return exactly(d, "secret_id_wrapped")
		}),
		"jwt_file": text("jwt_file <path>", &a.JWTFile),
	})
}

// parseSecret reads a reference to a secret, and options where the kind has some.
func parseSecret(d *caddyfile.Dispenser, s *SecretConfig) error {
	args := d.RemainingArgs()
	switch {
	case len(args) >= 3 && args[0] == sourceVault:
		s.Source, s.Path, s.Fields = args[0], args[1], args[2:]
	case len(args) == 2 && args[0] == sourceFile:
		s.Source, s.Path = args[0], args[1]
	case len(args) == 2 && args[0] == sourceEnv:
		s.Source, s.Name = args[0], args[1]
	default:
		return d.Err("the form is: vault <path> <field...> | file <path> | env <name>; a secret itself never stands in a config")
	}
	if err := s.validate(); err != nil {
		return d.WrapErr(err)
	}
	return nil
}
