package caddymodule

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ringward/ringward/caddymodule/internal/demo"
)

func (s *stage) get(key, target string) reply {
	s.t.Helper()
	return s.do(s.request("GET", target, "", "X-API-Key", key))
}

func TestBatchIsCheckedAndCountedNumberByNumber(t *testing.T) {
	s := newStage(t, "infobip")
	s.App = "caller few {\n key " + sumOf(t, "few") + "\n limit 4/h\n }"
	s.Route = "limit number 5/h"
	s.start()
	const batch = "/number/1/query"
	got := s.postAs(s.Full, batch, `{"to":["+41793026727","+14158586273","442079460958"]}`)
	if got.status != 200 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	entry := s.entry(got)
	var regions []string
	for _, n := range entry.Numbers {
		regions = append(regions, n.Region)
	}
	if !slices.Equal(regions, []string{"CH", "US", "GB"}) || entry.Cost != 3 || entry.UpstreamCalls != 1 {
		t.Errorf("audit entry %+v", entry)
	}
	if requests, _ := s.record.Requests(); requests[0].Body != `{"to":["41793026727","14158586273","442079460958"]}` {
		t.Errorf("the provider got %s", requests[0].Body)
	}
	for _, tt := range []struct {
		name, key, body string
		status          int
	}{
		{"one number that cannot be", s.Full, `{"to":["+41793026727","+14150000000"]}`, 400},
		{"no number", s.Full, `{"to":[]}`, 400},
		{"too many numbers", s.Full, `{"to":["` + strings.Repeat(`+41793026727","`, 1000) + `+41793026727"]}`, 413},
		{"more numbers than the caller has left", keyOf["few"], `{"to":["+41793026720","+41793026721","+41793026722","+41793026723","+41793026724"]}`, 429},
		{"one number too often", s.Full, `{"to":["+41793026727","+41793026727","+41793026727","+41793026727","+41793026727"]}`, 429},
	} {
		s.provider.Reset()
		if got := s.postAs(tt.key, batch, tt.body); got.status != tt.status || s.provider.Calls() != 0 {
			t.Errorf("%s: got %d %s, %d upstream calls", tt.name, got.status, got.body, s.provider.Calls())
		}
	}
}

// TestOtherRoutesOfTheSameKeyAreUnreachable: what else the provider's key can
// do is out of reach.
func TestOtherRoutesOfTheSameKeyAreUnreachable(t *testing.T) {
	for preset, routes := range map[string][]string{
		"bigdatacloud":   {"GET /data/phone-number-validate-by-ip"},
		"checkthatphone": {"POST /v1/lookup-demo"},
		"infobip":        {"POST /number/1/notify", "GET /number/1/logs"},
		"messagebird":    {"GET /lookup/14158586273/hlr", "POST /lookup/14158586273/hlr", "GET /balance"},
		"neutrino":       {"GET /hlr-lookup", "GET /phone-verify", "GET /phone-playback", "POST //sms-verify"},
		"numlookupapi":   {"GET /v1/status"},
		"numverify":      {"GET /api/usage", "GET /api/../api/validate", "GET /api/%76alidate"},
		"trestle":        {"GET /3.2/phone"},
		"twilio-v2": {
			"PUT /v2/PhoneNumbers/+14158586273/Overrides/line_type_intelligence", "GET /v2/PhoneNumbers/+14158586273/Overrides/line_type_intelligence",
			"DELETE /v2/RateLimits/Fields/sim_swap/Bucket/day", "GET /v2/RateLimits", "POST /v2/Jobs",
		},
		"vonage-number-insight": {"GET /ni/advanced/async/json", "GET /ni/basic/xml", "GET /account/get-balance"},
	} {
		s := newStage(t, preset)
		s.start()
		for _, route := range routes {
			method, target, _ := strings.Cut(route, " ")
			if got := s.do(s.request(method, target, "", "X-API-Key", s.Full)); got.status != 404 || s.provider.Calls() != 0 {
				t.Errorf("%s: %s: got %d %s, %d upstream calls", preset, route, got.status, got.body, s.provider.Calls())
			}
		}
	}
}

func TestCallbacksAndOtherFormatsAreRefused(t *testing.T) {
	for preset, query := range map[string]string{
		"numverify":             "callback=alert",
		"vonage-number-insight": "callback=https://elsewhere.example/",
		"telnyx":                "callback=https://elsewhere.example/",
	} {
		s := newStage(t, preset)
		s.start()
		req := s.lookupRequest(s.Full, canaryNumber)
		req.URL.RawQuery = strings.TrimPrefix(req.URL.RawQuery+"&"+query, "&")
		if got := s.do(req); got.status != 400 || s.provider.Calls() != 0 {
			t.Errorf("%s with %s: got %d %s", preset, query, got.status, got.body)
		}
	}
	s := newStage(t, "infobip")
	s.start()
	if got := s.postAs(s.Full, "/number/1/query", `{"to":["+41793026727"],"notifyUrl":"https://elsewhere.example/"}`); got.status != 400 || s.provider.Calls() != 0 {
		t.Errorf("infobip with notifyUrl: got %d %s", got.status, got.body)
	}
}

