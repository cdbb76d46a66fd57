// Command e2e-vault runs a real HashiCorp Vault for the tests in e2e/.
//
// It starts Vault's own core behind Vault's own HTTP handler, on storage that
// lives in memory, initialises and unseals it, and prints one line of JSON
// once requests are answered:
//
//	{"address":"https://127.0.0.1:41234","root_token":"...","unseal_key":"...","ca_file":"..."}
//
// It serves until SIGTERM or SIGINT, or until its standard input ends. A test
// holds the other end of that pipe, so a killed test leaves no server behind.
//
// The program has a module of its own because Vault's dependencies must not
// reach Ringward's. It links Vault's packages instead of running Vault's
// binary because that binary carries every plugin and storage engine and takes
// many times longer to build. Vault is under the Business Source License: this
// program is for tests and is never shipped.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// shutdownLimit bounds the time between the wish to stop and the exit.
const shutdownLimit = 5 * time.Second

// options are the command line.
type options struct {
	listen    string // address to listen on; port 0 picks a free one
	plaintext bool   // serve http, which is refused outside loopback
	caFile    string // where the CA certificate is written, in PEM; empty makes a temporary file
	auditFile string // where Vault's file audit device writes; empty is no audit device
	verbose   bool   // Vault's own log on standard error
}

// ready is the line that tells the test how to reach the server.
type ready struct {
	Address   string `json:"address"`
	RootToken string `json:"root_token"`
	UnsealKey string `json:"unseal_key"`        // base64, as sys/unseal takes it
	CAFile    string `json:"ca_file,omitempty"` // absolute path; empty with -plaintext
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "e2e-vault:", err)
		os.Exit(1)
	}
}

func parseFlags() (options, error) {
	var opts options
	flag.StringVar(&opts.listen, "listen", "127.0.0.1:0", "`address` to listen on; port 0 picks a free one")
	flag.BoolVar(&opts.plaintext, "plaintext", false, "serve http instead of https (loopback only)")
	flag.StringVar(&opts.caFile, "ca-out", "", "`file` that receives the CA certificate (default: a temporary file)")
	flag.StringVar(&opts.auditFile, "audit", "", "`file` for Vault's file audit device (default: no audit device)")
	flag.BoolVar(&opts.verbose, "v", false, "write Vault's log to standard error")
	flag.Parse()
	if flag.NArg() > 0 {
		return options{}, fmt.Errorf("unexpected argument %q", flag.Arg(0))
	}
	for _, file := range []*string{&opts.caFile, &opts.auditFile} {
		if *file == "" {
			continue
		}
		abs, err := filepath.Abs(*file)
		if err != nil {
			return options{}, fmt.Errorf("finding %q: %w", *file, err)
		}
		*file = abs
	}
	return opts, nil
}

func run() error {
	opts, err := parseFlags()
	if err != nil {
		return err
	}
	if err := forgetVaultVariables(); err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	ctx = withStdin(ctx)

	listener, err := listen(&opts)
	if err != nil {
		return err
	}
	core, err := newCore(opts.verbose)
	if err != nil {
		return fmt.Errorf("making the core: %w", err)
	}

	srv := &http.Server{Handler: coreHandler(core), ReadHeaderTimeout: 10 * time.Second}
	if !opts.verbose {
		srv.ErrorLog = log.New(io.Discard, "", 0) // tests provoke handshake errors on purpose
	}
	served := make(chan error, 1)
	go func() { served <- srv.Serve(listener.Listener) }()
	defer func() {
		_ = srv.Close()
		shutDown(core)
		listener.removeTempFile()
	}()

	state, err := prepare(ctx, listener, opts.auditFile)
	if err != nil {
		return errors.Join(err, context.Cause(ctx))
	}
	if err := json.NewEncoder(os.Stdout).Encode(state); err != nil {
		return fmt.Errorf("reporting the address: %w", err)
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-served:
		return fmt.Errorf("serving: %w", err)
	}
}

// forgetVaultVariables drops the VAULT_* variables of the machine's user, which
// both the core and the client read: a test server is what its flags say.
func forgetVaultVariables() error {
	for _, entry := range os.Environ() {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.HasPrefix(name, "VAULT_") {
			continue
		}
		if err := os.Unsetenv(name); err != nil {
			return fmt.Errorf("dropping %s: %w", name, err)
		}
	}
	return nil
}

// errStdinEnded explains an early exit of a server that was started without a
// pipe to hold it open.
var errStdinEnded = errors.New("standard input ended")

// withStdin returns a context that ends with parent or when standard input
// ends, whichever comes first.
func withStdin(parent context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel(errStdinEnded)
	}()
	return ctx
}

// errNotLoopback keeps a root token off the wire.
var errNotLoopback = errors.New("plain http is served on loopback only")

// checkLoopback refuses every address that other machines could reach.
func checkLoopback(addr net.Addr) error {
	tcp, ok := addr.(*net.TCPAddr)
	if !ok || !tcp.IP.IsLoopback() {
		return errNotLoopback
	}
	return nil
}
