package audit

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"
)

// asRead is what reading an entry's line gives: times have microseconds.
func asRead(e Entry) Record {
	e.Time = e.Time.UTC().Truncate(time.Microsecond)
	record := Record{Entry: e}
	if e.Intent {
		record.Kind = KindIntent
	}
	return record
}

func TestEntriesAreReadBack(t *testing.T) {
	full, intent := fullEntry(), intentEntry()
	intentRead := asRead(intent)
	intentRead.Decision, intentRead.Reason, intentRead.Status, intentRead.UpstreamStatus = "", "", 0, 0
	intentRead.UpstreamCalls, intentRead.Cost, intentRead.CredentialVersion = 0, 0, 0
	intentRead.Released, intentRead.Fields, intentRead.Duration, intentRead.UpstreamDuration = nil, nil, 0, 0
	chained := asRead(full)
	chained.Chained, chained.Seq = true, 7
	copy(chained.Prev[:], bytes.Repeat([]byte{0x0a}, 32))
	escaped := Entry{RequestID: "a\"\\\n\u2028é", Decision: Refused}
	for _, tt := range []struct {
		name string
		line []byte
		want Record
	}{
		{"full", full.AppendJSON(nil), asRead(full)},
		{"chained", enveloped(full.AppendJSON(nil)), chained},
		{"intent", intent.AppendJSON(nil), intentRead},
		{"escapes", escaped.AppendJSON(nil), asRead(escaped)},
		{"without newline", bytes.TrimSpace(full.AppendJSON(nil)), asRead(full)},
		{"unknown members", bytes.Replace(full.AppendJSON(nil), []byte(`{"time"`), []byte(`{"new":{"a":[1,{}]},"time"`), 1), asRead(full)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseRecord(tt.line)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, tt.want) {
				t.Errorf("got  %+v\nwant %+v", got, tt.want)
			}
		})
	}
}

func TestControlLinesAreRead(t *testing.T) {
	for _, kind := range []Kind{KindStart, KindCheckpoint, KindTombstone, KindForget, KindMissed} {
		for name, rest := range map[string]string{
			"bare":                     "",
			"members of their own":     `,"key":"x","lines":[1,2]`,
			"members with other types": `,"numbers":12,"status":"done","version":"1"`,
		} {
			t.Run(string(kind)+", "+name, func(t *testing.T) {
				line := enveloped(fmt.Appendf(nil, `{"type":%q,"time":"2026-03-04T05:06:07Z"%s}`, kind, rest))
				got, err := ParseRecord(line)
				if err != nil {
					t.Fatal(err)
				}
				want := Record{Chained: true, Seq: 7, Prev: got.Prev, Kind: kind, Entry: Entry{Time: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)}}
				if !reflect.DeepEqual(got, want) || !got.Kind.IsControl() {
					t.Errorf("got %+v", got)
				}
			})
		}
	}
}

