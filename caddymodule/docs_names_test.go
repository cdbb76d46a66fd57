package caddymodule

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"net/netip"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/credential"
	"github.com/ringward/ringward/caddymodule/internal/phone"
)

// section returns a part of a document, from its heading to the next of the
// same or a higher level.
func section(t *testing.T, path, heading string) string {
	t.Helper()
	_, rest, ok := strings.Cut(docText(t, path), "\n"+heading+"\n")
	if !ok {
		t.Fatalf("%s has no %q", path, heading)
	}
	level := strings.IndexByte(heading, ' ')
	for i := range level {
		if at := strings.Index(rest, "\n"+strings.Repeat("#", i+1)+" "); at >= 0 {
			rest = rest[:at]
		}
	}
	return rest
}

var quoted = regexp.MustCompile("`([^`]+)`")

// firstCells returns what stands in back quotes in the first column of tables.
func firstCells(text string) []string {
	var names []string
	for line := range strings.Lines(text) {
		if cells := strings.Split(line, "|"); len(cells) > 2 {
			for _, match := range quoted.FindAllStringSubmatch(cells[1], -1) {
				names = append(names, match[1])
			}
		}
	}
	return names
}

// same compares two sets of names.
func same(t *testing.T, what string, documented, real []string) {
	t.Helper()
	for _, name := range documented {
		if !slices.Contains(real, name) {
			t.Errorf("%s: %q is documented and does not exist", what, name)
		}
	}
	for _, name := range real {
		if !slices.Contains(documented, name) {
			t.Errorf("%s: %q exists and is not documented", what, name)
		}
	}
}

// description reads prometheus' description of a metric, which has no other
// way to tell its name and labels.
var description = regexp.MustCompile(`fqName: "([^"]+)".*variableLabels: \{([^}]*)\}`)

// realMetrics returns the labels of every metric.
func realMetrics(t *testing.T) map[string]string {
	t.Helper()
	m := metrics()
	out := make(chan *prometheus.Desc, 100)
	for _, c := range m.all() {
		c.Describe(out)
	}
	close(out)
	all := make(map[string]string)
	for desc := range out {
		match := description.FindStringSubmatch(desc.String())
		if match == nil {
			t.Fatalf("not understood: %s", desc)
		}
		all[match[1]] = match[2]
	}
	return all
}

func TestMetricsAreDocumented(t *testing.T) {
	text, real := section(t, "docs/operations.md", "## Metrics"), realMetrics(t)
	documented := make(map[string]string)
	for line := range strings.Lines(text) {
		if cells := strings.Split(line, "|"); len(cells) > 4 && strings.HasPrefix(cells[1], " `ringward_") {
			documented[strings.Trim(cells[1], " `")] = strings.NewReplacer("`", "", " ", "").Replace(cells[3])
		}
	}
	same(t, "metrics", slices.Collect(maps.Keys(documented)), slices.Collect(maps.Keys(real)))
	for name, labels := range documented {
		if labels != real[name] {
			t.Errorf("%s is documented with the labels %s and has %s", name, labels, real[name])
		}
	}
}

// TestAlertRulesUseRealNames covers metrics, labels, events and reasons.
func TestAlertRulesUseRealNames(t *testing.T) {
	rules, real := docText(t, "deploy/prometheus/alerts.yaml"), realMetrics(t)
	used := 0
	for _, match := range regexp.MustCompile(`\b(ringward_[a-z_]+)(?:\{([a-z_]+)!?="([^"]*)"\})?`).FindAllStringSubmatch(rules, -1) {
		name, label, value := match[1], match[2], match[3]
		labels, ok := real[name]
		if !ok {
			t.Errorf("there is no metric %s", name)
		}
		used++
		switch known := strings.Split(labels, ","); {
		case label == "":
		case !slices.Contains(known, label):
			t.Errorf("%s has no label %s", name, label)
		case label == "event" && !slices.Contains(realEvents(t), value):
			t.Errorf("there is no event %s", value)
		case label == "reason" && !slices.Contains(realReasons(), value):
			t.Errorf("there is no reason %s", value)
		case label == "outcome" && !slices.Contains([]string{string(audit.Answered), string(audit.Refused), string(audit.Failed)}, value):
			t.Errorf("there is no outcome %s", value)
		case label == "credential" && value != pseudonymKeyName:
			t.Errorf("no credential has the name %s everywhere", value)
		}
	}
	if used < 9 {
		t.Errorf("only %d metrics found", used)
	}
}

