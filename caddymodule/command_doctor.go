package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
	"go.uber.org/zap"
)

// What `ringward doctor` exits with.
const (
	doctorWell    = 0 // nothing failed; there may be warnings
	doctorIll     = 1 // something failed
	doctorUnasked = 2 // the command line or the config cannot be used
)

func doctorCommand(cmd *cobra.Command) {
	cmd.Long = `
Checks a config against the world, without starting it: that Vault is reached
over TLS, that the login works and its token may do no more than it must, that
every secret the config refers to is there, fresh and meant for this
environment, and that the audit log can be written.

The config is found as by the run command: --config, or the Caddyfile in the
current directory. Run it as the user and with the environment of the service,
or it answers for somebody else.

Nothing is changed. It reads each secret once and prints none. No check waits
longer than 10 seconds.

The exit status is 0 when nothing failed, warnings or not; 1 when a check
failed; 2 when the command line or the config cannot be used.
`
	cmd.Example = `  $ ringward doctor --config /etc/ringward/Caddyfile
  $ ringward doctor --config /etc/ringward/Caddyfile --json | jq '.groups[].checks[] | select(.status != "ok")'`
	var o doctorOptions
	cmd.Flags().StringVarP(&o.config, "config", "c", "", "Configuration file")
	cmd.Flags().StringVarP(&o.adapter, "adapter", "a", "", "Name of config adapter to apply")
	cmd.Flags().BoolVar(&o.json, "json", false, "Print the findings as JSON")
	cmd.SilenceUsage, cmd.SilenceErrors = true, true // errors are printed here, statuses need no words
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error { return doctorExit(cmd, doctorUnasked, err) })
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return doctorExit(cmd, doctorUnasked, errors.New("it takes flags only: name the config with --config"))
		}
		return nil
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		status, err := runDoctor(ctx, cmd.OutOrStdout(), o)
		return doctorExit(cmd, status, err)
	}
}

// doctorExit prints an error, and makes the one that lets Caddy's main exit with
// the status: only its own type has one.
func doctorExit(cmd *cobra.Command, status int, err error) error {
	if err != nil {
		cmd.PrintErrln("ringward doctor:", err)
	}
	switch status {
	case doctorWell:
		return nil
	case doctorIll:
		return errors.New("a check failed") // not shown
	}
	return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return status, nil })(cmd, nil)
}

// doctorOptions are the flags of `ringward doctor`.
type doctorOptions struct {
	config, adapter string
	json            bool
}

// runDoctor checks a config and prints what it finds. It returns the exit status.
func runDoctor(ctx context.Context, out io.Writer, o doctorOptions) (status int, err error) {
	patient, err := loadPatient(o.config, o.adapter)
	if err != nil {
		return doctorUnasked, err
	}
	d := doctor{app: &patient.app}
	r := newDoctorReport(patient.file, d.examine(ctx, patient))
	if ctx.Err() != nil {
		return doctorIll, errors.New("interrupted")
	}
	if o.json {
		err = r.writeJSON(out)
	} else {
		err = r.writeText(out)
	}
	switch {
	case err != nil:
		return doctorIll, fmt.Errorf("printing: %w", err)
	case r.Status == statusFail:
		return doctorIll, nil
	}
	return doctorWell, nil
}

// readConfig finds and adapts a config as the run command does, but silently.
func readConfig(path, adapter string) (config []byte, file string, err error) {
	_, logger, buffer := caddy.BufferedLog()
	defer func() {
		buffer.FlushTo(zap.NewNop())
		caddy.UnbufferDefaultLogger(logger)
	}()
	config, file, _, err = caddycmd.LoadConfig(path, adapter)
	if err == nil && len(config) == 0 {
		err = errors.New("no config: name one with --config, or change to the directory of the Caddyfile")
	}
	return config, file, err
}