// TestCostlyParametersNeedTheRoutesLeave: each is refused, and sent on once the
// route allows it, at its price.
func TestCostlyParametersNeedTheRoutesLeave(t *testing.T) {
	for _, tt := range []struct {
		preset, query, body, allow, want string
		cost                             int
	}{
		{"checkthatphone", "", `,"litigatorFilter":true`, "litigatorFilter", `"litigatorFilter":true`, 2},
		{"telnyx", "type=caller-name", "", "type=caller-name", "type=caller-name", 2},
		{"trestle", "add_ons=litigator_checks", "", "add_ons", "add_ons=litigator_checks", 2},
		{"twilio-v2", "Fields=line_type_intelligence,sim_swap", "", "Fields=line_type_intelligence,sim_swap", "Fields=line_type_intelligence,sim_swap", 3},
		{"twilio-v1", "Type=carrier", "", "Type=carrier", "Type=carrier", 2},
	} {
		s := newStage(t, tt.preset)
		ask := func() reply {
			req := s.lookupRequest(s.Full, canaryNumber)
			if tt.query != "" {
				req.URL.RawQuery = strings.TrimPrefix(req.URL.RawQuery+"&"+tt.query, "&")
			} else {
				req = s.request("POST", "/v1/lookup", `{"phone":"`+canaryNumber+`"`+tt.body+"}", "X-API-Key", s.Full, "Content-Type", "application/json")
			}
			return s.do(req)
		}
		s.start()
		if got := ask(); got.status != 403 || s.provider.Calls() != 0 {
			t.Errorf("%s: got %d %s", tt.preset, got.status, got.body)
		}
		s.Route = "allow " + tt.allow
		s.start()
		got := ask()
		if got.status != 200 || !strings.Contains(s.record.String(), strings.ReplaceAll(tt.want, `"`, `\"`)) && !strings.Contains(s.record.String(), strings.ReplaceAll(tt.want, ",", "%2C")) {
			t.Errorf("%s, allowed: got %d %s, the provider got %s", tt.preset, got.status, got.body, s.record)
			continue
		}
		if e := s.entry(got); e.Cost != tt.cost {
			t.Errorf("%s, allowed: the cost is %d, want %d", tt.preset, e.Cost, tt.cost)
		}
	}
}

// TestTheProviderNeverGuessesTheCountry: Veriphone would take that of the
// address that asks, which is Ringward's.
func TestTheProviderNeverGuessesTheCountry(t *testing.T) {
	s := newStage(t, "veriphone")
	s.start()
	if got := s.get(s.Full, "/v2/verify?phone=4158586273"); got.status != 400 || s.provider.Calls() != 0 {
		t.Errorf("without a country: got %d %s", got.status, got.body)
	}
	if got := s.get(s.Full, "/v2/verify?phone=4158586273&default_country=US"); got.status != 200 {
		t.Errorf("with a country: got %d %s", got.status, got.body)
	}
	if requests, _ := s.record.Requests(); len(requests) != 1 || requests[0].URI != "/v2/verify?phone=%2B14158586273" {
		t.Errorf("the provider got %+v", requests)
	}
}

