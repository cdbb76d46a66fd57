package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/spf13/cobra"
)

// demoOptions are the flags of `ringward demo`.
type demoOptions struct {
	listen map[string]*string // by provider
	vault  string
	info   string
	dir    string
}

// demoListen is where the demo's providers listen, in the order of the output.
var demoListen = []struct{ provider, label, address string }{
	{"checkthatphone", "CheckThatPhone", "127.0.0.1:8080"},
	{"numverify", "Numverify", "127.0.0.1:8081"},
}

func demoCommand(cmd *cobra.Command) {
	cmd.Long = `Starts everything that a lookup needs, on this machine and offline: a Vault
in memory that holds the providers' keys, a provider that answers real lookups
for real numbers from libphonenumber's data, and Ringward in front of it.
Ctrl-C ends all of it.`
	cmd.Args = cobra.NoArgs
	options := demoOptions{listen: make(map[string]*string)}
	for _, l := range demoListen {
		options.listen[l.provider] = cmd.Flags().String(l.provider, l.address, "Address on which "+l.label+" is served")
	}
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

// runDemo serves until ctx ends.
func runDemo(ctx context.Context, out io.Writer, options demoOptions) (err error) {
	taken := make(map[string]string) // flag by address
	for _, l := range demoListen {
		address := *options.listen[l.provider]
		if other, twice := taken[address]; twice {
			return fmt.Errorf("--%s %s: that is the address of --%s too; choose another port", l.provider, address, other)
		}
		taken[address] = l.provider
		if err := checkFree(l.provider, address); err != nil {
			return err
		}
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

// checkFree says which flag to use when an address is taken. Caddy itself
// would share the port with another process.
func checkFree(flag, address string) error {
	host, port, err := net.SplitHostPort(address)
	if ip := net.ParseIP(host); err != nil || port == "0" || ip == nil || !ip.IsLoopback() {
		return fmt.Errorf("--%s %s: give a loopback address with a port, such as 127.0.0.1:8090", flag, address)
	}
	listener, err := net.Listen("tcp", address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken by another program: choose another with --%s 127.0.0.1:PORT", address, flag)
	}
	if err != nil {
		return fmt.Errorf("--%s %s cannot be used: %w", flag, address, errors.Unwrap(err))
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
