package demo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"testing"
	"time"
)

// telesignSigned signs a request as the vendor's documentation says, line by
// line.
func telesignSigned(key, path, body, nonce string, date time.Time) http.Header {
	customer, encoded, _ := strings.Cut(key, ":")
	secret, _ := base64.StdEncoding.DecodeString(encoded)
	when := date.UTC().Format(http.TimeFormat)
	text := "POST\napplication/json\n" + when + "\nx-ts-auth-method:HMAC-SHA256\nx-ts-nonce:" + nonce + "\n"
	if body != "" {
		text += body + "\n"
	}
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(text + path))
	header := jsonHeader("TSA " + customer + ":" + base64.StdEncoding.EncodeToString(mac.Sum(nil)))
	header.Set("Date", when)
	header.Set("X-Ts-Auth-Method", "HMAC-SHA256")
	header.Set("X-Ts-Nonce", nonce)
	return header
}

func TestTelesignSignaturesAreCheckedWhole(t *testing.T) {
	p, _, client := startProvider(t, "telesign", ServeOptions{})
	now := time.Now()
	p.now = func() time.Time { return now }
	const path, body = "/v1/phoneid/41793026727", `{"addons":{}}`
	key, other := keyOf(t, "telesign"), freshKey(t, "telesign")
	customer, _, _ := strings.Cut(key, ":")
	_, otherSecret, _ := strings.Cut(other, ":")
	without := func(name string) http.Header {
		header := telesignSigned(key, path, body, "without "+name, now)
		header.Del(name)
		return header
	}
	for title, c := range map[string]struct {
		header http.Header
		status int
	}{
		"as it should be":     {telesignSigned(key, path, body, "1", now), 200},
		"just in time":        {telesignSigned(key, path, body, "2", now.Add(-telesignWindow+time.Second)), 200},
		"too late":            {telesignSigned(key, path, body, "3", now.Add(-telesignWindow-time.Second)), 401},
		"too early":           {telesignSigned(key, path, body, "4", now.Add(telesignWindow+2*time.Second)), 401},
		"another key":         {telesignSigned(customer+":"+otherSecret, path, body, "5", now), 401},
		"another customer":    {telesignSigned(other, path, body, "6", now), 401},
		"of another path":     {telesignSigned(key, "/v1/phoneid/41793026728", body, "7", now), 401},
		"of another body":     {telesignSigned(key, path, body+" ", "8", now), 401},
		"no nonce":            {without("X-Ts-Nonce"), 401},
		"no method":           {without("X-Ts-Auth-Method"), 401},
		"no date":             {without("Date"), 401},
		"not a signature":     {jsonHeader("TSA " + customer + ":x"), 401},
		"without a customer":  {jsonHeader("TSA x"), 401},
		"of an empty request": {telesignSigned(key, path, "", "9", now), 401},
	} {
		got := do(t, client, "POST", "https://api.example"+path, body, c.header)
		if got.status != c.status || c.status == 401 && member(got.json, "status", "code") != 10008.0 {
			t.Errorf("%s: got %d %q", title, got.status, got.body)
		}
	}
	ask(t, client, "POST", path, "", telesignSigned(key, path, "", "10", now), 200)
}

func TestTelesignNoncesAreGoodOnce(t *testing.T) {
	p, _, client := startProvider(t, "telesign", ServeOptions{})
	key, second := keyOf(t, "telesign"), freshKey(t, "telesign")
	p.SetKeys(key, second)
	const path = "/v1/phoneid/41793026727"
	header := telesignSigned(key, path, "", "once", time.Now())
	ask(t, client, "POST", path, "", header, 200)
	ask(t, client, "POST", path, "", header, 401)
	ask(t, client, "POST", path, "", telesignSigned(key, path, "", "twice", time.Now()), 200)
	ask(t, client, "POST", path, "", telesignSigned(second, path, "", "once", time.Now()), 200)
}

func TestTelesignAnswersAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "telesign", ServeOptions{})
	header := jsonHeader(basicAuth(keyOf(t, "telesign")))
	inPath := ask(t, client, "POST", "/v1/phoneid/41793026727", "", header, 200).json
	inBody := ask(t, client, "POST", "/v1/phoneid", `{"phone_number":"41793026727","external_id":"x"}`, header, 200).json
	for _, got := range []map[string]any{inPath, inBody} {
		if member(got, "status", "code") != 300.0 || member(got, "phone_type", "description") != "MOBILE" ||
			member(got, "numbering", "original", "complete_phone_number") != "41793026727" ||
			member(got, "location", "country", "iso3") != "CHE" || got["reference_id"] == nil {
			t.Errorf("got %v", got)
		}
	}
	if inPath["external_id"] != nil || inBody["external_id"] != "x" {
		t.Errorf("external_id: got %v and %v", inPath["external_id"], inBody["external_id"])
	}
	addons := ask(t, client, "POST", "/v1/phoneid/41793026727",
		`{"addons":{"contact":{},"contact_match":{"first_name":"A"},"porting_status":{},"sim_swap":{},"subscriber_status":{},"age_verify":{}}}`,
		header, 200).json
	for _, name := range []string{"contact", "contact_match", "porting_status", "sim_swap", "subscriber_status"} {
		if member(addons, name, "status", "code") != 2800.0 || inPath[name] != nil {
			t.Errorf("%s: got %v, without asking %v", name, addons[name], inPath[name])
		}
	}
	if member(addons, "age_verify", "status", "code") != 2806.0 {
		t.Errorf("an add-on that is not enabled: got %v", addons["age_verify"])
	}
}

func TestTelesignErrorsAsDocumented(t *testing.T) {
	_, _, client := startProvider(t, "telesign", ServeOptions{})
	good := jsonHeader(basicAuth(keyOf(t, "telesign")))
	for title, c := range map[string]struct {
		method, path, body string
		header             http.Header
		status             int
		code               float64
	}{
		"no key":         {"POST", "/v1/phoneid/41793026727", "", nil, 401, -30015},
		"wrong key":      {"POST", "/v1/phoneid/41793026727", "", jsonHeader(basicAuth("a:b")), 401, -30015},
		"plus sign":      {"POST", "/v1/phoneid/+41793026727", "", good, 400, 11000},
		"invalid number": {"POST", "/v1/phoneid/183155511", "", good, 400, 11000},
		"no number":      {"POST", "/v1/phoneid", "{}", good, 400, 12000},
		"not json":       {"POST", "/v1/phoneid", "x", good, 400, 11000},
		"wrong method":   {"GET", "/v1/phoneid/41793026727", "", good, 405, -40005},
		"unknown path":   {"POST", "/v1/phoneid/live/41793026727", "", good, 404, -40004},
	} {
		got := ask(t, client, c.method, c.path, c.body, c.header, c.status)
		code := member(got.json, "status", "code")
		if list, _ := got.json["errors"].([]any); len(list) > 0 {
			code = member(list[0].(map[string]any), "code")
		}
		if code != c.code {
			t.Errorf("%s: got %q", title, got.body)
		}
	}
}
