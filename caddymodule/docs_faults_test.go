package caddymodule

import (
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// testFunctions lists the tests of the repository.
func testFunctions(t *testing.T) map[string]bool {
	t.Helper()
	tests := make(map[string]bool)
	function := regexp.MustCompile(`(?m)^func (Test\w+)\(`)
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.HasSuffix(path, "_test.go") {
			for _, match := range function.FindAllStringSubmatch(readText(t, path), -1) {
				tests[match[1]] = true
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}

// TestFaultsNameRealTests: every fault of docs/faults.md is shown by a test.
func TestFaultsNameRealTests(t *testing.T) {
	tests, faults := testFunctions(t), 0
	for table := range strings.SplitSeq(docText(t, "docs/faults.md"), "\n\n") {
		header, rows, _ := strings.Cut(table, "\n|---")
		if !strings.HasSuffix(header, "| shown by |") {
			continue
		}
		_, rows, _ = strings.Cut(rows, "\n")
		for row := range strings.Lines(rows) {
			faults++
			cells := strings.Split(strings.Trim(row, "|\n"), "|")
			if len(cells) != strings.Count(header, "|")-1 {
				t.Errorf("not as many cells as the table has columns: %s", row)
			}
			named := quoted.FindAllStringSubmatch(cells[len(cells)-1], -1)
			if len(named) == 0 {
				t.Errorf("no test shows the fault %q", cells[0])
			}
			for _, match := range named {
				if !tests[match[1]] {
					t.Errorf("%q: there is no test %s", cells[0], match[1])
				}
			}
		}
	}
	if faults < 30 {
		t.Errorf("only %d faults found", faults)
	}
}

// TestFaultsUseRealNames covers metrics, and events and reasons about credentials.
func TestFaultsUseRealNames(t *testing.T) {
	metrics, words := realMetrics(t), append(realEvents(t), realReasons()...)
	words = append(words, "credential_version") // a field of audit entries
	for _, match := range quoted.FindAllStringSubmatch(docText(t, "docs/faults.md"), -1) {
		name := match[1]
		_, isMetric := metrics[name]
		switch {
		case strings.HasPrefix(name, "ringward_") && !isMetric:
			t.Errorf("there is no metric %s", name)
		case strings.HasPrefix(name, "credential_") && !slices.Contains(words, name):
			t.Errorf("there is no event or reason %s", name)
		}
	}
}
