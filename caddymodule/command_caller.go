package caddymodule

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringward/ringward/caddymodule/internal/caller"
)

func callerCommand(cmd *cobra.Command) {
	cmd.Long = `A caller key lets an application ask. Ringward keeps only its digest: in the
Caddyfile, or in a callers file, which a running Ringward follows without a
reload (global option: callers file <path>).`
	cmd.Args = cobra.ArbitraryArgs // so that the error below is ours
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cmd.SilenceUsage = true
		return errors.New("say what to do: caller new <name>, caller list --file <path> or caller revoke --file <path> <name>")
	}
	cmd.AddCommand(callerNewCommand(), callerListCommand(), callerRevokeCommand())
}

const fileFlag = "file"

// fileOf is the callers file that a command is to work on.
func fileOf(cmd *cobra.Command) (string, error) {
	path, err := cmd.Flags().GetString(fileFlag)
	if err == nil && path == "" {
		err = errors.New("say which callers file: --file <path>; keys in a Caddyfile are revoked by taking their lines out and reloading")
	}
	return path, err
}

func callerNewCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "new <name> [--file <path>] [--expires <date>]",
		Short: "Makes a caller key: the key for the application, its digest for the config",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.SilenceUsage = true
			path, err := cmd.Flags().GetString(fileFlag)
			if err != nil {
				return err
			}
			expires, err := cmd.Flags().GetString("expires")
			if err != nil {
				return err
			}
			return newCallerKey(cmd.OutOrStdout(), args[0], path, expires)
		},
	}
	cmd.Flags().String(fileFlag, "", "callers file to add the key to; it is made if need be")
	cmd.Flags().String("expires", "", "last day of the key (UTC), or the moment from which it is not accepted")
	return cmd
}

func newCallerKey(out io.Writer, name, path, expires string) error {
	if !caller.ValidName(name) || name == anonymousName {
		return errors.New("the name must be 1 to 64 lower case letters, digits, '-', '_' and '.', beginning with a letter or digit, and not anonymous")
	}
	var until caller.Expiry
	if expires != "" {
		var err error
		if until, err = caller.ParseExpiry(expires); err != nil {
			return fmt.Errorf("--expires: %w", err)
		}
		if until.Passed(time.Now()) {
			return errors.New("--expires: this has passed")
		}
	}
	key, digest, err := caller.NewKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("making a key: %w", err)
	}
	if path != "" {
		if err := caller.AddKey(path, name, caller.Key{Digest: digest, Expires: until}, time.Now()); err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "Key for the application, shown only now:\n\n\t%s\n\nIts id is %s. It is in %s.\n", key, digest.KeyID(), path)
		return err
	}
	line := digest.String()
	if expires != "" {
		line += " expires " + expires
	}
	_, err = fmt.Fprintf(out, `Key for the application, shown only now:

	%s

For the Caddyfile, in the global option ringward:

	caller %s {
		key %s
	}
`, key, name, line)
	return err
}

func callerListCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "list --file <path>",
		Short: "Lists the callers of a callers file and the ids of their keys",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SilenceUsage = true
			path, err := fileOf(cmd)
			if err != nil {
				return err
			}
			specs, err := caller.List(path)
			if err != nil {
				return err
			}
			return listCallers(cmd.OutOrStdout(), specs, time.Now())
		},
	}
	cmd.Flags().String(fileFlag, "", "callers file")
	return cmd
}

// listCallers writes a line for each key, and for each caller without one.
func listCallers(out io.Writer, specs []caller.Spec, now time.Time) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "CALLER\tKEY ID\tKEY UNTIL\tCALLER UNTIL\tTIER\tRELEASE") // Flush tells of errors
	for _, s := range specs {
		rest := strings.Join([]string{until(s.Expires, now), orDash(s.Tier), orDash(strings.Join(s.Release, " "))}, "\t")
		if len(s.Keys) == 0 {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Name, "-", "-", rest)
		}
		for _, key := range s.Keys {
			_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", s.Name, key.Digest.KeyID(), until(key.Expires, now), rest)
		}
	}
	return table.Flush()
}

func until(e caller.Expiry, now time.Time) string {
	switch {
	case e.IsZero():
		return "-"
	case e.Passed(now):
		return "expired"
	default:
		return time.Time(e).Format(time.RFC3339)
	}
}

func orDash(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

func callerRevokeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "revoke --file <path> <name> [<key id>]",
		Short: "Takes a key of a caller out of a callers file, or all its keys",
		Args:  cobra.RangeArgs(1, 2),
		RunE: func(cmd *cobra.Command, args []string) error {
			cmd.SilenceUsage = true
			path, err := fileOf(cmd)
			if err != nil {
				return err
			}
			return revokeKeys(cmd.OutOrStdout(), path, args)
		},
	}
	cmd.Flags().String(fileFlag, "", "callers file")
	return cmd
}

func revokeKeys(out io.Writer, path string, args []string) error {
	name, what := args[0], "all its keys"
	var err error
	if len(args) == 2 {
		what = "key " + args[1]
		if strings.HasPrefix(args[1], caller.KeyPrefix) {
			return errors.New("this is a caller key itself: give its id, the first 8 digits of its digest, as `ringward caller list` shows them")
		}
		err = caller.Revoke(path, name, args[1])
	} else {
		err = caller.RevokeAll(path, name)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Revoked %s of %s. A running Ringward that follows %s knows within seconds.\n", what, name, path)
	return err
}
