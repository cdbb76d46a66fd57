package caddymodule

import (
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestPromisesNameRealTests: a promise whose test is gone is no promise.
func TestPromisesNameRealTests(t *testing.T) {
	tests := testFunctions(t)
	text := section(t, "SECURITY.md", "## What Ringward promises")
	const promises = 23
	if n := len(regexp.MustCompile(`(?m)^\| I\d+ \|`).FindAllString(text, -1)); n != promises {
		t.Errorf("%d promises, not %d", n, promises)
	}
	for i := range promises {
		row := regexp.MustCompile(`(?m)^\| I` + strconv.Itoa(i+1) + ` \|.*$`).FindString(text)
		named := regexp.MustCompile("`(Test\\w+)`").FindAllStringSubmatch(row, -1)
		if len(named) == 0 {
			t.Errorf("promise I%d names no test", i+1)
		}
		for _, match := range named {
			if !tests[match[1]] {
				t.Errorf("promise I%d: there is no test %s", i+1, match[1])
			}
		}
	}
}

// TestLinksLeadSomewhere follows the links between documents.
func TestLinksLeadSomewhere(t *testing.T) {
	link := regexp.MustCompile(`\]\(([^)\s]+)\)`)
	for _, doc := range documents(t) {
		for _, match := range link.FindAllStringSubmatch(fence.ReplaceAllString(doc.text, ""), -1) {
			target := match[1]
			if strings.Contains(target, "://") {
				continue
			}
			path, anchor, _ := strings.Cut(target, "#")
			full := filepath.Join("..", filepath.Dir(doc.path), path)
			if path == "" {
				full = filepath.Join("..", doc.path)
			}
			if found, _ := filepath.Glob(full); len(found) == 0 {
				t.Errorf("%s: %s does not exist", doc.path, target)
			} else if anchor != "" && !slices.Contains(anchors(readText(t, full)), anchor) {
				t.Errorf("%s: %s has no such heading", doc.path, target)
			}
		}
	}
}

// anchors lists the headings of a document as GitHub names them in links.
func anchors(text string) []string {
	var all []string
	for _, match := range regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(fence.ReplaceAllString(text, ""), -1) {
		slug := regexp.MustCompile(`[^\w\- ]`).ReplaceAllString(strings.ToLower(match[1]), "")
		all = append(all, strings.ReplaceAll(slug, " ", "-"))
	}
	return all
}
