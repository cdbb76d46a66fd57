package attacks

import (
	"net/http"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// asks is a lookup at Numverify with a query as it is.
func (a *arena) asks(query string, fields ...string) string {
	return "GET /api/validate?" + query + " HTTP/1.1\r\nHost: localhost\r\nX-API-Key: " + a.Full.Key + "\r\n" + headerLines(fields) + "\r\n"
}

// TestAttackParameterSmuggling writes query strings that Ringward and the
// provider could read in two ways: names that are there twice, in another case,
// encoded or as arrays, and the separators that some servers know (CVE-2022-2880,
// Go's ReverseProxy, which passed on what it could not read itself). The provider
// would look up another number than was checked and counted, or with another key.
func TestAttackParameterSmuggling(t *testing.T) {
	a := enter(t)
	const good = "number=14158586273"
	for name, query := range map[string]string{
		"number twice":                  good + "&number=14158586274",
		"the same number twice":         good + "&" + good,
		"number in another case":        good + "&Number=14158586274",
		"NUMBER alone":                  "NUMBER=14158586273",
		"encoded name beside":           good + "&%6eumber=14158586274",
		"name encoded twice":            good + "&%256eumber=14158586274",
		"full-width name":               good + "&%EF%BD%8Eumber=14158586274",
		"an array":                      good + "&number[]=14158586274",
		"an array alone":                "number[]=14158586273",
		"an indexed array":              good + "&number[0]=14158586274",
		"an object":                     good + "&number[x]=14158586274",
		"a NUL in the name":             good + "&number%00=14158586274",
		"a space in the name":           good + "&number%20=14158586274",
		"a plus in the name":            good + "&+number=14158586274",
		"a semicolon":                   good + ";number=14158586274",
		"a semicolon in front":          "x;" + good,
		"an entity":                     good + "&amp;number=14158586274",
		"an encoded separator":          good + "%26number%3D14158586274",
		"an encoded key":                good + "%26access_key%3Dx",
		"a list of numbers":             good + ",14158586274",
		"half an escape":                good + "&%n=14158586274",
		"half an escape in the number":  good + "%",
		"an escape that is no UTF-8":    good + "&%ff=1",
		"a fragment":                    good + "#&number=14158586274",
		"an encoded fragment":           good + "%23",
		"a second question mark":        good + "?number=14158586274",
		"line feed":                     good + "%0a%0dX-Key:%20x",
		"another key":                   good + "&access_key=x",
		"another key, other case":       good + "&Access_Key=x",
		"another key, hyphen":           good + "&access-key=x",
		"JSONP":                         good + "&callback=f",
		"another format":                good + "&format=xml",
		"an empty name":                 good + "&=x",
		"a name alone":                  good + "&x",
		"a country that is none":        good + "&country_code=../..",
		"a country twice":               good + "&country_code=US&country_code=GB",
		"a number without its name":     "14158586273",
		"many parameters":               good + repeat("&format=1", 100),
		"number in a name of prototype": good + "&__proto__[number]=14158586274",
	} {
		a.unpaid(func() {
			got := a.reply(toQuery, a.asks(query))
			a.refused(name, got, http.StatusBadRequest, http.StatusUnauthorized, http.StatusRequestEntityTooLarge, http.StatusForbidden)
		})
	}
	a.paid(1, func() {
		if got := a.reply(toQuery, a.asks("%6eumber=%31%34158586273&format=1")); got.Status != http.StatusOK {
			t.Errorf("a number that is written otherwise: got %d", got.Status)
		}
		want := "number=14158586273"
		if received, _ := a.villain.got(); received.URL.Query().Get("number") != "14158586273" || len(received.URL.Query()) != 2 ||
			received.URL.Query().Get("access_key") != a.Standin.Key || received.RequestURI[:len("/api/validate?")+len(want)] != "/api/validate?"+want {
			t.Error("the provider did not get Ringward's own query")
		}
	})
}

// TestAttackCredentialSlots puts, beside a caller's key, other credentials where
// this provider or others take theirs. If one got through, the provider would
// bill and answer another account, or an attacker could try keys of the provider
// (GHSA-f28g-86hc-823q, tokenizer, with a format string that the client chose).
func TestAttackCredentialSlots(t *testing.T) {
	a := enter(t)
	const good, mark = "number=14158586273", "another-credential"
	for name, tt := range map[string]struct {
		query  string
		fields []string
	}{
		"in the provider's slot":      {good + "&access_key=" + mark, nil},
		"Bearer beside":               {good, []string{"Authorization: Bearer " + mark}},
		"Basic beside":                {good, []string{"Authorization: Basic dXNlcjpwYXNz"}},
		"Digest beside":               {good, []string{"Authorization: Digest username=x"}},
		"another caller's":            {good + "&access_key=" + a.Minimal.Key, nil},
		"key in the provider's twice": {good + "&access_key=" + a.Full.Key + "&access_key=" + mark, nil},
		"a format for the key":        {good + "&access_key=%25s", nil},
		"a parameter of others":       {good + "&api_key=" + mark, nil},
		"a token parameter":           {good + "&access_token=" + mark, nil},
		"user and key":                {good + "&user-id=x&api-key=" + mark, nil},
	} {
		a.unpaid(func() {
			a.refused(name, a.reply(toQuery, a.asks(tt.query, tt.fields...)), http.StatusUnauthorized, http.StatusBadRequest)
		})
	}
	// The provider's own key opens nothing: it would make its holder a caller.
	a.unpaid(func() {
		got := a.reply(toQuery, "GET /api/validate?"+good+"&access_key="+harness.RandomText()+" HTTP/1.1\r\nHost: x\r\n\r\n")
		a.refused("an unknown key", got, http.StatusUnauthorized)
		a.refused("the provider's key", a.reply("", post("/v1/lookup", goodBody, "Authorization: Bearer "+a.Standin.Key)), http.StatusUnauthorized)
	})
	a.paid(1, func() {
		if got := a.reply(toQuery, a.asks(good, "Cookie: access_key="+mark, "Apikey: "+mark)); got.Status != http.StatusOK {
			t.Errorf("credentials where this provider has none: got %d", got.Status)
		}
		if received, _ := a.villain.got(); received.Header.Get("Apikey")+received.Header.Get("Cookie") != "" {
			t.Error("they reached the provider")
		}
	})
}
