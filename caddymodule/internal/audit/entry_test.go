package audit

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"
)

func fullEntry() Entry {
	return Entry{
		Time:              time.Date(2026, 3, 4, 5, 6, 7, 89_000, time.FixedZone("", 3600)),
		RequestID:         "01J9Z2",
		Caller:            "signup",
		KeyID:             "2026-a",
		Auth:              AuthKey,
		ClientIP:          netip.MustParseAddr("192.0.2.7"),
		ClientIPPseudonym: "e1:cc",
		Provider:          "numverify",
		Operation:         "validate",
		Numbers:           []NumberRef{{Pseudonym: "e1:aa", Region: "US"}, {Pseudonym: "e1:bb"}},
		Limits: []LimitState{
			{Name: "ip", Window: time.Hour, Limit: 10, Remaining: 9},
			{Name: "caller", Window: time.Minute, Limit: 100},
		},
		Config:            "0123456789ab",
		Version:           "1.2.3",
		Decision:          Answered,
		Reason:            "none",
		Status:            200,
		UpstreamStatus:    201,
		UpstreamCalls:     2,
		Cost:              3,
		CredentialVersion: 7,
		Released:          []string{"validity", "line_type"},
		Fields:            []string{"/valid", "/line_type"},
		Duration:          1500 * time.Microsecond,
		UpstreamDuration:  1200 * time.Microsecond,
	}
}

func TestFullEntryIsOneLine(t *testing.T) {
	e := fullEntry()
	want := `{"time":"2026-03-04T04:06:07.000089Z","request_id":"01J9Z2","caller":"signup","key_id":"2026-a",` +
		`"auth":"key","client_ip":"192.0.2.7","client_ip_pseudonym":"e1:cc","provider":"numverify","operation":"validate",` +
		`"numbers":[{"pseudonym":"e1:aa","region":"US"},{"pseudonym":"e1:bb"}],` +
		`"limits":[{"name":"ip","window_s":3600,"limit":10,"remaining":9},` +
		`{"name":"caller","window_s":60,"limit":100,"remaining":0}],"config":"0123456789ab","version":"1.2.3",` +
		`"decision":"answered","reason":"none","status":200,"upstream_status":201,"upstream_calls":2,` +
		`"cost":3,"credential_version":7,"released":["validity","line_type"],"fields":["/valid","/line_type"],` +
		`"duration_us":1500,"upstream_duration_us":1200}` + "\n"
	if got := string(e.AppendJSON(nil)); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	if got := string(e.AppendJSON([]byte("before "))); got != "before "+want {
		t.Error("what was in the buffer is not kept")
	}
}

// Each field goes to its own name and to no other.
func TestEachFieldIsWrittenUnderItsName(t *testing.T) {
	names := map[string]string{
		"Time": "time", "RequestID": "request_id", "Caller": "caller", "KeyID": "key_id",
		"Auth": "auth", "ClientIP": "client_ip", "ClientIPPseudonym": "client_ip_pseudonym", "Provider": "provider", "Operation": "operation", "Numbers": "numbers",
		"Decision": "decision", "Reason": "reason", "Status": "status", "UpstreamStatus": "upstream_status",
		"UpstreamCalls": "upstream_calls", "CredentialVersion": "credential_version", "Cost": "cost", "Released": "released",
		"Limits": "limits", "Config": "config", "Version": "version", "Fields": "fields",
		"Duration": "duration_us", "UpstreamDuration": "upstream_duration_us",
	}
	always := map[string]bool{
		"time": true, "request_id": true, "decision": true, "status": true, "upstream_calls": true,
		"duration_us": true,
	}
	empty := decode(t, (&Entry{}).AppendJSON(nil))
	for name := range empty {
		if !always[name] {
			t.Errorf("%s is written without a value", name)
		}
	}
	if len(empty) != len(always) {
		t.Errorf("an empty entry has %d fields, want %d", len(empty), len(always))
	}

	full := fullEntry()
	value := reflect.ValueOf(full)
	for i := range value.NumField() {
		field := value.Type().Field(i).Name
		if field == "Intent" {
			continue // has a test of its own
		}
		t.Run(field, func(t *testing.T) {
			name, ok := names[field]
			if !ok {
				t.Fatal("the field has no name in this test")
			}
			var e Entry
			reflect.ValueOf(&e).Elem().Field(i).Set(value.Field(i))
			got, whole := decode(t, e.AppendJSON(nil)), decode(t, full.AppendJSON(nil))
			if !reflect.DeepEqual(got[name], whole[name]) {
				t.Errorf("got %v, want %v", got[name], whole[name])
			}
			for other, value := range got {
				if other != name && !reflect.DeepEqual(value, empty[other]) {
					t.Errorf("%s changed too, to %v", other, value)
				}
			}
		})
	}
}

