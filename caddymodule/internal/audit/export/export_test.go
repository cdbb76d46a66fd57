package export

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/audit"
)

var update = flag.Bool("update", false, "write the tables of docs/audit-export.md anew")

const documentFile = "../../../../docs/audit-export.md"

func full() audit.Record {
	return audit.Record{Chained: true, Seq: 42, Entry: audit.Entry{
		Time: time.Date(2026, 4, 1, 10, 0, 0, 123_456_000, time.UTC), RequestID: "44bb", Caller: "signup", KeyID: "f87087f0",
		Auth: audit.AuthKey, ClientIP: netip.MustParseAddr("192.0.2.7"), ClientIPPseudonym: "e1:cc", Provider: "twilio", Operation: "fetch_v2",
		Numbers: []audit.NumberRef{{Pseudonym: "e1:aa", Region: "US"}, {Pseudonym: "e1:bb"}},
		Limits:  []audit.LimitState{{Name: "caller", Window: time.Minute, Limit: 100, Remaining: 9}},
		Config:  "0123456789ab", Version: "1.2.3", Decision: audit.Failed, Reason: "upstream_timeout", Status: 504, UpstreamStatus: 500,
		UpstreamCalls: 2, Cost: 3, CredentialVersion: 7, Released: []string{"validity"}, Fields: []string{"/valid"},
		Duration: 1500 * time.Millisecond, UpstreamDuration: 1200 * time.Millisecond,
	}}
}

func least() audit.Record {
	return audit.Record{Entry: audit.Entry{Time: time.Date(2026, 4, 1, 10, 0, 0, 0, time.UTC), Decision: audit.Refused, Reason: "unauthenticated", Status: 401}}
}

// form is one of the two.
type form struct {
	name     string
	export   func(audit.Record) ([]byte, bool)
	mappings []Mapping
}

var forms = []form{{"OCSF", OCSF, OCSFMappings()}, {"ECS", ECS, ECSMappings()}}

// flatten gives the values of an event by their dotted names.
func flatten(t testing.TB, event []byte) map[string]any {
	t.Helper()
	if bytes.Count(event, []byte("\n")) != 1 || !bytes.HasSuffix(event, []byte("\n")) {
		t.Fatalf("not one line: %q", event)
	}
	var tree map[string]any
	if err := json.Unmarshal(event, &tree); err != nil {
		t.Fatal(err)
	}
	flat := make(map[string]any)
	var walk func(prefix string, tree map[string]any)
	walk = func(prefix string, tree map[string]any) {
		for name, value := range tree {
			if inner, ok := value.(map[string]any); ok {
				walk(prefix+name+".", inner)
				continue
			}
			flat[prefix+name] = value
		}
	}
	walk("", tree)
	return flat
}

func export(t testing.TB, f form, r audit.Record) map[string]any {
	t.Helper()
	event, ok := f.export(r)
	if !ok {
		t.Fatal("not exported")
	}
	return flatten(t, event)
}

func TestOCSFEvent(t *testing.T) {
	event, _ := OCSF(full())
	want := `{"activity_id":2,"activity_name":"Read","actor":{"app_name":"signup","user":{"credential_uid":"f87087f0","name":"signup","type":"Application","type_id":99}},` +
		`"api":{"operation":"fetch_v2","request":{"uid":"44bb"},"response":{"code":504,"error":"upstream_timeout"},"service":{"name":"twilio"}},` +
		`"category_name":"Application Activity","category_uid":6,"class_name":"API Activity","class_uid":6003,"duration":1500,` +
		`"http_request":{"uid":"44bb"},"http_response":{"code":504,"latency":1500},` +
		`"metadata":{"log_name":"audit","original_time":"2026-04-01T10:00:00.123456Z","product":{"name":"Ringward","vendor_name":"Ringward","version":"1.2.3"},"sequence":42,"uid":"44bb","version":"1.3.0"},` +
		`"resources":[{"type":"phone number pseudonym","uid":"e1:aa"},{"type":"phone number pseudonym","uid":"e1:bb"}],` +
		`"severity":"Low","severity_id":2,"src_endpoint":{"ip":"192.0.2.7","uid":"e1:cc"},"status":"Failure","status_code":"504","status_detail":"upstream_timeout","status_id":2,` +
		`"time":1775037600123,"type_name":"API Activity: Read","type_uid":600302,` +
		`"unmapped":{"auth":"key","config":"0123456789ab","cost":3,"credential_version":7,"decision":"failed","fields":["/valid"],"regions":["US"],"released":["validity"],"upstream_calls":2,"upstream_duration_ms":1200,"upstream_status":500}}` + "\n"
	if string(event) != want {
		t.Errorf("got  %swant %s", event, want)
	}
}

