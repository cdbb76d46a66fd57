package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

// auditKeys are what an audit log is verified with.
type auditKeys struct{ keys, known []string }

func (k *auditKeys) addTo(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&k.keys, "key", nil, "verifier's key, or a file of it: `ringward audit key` makes one (repeatable)")
	cmd.Flags().StringArrayVar(&k.known, "known", nil, "file of a checkpoint that was kept elsewhere (repeatable)")
}

func (k *auditKeys) options() (opts audit.VerifyOptions, err error) {
	var keys []string
	for _, key := range k.keys {
		// A key has pluses, which no sensible path begins with a name for.
		if content, err := readSmall(key); err == nil {
			key = content
		}
		keys = append(keys, key)
	}
	if len(keys) > 0 {
		if opts.Verifiers, err = audit.ParseVerifiers(keys...); err != nil {
			return opts, fmt.Errorf("--key: %w", err)
		}
	}
	for _, path := range k.known {
		note, err := readSmall(path)
		if err != nil {
			return opts, fmt.Errorf("--known: %w", err)
		}
		opts.Known = append(opts.Known, note)
	}
	return opts, nil
}

// readSmall reads a file that holds a key or a note.
func readSmall(path string) (string, error) {
	file, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer file.Close()
	content, err := io.ReadAll(io.LimitReader(file, 64<<10))
	return string(content), err
}

func auditVerifyCommand() *cobra.Command {
	var source auditSource
	var keys auditKeys
	cmd := &cobra.Command{
		Use:   "verify [<file or directory>...]",
		Short: "Finds any line of an audit log that was changed, removed, moved or added",
		Long: `
Checks that every line is where, and as, it was written. The exit status is 0 when
it is, and 1 when it is not; the first bad line of each log is named.

Without --key nothing is known of who wrote the lines. Entries after the last
checkpoint are not signed yet, and lines cut off at the end are missed only where
--known names a checkpoint that was kept elsewhere.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			source.paths = args
			return auditVerify(cmd.OutOrStdout(), &source, &keys)
		},
	}
	source.addTo(cmd, false)
	keys.addTo(cmd)
	return cmd
}

func auditVerify(out io.Writer, source *auditSource, keys *auditKeys) error {
	files, err := source.files()
	if err != nil {
		return err
	}
	opts, err := keys.options()
	if err != nil {
		return err
	}
	report, err := audit.Verify(files, opts)
	if err != nil && !errors.Is(err, audit.ErrBroken) {
		return err
	}
	if writeErr := writeVerified(out, &report, opts.Verifiers != nil); writeErr != nil {
		return writeErr
	}
	return err
}

func writeVerified(out io.Writer, report *audit.Report, signed bool) error {
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, chain := range report.Chains {
		verdict := "whole"
		if chain.Bad != nil {
			verdict = "BROKEN: " + chain.Bad.Error()
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\n", chain.Instance, verdict) // Flush tells of errors
		for _, line := range verifiedLines(&chain, signed) {
			_, _ = fmt.Fprintf(table, "\t%s\n", line)
		}
	}
	return table.Flush()
}

// verifiedLines says what was found in a chain, a sentence each.
func verifiedLines(c *audit.ChainReport, signed bool) []string {
	lines := []string{fmt.Sprintf("%d entries in %d files, lines %d to %d", c.Entries, c.Files, c.FirstSeq, c.LastSeq)}
	if !c.From.IsZero() {
		lines = append(lines, fmt.Sprintf("from %s to %s", c.From.UTC().Format(time.RFC3339), c.To.UTC().Format(time.RFC3339)))
	}
	switch {
	case !signed:
		lines = append(lines, "signatures were not checked: no --key was given")
	default:
		lines = append(lines, fmt.Sprintf("%d checkpoints with good signatures; %d entries came after the last", c.Checkpoints, c.Unsigned))
	}
	for _, part := range []struct {
		n    int64
		text string
	}{
		{int64(c.Deleted), "%d lines are past their retention, as tombstones say"},
		{int64(c.Torn), "%d times lines were torn by a crash or a full disk, as the log itself records"},
		{c.Unfinished, "%d bytes of a line that is being written, or was when the process ended"},
	} {
		if part.n > 0 {
			lines = append(lines, fmt.Sprintf(part.text, part.n))
		}
	}
	return lines
}

func auditKeyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key <name>",
		Short: "Makes a key that checkpoints are signed with, and the one to verify them",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			signer, verifier, err := audit.GenerateKey(args[0])
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(cmd.OutOrStdout(), `For signing_key, shown only now. It belongs in Vault:

	%s

For `+"`ringward audit verify --key`"+`, and for whoever is to verify the log:

	%s
`, strings.TrimSpace(signer), strings.TrimSpace(verifier))
			return err
		},
	}
	cmd.SilenceUsage = true
	return cmd
}