// realEvents reads the names of events out of the source: constants cannot be
// listed otherwise.
func realEvents(t *testing.T) []string {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "internal/alert/event.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, decl := range file.Decls {
		block, ok := decl.(*ast.GenDecl)
		if !ok || block.Tok != token.CONST {
			continue
		}
		for _, spec := range block.Specs {
			constant := spec.(*ast.ValueSpec)
			literal, ok := constant.Values[0].(*ast.BasicLit)
			if ok && literal.Kind == token.STRING && !strings.HasPrefix(constant.Names[0].Name, "Attr") {
				name, _ := strconv.Unquote(literal.Value)
				names = append(names, name)
			}
		}
	}
	return names
}

func realReasons() []string {
	var all []string
	for reason := range publicProblems {
		all = append(all, string(reason))
	}
	return all
}

func TestEventsAreDocumented(t *testing.T) {
	same(t, "events", firstCells(section(t, "docs/operations.md", "## Events")), realEvents(t))
}

func TestStatusesAreDocumented(t *testing.T) {
	var documented []string
	for _, row := range regexp.MustCompile("(?m)^\\| (\\d+) \\| `([a-z_]+)` \\|").FindAllStringSubmatch(section(t, "README.md", "## What callers get"), -1) {
		documented = append(documented, row[1]+" "+row[2])
	}
	var real []string
	for reason, public := range publicProblems {
		real = append(real, strconv.Itoa(public.status)+" "+string(reason))
	}
	same(t, "statuses", documented, real)
}

func TestAuditFieldsAreDocumented(t *testing.T) {
	entry := audit.Entry{
		Intent: true, Time: time.Now(), RequestID: "x", Caller: "x", KeyID: "x", Auth: audit.AuthKey, ClientIP: netip.IPv6Loopback(),
		ClientIPPseudonym: "x", Provider: "x", Operation: "x", Numbers: []audit.NumberRef{{Pseudonym: "x", Region: "x"}},
		Limits: []audit.LimitState{{Name: "x"}}, Config: "x", Version: "x", Decision: audit.Answered, Reason: "x", Status: 1,
		UpstreamStatus: 1, UpstreamCalls: 1, Cost: 1, CredentialVersion: 1, Released: []string{"x"}, Fields: []string{"x"},
		Duration: time.Second, UpstreamDuration: time.Second,
	}
	for field, value := range reflect.ValueOf(entry).Fields() {
		if value.IsZero() {
			t.Fatalf("the test leaves %s out", field.Name)
		}
	}
	fields := make(map[string]any)
	for _, entry.Intent = range []bool{true, false} { // each has fields that the other has not
		if err := json.Unmarshal(entry.AppendJSON(nil), &fields); err != nil {
			t.Fatal(err)
		}
	}
	text, _, _ := strings.Cut(section(t, "docs/operations.md", "## Audit entries"), "### ")
	same(t, "audit fields", firstCells(text), slices.Collect(maps.Keys(fields)))
}

func TestStatusFieldsAreDocumented(t *testing.T) {
	_, table, _ := strings.Cut(section(t, "docs/operations.md", "## Status"), "|---|")
	same(t, "status fields", firstCells(table), jsonFields(reflect.TypeFor[credentialReport]()))
}

// jsonFields lists the names of a struct's fields in JSON, embedded ones included.
func jsonFields(typ reflect.Type) []string {
	var names []string
	for field := range typ.Fields() {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		switch {
		case field.Anonymous:
			names = append(names, jsonFields(field.Type)...)
		case name != "" && name != "-":
			names = append(names, name)
		}
	}
	return names
}

