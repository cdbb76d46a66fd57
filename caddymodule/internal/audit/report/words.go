package report

import (
	"fmt"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
)

// summary says the most important in sentences.
func (r *Report) summary() []string {
	t := &r.Totals
	if t.Requests == 0 {
		return append([]string{sentence(r.when() + ", Ringward recorded no requests.")}, r.doubts()...)
	}
	sentences := []string{
		sentence(fmt.Sprintf("%s, %s reached Ringward from %s.", r.when(), plural(t.Requests, "request"), plural(int64(r.named()), "caller"))),
		fmt.Sprintf("It answered %s, refused %s before any provider was asked, and had no answer to give for %s.",
			comma(t.Answered), comma(t.Refused), comma(t.Failed)),
		fmt.Sprintf("The lookups came to %s.", plural(t.Cost, "cost unit")),
	}
	if n := int64(len(r.Unusual)); n > 0 {
		sentences = append(sentences, fmt.Sprintf("%s for a look: see Unusual activity.", pluralVerb(n, "finding asks", "findings ask")))
	} else {
		sentences = append(sentences, "No caller behaved unusually.")
	}
	return append(sentences, r.doubts()...)
}

// doubts says how far the counts can be trusted.
func (r *Report) doubts() (sentences []string) {
	switch {
	case r.Integrity == nil:
		sentences = append(sentences, "Whether the log is complete and unchanged was not checked for this report.")
	case r.Integrity.OK:
		sentences = append(sentences, "The log was checked: it is complete and unchanged.")
	default:
		sentences = append(sentences, "The log did not pass its check: see Integrity before you rely on these numbers.")
	}
	if n := r.Totals.Malformed; n > 0 {
		sentences = append(sentences, pluralVerb(n, "line", "lines")+" of the log could not be read and "+wereWas(n)+" not counted.")
	}
	if n := r.Totals.Unfinished; n > 0 {
		sentences = append(sentences, pluralVerb(n, "lookup was begun and has", "lookups were begun and have")+" no recorded result.")
	}
	return sentences
}

// named counts the callers that are known by name, all others as one.
func (r *Report) named() (n int) {
	for i := range r.Callers {
		if r.Callers[i].Name != "" || r.Callers[i].Other {
			n++
		}
	}
	return n
}

// when names the range: a month by its name.
func (r *Report) when() string {
	since, until := r.Since, r.Until
	last := until.Add(-time.Nanosecond)
	switch {
	case !midnight(since) || !midnight(until):
		return "from " + since.Format("2 January 2006 15:04") + " to " + until.Format("2 January 2006 15:04")
	case since.Day() == 1 && until.Equal(since.AddDate(0, 1, 0)):
		return "in " + since.Format("January 2006")
	case since.YearDay() == 1 && until.Equal(since.AddDate(1, 0, 0)):
		return "in " + since.Format("2006")
	case until.Equal(since.AddDate(0, 0, 1)):
		return "on " + since.Format("2 January 2006")
	case since.Year() == last.Year() && since.Month() == last.Month():
		return "from " + since.Format("2") + " to " + last.Format("2 January 2006")
	default:
		return "from " + since.Format("2 January 2006") + " to " + last.Format("2 January 2006")
	}
}

func midnight(t time.Time) bool { return t.Equal(t.Truncate(24 * time.Hour)) }

func comma(n int64) string { return humanize.Comma(n) }

// plural is a number of things.
func plural(n int64, thing string) string { return pluralVerb(n, thing, thing+"s") }

func pluralVerb(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return comma(n) + " " + many
}

func wereWas(n int64) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

// sentence starts with a capital.
func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// percent is a share, with a decimal only where it says something.
func percent(part, whole int64) string {
	if whole == 0 {
		return "0%"
	}
	share := float64(part) * 100 / float64(whole)
	switch {
	case part == 0, share >= 99.95, share >= 10:
		return fmt.Sprintf("%.0f%%", share)
	case share < 0.1:
		return "<0.1%"
	default:
		return fmt.Sprintf("%.1f%%", share)
	}
}