// What is not known before the provider is asked must not look as if it were.
func TestAnIntentHasNoOutcome(t *testing.T) {
	full := fullEntry()
	intent := full
	intent.Intent = true
	got, whole := decode(t, intent.AppendJSON(nil)), decode(t, full.AppendJSON(nil))
	if got["type"] != "intent" {
		t.Errorf("type is %v", got["type"])
	}
	for _, name := range []string{
		"decision", "reason", "status", "upstream_status", "upstream_calls", "cost", "credential_version", "released",
		"fields", "duration_us", "upstream_duration_us",
	} {
		if _, ok := got[name]; ok {
			t.Errorf("%s is written", name)
		}
		delete(whole, name)
	}
	delete(got, "type")
	if !reflect.DeepEqual(got, whole) {
		t.Errorf("got %v, want %v", got, whole)
	}
}

func TestListsOfAnEntryAreBounded(t *testing.T) {
	e := Entry{Limits: make([]LimitState, 100), Fields: make([]string, 100)}
	got := decode(t, e.AppendJSON(nil))
	if n := len(got["limits"].([]any)); n != MaxLimits {
		t.Errorf("%d limits are written", n)
	}
	if n := len(got["fields"].([]any)); n != MaxFields {
		t.Errorf("%d fields are written", n)
	}
}

func TestWritingAnEntryAllocatesNothing(t *testing.T) {
	e := fullEntry()
	line := e.AppendJSON(nil)
	if n := testing.AllocsPerRun(100, func() { line = e.AppendJSON(line[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestZoneOfAnAddressIsLeftOut(t *testing.T) {
	e := Entry{ClientIP: netip.MustParseAddr("fe80::1%x\"\n")}
	if got := decode(t, e.AppendJSON(nil))["client_ip"]; got != "fe80::1" {
		t.Errorf("got %v", got)
	}
}

func decode(t testing.TB, line []byte) map[string]any {
	t.Helper()
	if strings.Count(string(line), "\n") != 1 || line[len(line)-1] != '\n' {
		t.Fatalf("not one line: %q", line)
	}
	var fields map[string]any
	if err := json.Unmarshal(line, &fields); err != nil {
		t.Fatalf("%v in %q", err, line)
	}
	return fields
}

func FuzzEntryStaysOneLineOfJSON(f *testing.F) {
	for _, text := range []string{"", "plain", "a\"b\\c", "line\nline\r", "\x00\x1f\x7f", "\xff\xfe", "\u2028", "a\xc3", "\ufffd", "🙂"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		e := Entry{
			RequestID: text, Caller: text, KeyID: text, Provider: text, Operation: text,
			Numbers:  []NumberRef{{Pseudonym: text, Region: text}, {Pseudonym: text, Region: text}},
			Decision: Decision(text), Reason: text, Released: []string{text, text},
			Auth: Auth(text), ClientIPPseudonym: text, Limits: []LimitState{{Name: text}}, Config: text, Version: text, Fields: []string{text},
		}
		line := e.AppendJSON(nil)
		fields := decode(t, line)
		want := string([]rune(text)) // each byte that is not UTF-8 becomes U+FFFD
		for _, name := range []string{"request_id", "caller", "key_id", "provider", "operation", "decision", "reason", "auth", "client_ip_pseudonym", "config", "version"} {
			if got, ok := fields[name]; ok && got != want || !ok && text != "" {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		if !reflect.DeepEqual(fields["released"], []any{want, want}) {
			t.Errorf("released: got %q, want %q twice", fields["released"], want)
		}
		if !reflect.DeepEqual(fields["fields"], []any{want}) || fields["limits"].([]any)[0].(map[string]any)["name"] != want {
			t.Errorf("got %q and %q", fields["fields"], fields["limits"])
		}
		if numbers := fields["numbers"].([]any); len(numbers) != 2 || numbers[1].(map[string]any)["pseudonym"] != want {
			t.Errorf("numbers: got %q", numbers)
		}
	})
}

func BenchmarkAppendJSON(b *testing.B) {
	e := fullEntry()
	var line []byte
	b.ReportAllocs()
	for b.Loop() {
		line = e.AppendJSON(line[:0])
	}
}
