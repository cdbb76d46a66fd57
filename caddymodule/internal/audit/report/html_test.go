package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

var update = flag.Bool("update", false, "write the golden files anew")

func render(t testing.TB, write func(io.Writer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// small is a report that is easy to read in its golden files.
func small(t testing.TB) *Report {
	var records []audit.Record
	for day := 1; day <= 30; day++ {
		records = append(records, times(day%4, answered("signup", at(day, 9)))...)
	}
	r := answered("crm", at(9, 9))
	r.CredentialVersion = 4
	records = append(records, r, refused("signup", "rate_limited", at(2, 9)), refused("", reasonUnauthenticated, at(3, 9)), failed("crm", "upstream_timeout", at(4, 9)))
	return build(t, of(records...), april, Options{
		Instances: []string{"one"}, Version: "1.0.0", Generated: mayFirst,
		Integrity: &Integrity{OK: true, Lines: []string{"Nothing is missing."}, Counts: []Count{{"entries", 49}}},
	})
}

func TestRenderedReports(t *testing.T) {
	r := small(t)
	for name, write := range map[string]func(io.Writer) error{"small.html": r.WriteHTML, "small.csv": r.WriteCSV, "small.json": r.WriteJSON} {
		t.Run(name, func(t *testing.T) {
			path, got := filepath.Join("testdata", name), render(t, write)
			if *update {
				if err := os.WriteFile(path, got, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s is another one: look at what -update changes", path)
			}
		})
	}
}

// The order of records that a map hands out must not show.
func TestReportsAreTheSameEachTime(t *testing.T) {
	first, second := build(t, sample(), april, sampleOptions()), build(t, sample(), april, sampleOptions())
	if !bytes.Equal(render(t, first.WriteHTML), render(t, second.WriteHTML)) || !bytes.Equal(render(t, first.WriteJSON), render(t, second.WriteJSON)) {
		t.Error("they differ")
	}
}

// evil are names that want to be more than text.
var evil = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</title></style><script>alert(1)</script>`,
	`' onmouseover='alert(1)`, `javascript:alert(1)`, `{{.Title}}`, `<!--`, `</svg><iframe src=//example.com>`, `=cmd|' /C calc'!A0`, "\u202egnp.exe",
}

// evilReport has these names wherever a name can stand.
func evilReport(t testing.TB) *Report {
	var records []audit.Record
	for _, name := range evil {
		for day := 10; day <= 30; day++ {
			yes, no, bad := answered(name, at(day, 9)), refused(name, name, at(day, 9)), failed(name, name, at(day, 9))
			yes.Provider, yes.Operation, yes.Released, yes.Numbers, yes.CredentialVersion = name, name, []string{name}, []audit.NumberRef{{Region: name, Pseudonym: name}}, day
			records = append(records, yes, no, bad)
		}
		records = append(records, times(300, answered(name, at(20, 9)))...)
	}
	return build(t, of(records...), april, Options{
		Title: strings.Join(evil, " "), Instances: evil, Version: evil[0], Generated: mayFirst,
		Integrity: &Integrity{Lines: evil, Counts: []Count{{evil[0], 1}}},
	})
}

// What a page may consist of: nothing here runs, loads or leads anywhere.
var (
	allowedTags = regexp.MustCompile(`^(html|head|meta|title|style|body|header|main|section|div|p|h1|h2|dl|dt|dd|ul|li|b|i|bdi|span|strong|figure|figcaption|table|caption|thead|tbody|tfoot|tr|th|td|svg|desc|g|line|text|rect)$`)
	allowedAttr = regexp.MustCompile(`^(lang|charset|http-equiv|content|name|id|class|role|scope|colspan|aria-[a-z]+|viewBox|viewbox|preserveAspectRatio|preserveaspectratio|x|y|x1|x2|y1|y2|dy|width|height)$`)
)

func TestNamesStayText(t *testing.T) {
	r := evilReport(t)
	page := render(t, r.WriteHTML)
	var text strings.Builder
	tokens := html.NewTokenizer(bytes.NewReader(page))
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			break
		}
		token := tokens.Token()
		switch kind {
		case html.StartTagToken, html.SelfClosingTagToken:
			if !allowedTags.MatchString(token.Data) {
				t.Errorf("the page has a %s", token.Data)
			}
			for _, attr := range token.Attr {
				if !allowedAttr.MatchString(attr.Key) {
					t.Errorf("%s has an attribute %s", token.Data, attr.Key)
				}
			}
		case html.CommentToken:
			t.Error("the page has a comment")
		case html.TextToken:
			text.WriteString(token.Data)
		}
	}
	for _, name := range evil {
		if strings.Count(text.String(), name) < 5 {
			t.Errorf("%q is not shown as it is", name)
		}
	}
}

func TestPagesReferToNothing(t *testing.T) {
	page := string(render(t, build(t, sample(), april, sampleOptions()).WriteHTML))
	for _, forbidden := range []string{"http:", "https:", "url(", "@import", "<script", "<link", "src=", "href="} {
		if strings.Contains(page, forbidden) {
			t.Errorf("the page has %s", forbidden)
		}
	}
	if !strings.Contains(page, `content="default-src 'none'; style-src 'unsafe-inline'`) {
		t.Error("the page does not forbid loading")
	}
}

// Each drawing says what it is, to those who do not see it.
func TestDrawingsAreDescribed(t *testing.T) {
	page := string(render(t, build(t, sample(), april, sampleOptions()).WriteHTML))
	ids := regexp.MustCompile(`aria-labelledby="(\S+)-title (\S+)-desc"`).FindAllStringSubmatch(page, -1)
	if len(ids) != 7 {
		t.Errorf("%d drawings", len(ids))
	}
	for _, id := range ids {
		for _, part := range []string{`<title id="` + id[1] + `-title">`, `<desc id="` + id[2] + `-desc">Bars, one for each day, in April 2026.`} {
			if strings.Count(page, part) != 1 {
				t.Errorf("%s is not there once", part)
			}
		}
	}
}

func TestSpreadsheetsGetNoFormulas(t *testing.T) {
	lines, err := csv.NewReader(bytes.NewReader(render(t, evilReport(t).WriteCSV))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		for _, cell := range line {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("got %q", cell)
			}
		}
	}
}

func TestEmptyAndHourlyReportsAreRendered(t *testing.T) {
	for name, r := range map[string]*Report{
		"empty":  build(t, of(), april, Options{}),
		"hourly": build(t, of(answered("a", at(1, 5))), Range{at(1, 0), at(2, 0)}, Options{}),
		"broken": build(t, of(), april, Options{Integrity: &Integrity{}}),
	} {
		t.Run(name, func(t *testing.T) {
			page := render(t, r.WriteHTML)
			for _, bad := range []string{"NaN", "Inf", "%!", "<no value>"} {
				if bytes.Contains(page, []byte(bad)) {
					t.Errorf("the page has %s", bad)
				}
			}
			render(t, r.WriteCSV)
			var again Report
			if err := json.Unmarshal(render(t, r.WriteJSON), &again); err != nil || again.Title != r.Title {
				t.Errorf("got %v", err)
			}
		})
	}
}