func TestECSEvent(t *testing.T) {
	event, _ := ECS(full())
	want := `{"@timestamp":"2026-04-01T10:00:00.123456Z","client":{"address":"e1:cc","ip":"192.0.2.7"},"ecs":{"version":"8.17.0"},` +
		`"event":{"action":"fetch_v2","category":["api"],"dataset":"ringward.audit","duration":1500000000,"id":"44bb","kind":"event","module":"ringward","outcome":"failure","provider":"ringward","reason":"upstream_timeout","sequence":42,"type":["access","allowed"]},` +
		`"http":{"request":{"id":"44bb"},"response":{"status_code":504}},"labels":{"auth":"key","config":"0123456789ab","decision":"failed","key_id":"f87087f0"},` +
		`"organization":{"name":"twilio"},"related":{"ip":["192.0.2.7"],"user":["signup"]},` +
		`"ringward":{"cost":3,"credential_version":7,"fields":["/valid"],"numbers":["e1:aa","e1:bb"],"regions":["US"],"released":["validity"],"upstream_calls":2,"upstream_duration":1200000000,"upstream_status":500},` +
		`"service":{"name":"ringward","type":"ringward","version":"1.2.3"},"user":{"name":"signup"}}` + "\n"
	if string(event) != want {
		t.Errorf("got  %swant %s", event, want)
	}
}

// What the schemas require is there even of a request that was hardly one.
func TestRequiredAttributesAreThere(t *testing.T) {
	answered := full()
	answered.Decision, answered.Reason = audit.Answered, ""
	for _, r := range []audit.Record{full(), least(), answered} {
		got := export(t, forms[0], r)
		for _, name := range []string{
			"activity_id", "category_uid", "class_uid", "type_uid", "time", "severity_id", "status_id", "metadata.version", "metadata.product.name", "api.operation",
		} {
			if got[name] == nil {
				t.Errorf("OCSF: %s of %s is missing", name, r.Decision)
			}
		}
		if got["class_uid"].(float64)*100+got["activity_id"].(float64) != got["type_uid"] {
			t.Error("type_uid is not that of class and activity")
		}
		for _, oneOf := range [][]string{{"actor.app_name", "actor.user.name"}, {"src_endpoint.ip", "src_endpoint.uid", "src_endpoint.name"}} {
			if !slices.ContainsFunc(oneOf, func(name string) bool { return got[name] != nil }) {
				t.Errorf("OCSF: none of %v", oneOf)
			}
		}
		got = export(t, forms[1], r)
		for _, name := range []string{"@timestamp", "ecs.version", "event.kind", "event.category", "event.type", "event.outcome"} {
			if got[name] == nil {
				t.Errorf("ECS: %s of %s is missing", name, r.Decision)
			}
		}
	}
}

func TestOutcomesAreTold(t *testing.T) {
	for _, tt := range []struct {
		decision                       audit.Decision
		status, severity, outcome, typ string
	}{
		{audit.Answered, "Success", "Informational", "success", "[access allowed]"},
		{audit.Refused, "Failure", "Low", "failure", "[access denied]"},
		{audit.Failed, "Failure", "Low", "failure", "[access allowed]"},
	} {
		r := full()
		r.Decision = tt.decision
		ocsf, ecs := export(t, forms[0], r), export(t, forms[1], r)
		if ocsf["status"] != tt.status || ocsf["severity"] != tt.severity || ecs["event.outcome"] != tt.outcome || fmt.Sprint(ecs["event.type"]) != tt.typ {
			t.Errorf("%s: got %v, %v, %v, %v", tt.decision, ocsf["status"], ocsf["severity"], ecs["event.outcome"], ecs["event.type"])
		}
	}
}

func TestOnlyResultsAreExported(t *testing.T) {
	for _, kind := range []audit.Kind{audit.KindIntent, audit.KindStart, audit.KindCheckpoint, audit.KindTombstone, audit.KindForget, audit.KindMissed} {
		for _, f := range forms {
			if event, ok := f.export(audit.Record{Kind: kind}); ok || event != nil {
				t.Errorf("%s exports %s", f.name, kind)
			}
		}
	}
}

// table is the documented table of a form.
func table(f form) string {
	var text strings.Builder
	text.WriteString("| attribute | from |\n|---|---|\n")
	for _, m := range f.mappings {
		fmt.Fprintf(&text, "| `%s` | %s |\n", m.Attribute, m.From)
	}
	return text.String()
}

