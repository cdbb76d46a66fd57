package caddymodule

import (
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/template"

	"github.com/caddyserver/caddy/v2"

	"github.com/ringward/ringward/caddymodule/internal/caller"
	"github.com/ringward/ringward/caddymodule/internal/demo"
)

// demoStage is everything that the demo runs.
type demoStage struct {
	options   demoOptions
	dir       string
	temporary bool
	closers   []io.Closer
	running   bool

	Vault     string // address
	TokenFile string // empty: VAULT_TOKEN
	Dir       string
	AuditLog  string
	CAFile    string
	Routes    []demoRoute
	Callers   []demoCaller
}

type demoCaller struct {
	Name, Key, Digest, Release string
}

var demoCaddyfile = template.Must(template.New("Caddyfile").Funcs(template.FuncMap{"join": strings.Join}).Parse(`# Written by ringward demo.
{
	admin off
	persist_config off
	auto_https off
	storage file_system "{{.Dir}}/caddy"
	log {
		output file "{{.Dir}}/ringward.log"
	}
	ringward {
		vault {{.Vault}} {
			auth {{if .TokenFile}}token_file "{{.TokenFile}}"{{else}}token{{end}}
		}
		audit file "{{.AuditLog}}" {
			pseudonym_key vault secret/ringward-demo/audit pseudonym_key
		}
{{- range .Callers}}
		caller {{.Name}} {
			key {{.Digest}}
			release {{.Release}}
		}
{{- end}}
	}
}
{{range .Routes}}
http://:{{.Port}} {
	bind {{.Host}}
	ringward {{.Name}} {
		upstream {{.Upstream}}
		ca "{{$.CAFile}}"
		credential vault {{.Path}} {{join .Fields " "}}
{{- range .Options}}
		{{.}}
{{- end}}
	}
}
{{end}}`))

// newDemoStage prepares the stage. The stage is returned with an error too, so
// that what was begun can be closed.
func newDemoStage(options demoOptions) (*demoStage, error) {
	s := &demoStage{options: options, dir: options.dir}
	if s.dir == "" {
		dir, err := os.MkdirTemp("", "ringward-demo-")
		if err != nil {
			return s, fmt.Errorf("making a directory: %w", err)
		}
		s.dir, s.temporary = dir, true
	} else if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return s, fmt.Errorf("--dir: %w", err)
	}
	absolute, err := filepath.Abs(s.dir)
	if err != nil {
		return s, fmt.Errorf("--dir: %w", err)
	}
	s.Dir, s.AuditLog, s.CAFile = absolute, filepath.Join(absolute, "audit.jsonl"), filepath.Join(absolute, "ca.pem")
	if err := s.addCallers(); err != nil {
		return s, err
	}
	if err := s.startProviders(); err != nil {
		return s, err
	}
	return s, s.startVault()
}

func (s *demoStage) addCallers() error {
	for _, c := range []demoCaller{
		{Name: "full", Release: joinClasses()},
		{Name: "minimal", Release: "validity line_type"},
	} {
		key, digest, err := caller.NewKey(rand.Reader)
		if err != nil {
			return fmt.Errorf("making a caller key: %w", err)
		}
		c.Key, c.Digest = key, digest.String()
		s.Callers = append(s.Callers, c)
	}
	return nil
}

