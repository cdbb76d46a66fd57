package attacks

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/ringward/ringward/e2e/harness"
)

func repeat(text string, n int) string { return strings.Repeat(text, n) }

// TestAttackJSONNames writes names of a body so that two parsers disagree on
// them: there twice (CVE-2017-12635, CouchDB, whose two parsers took one value
// each), in another case, as Go's encoding/json takes them, escaped, or in a
// place that means something to other languages. The number that is checked would
// not be the one that is looked up.
func TestAttackJSONNames(t *testing.T) {
	a := enter(t)
	const good, other = `"phone":"` + harness.Number + `"`, `"` + harness.OtherNumber + `"`
	for name, members := range map[string]string{
		"twice":                  good + `,"phone":` + other,
		"twice, the same":        good + `,` + good,
		"twice, once null":       `"phone":null,` + good,
		"twice, once escaped":    good + `,"ph\u006fne":` + other,
		"twice, first escaped":   `"\u0070hone":` + other + `,` + good,
		"another case":           good + `,"Phone":` + other,
		"another case alone":     `"PHONE":"` + harness.Number + `"`,
		"long s and Kelvin sign": good + `,"phone\u017f":` + other,
		"full-width":             good + `,"ｐhone":` + other,
		"with a NUL":             good + `,"phone\u0000":` + other,
		"with a lone surrogate":  good + `,"phone\ud800":` + other,
		"with a space":           good + `,"phone ":` + other,
		"with a zero-width":      good + `,"phone\u200b":` + other,
		"empty":                  good + `,"":` + other,
		"prototype":              good + `,"__proto__":{"phone":` + other + `}`,
		"constructor":            good + `,"constructor":{"prototype":{}}`,
		"a pointer":              good + `,"/phone":` + other,
		"a path":                 good + `,"phone.number":` + other,
		"an operator":            `"phone":{"$ne":null}`,
		"an array":               `"phone":["` + harness.Number + `",` + other + `]`,
		"an object":              `"phone":{"value":` + other + `}`,
		"a tag of a type":        good + `,"@type":"java.net.URL","val":"http://x.example"`,
		"a reference":            good + `,"$ref":"file:///etc/passwd"`,
		"a parameter that costs": good + `,"litigatorFilter":true`,
		"... escaped":            good + `,"litigator\u0046ilter":true`,
		"personal data":          good + `,"ip":"203.0.113.9"`,
		"where to answer":        good + `,"callback":"https://x.example"`,
	} {
		a.unpaid(func() {
			got := a.reply("", post("/v1/lookup", "{"+members+"}", "X-API-Key: "+a.Full.Key))
			a.refused(name, got, http.StatusBadRequest, http.StatusForbidden)
		})
	}
}

