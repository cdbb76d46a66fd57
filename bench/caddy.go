package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"text/template"

	"github.com/ringward/ringward/e2e/harness"
)

// caddyfile is what bare Caddy and Ringward have in common. Connections to the
// provider are kept as Ringward keeps them: with Caddy's own bound of 32 each of
// 64 clients would often have to shake hands anew.
var caddyfile = template.Must(template.New("").Parse(`{
	admin unix/{{.Dir}}/admin.sock
	auto_https off
	persist_config off
	storage file_system {{.Dir}}/storage
	{{.Global}}
}

http://:{{.Port}} {
	bind 127.0.0.1
	{{.Site .Fast}}
}

http://:{{.SlowPort}} {
	bind 127.0.0.1
	{{.Site .Slow}}
}
`))

type caddyConfig struct {
	Dir, Global, Port, SlowPort, Fast, Slow string

	site func(upstream string) string
}

// Site is one site's directives, before a provider at this address.
func (c caddyConfig) Site(upstream string) string { return c.site(upstream) }

// runCaddy starts a Caddy with the config, its standard output in stdout if that
// is not nil.
func runCaddy(s *stage, r *running, stdout *os.File, program, global string, site func(upstream string) string) (*process, error) {
	var text strings.Builder
	err := caddyfile.Execute(&text, caddyConfig{
		Dir: r.dir, Global: global, Port: r.port, SlowPort: r.slowPort,
		Fast: s.upstream.Fast, Slow: s.upstream.Slow, site: site,
	})
	if err != nil {
		return nil, err
	}
	path, err := r.file("Caddyfile", text.String())
	if err != nil {
		return nil, err
	}
	return launch(r.dir, stdout, filepath.Join(s.binaries, program), "run", "--config", path, "--adapter", "caddyfile")
}

func launchBare(s *stage, r *running) (*process, error) {
	return runCaddy(s, r, nil, "barecaddy", "", func(upstream string) string {
		return fmt.Sprintf(`reverse_proxy https://%s {
		header_up Host {upstream_hostport}
		header_up Authorization "Bearer %s"
		transport http {
			tls_trust_pool file %s
			keepalive_idle_conns_per_host 512
		}
	}`, upstream, s.key, s.caFile)
	})
}

// variant is how a Ringward differs from the one with everything in memory, caller
// keys, and an audit log that is synced.
type variant struct{ unsynced, redis, tokens bool }

func ringwardWith(v variant) func(*stage, *running) (*process, error) {
	return func(s *stage, r *running) (*process, error) {
		global, credential, err := v.global(s, r)
		if err != nil {
			return nil, err
		}
		var stdout *os.File
		if v.unsynced {
			if stdout, err = os.OpenFile(os.DevNull, os.O_WRONLY, 0); err != nil {
				return nil, err
			}
			defer stdout.Close()
		}
		return runCaddy(s, r, stdout, "ringward", global, func(upstream string) string {
			return fmt.Sprintf(`ringward checkthatphone {
		upstream https://%s
		ca %s
		credential %s
		regions US CA
		limit ip 100000000/h
		limit caller 100000000/h
		limit number 1000000/h
		limit provider 100000000/h
	}`, upstream, s.caFile, credential)
		})
	}
}

// global is the option ringward, and where the provider's key is.
func (v variant) global(s *stage, r *running) (text, credential string, err error) {
	app := new(strings.Builder)
	audit := fmt.Sprintf("file %s/audit.jsonl", r.dir)
	if v.unsynced {
		audit = "stdout"
	}
	var pseudonyms string
	if s.vault != nil {
		fmt.Fprintf(app, "vault %s {\n ca %s\n auth token_file %s\n }\n", s.vault.server.Address, s.vault.server.CAFile, s.vault.tokenFile)
		credential, pseudonyms = "vault "+providerSecret+" api_key", "vault "+auditSecret+" pseudonym_key"
	} else {
		keyFile, err := r.file("provider-key", s.key)
		if err != nil {
			return "", "", err
		}
		pseudonymFile, err := r.file("pseudonym-key", harness.RandomText())
		if err != nil {
			return "", "", err
		}
		credential, pseudonyms = "file "+keyFile, "file "+pseudonymFile
	}
	fmt.Fprintf(app, "audit %s {\n pseudonym_key %s\n }\n", audit, pseudonyms)
	if v.redis {
		if s.redis == "" {
			return "", "", fmt.Errorf("%w: there is no redis-server; on Debian it is in the package redis-server", errSkip)
		}
		keyFile, err := r.file("limits-key", harness.RandomText())
		if err != nil {
			return "", "", err
		}
		fmt.Fprintf(app, "limits redis %s {\n pseudonym_key file %s\n }\n", s.redis, keyFile)
	}
	shown := "key " + s.caller.Digest
	if v.tokens {
		fmt.Fprintf(app, "jwt %s {\n audience %s\n keys file %s\n algorithms EdDSA\n }\n", issuerName, audience, s.tokens.keys)
		shown = "token " + callerName
	}
	fmt.Fprintf(app, "caller %s {\n %s\n release validity line_type\n }\n", callerName, shown)
	return "ringward {\n" + app.String() + "}", credential, nil
}

// metric reads one of a Ringward's metrics, which has no labels.
func (r *running) metric(name string) (float64, error) {
	client := http.Client{Timeout: requestTimeout, Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(r.dir, "admin.sock"))
		},
	}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("http://localhost/metrics")
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if value, found := strings.CutPrefix(lines.Text(), name+" "); found {
			return strconv.ParseFloat(value, 64)
		}
	}
	return 0, fmt.Errorf("there is no metric %s", name)
}
