package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/netip"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

const schemaFile = "../../../docs/audit.schema.json"

// lineSchema compiles the published schema.
func lineSchema(t testing.TB) *jsonschema.Schema {
	t.Helper()
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	if err := c.AddResource("audit.json", document); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("audit.json")
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

func validLine(t testing.TB, s *jsonschema.Schema, line []byte) error {
	t.Helper()
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(line))
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return s.Validate(value)
}

var someHash = strings.Repeat("0a", 32)

// controlLine is a line of the ledger about itself.
func controlLine(kind, rest string) []byte {
	return enveloped(fmt.Appendf(nil, `{"type":%q,"time":"2026-03-04T05:06:07.000000Z"%s}`, kind, rest))
}

// enveloped puts the ledger's envelope around a line.
func enveloped(line []byte) []byte {
	return append(fmt.Appendf(nil, `{"seq":7,"prev":"%s",`, strings.Repeat("0a", 32)), line[1:]...)
}

func intentEntry() Entry {
	e := fullEntry()
	e.Intent = true
	return e
}

func TestEveryLineIsAsItsSchemaSays(t *testing.T) {
	s := lineSchema(t)
	full, intent := fullEntry(), intentEntry()
	refused := Entry{RequestID: "1", Decision: Refused}
	v6 := Entry{RequestID: "1", Decision: Refused, ClientIP: TruncateAddr(netip.MustParseAddr("2001:db8:1:2::3"))}
	for name, line := range map[string][]byte{
		"full":            full.AppendJSON(nil),
		"least":           refused.AppendJSON(nil),
		"IPv6":            v6.AppendJSON(nil),
		"intent":          intent.AppendJSON(nil),
		"full, chained":   enveloped(full.AppendJSON(nil)),
		"intent, chained": enveloped(intent.AppendJSON(nil)),
		"start":           controlLine("start", `,"instance":"one"`),
		"start, in full":  controlLine("start", `,"instance":"one","version":"1","config":"ab","torn":3,"torn_hash":"`+someHash+`"`),
		"checkpoint":      controlLine("checkpoint", `,"note":"x"`),
		"tombstone": controlLine("tombstone", `,"segment":"x","first_seq":1,"last_seq":2,"last_hash":"`+someHash+`","lines":2,`+
			`"first_time":"2026-03-04T05:06:07.000000Z","last_time":"2026-03-04T05:06:07.000000Z","reason":"x"`),
		"forget": controlLine("forget", `,"epoch":"e1"`),
	} {
		t.Run(name, func(t *testing.T) {
			if err := validLine(t, s, line); err != nil {
				t.Errorf("%s: %v", line, err)
			}
		})
	}
}

func TestSchemaRefusesOtherLines(t *testing.T) {
	s := lineSchema(t)
	const rest = `"time":"2026-03-04T05:06:07Z","request_id":"1","decision":"answered","status":200,"upstream_calls":1,"duration_us":1`
	for name, line := range map[string]string{
		"unknown member":       `{` + rest + `,"number":"x"}`,
		"address that is none": `{` + rest + `,"client_ip":"here"}`,
		"half an envelope":     `{"seq":1,` + rest + `}`,
		"unknown auth":         `{` + rest + `,"auth":"trust"}`,
		"intent with outcome":  `{"type":"intent",` + rest + `}`,
		"unknown type":         `{"type":"other",` + rest + `}`,
		"local time":           `{` + strings.Replace(rest, "Z", "+01:00", 1) + `}`,
		"negative cost":        `{` + rest + `,"cost":-1}`,
		"forget with more":     string(controlLine("forget", `,"epoch":"e1","number":"x"`)),
		"start without name":   string(controlLine("start", ``)),
	} {
		t.Run(name, func(t *testing.T) {
			if validLine(t, s, []byte(line)) == nil {
				t.Error("accepted")
			}
		})
	}
}

// What is written and what is published are the same names, in both directions.
func TestSchemaHasTheFieldsOfAnEntryAndNoOthers(t *testing.T) {
	text, err := os.ReadFile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	var schema struct {
		Defs map[string]struct {
			Properties map[string]any `json:"properties"`
			Items      struct {
				Properties map[string]any `json:"properties"`
			} `json:"items"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(text, &schema); err != nil {
		t.Fatal(err)
	}
	full, intent := fullEntry(), intentEntry()
	result := decode(t, enveloped(full.AppendJSON(nil)))
	for _, tt := range []struct {
		name            string
		written, public map[string]any
	}{
		{"result", result, schema.Defs["result"].Properties},
		{"intent", decode(t, enveloped(intent.AppendJSON(nil))), schema.Defs["intent"].Properties},
		{"number", result["numbers"].([]any)[0].(map[string]any), schema.Defs["numbers"].Items.Properties},
		{"limit", result["limits"].([]any)[0].(map[string]any), schema.Defs["limits"].Items.Properties},
	} {
		written, public := slices.Sorted(maps.Keys(tt.written)), slices.Sorted(maps.Keys(tt.public))
		if !slices.Equal(written, public) {
			t.Errorf("%s: an entry has %v,\nthe schema %v", tt.name, written, public)
		}
	}
}
