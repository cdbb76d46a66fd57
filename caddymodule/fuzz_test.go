package caddymodule

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

var (
	namesALine = regexp.MustCompile(`Caddyfile:\d+`)

	// appBlock and routeBlock are the options of ringward in a Caddyfile that is
	// written as Caddy formats it.
	appBlock   = regexp.MustCompile(`(?ms)^\tringward \{\n.*?^\t\}\n`)
	routeBlock = regexp.MustCompile(`(?ms)^\tringward [a-z].*?(^\t\}\n|$)`)
)

// caddyfiles are all that the repository has: fixtures, good and bad, the
// example, and those of the documentation.
func caddyfiles(f *testing.F) (all []string) {
	f.Helper()
	files, err := filepath.Glob(filepath.Join("testdata", "adapt*", "*.caddytest"))
	if err != nil || len(files) < 50 {
		f.Fatalf("%d fixtures, %v", len(files), err)
	}
	for _, file := range append(files, filepath.Join("..", "Caddyfile.example")) {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		caddyfile, _, _ := strings.Cut(string(text), separator)
		all = append(all, caddyfile)
	}
	pages, err := filepath.Glob(filepath.Join("..", "docs", "*.md"))
	if err != nil || len(pages) < 5 {
		f.Fatalf("%d pages, %v", len(pages), err)
	}
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			f.Fatal(err)
		}
		for _, block := range fence.FindAllStringSubmatch(string(text), -1) {
			all = append(all, block[2])
		}
	}
	return all
}

// FuzzCaddyfile adapts whole Caddyfiles: nothing that people write may panic.
func FuzzCaddyfile(f *testing.F) {
	for _, text := range caddyfiles(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Contains(text, "import") || strings.Contains(text, "{$") {
			return // Caddy's own words would read this machine's files and environment
		}
		config, err := adaptCaddyfile(text)
		if err == nil && len(config) == 0 {
			t.Error("no error and no config")
		}
	})
}

// FuzzOptions reads the options of ringward, global and of a route: what is
// refused is refused with its line.
func FuzzOptions(f *testing.F) {
	for _, text := range caddyfiles(f) {
		for _, block := range append(appBlock.FindAllString(text, -1), routeBlock.FindAllString(text, -1)...) {
			f.Add(block)
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		tokens, err := caddyfile.Tokenize([]byte(text), "Caddyfile")
		if err != nil || len(tokens) == 0 {
			return // Caddy's matter
		}
		d := caddyfile.NewDispenser(tokens)
		_, err = parseApp(d, nil)
		if err != nil && !namesALine.MatchString(err.Error()) {
			t.Errorf("the global option is refused without a line: %v", err)
		}
		d = caddyfile.NewDispenser(tokens)
		d.Next()
		r := new(route)
		if err = r.unmarshal(d); err == nil {
			_, err = r.expand()
			err = d.WrapErr(err) // as parseRoute does
		}
		if err != nil && !namesALine.MatchString(err.Error()) {
			t.Errorf("the directive is refused without a line: %v", err)
		}
	})
}
