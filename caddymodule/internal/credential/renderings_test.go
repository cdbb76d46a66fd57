package credential

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"strings"
	"testing"
)

// escapeAll writes every byte of s with one format.
func escapeAll(format, s string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		fmt.Fprintf(&b, format, c)
	}
	return b.String()
}

// quoteJSON is what encoding/json makes of a text, without the quotes.
func quoteJSON(s string) string {
	b, _ := json.Marshal(s)
	return string(b[1 : len(b)-1])
}

// echoes are the ways in which an upstream might echo a text.
func echoes(s string) map[string]string {
	std, raw := base64.StdEncoding.EncodeToString, base64.RawURLEncoding.EncodeToString
	m := map[string]string{
		"as it is":                   s,
		"upper case":                 strings.ToUpper(s),
		"lower case":                 strings.ToLower(s),
		"hex":                        hex.EncodeToString([]byte(s)),
		"HEX":                        strings.ToUpper(hex.EncodeToString([]byte(s))),
		"query":                      url.QueryEscape(s),
		"path":                       url.PathEscape(s),
		"percent all":                escapeAll("%%%02x", s),
		"percent ALL":                escapeAll("%%%02X", s),
		"percent some":               "%" + hex.EncodeToString([]byte(s[:1])) + url.PathEscape(s[1:]),
		"JSON":                       quoteJSON(s),
		"JSON with \\u":              escapeAll(`\u%04x`, s),
		"JSON with \\U some":         quoteJSON(s[:2]) + escapeAll(`\u%04X`, s[2:5]) + quoteJSON(s[5:]),
		"JSON with \\/":              strings.ReplaceAll(s, "/", `\/`),
		"JSON in JSON":               quoteJSON(quoteJSON(s)),
		"javascript":                 escapeAll(`\x%02x`, s),
		"HTML":                       html.EscapeString(s),
		"HTML all":                   escapeAll("&#%d;", s),
		"HTML hex":                   escapeAll("&#x%x;", s),
		"percent in percent":         url.QueryEscape(url.QueryEscape(s)),
		"percent in JSON":            quoteJSON(escapeAll("%%%02x", s)),
		"\\u in percent":             url.QueryEscape(escapeAll(`\u%04x`, s)),
		"HTML in JSON":               quoteJSON(html.EscapeString(s)),
		"base64 in query":            url.QueryEscape(std([]byte("user:" + s))),
		"base64 in JSON, slashes":    strings.ReplaceAll(std([]byte(s)), "/", `\/`),
		"base64 with JSON \\u slash": strings.ReplaceAll(std([]byte(s)), "/", `\u002f`),
	}
	for i := range 3 {
		before := "user:"[:i+2]
		m[fmt.Sprintf("base64 after %d", len(before))] = std([]byte(before + s))
		m[fmt.Sprintf("base64 between %d", len(before))] = std([]byte(before + s + "\"}"))
		m[fmt.Sprintf("base64url after %d", len(before))] = raw([]byte(before + s + "x"))
	}
	m["base64 alone"] = std([]byte(s))
	return m
}

func TestEchoedSecretIsFound(t *testing.T) {
	for i, secret := range []string{
		sample,
		"0123456789abcdef0123456789abcdef",
		"exactly8",
		"with space & <sign> \"quoted\" \\ back",
		"ends-in-percent-%41",
		"AC0123:token/with+both==",
	} {
		r := NewRenderings(SecretFromString(secret))
		for name, echo := range echoes(secret) {
			for _, around := range []string{"%s", `{"error":{"message":"bad key %s"}}`, "%s tail", "head %s"} {
				body := strings.Replace(around, "%s", echo, 1)
				if !r.Found([]byte(body)) {
					t.Errorf("secret %d: %s is not found in %q", i, name, around)
				}
			}
		}
	}
}

func TestEchoedNonASCIISecretIsFound(t *testing.T) {
	secret := "schlüssel-ключ-😀"
	r := NewRenderings(SecretFromString(secret))
	for name, echo := range map[string]string{
		"as it is":    secret,
		"hex":         hex.EncodeToString([]byte(secret)),
		"query":       url.QueryEscape(secret),
		"percent all": escapeAll("%%%02x", secret),
		"base64":      base64.StdEncoding.EncodeToString([]byte("user:" + secret)),
		"JSON":        `schl\u00fcssel-\u043a\u043b\u044e\u0447-\ud83d\ude00`,
		"HTML":        "schl&uuml;ssel-&#1082;&#1083;&#1102;&#1095;-&#x1f600;",
	} {
		if !r.Found([]byte("head " + echo + " tail")) {
			t.Errorf("%s is not found", name)
		}
	}
}

