package caddymodule

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

const providersDoc = "docs/providers.md"

// The generated part of the document stands between these.
const (
	generatedBegin = "<!-- generated from the presets: go test ./caddymodule -run TestProvidersAreDocumented -update -->\n"
	generatedEnd   = "<!-- end of what is generated -->\n"
)

// TestProvidersAreDocumented compares the presets with what the document says
// of them; with -update it writes the document anew.
func TestProvidersAreDocumented(t *testing.T) {
	text := docText(t, providersDoc)
	before, rest, ok1 := strings.Cut(text, generatedBegin)
	_, after, ok2 := strings.Cut(rest, generatedEnd)
	if !ok1 || !ok2 {
		t.Fatal("the marks of the generated part are missing")
	}
	var generated strings.Builder
	for _, name := range provider.Names() {
		p, err := provider.Preset(name)
		if err != nil {
			t.Fatal(err)
		}
		describeProvider(&generated, p)
	}
	want := before + generatedBegin + generated.String() + generatedEnd + after
	if *update {
		if err := os.WriteFile("../"+providersDoc, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if text != want {
		t.Errorf("%s differs from the presets: run this test with -update", providersDoc)
	}
	for _, class := range provider.Classes() {
		if !strings.Contains(before, "| `"+string(class)+"` |") {
			t.Errorf("the data class %s is not explained", class)
		}
	}
}

func describeProvider(b *strings.Builder, p *provider.Provider) {
	fmt.Fprintf(b, "## %s\n\n| | |\n|---|---|\n", p.Name)
	fmt.Fprintf(b, "| upstream | `%s` |\n", p.BaseURL)
	fmt.Fprintf(b, "| the provider's key goes into | %s |\n", describePlacements(p.Placements))
	slots := make([]string, len(p.CallerSlots))
	for i, slot := range p.CallerSlots {
		slots[i] = describeSlot(slot)
	}
	fmt.Fprintf(b, "| a caller key may also stand in | %s |\n", strings.Join(slots, ", "))
	if len(p.Regions) > 0 {
		fmt.Fprintf(b, "| regions | %s |\n", strings.Join(p.Regions, ", "))
	} else {
		b.WriteString("| regions | all |\n")
	}
	fmt.Fprintf(b, "| region of national numbers | %s |\n", describeRegion(p))
	b.WriteString("\n")
	for i := range p.Operations {
		describeOperation(b, &p.Operations[i])
	}
	describeRules(b, p)
}

// describeRegion says which region a number in national form belongs to.
func describeRegion(p *provider.Provider) string {
	n := p.Operations[0].Number
	switch {
	case n.BareInternational:
		return "named by the request, as `" + n.RegionParam + "`; `default_region` has no effect"
	case p.DefaultRegion != "":
		return p.DefaultRegion + ", or `default_region`"
	default:
		return "`default_region`; without it they are refused"
	}
}

func describePlacements(list []provider.Placement) string {
	var texts []string
	for _, p := range list {
		texts = append(texts, describeSlot(provider.Slot{In: p.In, Name: p.Name, Scheme: p.Scheme}))
	}
	return strings.Join(texts, ", ")
}

func describeSlot(s provider.Slot) string {
	switch {
	case s.In == provider.InBasic:
		return "the password of HTTP Basic authentication"
	case s.Scheme != "":
		return fmt.Sprintf("header `%s: %s ...`", s.Name, s.Scheme)
	default:
		return fmt.Sprintf("%s `%s`", s.In, s.Name)
	}
}

func describeOperation(b *strings.Builder, op *provider.Operation) {
	fmt.Fprintf(b, "**Operation `%s`: `%s %s`**\n\n", op.Name, op.Method, op.Path)
	if op.Number != nil || len(op.Params) > 0 {
		b.WriteString("| parameter | in | what | |\n|---|---|---|---|\n")
	}
	if n := op.Number; n != nil {
		name, regionIn, note := n.Name, n.In, ""
		if n.In == provider.InPath {
			name, regionIn = provider.NumberSegment, provider.InQuery
		}
		if n.BareInternational {
			note = "digits alone are an international number"
		}
		fmt.Fprintf(b, "| `%s` | %s | the number; sent as `%s` | %s |\n", name, n.In, n.Format, note)
		if n.RegionParam != "" {
			fmt.Fprintf(b, "| `%s` | %s | region of a number in national form | not sent on |\n", n.RegionParam, regionIn)
		}
	}
	for _, param := range op.Params {
		what, note := string(param.Kind), ""
		if len(param.Values) > 0 {
			what += ": " + strings.Join(param.Values, ", ")
		}
		switch {
		case param.OptIn:
			note = "refused without `allow " + param.Name + "`"
		case param.Consumed:
			note = "not sent on"
		}
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", param.Name, param.In, what, note)
	}
	if op.Number != nil || len(op.Params) > 0 {
		b.WriteString("\n")
	}
	b.WriteString("| data class | fields |\n|---|---|\n")
	for _, class := range append(provider.Classes(), provider.Envelope, provider.Never) {
		var pointers []string
		for _, field := range op.Fields {
			if field.Class == class {
				pointers = append(pointers, "`"+field.Pointer+"`")
			}
		}
		if len(pointers) > 0 {
			fmt.Fprintf(b, "| `%s` | %s |\n", class, strings.Join(pointers, " "))
		}
	}
	b.WriteString("\n")
}

func describeRules(b *strings.Builder, p *provider.Provider) {
	b.WriteString("| an answer with | means |\n|---|---|\n")
	rules := slices.Clone(p.Rules)
	for _, op := range p.Operations {
		rules = append(rules, op.Rules...)
	}
	for _, rule := range rules {
		fmt.Fprintf(b, "| %s | `%s` |\n", describeRule(&rule), rule.Verdict)
	}
	b.WriteString("\n")
}

func describeRule(r *provider.Rule) string {
	var parts []string
	if len(r.Status) > 0 {
		parts = append(parts, "status "+strings.Trim(fmt.Sprint(r.Status), "[]"))
	}
	if len(r.Equals) > 0 {
		parts = append(parts, "`"+r.Pointer+"` is "+strings.Join(r.Equals, ", "))
	}
	if len(r.NotEquals) == 1 {
		parts = append(parts, "`"+r.Pointer+"` is not "+r.NotEquals[0])
	}
	if len(r.NotEquals) > 1 {
		parts = append(parts, "`"+r.Pointer+"` is neither "+strings.Join(r.NotEquals, " nor "))
	}
	if r.Exists {
		parts = append(parts, "`"+r.Pointer+"`")
	}
	return strings.Join(parts, " and ")
}
