package caddymodule

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFuzzingPageHasEveryTarget compares docs/fuzzing.md with the sources.
func TestFuzzingPageHasEveryTarget(t *testing.T) {
	var real, told []string
	function := regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, "_test.go") {
			room := strings.TrimPrefix(filepath.ToSlash(filepath.Dir(path)), "internal/")
			for _, match := range function.FindAllStringSubmatch(readText(t, path), -1) {
				real = append(real, strings.Replace(room, ".", "caddymodule", 1)+" "+match[1])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	row := regexp.MustCompile("(?m)^\\| `([a-z/]+)` \\| `(Fuzz\\w+)` \\| [^|]{20,} \\| [0-9][^|]* \\|$")
	for _, match := range row.FindAllStringSubmatch(docText(t, "docs/fuzzing.md"), -1) {
		told = append(told, match[1]+" "+match[2])
	}
	slices.Sort(real)
	slices.Sort(told)
	if !slices.Equal(real, told) {
		t.Errorf("the page has\n%s\nand there are\n%s", strings.Join(told, "\n"), strings.Join(real, "\n"))
	}
}
