package demo

import (
	"encoding/base64"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// TestProviderNames: every preset has its imitation.
func TestProviderNames(t *testing.T) {
	want := provider.Names()
	if got := ProviderNames(); !slices.Equal(got, want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	if _, err := NewProvider("other", testKey, nil); !errors.Is(err, ErrUnknownProvider) {
		t.Errorf("an unknown name: got %v", err)
	}
	if _, err := NewProvider("numverify", "", nil); err == nil {
		t.Error("an empty key was accepted")
	}
	if _, err := NewProvider("other", testKey, nil); strings.Contains(err.Error(), testKey) {
		t.Error("the error holds the key")
	}
}

// goodRequest is a request for each provider that it answers with data.
func goodRequest(name, key, number string) (method, path, body string, header http.Header) {
	q := "number=" + url.QueryEscape(number)
	switch name {
	case "abstract-intelligence", "abstract-validation":
		return http.MethodGet, "/v1/?phone=" + number + "&api_key=" + url.QueryEscape(key), "", nil
	case "checkthatphone-rapidapi":
		return http.MethodGet, "/api?phone=" + number, "",
			http.Header{"X-Rapidapi-Host": {ctpRapidAPIHost}, "X-Rapidapi-Key": {key}}
	case "checkthatphone":
		return http.MethodPost, "/v1/lookup", `{"phone":"` + number + `"}`,
			http.Header{"Authorization": {"Bearer " + key}, "Content-Type": {"application/json"}}
	case "infobip":
		return http.MethodPost, "/number/1/query", `{"to":["` + number + `"]}`, jsonHeader("App " + key)
	case "ipqualityscore":
		return http.MethodGet, "/api/json/phone/" + url.PathEscape(key) + "/" + number, "", nil
	case "messagebird":
		return http.MethodGet, "/lookup/" + number, "", jsonHeader("AccessKey " + key)
	case "neutrino":
		user, apiKey, _ := strings.Cut(key, ":")
		return http.MethodGet, "/phone-validate?" + q, "", http.Header{"User-Id": {user}, "Api-Key": {apiKey}}
	case "numlookupapi":
		return http.MethodGet, "/v1/validate/" + number, "", http.Header{"Apikey": {key}}
	case "plivo":
		return http.MethodGet, "/v1/Number/+" + number, "", jsonHeader(basicAuth(key))
	case "prelude":
		return http.MethodGet, "/v2/lookup/+" + number, "", jsonHeader("Bearer " + key)
	case "sinch":
		return http.MethodPost, "/v2/projects/p1/lookups", `{"number":"+` + number + `"}`, jsonHeader(basicAuth(key))
	case "telesign":
		return http.MethodPost, "/v1/phoneid/" + number, "", jsonHeader(basicAuth(key))
	case "bigdatacloud":
		return http.MethodGet, "/data/phone-number-validate?number=" + url.QueryEscape("+"+number) + "&key=" + url.QueryEscape(key), "", nil
	case "trestle":
		return http.MethodGet, "/3.0/phone_intel?phone=" + url.QueryEscape("+"+number), "", http.Header{"X-Api-Key": {key}}
	case "telnyx":
		return http.MethodGet, "/v2/number_lookup/+" + number, "", jsonHeader("Bearer " + key)
	case "twilio-v1":
		return http.MethodGet, "/v1/PhoneNumbers/+" + number, "", jsonHeader(basicAuth(key))
	case "twilio-v2":
		return http.MethodGet, "/v2/PhoneNumbers/+" + number, "", jsonHeader(basicAuth(key))
	case "veriphone":
		return http.MethodGet, "/v2/verify?phone=" + url.QueryEscape("+"+number), "", jsonHeader("Bearer " + key)
	case "vonage-identity-insights":
		return http.MethodPost, "/identity-insights/v1/requests", `{"phone_number":"` + number + `","insights":{"format":{}}}`,
			jsonHeader("Bearer " + vonageToken(key, time.Now()))
	case "vonage-number-insight":
		return http.MethodGet, "/ni/basic/json?" + q, "", http.Header{"Authorization": {basicAuth(key)}}
	case "numverify":
		return http.MethodGet, "/api/validate?" + q + "&access_key=" + url.QueryEscape(key), "", nil
	case "numverify-net":
		return http.MethodGet, "/numverify/validate?" + q + "&access_key=" + url.QueryEscape(key), "", nil
	default:
		return http.MethodGet, "/number_verification/validate?" + q, "", http.Header{"Apikey": {key}}
	}
}

// jsonHeader is the header of a request with a JSON body.
func jsonHeader(authorization string) http.Header {
	return http.Header{"Authorization": {authorization}, "Content-Type": {"application/json"}}
}

// basicAuth shows a key of two fields by HTTP Basic.
func basicAuth(key string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(key)) }

// dataMembers are those that only an answer about a number has.
var dataMembers = []string{"numbering", "international_format_number", "insights", "results", "line", "national_format", "phone_number", "phoneNumber", "subscriber", "e164", "e164Format", "is_valid"}

// isData reports whether an answer tells about a number.
func isData(a answer) bool {
	data, _ := a.json["data"].(map[string]any)
	return a.status == http.StatusOK && (a.json["valid"] == true || a.json["success"] == true || data["valid_number"] == true ||
		slices.ContainsFunc(dataMembers, func(name string) bool { return a.json[name] != nil }))
}

func TestKeysRotateWhileRunning(t *testing.T) {
	for _, name := range ProviderNames() {
		t.Run(name, func(t *testing.T) {
			p, _, client := startProvider(t, name, ServeOptions{})
			ask := func(key string) bool {
				method, path, body, header := goodRequest(name, key, "14158586273")
				return isData(do(t, client, method, "https://api.example"+path, body, header))
			}
			first, second := keyOf(t, name), freshKey(t, name)
			if !ask(first) || ask(second) || ask("") {
				t.Fatal("at first only the first key is good")
			}
			p.SetKeys(second, first)
			if !ask(first) || !ask(second) {
				t.Fatal("in the overlap both keys are good")
			}
			p.SetKeys(second)
			if ask(first) || !ask(second) {
				t.Fatal("after it only the new key is good")
			}
			p.SetKeys("")
			if ask("") || ask(second) {
				t.Fatal("an empty key is never good")
			}
			if p.Calls() != 9 {
				t.Fatalf("got %d calls, want 9", p.Calls())
			}
			p.Reset()
			if p.Calls() != 0 || ask(second) {
				t.Fatal("Reset sets the calls to zero and keeps the keys")
			}
		})
	}
}

func TestEveryRequestIsRecordedWhole(t *testing.T) {
	_, record, client := startProvider(t, "checkthatphone", ServeOptions{})
	method, path, body, header := goodRequest("checkthatphone", testKey, "14158586273")
	header.Set("X-Odd", "<&>")
	do(t, client, method, "https://api.example"+path+"?a=b%20c", body, header)
	do(t, client, http.MethodDelete, "https://api.example/no/such", "\xff\xfe", nil)

	requests, err := record.Requests()
	if err != nil || len(requests) != 2 {
		t.Fatalf("got %d requests, %v", len(requests), err)
	}
	first := requests[0]
	if first.Method != method || first.Host != "api.example" || first.URI != path+"?a=b%20c" || first.Body != body {
		t.Errorf("got %+v", first)
	}
	if first.Headers.Get("Authorization") != "Bearer "+testKey || first.Headers.Get("X-Odd") != "<&>" {
		t.Errorf("got headers %v", first.Headers)
	}
	if first.Time.IsZero() || !strings.HasPrefix(first.Remote, "127.0.0.1:") {
		t.Errorf("got time %v, remote %q", first.Time, first.Remote)
	}
	if second := requests[1]; second.Method != http.MethodDelete || string(second.BodyBytes) != "\xff\xfe" || second.Body != "" {
		t.Errorf("got %+v", second)
	}
	for _, want := range []string{testKey, "14158586273", "<&>"} {
		if !strings.Contains(record.String(), want) {
			t.Errorf("%q is not in the record as it is", want)
		}
	}
	record.Reset()
	if record.String() != "" {
		t.Error("Reset left something")
	}
}

func TestRecordLinesOfConcurrentRequestsStayWhole(t *testing.T) {
	p, record, client := startProvider(t, "numverify", ServeOptions{})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 10 {
				_, path, _, _ := goodRequest("numverify", testKey, "14158586273")
				resp, err := client.Get("https://api.example" + path)
				if err != nil {
					t.Error(err)
					return
				}
				_, _ = io.Copy(io.Discard, resp.Body)
				_ = resp.Body.Close()
				p.SetKeys(testKey)
			}
		})
	}
	wg.Wait()
	if requests, err := record.Requests(); err != nil || len(requests) != 80 || p.Calls() != 80 {
		t.Fatalf("got %d lines, %d calls, %v", len(requests), p.Calls(), err)
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

func TestNothingIsAnsweredThatCouldNotBeRecorded(t *testing.T) {
	p, err := NewProvider("numverify", testKey, brokenWriter{})
	if err != nil {
		t.Fatal(err)
	}
	_, path, _, _ := goodRequest("numverify", testKey, "14158586273")
	got := do(t, http.DefaultClient, http.MethodGet, serve(t, p).URL()+path, "", nil)
	if got.status != http.StatusInternalServerError || got.json != nil {
		t.Fatalf("got %d %q", got.status, got.body)
	}
}

func TestLargeBodiesAreRefused(t *testing.T) {
	for _, name := range ProviderNames() {
		p, record, client := startProvider(t, name, ServeOptions{HTTP1: true})
		method, path, _, header := goodRequest(name, keyOf(t, name), "14158586273")
		got := do(t, client, method, "https://api.example"+path, strings.Repeat(" ", maxProviderBody+1), header)
		if got.status != http.StatusRequestEntityTooLarge {
			t.Errorf("%s: got %d", name, got.status)
		}
		if requests, err := record.Requests(); err != nil || len(requests) != 1 || p.Calls() != 1 {
			t.Errorf("%s: got %d lines, %v", name, len(requests), err)
		}
	}
}

func TestDocumentedErrorsAreAnswered(t *testing.T) {
	for _, name := range ProviderNames() {
		p, _, client := startProvider(t, name, ServeOptions{})
		method, path, body, header := goodRequest(name, keyOf(t, name), "14158586273")
		faults := p.DocumentedErrors()
		if len(faults) == 0 {
			t.Errorf("%s documents no errors", name)
		}
		for title, fault := range faults {
			p.SetFault(fault)
			got := do(t, client, method, "https://api.example"+path, body, header)
			if isData(got) || got.json == nil || got.header.Get("X-Credits-Used") != "" {
				t.Errorf("%s, %s: got %d %v", name, title, got.status, got.header)
			}
			if again := do(t, client, method, "https://api.example"+path, body, header); !isData(again) {
				t.Errorf("%s, %s: the error stayed", name, title)
			}
		}
	}
}

func FuzzProvider(f *testing.F) {
	f.Add("checkthatphone", "POST", "/v1/lookup", "", `{"phone":"4158586273","ip":"::1","dncOther":true}`)
	f.Add("checkthatphone", "POST", "/v1/lookup", "", `{"phone":4158586273}`)
	f.Add("numverify", "GET", "/api/validate", "number=%2B14158586273&country_code=us&format=1", "")
	f.Add("numverify", "GET", "/api/countries", "", "")
	f.Add("numverify-net", "GET", "/numverify/validate", "number=+;&number", "")
	f.Add("numverify-marketplace", "GET", "/number_verification/validate", "number=80012345678", "")
	f.Add("abstract-validation", "GET", "/v1/", "phone=4158586273&country=us", "")
	f.Add("abstract-intelligence", "GET", "/v1/", "phone=%2B14158586273", "")
	f.Add("checkthatphone-rapidapi", "GET", "/api", "phone=4158586273&ip=::1", "")
	f.Add("ipqualityscore", "POST", "/api/json/phone/x%2F/14158586273", "country[]=US", "enhanced_name_check=true")
	f.Add("messagebird", "POST", "/lookup/31624971134/hlr", "", `{"countryCode":"NL"}`)
	f.Add("plivo", "GET", "/v1/Number/+14158586273", "type=carrier", "")
	f.Add("prelude", "GET", "/v2/lookup/+14158586273", "type=cnam", "")
	f.Add("infobip", "POST", "/number/1/query", "", `{"to":["41793026727","1",""]}`)
	f.Add("neutrino", "GET", "//phone-validate", "number=02079460000&country-code=&ip=81.2.69.142", "")
	f.Add("numlookupapi", "GET", "/v1/validate/+14158586273", "country_code=us", "")
	f.Add("sinch", "POST", "/v2/projects/p1/lookups", "", `{"number":"+14158586273","features":["LineType","RND"],"rndFeatureOptions":{}}`)
	f.Add("sinch", "POST", "/oauth2/token", "", "grant_type=client_credentials")
	f.Add("telesign", "POST", "/v1/phoneid/14158586273", "", `{"addons":{"contact":{}}}`)
	f.Add("telesign", "POST", "/v1/phoneid", "", `{"phone_number":"14158586273"}`)
	f.Add("telnyx", "GET", "/v2/number_lookup/+14158586273", "type=carrier&type=caller-name", "")
	f.Add("twilio-v1", "GET", "/v1/PhoneNumbers/+14158586273", "Type=carrier&Type=caller-name", "")
	f.Add("twilio-v2", "GET", "/v2/PhoneNumbers/+14158586273", "Fields=caller_name,pre_fill", "")
	f.Add("twilio-v2", "POST", "/v2/batch/query", "", `{"phone_numbers":[{"phone_number":"+14158586273","fields":["sim_swap"]}]}`)
	f.Add("veriphone", "POST", "/v2/verify", "key=x", "phone=02079460000&default_country=GB")
	f.Add("vonage-identity-insights", "POST", "/identity-insights/v1/requests", "", `{"phone_number":"1","insights":{"format":{},"sim_swap":{"period":1}}}`)
	f.Add("vonage-number-insight", "POST", "/ni/advanced/json", "number=41793026727&cnam=true", "")
	f.Fuzz(func(t *testing.T, name, method, path, query, body string) {
		if !slices.Contains(ProviderNames(), name) {
			t.Skip("not a provider")
		}
		p, err := NewProvider(name, keyOf(t, name), nil)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, "/", strings.NewReader(body))
		r.Method, r.URL.Path, r.URL.RawQuery = method, path, query+"&access_key="+testKey
		r.Header.Set("Authorization", "Bearer "+testKey)
		r.Header.Set("Apikey", testKey)
		_, _, _, header := goodRequest(name, keyOf(t, name), "14158586273")
		maps.Copy(r.Header, header)
		w := httptest.NewRecorder()
		p.ServeHTTP(w, r)
		if w.Code >= 500 {
			t.Fatalf("status %d", w.Code)
		}
		if w.Code == http.StatusOK && strings.HasPrefix(w.Header().Get("Content-Type"), "application/json") {
			decodeObject(t, w.Body.String())
		}
	})
}

func BenchmarkProvider(b *testing.B) {
	for _, name := range ProviderNames() {
		b.Run(name, func(b *testing.B) {
			p, err := NewProvider(name, keyOf(b, name), nil)
			if err != nil {
				b.Fatal(err)
			}
			method, path, body, header := goodRequest(name, keyOf(b, name), "14158586273")
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest(method, path, strings.NewReader(body))
				r.Header = header
				p.ServeHTTP(httptest.NewRecorder(), r)
			}
		})
	}
}