func TestMappingsAreDocumented(t *testing.T) {
	content, err := os.ReadFile(documentFile)
	if err != nil {
		t.Fatal(err)
	}
	document := string(content)
	for _, f := range forms {
		start, end := "<!-- "+f.name+" -->\n", "<!-- end -->"
		before, rest, found := strings.Cut(document, start)
		documented, after, closed := strings.Cut(rest, end)
		if !found || !closed {
			t.Fatalf("no table of %s", f.name)
		}
		if *update {
			document = before + start + table(f) + end + after
		} else if documented != table(f) {
			t.Errorf("the table of %s is another one: run this test with -update", f.name)
		}
	}
	if *update {
		if err := os.WriteFile(documentFile, []byte(document), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// The table holds for the output: each attribute is there, and no other.
func TestMappingsAreAllThereIs(t *testing.T) {
	for _, f := range forms {
		seen := export(t, f, full())
		maps.Copy(seen, export(t, f, least()))
		var mapped []string
		for _, m := range f.mappings {
			mapped = append(mapped, m.Attribute)
		}
		slices.Sort(mapped)
		if got := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, mapped) {
			t.Errorf("%s: events have %v,\nthe table %v", f.name, got, mapped)
		}
	}
}

// The column "from" names the fields that really decide: when one is taken away,
// exactly the attributes that name it change.
func TestMappingsNameTheirFields(t *testing.T) {
	fieldName := regexp.MustCompile("`([a-z_]+)(?:\\[\\]\\.[a-z]+)?`")
	names := map[string]string{
		"Time": "time", "RequestID": "request_id", "Caller": "caller", "KeyID": "key_id", "Auth": "auth", "ClientIP": "client_ip",
		"ClientIPPseudonym": "client_ip_pseudonym", "Provider": "provider", "Operation": "operation", "Numbers": "numbers", "Limits": "limits",
		"Config": "config", "Version": "version", "Decision": "decision", "Reason": "reason", "Status": "status", "UpstreamStatus": "upstream_status",
		"UpstreamCalls": "upstream_calls", "Cost": "cost", "CredentialVersion": "credential_version", "Released": "released", "Fields": "fields",
		"Duration": "duration_us", "UpstreamDuration": "upstream_duration_us",
	}
	for _, f := range forms {
		for field := range reflect.TypeFor[audit.Entry]().Fields() {
			name, ok := names[field.Name]
			if !ok {
				if field.Name != "Intent" {
					t.Errorf("%s has no name in this test", field.Name)
				}
				continue
			}
			r := full()
			if name == "client_ip" {
				r.ClientIPPseudonym = "" // else it would stand in front
			}
			if name == "decision" {
				r.Decision = audit.Answered
			}
			before := export(t, f, r)
			reflect.ValueOf(&r.Entry).Elem().FieldByIndex(field.Index).SetZero()
			after := export(t, f, r)
			for _, m := range f.mappings {
				changed := !reflect.DeepEqual(before[m.Attribute], after[m.Attribute])
				from, _, _ := strings.Cut(m.From, ":")
				var named bool
				for _, match := range fieldName.FindAllStringSubmatch(from, -1) {
					named = named || match[1] == name
				}
				if changed && !named && !strings.Contains(m.From, "where") {
					t.Errorf("%s: %s changes with %s, which the table does not say", f.name, m.Attribute, name)
				}
				if named && !changed && !strings.HasPrefix(m.From, "always") && m.Attribute != "event.type" {
					t.Errorf("%s: %s does not change with %s, as the table says", f.name, m.Attribute, name)
				}
			}
		}
	}
}

// Limits are the one field that is left out: they say nothing of what happened.
func TestEveryOtherFieldIsExported(t *testing.T) {
	for _, f := range forms {
		text := table(f)
		for _, name := range []string{
			"time", "request_id", "caller", "key_id", "auth", "client_ip", "client_ip_pseudonym", "provider", "operation", "config", "version", "decision",
			"reason", "status", "upstream_status", "upstream_calls", "cost", "credential_version", "released", "fields", "duration_us", "upstream_duration_us", "seq",
		} {
			if !strings.Contains(text, "`"+name+"`") {
				t.Errorf("%s: %s is nowhere", f.name, name)
			}
		}
	}
}

func BenchmarkExport(b *testing.B) {
	r := full()
	for _, f := range forms {
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.export(r)
			}
		})
	}
}
