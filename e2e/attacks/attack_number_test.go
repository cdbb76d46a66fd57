package attacks

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// TestAttackNumber writes numbers so that Ringward and the provider could read
// two: with digits of other scripts, extensions, URIs, letters, marks that change
// the direction of text, NUL. Rules by number, region and block would be passed
// by, and a number could be counted as many. One parser panicked on such texts
// (CVE-2024-39697, in Rust).
func TestAttackNumber(t *testing.T) {
	a := enter(t)
	for name, number := range map[string]string{
		"full-width digit": "+1415858627３", "full-width": "＋１４１５８５８６２７３", "full-width plus": "＋14158586273", "Arabic digit": "+1415858627٣", "Devanagari digit": "+1415858627३",
		"mathematical digit": "+1415858627𝟑", "superscript": "+1415858627³", "circled": "+1415858627③", "Roman": "+1415858627Ⅲ",
		"extension": "+14158586273;ext=12", "extension, x": "+14158586273x12", "extension, #": "+14158586273#12", "extension, word": "+14158586273 ext. 12", "pause": "+14158586273,,12", "wait": "+14158586273w12",
		"tel:": "tel:+14158586273", "TEL:": "TEL:+1-415-858-6273", "sip:": "sip:+14158586273@x.example", "context": "8586273;phone-context=+1415", "context, domain": "tel:8586273;phone-context=x.example",
		"vanity": "1-800-FLOWERS", "vanity, short": "+1415GO", "a letter": "+1415858627O", "Cyrillic letter": "+1415858627О",
		"right to left": "\u202e37268585141+", "left to right mark": "\u200e+14158586273", "isolate": "\u2066+14158586273\u2069", "zero-width space": "+1415\u200b8586273", "zero-width joiner": "+1415\u200d8586273",
		"no-break space": "+1415\u00a08586273", "soft hyphen": "+1415\u00ad8586273", "combining mark": "+1415858627\u03013", "variation selector": "+1415858627\ufe0f3", "tag characters": "+14158586273\U000E0031",
		"NUL": "+14158586273\x00", "NUL inside": "+1415\x008586273", "line feed": "+14158586273\n", "header": "+14158586273\r\nX-Key: x", "tab": "+1415\t8586273", "space in front": " +14158586273", "DEL": "+14158586273\x7f",
		"zeros in front": "+0014158586273", "zeros after the code": "+100004158586273", "many zeros": "+1" + repeat("0", 20) + "4158586273", "plus twice": "++14158586273", "plus inside": "+1+4158586273", "minus": "-14158586273",
		"very long": repeat("4", 1000), "long with separators": "+1" + repeat("-", 500) + "4158586273", "longer than any": "+14158586273000000000", "one digit more": "+141585862730",
		"emergency": "911", "emergency, +1": "+1911", "short code": "24273", "star code": "*67 4158586273", "two numbers": "+14158586273 +14158586274", "two, list": "+14158586273,+14158586274",
		"empty": "", "plus alone": "+", "spaces": "   ", "parentheses": "()", "percent": "%2B14158586273", "entity": "&#43;14158586273", "JSON": `{"phone":"x"}`, "SQL": "1' OR '1'='1", "template": "{{7*7}}", "format": "%s%s%n",
		"another region": "+442079460018", "no such number": "+15555550100", "satellite": "+881612345678",
	} {
		a.unpaid(func() {
			got := a.reply("", post("/v1/lookup", `{"phone":`+quote(number)+`}`, "X-API-Key: "+a.Full.Key))
			a.refused(name, got, http.StatusBadRequest, http.StatusForbidden)
		})
		if name == "another region" || name == "satellite" { // Numverify has them
			continue
		}
		a.unpaid(func() {
			got := a.reply(toQuery, a.asks("number="+url.QueryEscape(number)))
			a.refused(name+", in a query", got, http.StatusBadRequest, http.StatusForbidden)
		})
	}
}

// TestAttackNumberSpellings asks about one number in all the ways that are
// allowed. If they were told apart, a limit by number would be passed by with
// each of them.
func TestAttackNumberSpellings(t *testing.T) {
	a := enter(t)
	pseudonyms := make(map[string]bool)
	for _, number := range []string{
		harness.Number, "4158586273", "14158586273", "(415) 858-6273", "415.858.6273", "415/858/6273", "+1 415 858 6273", "+1-(415)-858-6273",
	} {
		got := a.reply(toVillain, post("/v1/lookup", `{"phone":`+quote(number)+`}`, "X-API-Key: "+a.Full.Key))
		if got.Status != http.StatusOK {
			t.Errorf("got %d %s", got.Status, got.Body)
			continue
		}
		for _, n := range a.Entry(got).Numbers {
			pseudonyms[n.Pseudonym] = true
		}
		if _, body := a.villain.got(); body != `{"phone":"4158586273"}` {
			t.Error("the provider got another number, or another form of it")
		}
	}
	if len(pseudonyms) != 1 {
		t.Errorf("one number counts as %d", len(pseudonyms))
	}
}
