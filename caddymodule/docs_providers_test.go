package caddymodule

import (
	"cmp"
	"fmt"
	"maps"
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
	for _, name := range slices.Sorted(maps.Keys(p.Hosts)) {
		fmt.Fprintf(b, "| `upstream %s` | `%s` |\n", name, p.Hosts[name])
	}
	for _, name := range p.Account {
		fmt.Fprintf(b, "| `account %s` | required |\n", name)
	}
	fmt.Fprintf(b, "| fields of the credential | `%s` |\n", strings.Join(p.SecretNames(), "` `"))
	fmt.Fprintf(b, "| they go into | %s |\n", describePlacements(p.Placements))
	for _, name := range slices.Sorted(maps.Keys(p.OtherPlacements)) {
		fmt.Fprintf(b, "| with `place %s` into | %s |\n", name, describePlacements(p.OtherPlacements[name]))
	}
	slots := make([]string, len(p.CallerSlots))
	for i, slot := range p.CallerSlots {
		slots[i] = describeSlot(slot)
	}
	fmt.Fprintf(b, "| a caller key may also stand in | %s |\n", strings.Join(slots, ", "))
	if len(p.Discard) > 0 {
		fmt.Fprintf(b, "| read past | query `%s` |\n", strings.Join(p.Discard, "` `"))
	}
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
	var ways []string
	if n.RegionParam != "" {
		ways = append(ways, "named by the request, as `"+n.RegionParam+"`")
	}
	switch {
	case n.BareInternational && len(ways) == 0:
		return "none: digits are an international number"
	case n.BareInternational:
		return ways[0] + "; `default_region` has no effect"
	case p.DefaultRegion != "":
		ways = append(ways, p.DefaultRegion+", or `default_region`")
	default:
		ways = append(ways, "`default_region`; else they are refused")
	}
	return strings.Join(ways, "; ")
}

func describePlacements(list []provider.Placement) string {
	var texts []string
	for _, p := range list {
		switch p.In {
		case provider.InBasic:
			texts = append(texts, "HTTP Basic authentication")
		case provider.InPath:
			texts = append(texts, "the path")
		case provider.InOAuth2:
			texts = append(texts, "an OAuth 2.0 access token from `"+p.TokenURL+"`")
		case provider.InJWT:
			texts = append(texts, "a JWT signed with RS256")
		case provider.InTSA:
			texts = append(texts, "a signature, HMAC-SHA256")
		default:
			texts = append(texts, describeSlot(provider.Slot{In: p.In, Name: p.Name, Scheme: p.Scheme}))
		}
	}
	return strings.Join(texts, ", ")
}

func describeSlot(s provider.Slot) string {
	switch {
	case s.In == provider.InBasic:
		return "the password of HTTP Basic authentication"
	case s.In == provider.InPath:
		return "the path"
	case s.Scheme != "":
		return fmt.Sprintf("header `%s: %s ...`", s.Name, s.Scheme)
	default:
		return fmt.Sprintf("%s `%s`", s.In, s.Name)
	}
}

func describeOperation(b *strings.Builder, op *provider.Operation) {
	method := op.Method
	if op.AlsoPost {
		method += " or POST"
	}
	fmt.Fprintf(b, "**Operation `%s`: `%s %s`**", op.Name, method, op.Path)
	for _, alias := range op.Aliases {
		fmt.Fprintf(b, ", also `%s`", alias)
	}
	if op.OptIn {
		fmt.Fprintf(b, ", served only with `operations %s`", op.Name)
	}
	fmt.Fprintf(b, "\n\nCosts %s.\n\n", describeCost(op))
	if op.Number != nil || len(op.Params) > 0 {
		b.WriteString("| parameter | in | what | |\n|---|---|---|---|\n")
	}
	if op.Number != nil {
		describeNumber(b, op.Number)
	}
	for i := range op.Params {
		describeParam(b, &op.Params[i])
	}
	if op.Number != nil || len(op.Params) > 0 {
		b.WriteString("\n")
	}
	describeFields(b, op)
}

func describeCost(op *provider.Operation) string {
	switch cost := op.UnitCost(); cost {
	case 0:
		return "nothing"
	case 1:
		return "1 unit for each number"
	default:
		return fmt.Sprintf("%d units for each number", cost)
	}
}

func describeNumber(b *strings.Builder, n *provider.NumberSlot) {
	note := ""
	if n.BareInternational {
		note = "digits alone are an international number"
	}
	if n.Batch() {
		note = fmt.Sprintf("%d at most", n.Max)
	}
	fmt.Fprintf(b, "| `%s` | %s | the number; sent as `%s` | %s |\n", cmp.Or(n.Name, provider.NumberSegment), n.In, n.Format, note)
	if n.RegionParam != "" {
		where := n.In
		if where == provider.InPath {
			where = provider.InQuery
		}
		fmt.Fprintf(b, "| `%s` | %s | region of a number in national form | not sent on |\n", n.RegionParam, where)
	}
}

func describeParam(b *strings.Builder, param *provider.Param) {
	what := string(param.Kind)
	if len(param.Values) > 0 {
		what += ": " + strings.Join(param.Values, ", ")
	}
	if param.Max > 1 {
		what += fmt.Sprintf("; %d at most", param.Max)
	}
	var notes []string
	if param.OptIn {
		notes = append(notes, "refused without `allow "+param.Name+"`")
	}
	if param.Consumed {
		notes = append(notes, "not sent on")
	}
	if param.Cost > 0 {
		notes = append(notes, fmt.Sprintf("costs %d more", param.Cost))
	}
	for _, value := range slices.Sorted(maps.Keys(param.Costs)) {
		notes = append(notes, fmt.Sprintf("`%s` costs %d more", value, param.Costs[value]))
	}
	fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", param.Name, param.In, what, strings.Join(notes, "; "))
}

func describeFields(b *strings.Builder, op *provider.Operation) {
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
	var unified []string
	for _, m := range op.Unified {
		if name := "`" + string(m.To) + "`"; !slices.Contains(unified, name) {
			unified = append(unified, name)
		}
	}
	if len(unified) > 0 {
		fmt.Fprintf(b, "\nUnified: %s.\n", strings.Join(unified, " "))
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
	if len(r.NotEquals) == 1 && r.NotEquals[0] == "" { // objects and arrays have no text
		parts = append(parts, "no object or array at `"+r.Pointer+"`")
	} else if len(r.NotEquals) == 1 {
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
