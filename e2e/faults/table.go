package faults

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// The table stands between these lines of docs/faults.md.
const (
	tableBegin = "<!-- e2e/faults begin -->\n"
	tableEnd   = "<!-- e2e/faults end -->\n"
)

var (
	reportMu sync.Mutex
	reported []Row
)

// report keeps a row for the table.
func report(row Row) {
	reportMu.Lock()
	defer reportMu.Unlock()
	reported = append(reported, row)
}

// Table writes rows as Markdown.
func Table(rows []Row) string {
	var text strings.Builder
	fmt.Fprintln(&text, "| fault | lookups/s | what callers got | p99, ms | added, ms | without audit entry | not delivered | wrong or stale key | goroutines | heap, MiB | open files |")
	fmt.Fprintln(&text, "|---|--:|---|--:|--:|--:|--:|--:|--:|--:|--:|")
	for _, row := range rows {
		fmt.Fprintf(&text, "| %s: %s | %.0f | %s | %.0f | %+.0f | %d | %d | %d | %d, %d | %.1f, %.1f | %d, %d |\n",
			row.Group, row.Fault, row.Rate, row.answers(), ms(row.Healthy), ms(row.During-row.Healthy), row.Unaudited, row.Lost, row.WrongKeys,
			row.Before.Goroutines, row.After.Goroutines, mib(row.Before.Heap), mib(row.After.Heap), row.Before.FDs, row.After.FDs)
	}
	return text.String()
}

// answers says what callers got, the most frequent first.
func (row *Row) answers() string {
	most := func(a, b Answer) int {
		return cmp.Or(row.Answers[b]-row.Answers[a], a.Status-b.Status, strings.Compare(a.Reason, b.Reason))
	}
	var texts []string
	for _, answer := range slices.SortedFunc(maps.Keys(row.Answers), most) {
		text := "no answer"
		if answer.Status != NoAnswer {
			text = strings.TrimSpace(fmt.Sprint(answer.Status, " ", answer.Reason))
		}
		texts = append(texts, fmt.Sprintf("%d × %s", row.Answers[answer], text))
	}
	return strings.Join(texts, ", ")
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// WriteTable puts the rows of a whole run into the document. A run that left
// faults out, or was too slow, is none to publish.
func WriteTable(file string, groups []string) error {
	for _, group := range groups {
		if !slices.ContainsFunc(reported, func(row Row) bool { return row.Group == group }) {
			return fmt.Errorf("no faults of %s were run: the table stays as it was", group)
		}
	}
	for _, row := range reported {
		if row.Rate < leastRate {
			return fmt.Errorf("%s, %s: %.0f lookups/s, and the table is for %d at least", row.Group, row.Fault, row.Rate, leastRate)
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	head, rest, ok := strings.Cut(string(text), tableBegin)
	_, foot, ok2 := strings.Cut(rest, tableEnd)
	if !ok || !ok2 {
		return errors.New("docs/faults.md has no place for the table")
	}
	return os.WriteFile(file, []byte(head+tableBegin+Table(reported)+tableEnd+foot), 0o644)
}