func TestCompressedAnswersAreRead(t *testing.T) {
	s := newStage(t, "numverify")
	s.start()
	want := s.lookup(s.Full, canaryNumber)
	for _, encoding := range []string{"gzip", "deflate", "raw deflate", "br"} {
		s.provider.SetFault(demo.Fault{Encoding: encoding})
		if got := s.lookup(s.Full, canaryNumber); got.status != 200 || got.body != want.body {
			t.Errorf("%s: got %d %s", encoding, got.status, got.body)
		}
	}
	for name, header := range map[string][]string{"zstd": {"zstd"}, "two": {"gzip, br"}, "twice": {"br", "br"}} {
		s.provider.SetFault(demo.Fault{Header: http.Header{"Content-Encoding": header}})
		if got := s.lookup(s.Full, canaryNumber); got.status != 502 {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
}

// TestUnknownNumbersAreAnswers: in the provider's own form, and unified.
func TestUnknownNumbersAreAnswers(t *testing.T) {
	s := newStage(t, "twilio-v1")
	s.start()
	unknown := demo.Fault{Status: 404, Body: `{"code":20404,"message":"The requested resource was not found","more_info":"https://upstream.example","status":404}`}
	s.provider.SetFault(unknown)
	got := s.lookup(s.Minimal, canaryNumber)
	if got.status != 404 || !strings.Contains(got.body, `"code":20404`) || strings.Contains(got.body, "upstream.example") {
		t.Errorf("got %d %s", got.status, got.body)
	}
	if e := s.entry(got); e.Decision != "answered" || e.Reason != "unknown_number" {
		t.Errorf("audit entry %+v", e)
	}
	s.Route = "answer unified"
	s.start()
	s.provider.SetFault(unknown)
	got = s.postAs(s.Minimal, "/lookup", `{"number":"`+canaryNumber+`"}`)
	if got.status != 200 || got.body != `{"valid":false}` {
		t.Errorf("unified: got %d %s", got.status, got.body)
	}
	if e := s.entry(got); e.Decision != "answered" || !slices.Equal(e.Released, []string{"validity"}) {
		t.Errorf("unified: audit entry %+v", e)
	}
}

func TestEveryProviderTakesTheUnifiedRequest(t *testing.T) {
	for _, preset := range []string{"numverify", "twilio-v2", "infobip", "vonage-identity-insights", "sinch", "telesign", "telnyx"} {
		s := newStage(t, preset)
		s.Route = "answer unified"
		s.start()
		for _, body := range []string{`{"number":"+14158586273"}`, `{"number":"(415) 858-6273","region":"US"}`} {
			got := s.postAs(s.Full, "/lookup", body)
			if got.status != 200 || !strings.Contains(got.body, `"e164":"+14158586273"`) {
				t.Errorf("%s: got %d %s", preset, got.status, got.body)
			}
		}
		got := s.postAs(s.Full, "/lookup", `{"number":"+14150000000"}`)
		if got.status != 400 || !strings.HasPrefix(got.body, `{"error":{"code":"invalid_number"`) {
			t.Errorf("%s: a number that cannot be: got %d %s", preset, got.status, got.body)
		}
	}
}

// postAs asks with a JSON body.
func (s *stage) postAs(key, target, body string) reply {
	s.t.Helper()
	return s.do(s.request("POST", target, body, "X-API-Key", key, "Content-Type", "application/json"))
}

// TestQuotaOfTheAccountIsAMetric and nothing that callers see.
func TestQuotaOfTheAccountIsAMetric(t *testing.T) {
	s := newStage(t, "numlookupapi")
	port := freePort(t)
	s.Sites = "http://:" + port + " {\n bind 127.0.0.1\n metrics /metrics\n }"
	s.start()
	got := s.lookup(s.Full, canaryNumber)
	if got.status != 200 || got.header.Get("X-RateLimit-Remaining-Quota-Month") != "" {
		t.Errorf("got %d, %v", got.status, got.header)
	}
	req := s.request("GET", "/metrics", "")
	req.URL.Host = "127.0.0.1:" + port
	scraped := s.do(req).body
	for _, want := range []string{
		`ringward_provider_quota_remaining{provider="numlookupapi",quota="month"} 229`,
		`ringward_cost_units_total{caller="full",provider="numlookupapi"} 1`,
	} {
		if !strings.Contains(scraped, want) {
			t.Errorf("no metric %s", want)
		}
	}
}

// TestSlashesAreTakenAsClientsSendThem, and no others.
func TestSlashesAreTakenAsClientsSendThem(t *testing.T) {
	for _, tt := range []struct {
		preset, target string
		status         int
		upstream       string
	}{
		{"neutrino", "//phone-validate?number=%2B14158586273", 200, "/phone-validate?number=%2B14158586273"},
		{"neutrino", "/phone-validate?number=%2B14158586273", 200, "/phone-validate?number=%2B14158586273"},
		{"neutrino", "///phone-validate?number=%2B14158586273", 404, ""},
		{"neutrino", "//hlr-lookup?number=%2B14158586273", 404, ""},
		{"abstract-validation", "/v1?phone=%2B14158586273", 200, "/v1/?phone=14158586273"},
		{"abstract-validation", "/v1/?phone=%2B14158586273", 200, "/v1/?phone=14158586273"},
		{"abstract-validation", "//v1/?phone=%2B14158586273", 404, ""},
	} {
		s := newStage(t, tt.preset)
		s.start()
		// http.NewRequest would clean the path of a URL with two slashes.
		req := s.request("GET", "/", "", "X-API-Key", s.Full)
		req.URL.Opaque = "//127.0.0.1:" + s.Port + tt.target
		got := s.do(req)
		if got.status != tt.status {
			t.Errorf("%s %s: got %d %s", tt.preset, tt.target, got.status, got.body)
		}
		requests, err := s.record.Requests()
		if err != nil || len(requests) != min(1, len(tt.upstream)) {
			t.Fatalf("%s %s: %d upstream requests, %v", tt.preset, tt.target, len(requests), err)
		}
		if tt.upstream != "" && !strings.HasPrefix(requests[0].URI, tt.upstream) {
			t.Errorf("%s %s: the provider was asked at %s", tt.preset, tt.target, requests[0].URI)
		}
	}
}
