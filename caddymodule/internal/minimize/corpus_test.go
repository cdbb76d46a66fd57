package minimize

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// corpusText is one input of JSONTestSuite. The first letter of its name says
// whether parsers must take it (y), must not (n), or may (i).
type corpusText struct{ Name, Input string }

func jsonTestSuite(tb testing.TB) (all []corpusText) {
	tb.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "jsontestsuite.json"))
	if err != nil {
		tb.Fatal(err)
	}
	if err := json.Unmarshal(text, &all); err != nil || len(all) < 300 {
		tb.Fatalf("%d inputs, %v", len(all), err)
	}
	return all
}

// presetAnswers are the answers that providers document, by preset.
func presetAnswers(tb testing.TB) map[string][]presetAnswer {
	tb.Helper()
	all := make(map[string][]presetAnswer)
	for _, name := range provider.Names() {
		files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "providers", name, "*.json"))
		if err != nil || len(files) == 0 {
			tb.Fatalf("no samples of %s: %v", name, err)
		}
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				tb.Fatal(err)
			}
			var sample struct{ Answer presetAnswer }
			if err := json.Unmarshal(text, &sample); err != nil {
				tb.Fatal(err)
			}
			all[name] = append(all[name], sample.Answer)
		}
	}
	return all
}

type presetAnswer struct {
	Status int
	Body   json.RawMessage
	Text   string
}

func (a presetAnswer) bytes() []byte {
	if a.Text != "" {
		return []byte(a.Text)
	}
	return a.Body
}

// TestJSONTestSuite: what no parser may take is refused, and what every parser
// must take is, but for what an answer cannot be.
func TestJSONTestSuite(t *testing.T) {
	t.Parallel()
	plan := mustCompile(t, described, nil, Release{Classes: provider.Classes()}, Options{})
	for _, c := range jsonTestSuite(t) {
		res, err := plan.Apply(nil, 200, []byte(c.Input))
		switch {
		case err != nil:
			checkRefusal(t, res, err, []byte(c.Input))
		case strings.HasPrefix(c.Name, "n_"):
			t.Errorf("%s was read", c.Name)
		}
	}
}
