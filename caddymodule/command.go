package caddymodule

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/ringward/ringward/caddymodule/internal/caller"
)

// RegisterCommands adds Ringward's own commands to the command line. The
// ringward binary calls it; a Caddy that merely contains the module does not
// get commands that its users did not ask for.
func RegisterCommands() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "caller",
		Usage:     "new <name>",
		Short:     "Makes caller keys",
		CobraFunc: callerCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "demo",
		Usage:     "[--provider <name>...] [--listen <address>...] [--vault <address>] [--info <file>] [--dir <directory>]",
		Short:     "Starts Ringward with an offline provider and an in-memory Vault, to try it",
		CobraFunc: demoCommand,
	})
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:      "doctor",
		Usage:     "[--config <path> [--adapter <name>]] [--json]",
		Short:     "Checks every secret that a config refers to, and the way to it",
		CobraFunc: doctorCommand,
	})
}

func callerCommand(cmd *cobra.Command) {
	cmd.Long = "A caller key lets an application ask. Ringward keeps only its digest."
	cmd.Args = cobra.ArbitraryArgs // so that the error below is ours
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cmd.SilenceUsage = true
		return errors.New("say what to do: caller new <name>")
	}
	cmd.AddCommand(&cobra.Command{
		Use:   "new <name>",
		Short: "Makes a caller key: the key for the application, its digest for the config",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.SilenceUsage = true
			return newCallerKey(cmd.OutOrStdout(), args[0])
		},
	})
}

func newCallerKey(out io.Writer, name string) error {
	if !caller.ValidName(name) || name == anonymousName {
		return errors.New("the name must be 1 to 64 lower case letters, digits, '-', '_' and '.', beginning with a letter or digit, and not anonymous")
	}
	key, digest, err := caller.NewKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	_, err = fmt.Fprintf(out, `Key for the application, shown only now:

	%s

For the Caddyfile, in the global option ringward:

	caller %s {
		key %s
	}
`, key, name, digest)
	return err
}
