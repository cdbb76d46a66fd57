package caddymodule

import (
	"errors"
	"fmt"
	"iter"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

func auditCommand(cmd *cobra.Command) {
	cmd.Long = `
Reads the audit log: whether it is whole, whom it is about, and what it adds up to.

Logs are named as files or directories, of one instance or of many. Without any,
it is the one of --config, with its rotated files. A log that is being written can
be read meanwhile.`
	cmd.Args = cobra.ArbitraryArgs // so that the error below is ours
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		cmd.SilenceUsage = true
		return errors.New("say what to do: audit verify, audit search, audit report, audit export, audit forget or audit key")
	}
	cmd.AddCommand(auditVerifyCommand(), auditSearchCommand(), auditReportCommand(), auditExportCommand(), auditForgetCommand(), auditKeyCommand())
}

// auditSource is where a command reads from.
type auditSource struct {
	config, adapter string
	since, until    string
	paths           []string
}

func (s *auditSource) addTo(cmd *cobra.Command, ranged bool) {
	cmd.Flags().StringVarP(&s.config, "config", "c", "", "config that names the audit log, if no file is named")
	cmd.Flags().StringVarP(&s.adapter, "adapter", "a", "", "name of config adapter to apply")
	if ranged {
		cmd.Flags().StringVar(&s.since, "since", "", "first day (UTC), or a moment in RFC 3339")
		cmd.Flags().StringVar(&s.until, "until", "", "last day (UTC), or the moment before which entries count")
	}
	cmd.SilenceUsage = true
}

// files are the logs to read.
func (s *auditSource) files() ([]string, error) {
	if len(s.paths) > 0 {
		return s.paths, nil
	}
	p, err := loadPatient(s.config, s.adapter)
	if err != nil {
		return nil, fmt.Errorf("no log is named, so the config is to name it: %w", err)
	}
	if p.app.Audit.Stdout {
		return nil, errors.New("the config writes its audit log to stdout: name the files in which it is collected")
	}
	return withSegments(p.app.Audit.destination()), nil
}

// withSegments adds the rotated files of a log: those there are when it is read.
func withSegments(file string) []string {
	ext := filepath.Ext(file)
	return []string{file, globQuote(strings.TrimSuffix(file, ext)) + "-*Z-*" + globQuote(ext)}
}

func globQuote(text string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(text)
}

// between is the time that is asked about; the zero time leaves a side open.
func (s *auditSource) between() (since, until time.Time, err error) {
	if since, err = parseDay(s.since, 0); err != nil {
		return since, until, fmt.Errorf("--since: %w", err)
	}
	if until, err = parseDay(s.until, 1); err != nil {
		return since, until, fmt.Errorf("--until: %w", err)
	}
	if !since.IsZero() && !until.IsZero() && !since.Before(until) {
		return since, until, errors.New("--since is not before --until")
	}
	return since, until, nil
}

// parseDay reads a day, to which days are added, or a moment.
func parseDay(text string, days int) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil {
		return day.AddDate(0, 0, days), nil
	}
	moment, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return moment, errors.New("write a day as 2026-11-30, or a moment as 2026-11-30T12:00:00Z")
	}
	return moment, nil
}

// auditRecords reads logs as records. A line that is none is an error of its own,
// and reading goes on.
func auditRecords(files []string) iter.Seq2[audit.Record, error] {
	return func(yield func(audit.Record, error) bool) {
		for line, err := range audit.Lines(files...) {
			if err != nil {
				yield(audit.Record{}, err)
				return
			}
			record, err := audit.ParseRecord(line.Text)
			if err != nil {
				err = fmt.Errorf("%s: line %d: %w", line.File, line.Number, err)
			}
			if !yield(record, err) {
				return
			}
		}
	}
}