func TestMalformedLinesAreRefused(t *testing.T) {
	const rest = `"time":"2026-03-04T05:06:07Z","request_id":"1","decision":"answered","status":200,"upstream_calls":1,"duration_us":1`
	if _, err := ParseRecord([]byte("{" + rest + "}")); err != nil {
		t.Fatal(err) // what follows would prove nothing
	}
	with := func(more string) string { return "{" + rest + "," + more + "}" }
	without := func(cut string) string { return "{" + strings.Replace(rest, cut, `"x":1`, 1) + "}" }
	prev := strings.Repeat("0a", 32)
	for name, line := range map[string]string{
		"nothing":                "",
		"no object":              "[]",
		"torn":                   "{" + rest,
		"two":                    "{" + rest + "}{}",
		"two lines":              "{" + rest + ",\n" + `"cost":1}`,
		"too long":               with(`"x":"` + strings.Repeat("x", maxRecord) + `"`),
		"not UTF-8":              with("\"caller\":\"\xff\""),
		"no time":                without(`"time":"2026-03-04T05:06:07Z"`),
		"no request id":          without(`"request_id":"1"`),
		"no decision":            without(`"decision":"answered"`),
		"no status":              without(`"status":200`),
		"no calls":               without(`"upstream_calls":1`),
		"no duration":            without(`"duration_us":1`),
		"a member twice":         with(`"status":200`),
		"an escaped name":        with(`"c\u006fst":1`),
		"text for a number":      with(`"cost":"1"`),
		"number for text":        with(`"caller":1`),
		"null":                   with(`"caller":null`),
		"text for a list":        with(`"released":"x"`),
		"negative":               with(`"cost":-1`),
		"fraction":               with(`"cost":1.5`),
		"exponent":               with(`"cost":1e3`),
		"huge":                   with(`"cost":2147483648`),
		"huge duration":          with(`"upstream_duration_us":9223372036854775807`),
		"unknown decision":       strings.Replace("{"+rest+"}", "answered", "allowed", 1),
		"unknown type":           with(`"type":"other"`),
		"empty type":             with(`"type":""`),
		"intent with an outcome": with(`"type":"intent"`),
		"local time":             strings.Replace("{"+rest+"}", "07Z", "07+00:00", 1),
		"lax time":               strings.Replace("{"+rest+"}", "T05:", "T5:", 1),
		"no address":             with(`"client_ip":"here"`),
		"address with a zone":    with(`"client_ip":"fe80::1%eth0"`),
		"seq alone":              with(`"seq":1`),
		"prev alone":             with(`"prev":"` + prev + `"`),
		"short prev":             with(`"seq":1,"prev":"` + prev[2:] + `"`),
		"prev in capitals":       with(`"seq":1,"prev":"` + strings.ToUpper(prev) + `"`),
		"prev not hexadecimal":   with(`"seq":1,"prev":"` + strings.Repeat("x", 64) + `"`),
		"control without place":  `{"type":"start","time":"2026-03-04T05:06:07Z"}`,
		"number without name":    with(`"numbers":[{"region":"US"}]`),
		"number that is none":    with(`"numbers":["x"]`),
		"limit that lacks":       with(`"limits":[{"name":"x","limit":1,"remaining":1}]`),
		"too many limits":        with(`"limits":[` + strings.Repeat(`{"name":"x","window_s":1,"limit":1,"remaining":1},`, MaxLimits) + `{"name":"x","window_s":1,"limit":1,"remaining":1}]`),
		"too many fields":        with(`"fields":[` + strings.Repeat(`"x",`, MaxFields) + `"x"]`),
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ParseRecord([]byte(line))
			if !errors.Is(err, ErrMalformed) || !reflect.DeepEqual(got, Record{}) {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestErrorsOfParsingRepeatNothing(t *testing.T) {
	for _, line := range []string{`{"sesame":sesame}`, `{"time":"sesame"}`, `{"type":"sesame"}`, `{"client_ip":"sesame"}`, `{"status":sesame}`, `sesame`} {
		if _, err := ParseRecord([]byte(line)); err == nil || strings.Contains(err.Error(), "sesame") {
			t.Errorf("got %v", err)
		}
	}
}

func FuzzParseRecord(f *testing.F) {
	full, intent := fullEntry(), intentEntry()
	for _, line := range [][]byte{
		full.AppendJSON(nil), intent.AppendJSON(nil), enveloped(full.AppendJSON(nil)),
		enveloped([]byte(`{"type":"checkpoint","time":"2026-03-04T05:06:07Z","x":[{}]}`)),
		[]byte(`{"time":"2026-03-04T05:06:07.123456789Z","request_id":"\ud83d\ude00","decision":"refused","status":0,"upstream_calls":0,"duration_us":9223372036854775}`),
	} {
		f.Add(line)
	}
	s := lineSchema(f)
	f.Fuzz(func(t *testing.T, line []byte) {
		record, err := ParseRecord(line)
		if err != nil || record.Kind.IsControl() {
			return
		}
		// What was read is written and read as the same.
		written := record.AppendJSON(nil)
		again, err := ParseRecord(written)
		if err != nil {
			t.Fatalf("%q became %q: %v", line, written, err)
		}
		want := asRead(record.Entry)
		if !reflect.DeepEqual(again, want) {
			t.Errorf("got  %+v\nwant %+v", again, want)
		}
		if record.Config == "" && record.Auth == "" { // their forms are the writer's business
			if err := validLine(t, s, written); err != nil {
				t.Errorf("%s: %v", written, err)
			}
		}
	})
}

func BenchmarkParseRecord(b *testing.B) {
	e := fullEntry()
	line := enveloped(e.AppendJSON(nil))
	b.SetBytes(int64(len(line)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ParseRecord(line); err != nil {
			b.Fatal(err)
		}
	}
}
