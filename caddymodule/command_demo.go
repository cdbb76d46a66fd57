package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/spf13/cobra"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// demoOptions are the flags of `ringward demo`.
type demoOptions struct {
	providers []string
	listen    []string // addresses, one for each provider
	vault     string
	info      string
	dir       string
}

// Where the demo listens: the first provider here, the others on the ports that
// follow.
const (
	demoHost = "127.0.0.1"
	demoPort = 8080
)

var demoProviders = []string{"checkthatphone", "numverify"}

func demoCommand(cmd *cobra.Command) {
	cmd.Long = `Starts everything that a lookup needs, on this machine and offline: a Vault
in memory that holds the providers' keys, providers that answer real lookups
for real numbers from libphonenumber's data, and Ringward in front of them.
Ctrl-C ends all of it.

Providers: ` + strings.Join(provider.Names(), ", ") + "."
	cmd.Args = cobra.NoArgs
	var options demoOptions
	cmd.Flags().StringSliceVar(&options.providers, "provider", demoProviders, "Provider to start, by the name of its preset; may be repeated")
	cmd.Flags().StringSliceVar(&options.listen, "listen", nil,
		fmt.Sprintf("Loopback address of the first provider, default %s:%d; repeat it for further ones, which otherwise take the ports that follow", demoHost, demoPort))
	cmd.Flags().StringVar(&options.vault, "vault", "", "Use the running Vault at this address, with the token in VAULT_TOKEN")
	cmd.Flags().StringVar(&options.info, "info", "", "Write addresses, caller keys and paths to this file, as JSON, when ready")
	cmd.Flags().StringVar(&options.dir, "dir", "", "Keep config and logs in this directory; default is one that is removed at the end")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cmd.SilenceUsage = true
		ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return runDemo(ctx, cmd.OutOrStdout(), options)
	}
}

// check holds the flags against each other and gives every provider an address.
func (o *demoOptions) check() error {
	for i, name := range o.providers {
		if _, err := provider.Preset(name); err != nil {
			return fmt.Errorf("--provider: unknown provider %q: use %s", name, strings.Join(provider.Names(), ", "))
		}
		if slices.Contains(o.providers[:i], name) {
			return fmt.Errorf("--provider %s is given twice", name)
		}
	}
	if len(o.listen) > len(o.providers) {
		return fmt.Errorf("--listen: %d addresses for %d providers", len(o.listen), len(o.providers))
	}
	host, port := demoHost, demoPort
	for i := range o.providers {
		if i == len(o.listen) {
			o.listen = append(o.listen, net.JoinHostPort(host, strconv.Itoa(port)))
		}
		address := o.listen[i]
		if slices.Contains(o.listen[:i], address) {
			return fmt.Errorf("--listen %s is given twice; each provider needs a port of its own", address)
		}
		if err := checkFree(address); err != nil {
			return err
		}
		h, p, _ := net.SplitHostPort(address) // checkFree has listened on it
		host = h
		port, _ = strconv.Atoi(p)
		port++
	}
	return nil
}

// runDemo serves until ctx ends.
func runDemo(ctx context.Context, out io.Writer, options demoOptions) (err error) {
	if err := options.check(); err != nil {
		return err
	}
	// Caddy says on standard error where its log goes; this screen is for people.
	_, logger, _ := caddy.BufferedLog()
	defer caddy.UnbufferDefaultLogger(logger)
	stage, err := newDemoStage(options)
	defer func() { err = errors.Join(err, stage.close()) }()
	if err != nil {
		return err
	}
	if err := stage.start(); err != nil {
		return err
	}
	if options.info != "" {
		if err := stage.writeInfo(options.info); err != nil {
			return err
		}
	}
	stage.greet(out)
	<-ctx.Done()
	fmt.Fprintln(out, "\nStopped.")
	return nil
}

// checkFree says what to do when an address is taken. Caddy itself would share
// the port with another process.
func checkFree(address string) error {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || port == "0" || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("--listen %s: give a loopback address with a port, such as 127.0.0.1:8090", address)
	}
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken by another program: choose another with --listen 127.0.0.1:PORT", address)
	}
	if err != nil {
		return fmt.Errorf("--listen %s cannot be used: %w", address, errors.Unwrap(err))
	}
	return listener.Close()
}

// loadCaddyfile starts Caddy the way `ringward run` does.
func loadCaddyfile(text string) error {
	config, err := adaptCaddyfile(text)
	if err != nil {
		return err
	}
	return caddy.Load(config, true)
}

func adaptCaddyfile(text string) ([]byte, error) {
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(text), map[string]any{"filename": "Caddyfile"})
	if err != nil {
		return nil, fmt.Errorf("adapting the config: %w", err)
	}
	return config, nil
}
