package caddymodule

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/spf13/cobra"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/audit/export"
	"github.com/ringward/ringward/caddymodule/internal/audit/report"
)

// reportOptions are the flags of `ringward audit report`.
type reportOptions struct {
	auditSource
	auditKeys
	month, format, output string
}

func auditReportCommand() *cobra.Command {
	var o reportOptions
	cmd := &cobra.Command{
		Use:   "report [--month <2026-11>] [--format html|csv|json] [--output <file>] [<file or directory>...]",
		Short: "Adds up an audit log for the monthly review",
		Long: `
Lookups by caller, provider, data class and region over time, refusals, spend,
credentials and their rotations, unusual callers, failed authentications, and
whether the log is whole: as a page that needs no other file and no network, or as
CSV or JSON. Without --month, --since or --until it is about the month that ended
last.`,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.paths = args
			return auditReport(cmd.OutOrStdout(), &o, time.Now())
		},
	}
	o.auditSource.addTo(cmd, true)
	o.auditKeys.addTo(cmd)
	cmd.Flags().StringVar(&o.month, "month", "", "the month (UTC), such as 2026-11")
	cmd.Flags().StringVar(&o.format, "format", "html", "html, csv or json")
	cmd.Flags().StringVarP(&o.output, "output", "o", "", "file to write, in place of standard output")
	return cmd
}

func auditReport(out io.Writer, o *reportOptions, now time.Time) error {
	in, err := o.span(now)
	if err != nil {
		return err
	}
	write := map[string]func(*report.Report, io.Writer) error{
		"html": (*report.Report).WriteHTML, "csv": (*report.Report).WriteCSV, "json": (*report.Report).WriteJSON,
	}[o.format]
	if write == nil {
		return fmt.Errorf("--format %q: use html, csv or json", o.format)
	}
	files, err := o.files()
	if err != nil {
		return err
	}
	integrity, instances, err := verifyForReport(files, &o.auditKeys)
	if err != nil {
		return err
	}
	version, _ := caddy.Version()
	r, err := report.Build(auditRecords(files), in, report.Options{Instances: instances, Version: version, Generated: now, Integrity: integrity})
	if err != nil {
		return err
	}
	if o.output == "" {
		return write(r, out)
	}
	return writeNewFile(o.output, func(w io.Writer) error { return write(r, w) })
}

// span is the time that the report is about.
func (o *reportOptions) span(now time.Time) (in report.Range, err error) {
	if in.Since, in.Until, err = o.between(); err != nil {
		return in, err
	}
	if o.month != "" {
		if o.since != "" || o.until != "" {
			return in, errors.New("--month says it all: leave out --since and --until")
		}
		if in.Since, err = time.Parse("2006-01", o.month); err != nil {
			return in, errors.New("--month: write it as 2026-11")
		}
		in.Until = in.Since.AddDate(0, 1, 0)
		return in, nil
	}
	now = now.UTC()
	switch {
	case in.Since.IsZero() && in.Until.IsZero():
		in.Until = time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
		in.Since = in.Until.AddDate(0, -1, 0)
	case in.Since.IsZero():
		in.Since = in.Until.AddDate(0, -1, 0)
	case in.Until.IsZero():
		in.Until = now
	}
	return in, nil
}

// verifyForReport says in words whether the log is whole. One that is not has its
// report all the same: it says so.
func verifyForReport(files []string, keys *auditKeys) (*report.Integrity, []string, error) {
	opts, err := keys.options()
	if err != nil {
		return nil, nil, err
	}
	verified, err := audit.Verify(files, opts)
	if err != nil && !errors.Is(err, audit.ErrBroken) {
		return nil, nil, err
	}
	integrity := &report.Integrity{OK: err == nil}
	var instances []string
	for i := range verified.Chains {
		c := &verified.Chains[i]
		instances = append(instances, c.Instance)
		if c.Bad != nil {
			integrity.Lines = append(integrity.Lines, c.Instance+": "+c.Bad.Error())
		}
		for _, line := range verifiedLines(c, opts.Verifiers != nil) {
			integrity.Lines = append(integrity.Lines, c.Instance+": "+line)
		}
	}
	return integrity, instances, nil
}

// writeNewFile writes a file as a whole, for its owner alone: what callers do is
// nobody else's business. One that is there already is replaced.
func writeNewFile(path string, write func(io.Writer) error) (err error) {
	temporary := path + ".part"
	file, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temporary)
		}
	}()
	if err := errors.Join(write(file), file.Close()); err != nil {
		return err
	}
	return os.Rename(temporary, path)
}

func auditExportCommand() *cobra.Command {
	var source auditSource
	var format string
	cmd := &cobra.Command{
		Use:   "export --format ocsf|ecs [<file or directory>...]",
		Short: "Writes an audit log as events of OCSF or ECS, for a SIEM",
		RunE: func(cmd *cobra.Command, args []string) error {
			source.paths = args
			return auditExport(cmd.OutOrStdout(), &source, format)
		},
	}
	source.addTo(cmd, true)
	cmd.Flags().StringVar(&format, "format", "", "ocsf (API Activity) or ecs (Elastic Common Schema)")
	return cmd
}

func auditExport(out io.Writer, source *auditSource, format string) error {
	convert := map[string]func(audit.Record) ([]byte, bool){"ocsf": export.OCSF, "ecs": export.ECS}[format]
	if convert == nil {
		return fmt.Errorf("--format %q: use ocsf or ecs", format)
	}
	since, until, err := source.between()
	if err != nil {
		return err
	}
	files, err := source.files()
	if err != nil {
		return err
	}
	malformed := 0
	for record, err := range auditRecords(files) {
		switch {
		case errors.Is(err, audit.ErrMalformed):
			malformed++
			continue
		case err != nil:
			return err
		case !since.IsZero() && record.Time.Before(since), !until.IsZero() && !record.Time.Before(until):
			continue
		}
		if event, ok := convert(record); ok {
			if _, err := out.Write(event); err != nil {
				return err
			}
		}
	}
	if malformed > 0 {
		return fmt.Errorf("%d lines are no entries and were left out: see ringward audit verify", malformed)
	}
	return nil
}
