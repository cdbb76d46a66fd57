package caddymodule

import (
	"net/http"
	"strings"
	"testing"
)

func TestCallerSeesOnlyWhatIsReleased(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.App = "caller pointer {\n key " + sumOf(t, "pointer") + "\n release validity /data/geoState\n }"
	s.start()
	for _, tt := range []struct{ name, key, want string }{
		{"with nothing configured", s.Minimal, `{"success":true,"data":{"subscriber":"4158586273","deliverable":"true","nanpType":"mobile","dipCarrierType":"mobile"}}`},
		{"by data class and pointer", keyOf["pointer"], `{"success":true,"data":{"subscriber":"4158586273","deliverable":"true","geoState":"CA"}}`},
	} {
		if got := s.lookup(tt.key, canaryNumber); got.status != 200 || got.body != tt.want {
			t.Errorf("%s: got %d %s", tt.name, got.status, got.body)
		}
	}
	full := s.lookup(s.Full, canaryNumber)
	if strings.Contains(full.body, "credits_used") || !strings.Contains(full.body, "timezone") {
		t.Errorf("full release: got %s", full.body)
	}
}

func TestEveryNumverifyFamilyAnswers(t *testing.T) {
	for _, preset := range []string{"numverify", "numverify-net", "numverify-marketplace"} {
		t.Run(preset, func(t *testing.T) {
			s := newStage(t, preset)
			s.start()
			want := `{"valid":true,"number":"14158586273","local_format":"4158586273","international_format":"+14158586273","country_prefix":"+1","line_type":"mobile"}`
			if got := s.lookup(s.Minimal, canaryNumber); got.status != 200 || got.body != want {
				t.Errorf("got %d %s", got.status, got.body)
			}
		})
	}
}

func TestNumverifyListsCountries(t *testing.T) {
	s := newStage(t, "numverify")
	s.start()
	got := s.do(s.request("GET", "/api/countries?access_key="+s.Minimal, ""))
	if got.status != 200 || !strings.Contains(got.body, `"US":{"country_name":`) {
		t.Errorf("got %d %.200s", got.status, got.body)
	}
}

func TestProviderGetsItsKeyAndNothingOfTheCaller(t *testing.T) {
	for _, preset := range []string{"checkthatphone", "numverify", "numverify-marketplace"} {
		t.Run(preset, func(t *testing.T) {
			s := newStage(t, preset)
			s.start()
			req := s.lookupRequest(s.Minimal, "(415) 858-6273")
			if preset != "checkthatphone" {
				req = s.lookupRequest(s.Minimal, "+1 415.858.6273")
				req.URL.RawQuery = strings.ReplaceAll(req.URL.RawQuery, " ", "%20")
			}
			for name, value := range map[string]string{
				"Cookie": "key=smuggled", "X-Forwarded-For": "203.0.113.9", "X-Custom": "smuggled", "Referer": "https://smuggled.example",
			} {
				req.Header.Set(name, value)
			}
			if got := s.do(req); got.status != 200 {
				t.Fatalf("got %d %s", got.status, got.body)
			}
			requests, err := s.record.Requests()
			if err != nil || len(requests) != 1 {
				t.Fatalf("%d requests recorded, %v", len(requests), err)
			}
			text := s.record.String()
			for _, foreign := range []string{s.Minimal, "smuggled", "203.0.113.9", "Forwarded", "Caddy"} {
				if strings.Contains(text, foreign) {
					t.Errorf("the provider saw %q: %s", foreign, text)
				}
			}
			for name := range requests[0].Headers {
				switch name {
				case "Accept", "Accept-Encoding", "Authorization", "Apikey", "Content-Length", "Content-Type", "User-Agent":
				default:
					t.Errorf("the provider got the header %s", name)
				}
			}
		})
	}
}

func TestNumberReachesTheProviderInItsOwnForm(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	for _, written := range []string{"+14158586273", "(415) 858-6273", "1-415-858-6273", "415.858.6273"} {
		if got := s.lookup(s.Minimal, written); got.status != 200 {
			t.Errorf("got %d %s", got.status, got.body)
		}
	}
	requests, _ := s.record.Requests()
	for _, r := range requests {
		if r.Body != `{"phone":"4158586273"}` {
			t.Errorf("the provider got %s", r.Body)
		}
	}
}

func TestCallerKeyIsTakenFromEverySlot(t *testing.T) {
	s := newStage(t, "numverify")
	s.start()
	for name, req := range map[string]*http.Request{
		"X-API-Key": s.request("GET", "/api/validate?number=14158586273", "", "X-API-Key", s.Minimal),
		"Bearer":    s.request("GET", "/api/validate?number=14158586273", "", "Authorization", "bearer "+s.Minimal),
		"own slot":  s.request("GET", "/api/validate?number=14158586273&access_key="+s.Minimal, ""),
	} {
		if got := s.do(req); got.status != 200 {
			t.Errorf("%s: got %d %s", name, got.status, got.body)
		}
	}
}

func TestPathIsConfigurable(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Route = "alias lookup /v1/validate"
	s.start()
	req := s.lookupRequest(s.Minimal, canaryNumber)
	req.URL.Path = "/v1/validate"
	if got := s.do(req); got.status != 200 {
		t.Fatalf("by its alias: got %d %s", got.status, got.body)
	}
	requests, _ := s.record.Requests()
	if requests[0].URI != "/v1/lookup" {
		t.Errorf("the provider was asked at %s", requests[0].URI)
	}

	s.Route = "path lookup /v1/validate"
	s.start()
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 404 {
		t.Errorf("at the path that was replaced: got %d", got.status)
	}
	req = s.lookupRequest(s.Minimal, canaryNumber)
	req.URL.Path = "/v1/validate"
	s.do(req)
	requests, _ = s.record.Requests()
	if last := requests[len(requests)-1]; last.URI != "/v1/validate" {
		t.Errorf("the provider was asked at %s", last.URI)
	}
}

func TestEveryRequestLeavesOneAuditEntry(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	good, bad, unknown := s.lookup(s.Minimal, canaryNumber), s.lookup(s.Full, "+14150000000"), s.lookup("rwk_unknown", canaryNumber)
	if e := s.entry(good); e.Decision != "answered" || e.Caller != "minimal" || e.UpstreamCalls != 1 || e.Status != 200 ||
		len(e.Numbers) != 1 || e.Numbers[0].Region != "US" || strings.Join(e.Released, " ") != "validity line_type" || len(e.KeyID) != 8 {
		t.Errorf("answered: %+v", e)
	}
	if e := s.entry(bad); e.Decision != "refused" || e.Reason != "invalid_number" || e.UpstreamCalls != 0 || e.Status != 400 {
		t.Errorf("refused: %+v", e)
	}
	if e := s.entry(unknown); e.Decision != "refused" || e.Reason != "unauthenticated" || e.Caller != "" || e.KeyID != "" {
		t.Errorf("unauthenticated: %+v", e)
	}
	if n := len(s.entries()); n != 3 {
		t.Errorf("%d entries for 3 requests", n)
	}
}

func TestPseudonymIsTheSameForTheSameNumber(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	first, second, other := s.lookup(s.Full, canaryNumber), s.lookup(s.Minimal, "415 858 6273"), s.lookup(s.Full, "+14158586274")
	a, b, c := s.entry(first).Numbers[0].Pseudonym, s.entry(second).Numbers[0].Pseudonym, s.entry(other).Numbers[0].Pseudonym
	if a != b || a == c || strings.Contains(a, "4158586273") {
		t.Errorf("pseudonyms %s, %s, %s", a, b, c)
	}
}
