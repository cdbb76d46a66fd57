package caddymodule

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

// runAudit runs `ringward audit`.
func runAudit(in string, args ...string) (out, notes string, err error) {
	cmd := &cobra.Command{Use: "audit", SilenceErrors: true}
	auditCommand(cmd)
	var stdout, stderr bytes.Buffer
	cmd.SetIn(strings.NewReader(in))
	cmd.SetOut(&stdout)
	cmd.SetErr(&stderr)
	cmd.SetArgs(args)
	err = cmd.Execute()
	return stdout.String(), stderr.String(), err
}

// auditStage has the whole of the audit options, and a few lookups behind it.
func auditStage(t *testing.T) (s *stage, config, verifier string) {
	t.Helper()
	signer, verifier, err := audit.GenerateKey("test")
	if err != nil {
		t.Fatal(err)
	}
	s = newStage(t, "checkthatphone")
	s.vault.Put("secret/signing", map[string]string{"key": signer})
	s.Audit = `durability strict
		client_ip pseudonym
		instance test-1
		pseudonym_keys vault secret/ringward/pseudonyms {
			every month
		}
		signing_key vault secret/signing key
		checkpoint 3 1h
		rotate 64KiB 24h
		retain 720h`
	s.App = "lockout {\n after 1000/m\n }"
	s.Route = "limit number 3/h"
	s.start()
	for n, tt := range []struct {
		key, number string
		want        int
	}{{s.Full, canaryNumber, 200}, {s.Minimal, canaryNumber, 200}, {s.Full, "+12024561414", 200}, {"rwk_wrong", canaryNumber, 401}} {
		if got := s.lookup(tt.key, tt.number); got.status != tt.want {
			t.Fatalf("lookup %d: got %d %s", n+1, got.status, got.body)
		}
	}
	return s, s.file("Caddyfile", s.caddyfile()), s.file("verifier", verifier)
}

func TestAuditIsVerifiedSearchedReportedAndExported(t *testing.T) {
	s, config, verifier := auditStage(t)
	out, _, err := runAudit("", "verify", "--config", config, "--key", verifier)
	if err != nil || !strings.Contains(out, "test-1  whole") || !strings.Contains(out, "checkpoints with good signatures") {
		t.Errorf("verify: %v\n%s", err, out)
	}
	for _, number := range []string{canaryNumber, "+1 (415) 858-6273"} {
		out, notes, err := runAudit(number, "search", "--number", "-", "--config", config)
		// An intent and a result of two lookups.
		if err != nil || strings.Count(out, "\n") != 4 || notes != "4 entries\n" || strings.Contains(out, "4158586273") {
			t.Errorf("search: %v\n%s%s", err, out, notes)
		}
	}
	if out, _, err := runAudit("", "search", "--number", "+442079460000", "--config", config); err != nil || out != "" {
		t.Errorf("a number that nobody asked about: %v\n%s", err, out)
	}
	today := time.Now().UTC().Format(time.DateOnly)
	if out, _, err := runAudit("", "search", "--number", canaryNumber, "--config", config, "--since", today, "--until", today); err != nil || strings.Count(out, "\n") != 4 {
		t.Errorf("search today: %v\n%s", err, out)
	}
	if out, _, err := runAudit("", "search", "--number", canaryNumber, "--config", config, "--until", "2020-01-01"); err != nil || out != "" {
		t.Errorf("search in the past: %v\n%s", err, out)
	}

	page := filepath.Join(s.Dir, "report.html")
	month := time.Now().UTC().Format("2006-01")
	if _, _, err := runAudit("", "report", "--month", month, "--config", config, "--key", verifier, "--output", page); err != nil {
		t.Fatal(err)
	}
	html := readText(t, page)
	for _, want := range []string{"<svg", "checkthatphone", "minimal", "test-1", "good signatures"} {
		if !strings.Contains(html, want) {
			t.Errorf("%q is not in the report", want)
		}
	}
	out, _, err = runAudit("", "report", "--month", month, "--config", config, "--format", "json")
	var numbers map[string]any
	if err != nil || json.Unmarshal([]byte(out), &numbers) != nil {
		t.Errorf("report as JSON: %v\n%.300s", err, out)
	}
	if out, _, err = runAudit("", "report", "--month", month, "--config", config, "--format", "csv"); err != nil || !strings.Contains(out, "checkthatphone") {
		t.Errorf("report as CSV: %v\n%.300s", err, out)
	}
	for format, want := range map[string]string{"ocsf": `"class_uid":6003`, "ecs": `"@timestamp"`} {
		if out, _, err := runAudit("", "export", "--format", format, "--config", config); err != nil || strings.Count(out, want) != 4 {
			t.Errorf("export as %s: %v\n%s", format, err, out)
		}
	}

	text := readText(t, filepath.Join(s.Dir, "audit.jsonl"))
	changed := s.file("changed.jsonl", strings.Replace(text, `"caller":"minimal"`, `"caller":"full"`, 1))
	out, _, err = runAudit("", "verify", changed)
	if err == nil || !strings.Contains(out, "BROKEN") || !strings.Contains(err.Error(), "changed.jsonl: line ") {
		t.Errorf("a changed line: %v\n%s", err, out)
	}
	if _, _, err := runAudit("", "report", "--month", month, "--output", page, changed); err != nil || !strings.Contains(readText(t, page), "changed.jsonl: line ") {
		t.Errorf("the report of a changed log: %v", err)
	}
}

