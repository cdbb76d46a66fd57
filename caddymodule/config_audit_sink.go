package caddymodule

import (
	"crypto/tls"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

// AuditSinkConfig is a second place for audit entries.
type AuditSinkConfig struct {
	// Kind is file, stdout, tcp (a JSON line for each entry) or syslog (RFC 5424).
	Kind string `json:"kind"`

	// Path is that of a file.
	Path string `json:"path,omitempty"`

	// Network is tcp, udp, unix or unixgram, for syslog; Address is a host and
	// port, or the path of a socket.
	Network string `json:"network,omitempty"`
	Address string `json:"address,omitempty"`

	// TLS asks for TLS 1.2 or later over tcp, under the authorities in CAFile or
	// the system's. ServerName is the name in the certificate, if not the host's.
	TLS        bool   `json:"tls,omitempty"`
	CAFile     string `json:"ca_file,omitempty"`
	ServerName string `json:"server_name,omitempty"`

	// Timeout bounds one write, connecting included. Default: 1s.
	Timeout caddy.Duration `json:"timeout,omitempty"`
}

// The kinds of sinks.
const (
	sinkFile   = "file"
	sinkStdout = "stdout"
	sinkTCP    = "tcp"
	sinkSyslog = "syslog"
)

func (c *AuditSinkConfig) check() error {
	isNet := c.Kind == sinkTCP || c.Kind == sinkSyslog
	switch {
	case c.Kind == sinkFile && c.Path == "":
		return errors.New("the second file has no path")
	case c.Kind != sinkFile && c.Kind != sinkStdout && !isNet:
		return fmt.Errorf("%q is no second place: use file, stdout, tcp or syslog", c.Kind)
	case !isNet && (c.Address != "" || c.Network != "" || c.TLS || c.Timeout != 0):
		return fmt.Errorf("%s has no address, tls or timeout", c.Kind)
	case isNet && c.Address == "":
		return fmt.Errorf("%s needs an address", c.Kind)
	case !c.TLS && (c.CAFile != "" || c.ServerName != ""):
		return errors.New("ca and server_name are for tls")
	case isNet && !c.TLS && !strings.HasPrefix(c.Network, "unix") && !isLoopbackName(c.Address):
		return errors.New("entries do not leave this host in plaintext: add tls (over tcp), or send them to a collector on this host")
	}
	return nil
}

// open opens the second log.
func (c *AuditSinkConfig) open(opts audit.Options) (*audit.Log, error) {
	switch c.Kind {
	case sinkFile:
		return audit.Prepare(c.Path, opts)
	case sinkStdout:
		return audit.OpenStdout(opts)
	}
	to, err := c.receiver()
	if err != nil {
		return nil, err
	}
	if c.Kind == sinkSyslog {
		w, err := audit.NewSyslogWriter(to, audit.SyslogOptions{})
		if err != nil {
			return nil, err
		}
		return audit.OpenWriterLog(w, opts)
	}
	w, err := audit.NewNetWriter(to)
	if err != nil {
		return nil, err
	}
	return audit.OpenWriterLog(w, opts)
}

func (c *AuditSinkConfig) receiver() (audit.Receiver, error) {
	to := audit.Receiver{Network: c.Network, Address: c.Address, Timeout: time.Duration(c.Timeout)}
	if to.Network == "" {
		to.Network = "tcp"
	}
	if !c.TLS {
		return to, nil
	}
	roots, err := loadRoots(c.CAFile)
	if err != nil {
		return to, err
	}
	to.TLS = &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: roots, ServerName: c.ServerName}
	return to, nil
}
