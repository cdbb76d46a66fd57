package caller

import (
	"fmt"
	"strings"
	"testing"
)

func digestText(key string) string { return DigestOf(key).String() }

// callersJSON is a callers file of one caller with the given members.
func callersJSON(members string) string {
	return "{\n\"callers\": [\n{\"name\": \"signup\", " + members + "}\n]\n}"
}

func TestCallersFileSaysEverythingOfACaller(t *testing.T) {
	t.Parallel()
	specs, err := ParseCallers([]byte(callersJSON(`
		"keys": [{"digest": "` + digestText("a") + `", "expires": "2027-01-31"}, {"digest": "` + digestText("b") + `"}],
		"expires": "2028-01-01T00:00:00Z", "tier": "gold", "release": ["validity"], "limits": ["100/m"],
		"providers": ["twilio"], "operations": ["lookup"], "regions": ["US", "CA"], "ip_ranges": ["10.0.0.0/8"]`)))
	if err != nil || len(specs) != 1 {
		t.Fatal(err)
	}
	got := fmt.Sprintf("%+v", specs[0])
	for _, want := range []string{"Name:signup", "gold", "[validity]", "[100/m]", "[twilio]", "[lookup]", "[US CA]", "[10.0.0.0/8]"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is lost: %s", want, got)
		}
	}
	if k := specs[0].Keys; len(k) != 2 || k[0].Digest != DigestOf("a") || !k[1].Expires.IsZero() {
		t.Error("the keys are lost")
	}
	written, err := writeCallers(specs)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"2027-02-01T00:00:00Z"`, `"2028-01-01T00:00:00Z"`} {
		if !strings.Contains(string(written), want) {
			t.Errorf("%s is lost: %s", want, written)
		}
	}
	back, err := ParseCallers(written)
	if err != nil || fmt.Sprintf("%+v", back) != fmt.Sprintf("%+v", specs) {
		t.Errorf("came back as %s, %v", written, err)
	}
}

func TestEmptyListOfCallersIsNobody(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"callers":[]}`, callersJSON(`"keys":[]`)} {
		if _, err := ParseCallers([]byte(text)); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	if specs, err := ParseCallerFields(nil); err != nil || len(specs) != 0 {
		t.Errorf("no fields: got %v, %v", specs, err)
	}
}