func TestInnocentAnswersAreNotFound(t *testing.T) {
	r := NewRenderings(SecretFromString(sample))
	for _, body := range []string{
		"", "{", `{"valid":true}`, sampleAnswer, sample[:len(sample)-1], sample[1:], `\u`, `\u00`, `\ud83d`, `\`, `%`, `%4`, `%zz`, `&#;`, `&`, `\x4`,
		strings.Repeat(`\\`, 100), strings.Repeat("%25", 100), strings.Repeat("&amp;", 50),
		hex.EncodeToString([]byte(sample))[2:],
	} {
		if r.Found([]byte(body)) {
			t.Errorf("found in %.40q", body)
		}
	}
}

func TestShortSecretsAreNotSearched(t *testing.T) {
	if NewRenderings(SecretFromString("7 bytes")).Found([]byte("these 7 bytes")) {
		t.Error("a short secret is searched for")
	}
	r := NewRenderings(SecretFromString("short"), SecretFromString(sample))
	if r.Found([]byte("short")) || !r.Found([]byte(sample)) {
		t.Error("a short secret beside a long one")
	}
	var none *Renderings
	if none.Found([]byte("x")) || NewRenderings().Found([]byte("x")) {
		t.Error("nothing is found where nothing is searched for")
	}
}

func TestEverySecretOfAValueIsFound(t *testing.T) {
	a, b := "first-secret-0001", "another-secret-of-other-length-2"
	r := NewRenderings(SecretFromString(a), SecretFromString(b))
	for _, s := range []string{a, b, base64.StdEncoding.EncodeToString([]byte(a + ":" + b))} {
		if !r.Found([]byte("x" + s + "x")) {
			t.Error("one of two secrets is not found")
		}
	}
}

func TestFoundLeavesTheAnswerAlone(t *testing.T) {
	body := []byte(`{"a":"\u0041%41&amp;"}`)
	before := bytes.Clone(body)
	NewRenderings(SecretFromString(sample)).Found(body)
	if !bytes.Equal(body, before) {
		t.Error("the answer was changed")
	}
}

func FuzzFoundAgreesWithSimpleSearch(f *testing.F) {
	f.Add([]byte(sample), []byte("x"), []byte("y"))
	f.Add([]byte("aaaaaaaa"), []byte("aaaaaaa"), []byte(""))
	f.Add([]byte("abababab"), []byte(`\u0061%62&#97;`), []byte("abababa"))
	f.Fuzz(func(t *testing.T, secret, before, after []byte) {
		if len(secret) < MinSearchLength || len(secret) > 200 || len(before)+len(after) > 4096 {
			return
		}
		r := NewRenderings(NewSecret(secret))
		for _, form := range [][]byte{
			secret,
			[]byte(hex.EncodeToString(secret)),
			[]byte(base64.StdEncoding.EncodeToString(append(bytes.Clone(before), append(bytes.Clone(secret), after...)...))),
		} {
			if !r.Found(append(append(bytes.Clone(before), form...), after...)) {
				t.Fatal("a secret that is there was not found")
			}
		}
		// One pass must find exactly what a search for each needle finds.
		hay := append(bytes.Clone(before), after...)
		folded := bytes.Clone(hay)
		foldInPlace(folded)
		want := false
		for _, n := range r.set.needles {
			want = want || bytes.Contains(folded, n)
		}
		if r.set.in(hay) != want {
			t.Fatalf("one pass says %v, a simple search %v", !want, want)
		}
	})
}

// sampleAnswer has the size and the look of a provider's answer.
var sampleAnswer = `{"valid":true,"number":"14158586273","local_format":"4158586273","international_format":"+14158586273",` +
	`"country_prefix":"+1","country_code":"US","country_name":"United States of America","location":"Novato",` +
	`"carrier":"AT&T Mobility LLC","line_type":"mobile","url":"https:\/\/api.example\/v1\/lookups\/14158586273",` +
	strings.Repeat(`"caller_name":{"name":null,"type":"unknown"},`, 15) + `"end":0}`

func BenchmarkFound(b *testing.B) {
	plain := []byte(strings.NewReplacer(`\/`, "/", "&", "+").Replace(sampleAnswer))[:990]
	escapes := []byte(sampleAnswer[:990])
	r := NewRenderings(SecretFromString("0123456789abcdef0123456789abcdef"))
	for _, c := range []struct {
		name string
		body []byte
	}{{"1KB", plain}, {"1KB with escapes", escapes}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(c.body)))
			for b.Loop() {
				if r.Found(c.body) {
					b.Fatal("found")
				}
			}
		})
	}
}
