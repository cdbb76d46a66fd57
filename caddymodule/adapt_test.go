package caddymodule

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the fixtures' expected halves anew")

// separator stands between a fixture's Caddyfile and what becomes of it.
const separator = "----------\n"

// fixtures calls run for every fixture of a folder and compares.
func fixtures(t *testing.T, folder string, run func(t *testing.T, caddyfile string) string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", folder, "*.caddytest"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no fixtures in %s: %v", folder, err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".caddytest"), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			caddyfile, want, _ := strings.Cut(string(text), separator)
			got := run(t, caddyfile)
			if *update {
				if err := os.WriteFile(file, []byte(caddyfile+separator+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func TestCaddyfilesAdaptTo(t *testing.T) {
	fixtures(t, "adapt", func(t *testing.T, caddyfile string) string {
		config, err := adaptCaddyfile(caddyfile)
		if err != nil {
			t.Fatal(err)
		}
		var indented bytes.Buffer
		if err := json.Indent(&indented, config, "", "\t"); err != nil {
			t.Fatal(err)
		}
		return indented.String() + "\n"
	})
}

// TestBadCaddyfilesAreRefused holds the messages: each names file and line and
// says what to change.
func TestBadCaddyfilesAreRefused(t *testing.T) {
	fixtures(t, "adapt_errors", func(t *testing.T, caddyfile string) string {
		_, err := adaptCaddyfile(caddyfile)
		if err == nil {
			t.Fatal("it was accepted")
		}
		if !strings.Contains(err.Error(), "Caddyfile:") {
			t.Errorf("no file and line: %v", err)
		}
		return err.Error() + "\n"
	})
}
