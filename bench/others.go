package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"text/template"
)

var nginxConf = template.Must(template.New("").Parse(`worker_processes auto;
daemon off;
pid {{.Dir}}/nginx.pid;
error_log stderr warn;
events { worker_connections 8192; }
http {
	log_format lookups escape=json '{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method",'
		'"uri":"$uri","status":$status,"bytes":$body_bytes_sent,"duration":$request_time,"upstream":"$upstream_response_time"}';
	access_log {{.Dir}}/access.jsonl lookups;
	limit_req_zone $binary_remote_addr zone=clients:10m rate=1000000r/s;
	client_body_temp_path {{.Dir}}/body;
	proxy_temp_path {{.Dir}}/proxy;
	fastcgi_temp_path {{.Dir}}/fastcgi;
	uwsgi_temp_path {{.Dir}}/uwsgi;
	scgi_temp_path {{.Dir}}/scgi;
	keepalive_requests 10000000;
	upstream fast { server {{.Fast}}; keepalive 512; keepalive_requests 10000000; }
	upstream slow { server {{.Slow}}; keepalive 512; keepalive_requests 10000000; }
	proxy_http_version 1.1;
	proxy_set_header Connection "";
	proxy_set_header Authorization "Bearer {{.Key}}";
	proxy_ssl_protocols TLSv1.2 TLSv1.3;
	proxy_ssl_verify on;
	proxy_ssl_name localhost;
	proxy_ssl_trusted_certificate {{.CA}};
	server {
		listen 127.0.0.1:{{.Port}};
		location = /v1/lookup { limit_req zone=clients burst=1000 nodelay; proxy_pass https://fast; }
	}
	server {
		listen 127.0.0.1:{{.SlowPort}};
		location = /v1/lookup { limit_req zone=clients burst=1000 nodelay; proxy_pass https://slow; }
	}
}
`))

var haproxyConf = template.Must(template.New("").Parse(`global
	log stdout format raw local0
	nbthread {{.Threads}}
defaults
	mode http
	option httplog
	timeout connect 5s
	timeout client 30s
	timeout server 15s
	http-reuse always
	log global
	log-format '{"time":"%t","client":"%ci","method":"%HM","path":"%HPO","status":%ST,"bytes":%B,"duration":%Ta,"upstream":%Tr}'
backend clients
	stick-table type ip size 100k expire 1m store http_req_rate(10s)
frontend fast
	bind 127.0.0.1:{{.Port}}
	http-request track-sc0 src table clients
	http-request deny deny_status 429 if { sc_http_req_rate(0) gt 100000000 }
	http-request set-header Authorization "Bearer {{.Key}}"
	default_backend fast
frontend slow
	bind 127.0.0.1:{{.SlowPort}}
	http-request track-sc0 src table clients
	http-request deny deny_status 429 if { sc_http_req_rate(0) gt 100000000 }
	http-request set-header Authorization "Bearer {{.Key}}"
	default_backend slow
backend fast
	server provider {{.Fast}} ssl verify required ca-file {{.CA}} sni str(localhost) verifyhost localhost pool-max-conn -1
backend slow
	server provider {{.Slow}} ssl verify required ca-file {{.CA}} sni str(localhost) verifyhost localhost pool-max-conn -1
`))

type otherConfig struct {
	Dir, Port, SlowPort, Fast, Slow, Key, CA string
	Threads                                  int
}

// configure writes a contender's config.
func configure(s *stage, r *running, name string, from *template.Template) (string, error) {
	var text strings.Builder
	err := from.Execute(&text, otherConfig{
		Dir: r.dir, Port: r.port, SlowPort: r.slowPort,
		Fast: s.upstream.Fast, Slow: s.upstream.Slow, Key: s.key, CA: s.caFile, Threads: processors(),
	})
	if err != nil {
		return "", err
	}
	return r.file(name, text.String())
}

// packaged finds a program of a Debian package.
func packaged(program, pkg string) (string, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return "", fmt.Errorf("%w: it is not installed; on Debian it is in the package %s", errSkip, pkg)
	}
	return path, nil
}

func launchNginx(s *stage, r *running) (*process, error) {
	program, err := packaged("nginx", "nginx-light")
	if err != nil {
		return nil, err
	}
	path, err := configure(s, r, "nginx.conf", nginxConf)
	if err != nil {
		return nil, err
	}
	return launch(r.dir, nil, program, "-e", "stderr", "-p", r.dir, "-c", path)
}

func launchHAProxy(s *stage, r *running) (*process, error) {
	program, err := packaged("haproxy", "haproxy")
	if err != nil {
		return nil, err
	}
	path, err := configure(s, r, "haproxy.cfg", haproxyConf)
	if err != nil {
		return nil, err
	}
	return launch(r.dir, nil, program, "-db", "-f", path)
}

func launchLura(s *stage, r *running) (*process, error) {
	program := filepath.Join(s.binaries, "lura")
	if _, err := os.Stat(program); err != nil {
		return nil, fmt.Errorf("%w: it could not be built", errSkip)
	}
	return launch(r.dir, nil, program, "-port", r.port, "-upstream", s.upstream.Fast, "-ca", s.caFile, "-key", s.key)
}
