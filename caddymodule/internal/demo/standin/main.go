// Command standin serves the demo's providers for the tests in e2e/, which run
// Ringward as a process and so need its providers in a process as well. It is
// never shipped.
//
// It listens on loopback, over TLS under an authority of its own, and prints
// one line of JSON once it answers:
//
//	{"urls":{"numverify":"https://127.0.0.1:41234"},"control":"http://127.0.0.1:41235"}
//
// Tests change what the providers do at the control address, see control.go.
// It serves until its standard input ends: a test holds the other end of that
// pipe, so a killed test leaves no server behind.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/ringward/ringward/caddymodule/internal/demo"
)

// options are the command line.
type options struct {
	providers []string // names as demo.NewProvider knows them
	key       string   // what all of them accept at first
	record    string   // file that gets every request, keys and numbers included
	caFile    string   // file that gets the authority's certificate
}

// ready is the line that tells the test how to reach the servers.
type ready struct {
	URLs    map[string]string `json:"urls"`    // by provider
	Control string            `json:"control"` // plain HTTP
}

func main() {
	if err := run(os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "standin:", err)
		os.Exit(1)
	}
}

func parseFlags(args []string) (options, error) {
	var opts options
	flags := flag.NewFlagSet("standin", flag.ContinueOnError)
	flags.Func("provider", "`name` of a provider, or several with commas; may be repeated", func(names string) error {
		opts.providers = append(opts.providers, strings.Split(names, ",")...)
		return nil
	})
	flags.StringVar(&opts.key, "key", "", "`key` that the providers accept")
	flags.StringVar(&opts.record, "record", "", "`file` to which every request is appended")
	flags.StringVar(&opts.caFile, "ca-out", "", "`file` that receives the CA certificate")
	if err := flags.Parse(args); err != nil {
		return opts, err
	}
	switch {
	case flags.NArg() > 0:
		return opts, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	case len(opts.providers) == 0 || opts.key == "" || opts.record == "" || opts.caFile == "":
		return opts, errors.New("-provider, -key, -record and -ca-out are needed")
	}
	return opts, nil
}

// run serves until stdin ends.
func run(args []string, stdin io.Reader, stdout io.Writer) error {
	opts, err := parseFlags(args)
	if err != nil {
		return err
	}
	record, err := os.OpenFile(opts.record, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("opening the record: %w", err)
	}
	defer record.Close()
	s := &servers{control: newControl(), urls: make(map[string]string)}
	defer s.close()
	if err := s.serveProviders(opts, record); err != nil {
		return err
	}
	control, err := s.add(demo.Serve(s.control, demo.ServeOptions{}))
	if err != nil {
		return err
	}
	if err := json.NewEncoder(stdout).Encode(ready{URLs: s.urls, Control: control}); err != nil {
		return fmt.Errorf("reporting the addresses: %w", err)
	}
	_, _ = io.Copy(io.Discard, stdin) // however it ends, it has ended
	return nil
}

// servers are all that this process serves.
type servers struct {
	control *control
	urls    map[string]string
	closers []io.Closer
}

func (s *servers) serveProviders(opts options, record io.Writer) error {
	authority, err := demo.NewAuthority()
	if err != nil {
		return err
	}
	if err := os.WriteFile(opts.caFile, authority.PEM(), 0o600); err != nil {
		return fmt.Errorf("writing the CA certificate: %w", err)
	}
	certificate, err := authority.Issue("127.0.0.1", "localhost")
	if err != nil {
		return err
	}
	for _, name := range opts.providers {
		provider, err := demo.NewProvider(name, opts.key, record)
		if err != nil {
			return err
		}
		p := &served{Provider: provider, gate: newGate(provider)}
		s.control.providers[name] = p
		if s.urls[name], err = s.add(demo.Serve(p.gate, demo.ServeOptions{Certificate: &certificate})); err != nil {
			return err
		}
	}
	return nil
}

func (s *servers) add(server *demo.Server, err error) (url string, _ error) {
	if err != nil {
		return "", err
	}
	s.closers = append(s.closers, server)
	return server.URL(), nil
}

func (s *servers) close() {
	for _, c := range s.closers {
		_ = c.Close() // the process ends anyway
	}
}