// TestJSONFormIsDocumented finds config fields that nobody explained.
func TestJSONFormIsDocumented(t *testing.T) {
	text := section(t, "docs/configuration.md", "## The JSON form")
	var documented []string
	for _, match := range quoted.FindAllStringSubmatch(text, -1) {
		documented = append(documented, match[1])
	}
	app, edge, transport := App{}, Edge{}, Transport{}
	for _, typ := range []reflect.Type{
		reflect.TypeOf(app), reflect.TypeFor[credential.SessionConfig](), reflect.TypeFor[credential.AuthConfig](), reflect.TypeOf(app.Audit), reflect.TypeFor[CallerConfig](),
		reflect.TypeFor[CallerSourceConfig](), reflect.TypeFor[JWTConfig](), reflect.TypeFor[CertificatesConfig](), reflect.TypeFor[AddressesConfig](), reflect.TypeFor[AuditSinkConfig](), reflect.TypeFor[EpochsConfig](), reflect.TypeFor[SessionConfig](),
		reflect.TypeOf(edge), reflect.TypeOf(edge.Provider), reflect.TypeOf(edge.Numbers), reflect.TypeFor[LimitConfig](), reflect.TypeFor[AnonymousConfig](),
		reflect.TypeOf(transport), reflect.TypeOf(transport.Credential),
	} {
		for _, name := range jsonFields(typ) {
			if !slices.Contains(documented, name) {
				t.Errorf("%s: the JSON field %s is not documented", typ, name)
			}
		}
	}
}

// TestOptionsAreDocumented asks each block for the options that it knows: it
// lists them when it is given another.
func TestOptionsAreDocumented(t *testing.T) {
	text := docText(t, "docs/configuration.md") + docText(t, "docs/custom-provider.md") + docText(t, "docs/callers.md") + docText(t, "docs/limits.md") + docText(t, "docs/audit.md")
	known := regexp.MustCompile(`use one of (.*?)(?: at |, at |$)`)
	for block, caddyfile := range map[string]string{
		"the global option": "{\n ringward {\n nonsense\n }\n}",
		"vault":             "{\n ringward {\n vault {\n nonsense\n }\n }\n}",
		"auth":              "{\n ringward {\n vault {\n auth approle {\n nonsense\n }\n }\n }\n}",
		"also":              "{\n ringward {\n audit {\n also tcp x:1 {\n nonsense\n }\n }\n }\n}",
		"pseudonym_keys":    "{\n ringward {\n audit {\n pseudonym_keys vault a/b {\n nonsense\n }\n }\n }\n}",
		"audit":             "{\n ringward {\n audit {\n nonsense\n }\n }\n}",
		"caller":            "{\n ringward {\n caller x {\n nonsense\n }\n }\n}",
		"callers":           "{\n ringward {\n callers vault a/b {\n nonsense\n }\n }\n}",
		"tier":              "{\n ringward {\n tier x {\n nonsense\n }\n }\n}",
		"jwt":               "{\n ringward {\n jwt x {\n nonsense\n }\n }\n}",
		"unlisted":          "{\n ringward {\n jwt x {\n unlisted {\n nonsense\n }\n }\n }\n}",
		"certificates":      "{\n ringward {\n certificates {\n nonsense\n }\n }\n}",
		"limits":            "{\n ringward {\n limits redis x {\n nonsense\n }\n }\n}",
		"lockout":           "{\n ringward {\n lockout {\n nonsense\n }\n }\n}",
		"the directive":     ":80 {\n ringward checkthatphone {\n nonsense\n }\n}",
		"custom":            ":80 {\n ringward custom x {\n nonsense\n }\n}",
		"credential":        ":80 {\n ringward checkthatphone {\n credential env X {\n nonsense\n }\n }\n}",
		"operation":         ":80 {\n ringward custom x {\n operation x GET /x {\n nonsense\n }\n }\n}",
	} {
		_, err := adaptCaddyfile(caddyfile)
		if err == nil {
			t.Fatalf("%s: nonsense is an option", block)
		}
		match := known.FindStringSubmatch(err.Error())
		if match == nil {
			t.Fatalf("%s: %v", block, err)
		}
		for name := range strings.SplitSeq(match[1], ", ") {
			if !regexp.MustCompile("`" + regexp.QuoteMeta(name) + "[` ]").MatchString(text) {
				t.Errorf("%s: the option %q is not explained", block, name)
			}
		}
	}
	for _, word := range phone.Types() {
		if !strings.Contains(text, "`"+word+"`") {
			t.Errorf("the type %s is not named", word)
		}
	}
}