// TestForgottenEpochsLinkToNobody, and the log says that they were forgotten.
func TestForgottenEpochsLinkToNobody(t *testing.T) {
	s, config, verifier := auditStage(t)
	epoch := time.Now().UTC().Format("2006-01")
	if got := s.lookup(s.Full, canaryNumber); got.status != 200 {
		t.Fatalf("the third lookup of a number: got %d %s", got.status, got.body)
	}
	if got := s.lookup(s.Full, canaryNumber); got.status != 429 {
		t.Fatalf("the fourth: got %d %s", got.status, got.body)
	}
	out, _, err := runAudit(canaryNumber+"\n", "forget", "--number", "-", "--config", config)
	if err != nil || !strings.HasPrefix(out, "1 counters") {
		t.Errorf("forget a number: %v\n%s", err, out)
	}
	if got := s.lookup(s.Full, canaryNumber); got.status != 200 {
		t.Errorf("a forgotten number: got %d %s", got.status, got.body)
	}
	if _, _, err := runAudit("", "forget", "--epoch", epoch, "--config", config); err == nil || !strings.Contains(err.Error(), "--current") {
		t.Errorf("the epoch of the moment is forgotten without a word: %v", err)
	}
	out, _, err = runAudit("", "forget", "--epoch", epoch, "--current", "--config", config)
	if err != nil || !strings.Contains(out, "has recorded it") {
		t.Fatalf("forget an epoch: %v\n%s", err, out)
	}
	if text := readText(t, filepath.Join(s.Dir, "audit.jsonl")); !strings.Contains(text, `"type":"forget"`) || !strings.Contains(text, `"epoch":"`+epoch+`"`) {
		t.Error("the log does not say so")
	}
	out, notes, err := runAudit("", "search", "--number", canaryNumber, "--config", config)
	if err != nil || out != "" || !strings.Contains(notes, "epoch "+epoch+" was forgotten") {
		t.Errorf("search in a forgotten epoch: %v\n%s%s", err, out, notes)
	}
	if out, _, err := runAudit("", "verify", "--config", config, "--key", verifier); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}

	s.tryStop() // where nobody runs, the command writes the entry itself
	if out, _, err := runAudit("", "forget", "--epoch", epoch, "--current", "--config", config); err != nil || !strings.Contains(out, "recorded in") {
		t.Errorf("forget without a running Ringward: %v\n%s", err, out)
	}
	if out, _, err := runAudit("", "verify", filepath.Join(s.Dir, "audit.jsonl")); err != nil {
		t.Errorf("verify: %v\n%s", err, out)
	}
}

func TestFaultyAuditCommandsSayWhatToChange(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "missing.jsonl")
	for want, args := range map[string][]string{
		"audit verify":                 {},
		"no such file":                 {"verify", missing},
		"--key":                        {"verify", "--key", "nonsense", missing},
		"--known":                      {"verify", "--known", missing, missing},
		"ocsf or ecs":                  {"export", missing},
		"html, csv or json":            {"report", "--format", "pdf", missing},
		"--month: write it as 2026-11": {"report", "--month", "november", missing},
		"leave out --since":            {"report", "--month", "2026-11", "--since", "2026-11-01", missing},
		"--since is not before":        {"export", "--format", "ecs", "--since", "2026-11-02", "--until", "2026-11-01", missing},
		"--epoch <name>":               {"forget"},
		"--number":                     {"search", "--number", "12"},
	} {
		if _, _, err := runAudit("", args...); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: got %v, want %q", args, err, want)
		}
	}
	out, _, err := runAudit("", "key", "production")
	if err != nil || !strings.Contains(out, "PRIVATE+KEY+") || strings.Count(out, "\n") != 7 {
		t.Errorf("key: %v\n%s", err, out)
	}
}

// TestAuditFieldsOfAnAnswer holds what an entry says of an exchange.
func TestAuditFieldsOfAnAnswer(t *testing.T) {
	s, _, _ := auditStage(t)
	text, err := os.ReadFile(filepath.Join(s.Dir, "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	var intents, results []audit.Record
	for line := range bytes.Lines(text) {
		record, err := audit.ParseRecord(line)
		if err != nil {
			t.Fatal(err)
		}
		switch record.Kind {
		case audit.KindIntent:
			intents = append(intents, record)
		case audit.KindResult:
			results = append(results, record)
		}
	}
	if len(intents) != 3 || len(results) != 4 {
		t.Fatalf("%d intents and %d results", len(intents), len(results))
	}
	first, intent := results[0], intents[0]
	if intent.RequestID != first.RequestID || intent.Seq >= first.Seq || intent.Status != 0 || intent.Caller != "full" {
		t.Errorf("the intent of the first lookup: %+v", intent)
	}
	if first.Auth != audit.AuthKey || first.Config == "" || first.Version == "" || first.ClientIP.IsValid() || !strings.HasPrefix(first.ClientIPPseudonym, time.Now().UTC().Format("2006-01:")) {
		t.Errorf("the first lookup: %+v", first.Entry)
	}
	if len(first.Limits) != 0 { // how often others asked about a number is not for callers, nor here
		t.Errorf("limits %+v", first.Limits)
	}
	if len(first.Fields) < 5 || len(results[1].Fields) != 4 {
		t.Errorf("fields %v and %v", first.Fields, results[1].Fields)
	}
	if last := results[3]; last.Caller != "" || last.Auth != "" || last.Reason != "unauthenticated" {
		t.Errorf("the refused one: %+v", last.Entry)
	}
	s.Route += "\n limit ip 1000/h"
	s.start()
	s.lookup(s.Full, "+12024561414")
	after := s.entries()
	if e := after[len(after)-1]; e.Config == first.Config || e.Config == "" {
		t.Errorf("another config has the hash %q too", e.Config)
	}
}
