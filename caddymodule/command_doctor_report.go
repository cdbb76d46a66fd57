package caddymodule

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// How a check ended.
const (
	statusOK   = "ok"
	statusWarn = "warn"
	statusFail = "fail"
)

// doctorCheck is one finding.
type doctorCheck struct {
	Check  string `json:"check"`
	Status string `json:"status"`
	Detail string `json:"detail"`
}

// doctorGroup is what was found about one thing: vault, credential, or audit.
type doctorGroup struct {
	Kind   string `json:"kind"`
	Name   string `json:"name,omitempty"`
	Source string `json:"source,omitempty"`

	Checks []doctorCheck `json:"checks"`
}

func (g *doctorGroup) ok(check, format string, args ...any) {
	g.add(check, statusOK, format, args...)
}

func (g *doctorGroup) warn(check, format string, args ...any) {
	g.add(check, statusWarn, format, args...)
}

func (g *doctorGroup) fail(check, format string, args ...any) {
	g.add(check, statusFail, format, args...)
}

func (g *doctorGroup) add(check, status, format string, args ...any) {
	g.Checks = append(g.Checks, doctorCheck{check, status, fmt.Sprintf(format, args...)})
}

// doctorReport is everything that was found.
type doctorReport struct {
	Config string `json:"config"`
	Status string `json:"status"` // the worst of all
	OK     int    `json:"ok"`
	Warn   int    `json:"warn"`
	Fail   int    `json:"fail"`

	Groups []doctorGroup `json:"groups"`
}

func newDoctorReport(file string, groups []doctorGroup) *doctorReport {
	r := &doctorReport{Config: file, Status: statusOK, Groups: groups}
	for _, g := range groups {
		for _, c := range g.Checks {
			switch c.Status {
			case statusOK:
				r.OK++
			case statusWarn:
				r.Warn++
			default:
				r.Fail++
			}
		}
	}
	switch {
	case r.Fail > 0:
		r.Status = statusFail
	case r.Warn > 0:
		r.Status = statusWarn
	}
	return r
}

func (r *doctorReport) writeJSON(out io.Writer) error {
	enc := json.NewEncoder(out)
	enc.SetIndent("", "\t")
	enc.SetEscapeHTML(false)
	return enc.Encode(r)
}

// writeText prints one line a check, so that it can be searched by line.
func (r *doctorReport) writeText(out io.Writer) error {
	width := 0
	for _, g := range r.Groups {
		for _, c := range g.Checks {
			width = max(width, len(c.Check))
		}
	}
	var text strings.Builder
	for _, g := range r.Groups {
		text.WriteString(g.Kind)
		for _, more := range []string{g.Name, g.Source} {
			if more != "" {
				text.WriteString("  " + more)
			}
		}
		text.WriteByte('\n')
		for _, c := range g.Checks {
			status := c.Status
			if status == statusFail {
				status = "FAIL" // to be seen
			}
			fmt.Fprintf(&text, "  %-4s  %-*s  %s\n", status, width, c.Check, c.Detail)
		}
		text.WriteByte('\n')
	}
	fmt.Fprintf(&text, "%s: %d ok, %d warn, %d FAIL\n", r.Config, r.OK, r.Warn, r.Fail)
	_, err := io.WriteString(out, text.String())
	return err
}