func TestFaultyCallersAreRefusedWithoutRepeatingKeys(t *testing.T) {
	t.Parallel()
	key, _ := newKey(t)
	good := `{"digest":"` + digestText("a") + `"}`
	tests := []struct{ name, text, want string }{
		{"empty", "", "line 1: this is not JSON"},
		{"key as a file", key, "not JSON"},
		{"list", "[]", "wrong kind"},
		{"no callers", "{}", `no list "callers"`},
		{"callers null", `{"callers":null}`, `no list "callers"`},
		{"cut off", callersJSON(`"keys":[`)[:40], "not JSON"},
		{"trailing", `{"callers":[]} x`, "not JSON"},
		{"key as a digest", callersJSON(`"keys":[{"digest":"` + key + `"}]`), "line 3: " + ErrDigestIsKey.Error()},
		{"key as a text", callersJSON(`"keys":["` + key + `"]`), "line 3: a value is of the wrong kind"},
		{"key as a name", `{"callers":[{"name":"` + key + `","keys":[]}]}`, "a key for a name"},
		{"key as a member", callersJSON(`"` + key + `":1`), "line 3: a member is not known"},
		{"key as a tier", callersJSON(`"keys":[],"tier":"` + key + `"`), `caller "signup": the tier`},
		{"key as a region", callersJSON(`"keys":[],"regions":["` + key + `"]`), `caller "signup": regions: entry 1`},
		{"key as an address", callersJSON(`"keys":[],"ip_ranges":["` + key + `"]`), `caller "signup": ip_ranges: entry 1`},
		{"key as a release", callersJSON(`"keys":[],"release":["` + key + `"]`), `caller "signup": release: entry 1`},
		{"key as a limit", callersJSON(`"keys":[],"limits":["` + key + `"]`), `caller "signup": limits: entry 1`},
		{"key in a limit", callersJSON(`"keys":[],"limits":["` + key + ` 5/m"]`), `caller "signup": limits: entry 1`},
		{"key as a provider", callersJSON(`"keys":[],"providers":["` + key + `"]`), `caller "signup": providers: entry 1`},
		{"key as a token", callersJSON(`"keys":[],"tokens":["` + key + `"]`), `caller "signup": tokens: entry 1`},
		{"no address at all", callersJSON(`"keys":[],"ip_ranges":[]`), "ambiguous"},
		{"nothing released", callersJSON(`"keys":[],"release":[]`), "ambiguous"},
		{"no limit in the list", callersJSON(`"keys":[],"limits":[]`), "ambiguous"},
		{"key as an expiry", callersJSON(`"keys":[],"expires":"` + key + `"`), "line 3: write a day"},
		{"unknown member", callersJSON(`"keys":[],"regoins":["US"]`), "not known"},
		{"member in another case", callersJSON(`"keys":[],"Regions":["US"]`), "not known"},
		{"member twice", callersJSON(`"keys":[],"keys":[]`), "there twice"},
		{"empty bound", callersJSON(`"keys":[],"providers":[]`), "ambiguous"},
		{"bound twice", callersJSON(`"keys":[],"providers":["a","a"]`), "entry 2 is there twice"},
		{"region in lower case", callersJSON(`"keys":[],"regions":["us"]`), "malformed"},
		{"digest of nothing", callersJSON(`"keys":[{"digest":"` + digestText("") + `"}]`), ErrDigestEmpty.Error()},
		{"key without a digest", callersJSON(`"keys":[{"expires":"2027-01-31"}]`), ErrDigestEmpty.Error()},
		{"three keys", callersJSON(`"keys":[` + good + `,{"digest":"` + digestText("b") + `"},{"digest":"` + digestText("c") + `"}]`), "has 3 keys"},
		{"same key twice", callersJSON(`"keys":[` + good + "," + good + `]`), "used already"},
		{"no name", `{"callers":[{"keys":[]}]}`, "caller name"},
		{"name twice", `{"callers":[{"name":"a","keys":[]},{"name":"a","keys":[]}]}`, "defined twice"},
		{"not UTF-8", callersJSON("\"tier\":\"\xff\""), "not JSON"},
	}
	for _, test := range tests {
		specs, err := ParseCallers([]byte(test.text))
		if err == nil || specs != nil {
			t.Errorf("%s: accepted", test.name)
			continue
		}
		if !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %q does not tell %q", test.name, err, test.want)
		}
		if strings.Contains(err.Error(), key[4:]) || strings.Contains(err.Error(), digestText("a")[15:]) {
			t.Errorf("%s: the error repeats its input", test.name)
		}
	}
}

func TestFieldsOfASecretAreCallers(t *testing.T) {
	t.Parallel()
	specs, err := ParseCallerFields(map[string]string{
		"signup": `{"keys":[{"digest":"` + digestText("a") + `"}]}`, "billing": `{"name":"billing","keys":[]}`,
	})
	if err != nil || len(specs) != 2 || specs[0].Name != "billing" || specs[1].Keys[0].Digest != DigestOf("a") {
		t.Errorf("got %+v, %v", specs, err)
	}
	key, _ := newKey(t)
	for name, fields := range map[string]map[string]string{
		"impossible name": {"Sign Up": `{"keys":[]}`},
		"key as a name":   {key: `{"keys":[]}`},
		"key as a value":  {"signup": key},
		"another name":    {"signup": `{"name":"billing","keys":[]}`},
		"same key":        {"a": `{"keys":[{"digest":"` + digestText("a") + `"}]}`, "b": `{"keys":[{"digest":"` + digestText("a") + `"}]}`},
		"too long":        {"a": strings.Repeat(" ", MaxCallersBytes) + "{}"},
	} {
		if specs, err := ParseCallerFields(fields); err == nil || specs != nil || strings.Contains(err.Error(), key[4:]) {
			t.Errorf("%s: got %v, %v", name, specs, err)
		}
	}
}

func FuzzParseCallers(f *testing.F) {
	f.Add([]byte(callersJSON(`"keys":[{"digest":"` + digestText("a") + `","expires":"2027-01-31"}],"ip_ranges":["10.0.0.0/8"]`)))
	f.Add([]byte(`{"callers":[]}`))
	f.Add([]byte(`{"callers":[{"name":"a","keys":[{"digest":"sha256:"}]}]}`))
	f.Fuzz(func(t *testing.T, content []byte) {
		specs, err := ParseCallers(content)
		if err != nil {
			return
		}
		written, err := writeCallers(specs)
		if err != nil {
			t.Fatalf("what was read cannot be written: %v", err)
		}
		back, err := ParseCallers(written)
		if err != nil || len(back) != len(specs) {
			t.Fatalf("what was written cannot be read: %v", err)
		}
	})
}
