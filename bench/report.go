package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

// report is everything that a run has found out.
type report struct {
	Taken       time.Time           `json:"taken"`
	Seconds     float64             `json:"seconds"`
	Machine     machine             `json:"machine"`
	Rounds      int                 `json:"rounds"`
	RoundLength float64             `json:"round_seconds"`
	Connections int                 `json:"connections"`
	HTTP2       bool                `json:"http2_upstream"`
	Vault       bool                `json:"credential_from_vault"`
	Skipped     map[string]string   `json:"skipped,omitempty"`
	RedisLate   *float64            `json:"redis_late,omitempty"` // calls that Redis did not answer in time
	Throughput  []named[throughput] `json:"throughput,omitempty"`
	Memory      *pair               `json:"memory_in_flight_kib,omitempty"` // compared: ratio
	Latency     *pair               `json:"steady_p99_us,omitempty"`        // compared: difference
	Start       *pair               `json:"start_ms,omitempty"`             // compared: difference
}

type named[T any] struct {
	Name  string `json:"name"`
	Does  string `json:"does"`
	Value T      `json:"figures"`
}

// machine is what the figures hold for.
type machine struct {
	Processor  string            `json:"processor"`
	Processors int               `json:"processors"`
	Kernel     string            `json:"kernel"`
	Versions   map[string]string `json:"versions"`
}

func newReport(o *options, s *stage) *report {
	return &report{
		Taken: time.Now().UTC().Truncate(time.Second), Machine: thisMachine(s), Rounds: o.rounds,
		RoundLength: o.each.Seconds(), Connections: o.connections, HTTP2: o.http2, Vault: s.vault != nil,
		Skipped: make(map[string]string),
	}
}

func (r *report) skip(name string, why error) {
	r.Skipped[name] = why.Error()
	fmt.Fprintln(os.Stderr, why)
}

func thisMachine(s *stage) machine {
	m := machine{Processors: processors(), Versions: map[string]string{"Go": strings.TrimPrefix(runtime.Version(), "go")}}
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		if found := regexp.MustCompile(`model name\s*: (.*)`).FindSubmatch(text); found != nil {
			m.Processor = string(found[1])
		}
	}
	if text, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.Kernel = strings.TrimSpace(string(text))
	}
	for name, ask := range map[string]struct {
		before  string // the version, in what the command prints
		command []string
	}{
		"Caddy":   {"v", []string{filepath.Join(s.binaries, "barecaddy"), "version"}},
		"lura":    {`lura/v2\s+v`, []string{"go", "version", "-m", filepath.Join(s.binaries, "lura")}},
		"nginx":   {"nginx/", []string{"nginx", "-v"}},
		"HAProxy": {"version ", []string{"haproxy", "-v"}},
		"Redis":   {"v=", []string{"redis-server", "--version"}},
	} {
		text, err := exec.Command(ask.command[0], ask.command[1:]...).CombinedOutput()
		if found := regexp.MustCompile(ask.before + `(\d+\.\d+\.\d+)`).FindSubmatch(text); err == nil && found != nil {
			m.Versions[name] = string(found[1])
		}
	}
	return m
}

// print writes the tables, in Markdown.
func (r *report) print(w io.Writer) {
	m := r.Machine
	fmt.Fprintf(w, "%d x %s, Linux %s, versions %v; %d rounds of %.1fs, %d connections, %.0fs in all\n\n",
		m.Processors, m.Processor, m.Kernel, m.Versions, r.Rounds, r.RoundLength, r.Connections, r.Seconds)
	if len(r.Throughput) > 0 {
		fmt.Fprintln(w, "| proxy | CPU µs a request | to bare Caddy | requests/s | p50 ms | p99 ms | RSS MiB |")
		fmt.Fprintln(w, "|---|---|---|---|---|---|---|")
	}
	for _, t := range r.Throughput {
		v := t.Value
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s | %s |\n", t.Name, v.CPU.format("%.0f", 1), v.Ratio.format("%.2f", 1),
			v.Requests.format("%.0f", 1), v.P50.format("%.1f", 1e-3), v.P99.format("%.1f", 1e-3), v.RSS.format("%.0f", 1))
	}
	for name, why := range r.Skipped {
		fmt.Fprintf(w, "\n%s: %s\n", name, why)
	}
	if r.RedisLate != nil {
		fmt.Fprintf(w, "\nRedis was late %.0f times; what it does not count in time is counted in the process.\n", *r.RedisLate)
	}
	fmt.Fprint(w, "\n| goal | bare Caddy | Ringward | compared | wanted | reached |\n|---|---|---|---|---|---|\n")
	for _, g := range r.goals() {
		fmt.Fprintf(w, "| %s | %s | %s | %s | %s | %s |\n", g.what, g.bare, g.ringward, g.compared, g.wanted, g.verdict())
	}
}

func (s spread) format(form string, scale float64) string {
	return fmt.Sprintf(form+" ("+form+"-"+form+")", s.Median*scale, s.Min*scale, s.Max*scale)
}

// save writes the figures and the picture of the CPU times.
func (r *report) save(figures, picture string) error {
	text, err := json.MarshalIndent(r, "", "\t")
	if err != nil {
		return err
	}
	errs := []error{os.WriteFile(figures, append(text, '\n'), 0o644)}
	if len(r.Throughput) > 0 {
		chart, err := r.chart()
		errs = append(errs, err, os.WriteFile(picture, []byte(chart), 0o644))
	}
	return errors.Join(errs...)
}
