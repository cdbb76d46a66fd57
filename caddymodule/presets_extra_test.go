package caddymodule

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/minimize"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// extraRounds is how often every sample is grown.
const extraRounds = 200

// TestExtraFieldsNeverPass grows every sample by members and elements that no
// preset knows, at any depth, and looks for them in what a caller with every
// data class gets.
func TestExtraFieldsNeverPass(t *testing.T) {
	grown, answered := 0, 0
	for _, preset := range provider.Names() {
		p, err := provider.Preset(preset)
		if err != nil {
			t.Fatal(err)
		}
		for _, sample := range presetSamples(t, preset) {
			op := operationOf(t, p, sample)
			if op == nil || sample.Answer.Body == nil {
				continue
			}
			plan, err := minimize.Compile(op.Fields, slices.Concat(p.Rules, op.Rules), minimize.Release{Classes: provider.Classes()}, minimize.Options{})
			if err != nil {
				t.Fatal(err)
			}
			for round := range extraRounds {
				g := &grower{random: rand.New(rand.NewPCG(uint64(round), uint64(len(sample.body()))))}
				body := g.grow(t, sample.Answer.Body)
				result, err := plan.Apply(nil, sample.Answer.Status, body)
				if err != nil {
					t.Fatalf("%s/%s: %s: %v", preset, sample.name, body, err)
				}
				if result.Verdict == provider.Answer {
					answered++
				}
				grown += g.added
				if strings.Contains(string(result.Body), canaryValue) {
					t.Fatalf("%s/%s: an extra field passed:\n%s\nof\n%s", preset, sample.name, result.Body, body)
				}
			}
		}
	}
	if grown < 1000 || answered < 1000 {
		t.Errorf("only %d extra fields in %d answers: the test says too little", grown, answered)
	}
}

// operationOf finds the operation of a sample's request.
func operationOf(t *testing.T, p *provider.Provider, sample *presetSample) *provider.Operation {
	t.Helper()
	u, err := url.Parse("https://upstream.example" + strings.ReplaceAll(sample.Request.Target, provider.KeySegment, "key"))
	if err != nil {
		t.Fatal(err)
	}
	config := ProviderConfig{Name: p.Name, Account: map[string]string{}}
	for _, option := range sample.Route {
		if words := strings.Fields(option); words[0] == "account" {
			config.Account[words[1]] = words[2]
		}
	}
	resolved, err := config.resolve()
	if err != nil {
		t.Fatal(err)
	}
	op, _ := resolved.Match(sample.Request.Method, u.EscapedPath())
	return op
}

const canaryValue = "extra-field-canary"

// grower adds members and elements to a JSON value.
type grower struct {
	random *rand.Rand
	added  int
}

func (g *grower) grow(t *testing.T, body json.RawMessage) []byte {
	t.Helper()
	var value any
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	if err := dec.Decode(&value); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(g.walk(value))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func (g *grower) walk(value any) any {
	switch value := value.(type) {
	case map[string]any:
		var names []string
		for name := range value {
			names = append(names, name)
		}
		slices.Sort(names) // so that a seed gives the same again
		for _, name := range names {
			value[name] = g.walk(value[name])
		}
		for range g.random.IntN(3) {
			g.added++
			value[g.name(names)] = g.extra(3)
		}
		return value
	case []any:
		for i := range value {
			value[i] = g.walk(value[i])
		}
		return value
	default:
		return value
	}
}

// name is one that no preset has, though it may look like one that is there.
func (g *grower) name(known []string) string {
	if len(known) > 0 && g.random.IntN(2) == 0 {
		name := known[g.random.IntN(len(known))]
		return []string{name + "_", " " + name, strings.ToUpper(name) + "X", name + "\u0000", name + ".x"}[g.random.IntN(5)]
	}
	return fmt.Sprintf("x%d", g.random.Uint32())
}

// extra is a value of any kind that holds the canary.
func (g *grower) extra(depth int) any {
	switch kind := g.random.IntN(4); {
	case kind == 0 && depth > 0:
		return map[string]any{"valid": g.extra(depth - 1), "name": canaryValue, fmt.Sprintf("x%d", g.random.Uint32()): g.extra(depth - 1)}
	case kind == 1 && depth > 0:
		return []any{g.extra(depth - 1), canaryValue}
	default:
		return canaryValue
	}
}