// startProviders serves the offline providers over TLS, under an authority that
// only this demo trusts.
func (s *demoStage) startProviders() error {
	demo.Warm()
	authority, err := demo.NewAuthority()
	if err != nil {
		return fmt.Errorf("making a certificate authority: %w", err)
	}
	if err := os.WriteFile(s.CAFile, authority.PEM(), 0o600); err != nil {
		return err
	}
	certificate, err := authority.Issue("127.0.0.1", "localhost")
	if err != nil {
		return fmt.Errorf("making a certificate: %w", err)
	}
	record, err := os.OpenFile(s.upstreamLog(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, record)
	for i, name := range s.options.providers {
		route, err := s.startProvider(name, s.options.listen[i], certificate, record)
		if err != nil {
			return err
		}
		s.Routes = append(s.Routes, route)
	}
	return nil
}

func (s *demoStage) startProvider(name, listen string, certificate tls.Certificate, record io.Writer) (demoRoute, error) {
	key, err := demo.NewKey(name)
	if err != nil {
		return demoRoute{}, err
	}
	handler, err := demo.NewProvider(name, key, record)
	if err != nil {
		return demoRoute{}, err
	}
	server, err := demo.Serve(handler, demo.ServeOptions{Certificate: &certificate})
	if err != nil {
		return demoRoute{}, err
	}
	s.closers = append(s.closers, server)
	return newDemoRoute(name, listen, server.URL(), key)
}

// start writes the Caddyfile and lets Caddy run it.
func (s *demoStage) start() error {
	var text strings.Builder
	if err := demoCaddyfile.Execute(&text, s); err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(s.Dir, "Caddyfile"), []byte(text.String()), 0o600); err != nil {
		return err
	}
	if err := loadCaddyfile(text.String()); err != nil {
		return err
	}
	s.running = true
	return nil
}

// close ends everything in the reverse order.
func (s *demoStage) close() error {
	var errs []error
	if s.running {
		errs = append(errs, caddy.Stop())
	}
	for _, closer := range slices.Backward(s.closers) {
		errs = append(errs, closer.Close())
	}
	if s.temporary {
		errs = append(errs, os.RemoveAll(s.dir))
	}
	return errors.Join(errs...)
}

func (s *demoStage) upstreamLog() string { return filepath.Join(s.Dir, "upstream.jsonl") }

// writeInfo tells programs what a person reads on the screen. It holds the
// demo's keys, so that leak tests can look for them.
func (s *demoStage) writeInfo(path string) error {
	baseURLs, callerKeys, providerKeys := map[string]string{}, map[string]string{}, map[string]string{}
	for _, r := range s.Routes {
		baseURLs[r.Name], providerKeys[r.Name] = "http://"+r.Listen, r.Key
	}
	for _, c := range s.Callers {
		callerKeys[c.Name] = c.Key
	}
	info, err := json.MarshalIndent(map[string]any{
		"base_urls":     baseURLs,
		"caller_keys":   callerKeys,
		"provider_keys": providerKeys,
		"audit_log":     s.AuditLog,
		"upstream_log":  s.upstreamLog(),
		"dir":           s.Dir,
	}, "", "\t")
	if err != nil {
		return err
	}
	// Whoever waits for the file must never see half of it.
	half := path + ".part"
	if err := os.WriteFile(half, append(info, '\n'), 0o600); err != nil {
		return fmt.Errorf("--info: %w", err)
	}
	if err := os.Rename(half, path); err != nil {
		return fmt.Errorf("--info: %w", err)
	}
	return nil
}

// greet prints what to try.
func (s *demoStage) greet(out io.Writer) {
	var where []string
	for _, r := range s.Routes {
		where = append(where, r.Name+" on http://"+r.Listen)
	}
	auditURL := (&url.URL{Scheme: "file", Path: s.AuditLog}).String()
	full, minimal, first := s.Callers[0], s.Callers[1], s.Routes[0]
	fmt.Fprintf(out, `Ringward is ready: %s.

A lookup; the application's key is Ringward's, the provider's key stays in Vault:

  %s

A refused one: no such number, so nothing is paid for:

  %s

What the audit log says about both, without a number:

  curl -s %s

The key above is that of a caller with the default release. %s may see every
data class: put it in its place to see what is held back. Config and logs are
in %s. Ctrl-C ends the demo.
`, strings.Join(where, ", "), first.curl(minimal.Key, "+14158586273"), first.curl(minimal.Key, "+14150000000"), auditURL, full.Key, s.Dir)
}

func randomText() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand ends the process instead
	return hex.EncodeToString(b[:])
}