// TestAttackJSONSyntax sends bodies that are no JSON to some parsers and JSON to
// others, and bodies made to exhaust them: deep (CVE-2020-36518, jackson), huge,
// in another encoding, compressed.
func TestAttackJSONSyntax(t *testing.T) {
	a := enter(t)
	const good = `{"phone":"` + harness.Number + `"}`
	number := func(text string) string { return `{"phone":` + text + `}` }
	for name, body := range map[string]string{
		"empty": "", "null": "null", "an array": "[" + good + "]", "a string": quote(good), "a number": "4158586273",
		"two documents": good + good, "two lines": good + "\n" + good, "garbage after": good + "x", "NUL after": good + "\x00",
		"garbage in front": "x" + good, "byte order mark": "\ufeff" + good, "not closed": good[:len(good)-1], "closed twice": good + "}",
		"trailing comma": `{"phone":"` + harness.Number + `",}`, "single quotes": `{'phone':'` + harness.Number + `'}`,
		"no quotes": `{phone:"` + harness.Number + `"}`, "a comment": `{/*x*/"phone":"` + harness.Number + `"}`, "a comment of a line": "//x\n" + good,
		"NaN": number("NaN"), "Infinity": number("Infinity"), "-Infinity": number("-Infinity"), "exponent": number("4.158586273e9"),
		"fraction": number("4158586273.0"), "leading zero": number("04158586273"), "leading plus": number("+14158586273"), "hexadecimal": number("0xf7e0d021"),
		"huge number": number(repeat("9", 400)), "huge exponent": number("1e999999999"), "true": number("true"), "negative": number("-4158586273"),
		"invalid UTF-8": "{\"phone\":\"\xff" + harness.Number + "\"}", "overlong UTF-8": "{\"phone\":\"\xc0\xb14158586273\"}", "UTF-8 surrogate": "{\"phone\":\"\xed\xa0\x80\"}",
		"lone surrogate": `{"phone":"\ud800` + harness.Number + `"}`, "bad escape": `{"phone":"\x2b14158586273"}`, "short escape": `{"phone":"\u2b"}`,
		"raw line feed": "{\"phone\":\"+1\n4158586273\"}", "raw NUL": "{\"phone\":\"" + harness.Number + "\x00\"}", "deep": `{"phone":` + repeat("[", 4000),
		"deep objects": repeat(`{"phone":`, 900), "deep, closed": `{"phone":` + repeat("[", 3000) + repeat("]", 3000) + `}`, "vertical tab": "\v" + good,
		"UTF-16": utf16Text(good), "one document of spaces": repeat(" ", 8000), "many members": "{" + repeat(`"a":1,`, 1200) + `"phone":"` + harness.Number + `"}`,
		"gzip": compressed(encoders["gzip"], good),
	} {
		a.unpaid(func() {
			got := a.reply("", post("/v1/lookup", body, "X-API-Key: "+a.Full.Key))
			a.refused(name, got, http.StatusBadRequest, http.StatusForbidden)
		})
	}
	for name, body := range map[string]string{
		"huge": good + repeat(" ", 10<<20), "huge string": number(`"` + repeat("4", 10<<20) + `"`), "deep and huge": repeat("[", 10<<20),
	} {
		a.unpaid(func() {
			a.refused(name, a.reply("", post("/v1/lookup", body, "X-API-Key: "+a.Full.Key)), http.StatusRequestEntityTooLarge, http.StatusBadRequest)
		})
	}
}

func utf16Text(text string) string {
	var b strings.Builder
	for _, unit := range utf16.Encode([]rune(text)) {
		b.WriteString(string([]byte{byte(unit >> 8), byte(unit)}))
	}
	return b.String()
}

// TestAttackMediaType sends a good body under a type that lets browsers send it
// without asking (CSRF with text/plain), that two readers decode otherwise, or
// compressed, as a bomb would be.
func TestAttackMediaType(t *testing.T) {
	a := enter(t)
	send := func(body string, fields ...string) harness.Reply {
		request := strings.Replace(post("/v1/lookup", body, append(fields, "X-API-Key: "+a.Full.Key)...), "Content-Type: application/json\r\n", "", 1)
		return a.reply("", request)
	}
	for name, fields := range map[string][]string{
		"plain text": {"Content-Type: text/plain"}, "form": {"Content-Type: application/x-www-form-urlencoded"}, "multipart": {"Content-Type: multipart/form-data; boundary=x"},
		"none": nil, "empty": {"Content-Type:"}, "UTF-16": {"Content-Type: application/json; charset=utf-16"}, "UTF-7": {"Content-Type: application/json; charset=utf-7"},
		"two": {"Content-Type: application/json", "Content-Type: text/plain"}, "a list": {"Content-Type: application/json, text/plain"},
		"XML": {"Content-Type: application/xml"}, "JSON lines": {"Content-Type: application/x-ndjson"},
		"gzip": {"Content-Type: application/json", "Content-Encoding: gzip"}, "identity twice": {"Content-Type: application/json", "Content-Encoding: identity, gzip"},
	} {
		a.unpaid(func() {
			a.refused(name, send(goodBody, fields...), http.StatusUnsupportedMediaType, http.StatusBadRequest)
		})
	}
	bomb := compressed(encoders["gzip"], repeat(" ", 5<<20))
	a.unpaid(func() {
		a.refused("a bomb", send(bomb, "Content-Type: application/json", "Content-Encoding: gzip"), http.StatusUnsupportedMediaType, http.StatusRequestEntityTooLarge)
	})
	a.open("")
}
