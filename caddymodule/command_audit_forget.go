package caddymodule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/credential"
)

// forgetOptions are the flags of `ringward audit forget`.
type forgetOptions struct {
	config, adapter, address string
	epoch, number            string
	current                  bool
}

func auditForgetCommand() *cobra.Command {
	var o forgetOptions
	cmd := &cobra.Command{
		Use:   "forget --epoch <name> | --number <+number>|- --config <path>",
		Short: "Destroys an epoch's key, or what running limits know of a number",
		Long: `
--epoch destroys the key of an epoch in Vault, after which nothing that was recorded
in it can be linked to a number, and leaves an entry that says so: by the admin API
of the running Ringward, or in the log itself where none is running. This cannot be
undone. With the key of the epoch of the moment, which --current is needed for, all
lookups are refused until the next epoch.

--number has the running Ringward forget how often a number was asked about. What is
recorded of it is linked to it as long as the epoch's key is there.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return auditForget(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout(), &o)
		},
	}
	cmd.Flags().StringVarP(&o.config, "config", "c", "", "config whose audit log it is about")
	cmd.Flags().StringVarP(&o.adapter, "adapter", "a", "", "name of config adapter to apply")
	cmd.Flags().StringVar(&o.address, "address", "", "admin API of the running Ringward, if not as in the config")
	cmd.Flags().StringVar(&o.epoch, "epoch", "", "name of the epoch, such as 2026-10")
	cmd.Flags().BoolVar(&o.current, "current", false, "destroy the key also if it is in use, and refuse all lookups until the next epoch")
	cmd.Flags().StringVar(&o.number, "number", "", "the number with + and country code, or - for standard input")
	cmd.SilenceUsage = true
	return cmd
}

func auditForget(ctx context.Context, in io.Reader, out io.Writer, o *forgetOptions) error {
	if (o.epoch == "") == (o.number == "") {
		return errors.New("say what to forget: --epoch <name> or --number <number>")
	}
	config, file, err := readConfig(o.config, o.adapter)
	if err != nil {
		return err
	}
	patient, err := newPatient(config)
	if err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	admin, err := caddycmd.DetermineAdminAPIAddress(o.address, config, file, o.adapter)
	if err != nil {
		return err
	}
	if o.number != "" {
		return forgetNumber(in, out, admin, o.number)
	}
	return forgetEpoch(ctx, out, &patient.app, admin, o)
}

func forgetEpoch(ctx context.Context, out io.Writer, app *App, admin string, o *forgetOptions) error {
	epoch, err := credential.ParseEpoch(o.epoch)
	if err != nil {
		return fmt.Errorf("--epoch: %w", err)
	}
	if !o.current && epoch.End.After(time.Now()) {
		return fmt.Errorf("--epoch: the epoch %s has not ended: all lookups would be refused until %s; say --current if you mean it",
			epoch.Name, epoch.End.Format(time.RFC3339))
	}
	err = withEpochKeys(ctx, app, func(ctx context.Context, keys *credential.EpochKeys) error {
		return keys.Destroy(ctx, epoch.Name)
	})
	if err != nil {
		return err
	}
	answer, err := askAdmin(admin, forgetRequest{Epoch: epoch.Name})
	switch {
	case err == nil && answer.Recorded:
		_, err = fmt.Fprintf(out, "The key of epoch %s is destroyed. The running Ringward has recorded it.\n", epoch.Name)
		return err
	case !errors.Is(err, errNotRunning):
		return fmt.Errorf("the key of epoch %s is destroyed, but the running Ringward has not recorded it: %w", epoch.Name, err)
	}
	if err := recordForgotten(ctx, app, epoch.Name); err != nil {
		return fmt.Errorf("the key of epoch %s is destroyed, but that could not be recorded: %w", epoch.Name, err)
	}
	_, err = fmt.Fprintf(out, "The key of epoch %s is destroyed, and that is recorded in %s.\n", epoch.Name, app.Audit.destination())
	return err
}

// recordForgotten writes the entry itself, where no process does.
func recordForgotten(ctx context.Context, app *App, epoch string) error {
	if app.Audit.Stdout {
		return errors.New("the log goes to stdout, and no Ringward is running")
	}
	log, err := audit.Open(app.Audit.destination(), audit.Options{Instance: app.Audit.Instance})
	if err != nil {
		return err
	}
	return errors.Join(log.Record(ctx, audit.Forget{Time: time.Now(), Epoch: epoch}), log.Close())
}

func forgetNumber(in io.Reader, out io.Writer, admin, number string) error {
	e164, err := readNumber(in, number)
	if err != nil {
		return err
	}
	answer, err := askAdmin(admin, forgetRequest{Number: e164})
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d counters of the number are forgotten.\n", answer.Counters)
	if err == nil && answer.Shared {
		_, err = fmt.Fprintln(out, "In Redis, counters by number together with address, session or block cannot be found: they end with their windows.")
	}
	return err
}

var errNotRunning = errors.New("no Ringward answers at its admin API: start it, or say where it is with --address")

// askAdmin sends a request to the running Ringward.
func askAdmin(admin string, request forgetRequest) (answer forgetAnswer, err error) {
	body, err := json.Marshal(request)
	if err != nil {
		return answer, err
	}
	headers := http.Header{"Content-Type": {"application/json"}}
	resp, err := caddycmd.AdminAPIRequest(admin, http.MethodPost, forgetPath, headers, bytes.NewReader(body))
	if err != nil {
		if isDialError(err) {
			return answer, errNotRunning
		}
		return answer, err
	}
	defer resp.Body.Close()
	err = json.NewDecoder(io.LimitReader(resp.Body, 4<<10)).Decode(&answer)
	if err == nil && !answer.Running {
		err = errNotRunning
	}
	return answer, err
}
