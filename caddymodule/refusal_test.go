package caddymodule

import (
	"net/http"
	"strings"
	"testing"
)

// TestRefusedRequestsCostNothing is invariant I6: what is refused never
// reaches the provider.
func TestRefusedRequestsCostNothing(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Route = "limit caller 1000/m"
	s.start()
	ok := `{"phone":"+14158586273"}`
	post := func(path, body string, header ...string) *http.Request {
		return s.request("POST", path, body, append([]string{"Content-Type", "application/json", "X-API-Key", s.Minimal}, header...)...)
	}
	without := func(req *http.Request, name string) *http.Request { req.Header.Del(name); return req }
	for _, tt := range []struct {
		name   string
		req    *http.Request
		status int
		reason string
	}{
		{"no key", without(post("/v1/lookup", ok), "X-Api-Key"), 401, "unauthenticated"},
		{"unknown key", s.lookupRequest("rwk_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", canaryNumber), 401, "unauthenticated"},
		{"provider's key", s.lookupRequest(s.Key, canaryNumber), 401, "unauthenticated"},
		{"two different keys", post("/v1/lookup", ok, "Authorization", "Bearer "+s.Full), 401, "unauthenticated"},
		{"key header twice", post("/v1/lookup", ok, "X-API-Key", s.Minimal), 401, "unauthenticated"},
		{"browser", post("/v1/lookup", ok, "Origin", "https://app.example"), 403, "browser"},
		{"browser without origin", post("/v1/lookup", ok, "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Site", "cross-site"), 403, "browser"},
		{"browser that navigates", post("/v1/lookup", ok, "Sec-Fetch-Dest", "document"), 403, "browser"},
		{"sibling route on the same key", post("/v1/lookup-demo", ok), 404, "unknown_operation"},
		{"path in another spelling", post("/v1//lookup", ok), 404, "unknown_operation"},
		{"method", s.request("GET", "/v1/lookup?phone=4158586273", "", "X-API-Key", s.Minimal), 404, "unknown_operation"},
		{"no body", post("/v1/lookup", ""), 400, "invalid_request"},
		{"unknown parameter", post("/v1/lookup", `{"phone":"+14158586273","callback":"x"}`), 400, "invalid_request"},
		{"parameter that costs extra", post("/v1/lookup", `{"phone":"+14158586273","litigatorFilter":true}`), 403, "forbidden"},
		{"duplicate", post("/v1/lookup", `{"phone":"+14158586273","phone":"+14158586274"}`), 400, "invalid_request"},
		{"not UTF-8", post("/v1/lookup", "{\"phone\":\"\xff\"}"), 400, "invalid_request"},
		{"oversized", post("/v1/lookup", `{"phone":"`+strings.Repeat("4", 9000)+`"}`), 413, "too_large"},
		{"XML", without(post("/v1/lookup", "<phone/>", "content-type", "application/xml"), "none"), 415, "unsupported_media_type"},
		{"no number", post("/v1/lookup", `{"phone":"hello"}`), 400, "invalid_number"},
		{"number that does not exist", post("/v1/lookup", `{"phone":"+14150000000"}`), 400, "invalid_number"},
		{"vanity number", post("/v1/lookup", `{"phone":"1-800-FLOWERS"}`), 400, "invalid_number"},
		{"extension", post("/v1/lookup", `{"phone":"+14158586273;ext=12"}`), 400, "invalid_number"},
		{"full-width digits", post("/v1/lookup", `{"phone":"+1415858627３"}`), 400, "invalid_number"},
		{"region not covered", post("/v1/lookup", `{"phone":"+442079460018"}`), 403, "number_not_allowed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := s.do(tt.req)
			if got.status != tt.status {
				t.Errorf("got %d %s", got.status, got.body)
			}
			if e := s.entry(got); e.Decision != "refused" || e.Reason != tt.reason || e.UpstreamCalls != 0 {
				t.Errorf("audit entry %+v", e)
			}
			if problem := got.json(t); problem["error"] == "" || problem["detail"] == "" || problem["request_id"] != got.header.Get("X-Request-Id") {
				t.Errorf("not in the provider's error shape: %s", got.body)
			}
		})
	}
	if calls := s.provider.Calls(); calls != 0 {
		t.Errorf("the provider was called %d times", calls)
	}
}

// TestFetchOfNodeIsNoBrowser: vendors' clients for Node use it, and it sends one
// of the fields that browsers send.
func TestFetchOfNodeIsNoBrowser(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.start()
	req := s.lookupRequest(s.Minimal, canaryNumber)
	req.Header.Set("Sec-Fetch-Mode", "cors")
	if got := s.do(req); got.status != 200 {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestJSONPIsRefused(t *testing.T) {
	s := newStage(t, "numverify")
	s.start()
	got := s.do(s.request("GET", "/api/validate?number=14158586273&callback=f&access_key="+s.Minimal, ""))
	if got.status != 400 || s.provider.Calls() != 0 {
		t.Errorf("got %d %s after %d calls", got.status, got.body, s.provider.Calls())
	}
	if shape := got.json(t); shape["success"] != false {
		t.Errorf("not in the provider's error shape: %s", got.body)
	}
}

func TestNumberPolicy(t *testing.T) {
	s := newStage(t, "numverify")
	s.Route = "regions GB FR\n default_region GB\n types mobile"
	s.start()
	for number, status := range map[string]int{
		"+447400123456": 200, // a British mobile number
		"+442079460018": 403, // a British landline
		"+14158586273":  403,
	} {
		if got := s.lookup(s.Minimal, number); got.status != status {
			t.Errorf("region or type: got %d %s, want %d", got.status, got.body, status)
		}
	}
}

func TestParametersCanBeAllowed(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Route = "allow litigatorFilter"
	s.start()
	got := s.do(s.request("POST", "/v1/lookup", `{"phone":"+14158586273","litigatorFilter":true}`, "X-API-Key", s.Minimal, "Content-Type", "application/json"))
	requests, _ := s.record.Requests()
	if got.status != 200 || len(requests) != 1 || requests[0].Body != `{"phone":"4158586273","litigatorFilter":true}` {
		t.Errorf("got %d %s", got.status, got.body)
	}
}

func TestRouteServesOnlyTheCallersItNames(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Route = "callers full"
	s.start()
	if got := s.lookup(s.Full, canaryNumber); got.status != 200 {
		t.Errorf("a caller that is named: got %d", got.status)
	}
	got := s.lookup(s.Minimal, canaryNumber)
	if e := s.entry(got); got.status != 403 || e.Caller != "minimal" || e.KeyID == "" {
		t.Errorf("a caller that is not: got %d, audit entry %+v", got.status, e)
	}
}

func TestAnonymousIsForUnproxiedRequestsOfTheSameHost(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Route = "anonymous validity"
	s.start()
	plain := func(header ...string) *http.Request {
		return s.request("POST", "/v1/lookup", `{"phone":"+14158586273"}`, append([]string{"Content-Type", "application/json"}, header...)...)
	}
	if got := s.do(plain()); got.status != 200 || strings.Contains(got.body, "nanpType") {
		t.Errorf("same host: got %d %s", got.status, got.body)
	} else if e := s.entry(got); e.Caller != "anonymous" {
		t.Errorf("the audit entry names %q", e.Caller)
	}
	rebound := plain()
	rebound.Host = "rebound.example:8080"
	if got := s.do(rebound); got.status != 401 {
		t.Errorf("under a name that is not this host's: got %d", got.status)
	}
	for _, name := range []string{"X-Forwarded-For", "Forwarded", "Via", "X-Real-IP"} {
		if got := s.do(plain(name, "203.0.113.9")); got.status != 401 {
			t.Errorf("through a proxy that adds %s: got %d", name, got.status)
		}
	}
	if got := s.do(plain("X-API-Key", "wrong")); got.status != 401 {
		t.Errorf("a wrong key is worse than none: got %d", got.status)
	}
}

func TestPlaintextIsForTheSameHostOnly(t *testing.T) {
	for _, tt := range []struct {
		remote string
		want   bool
	}{
		{"127.0.0.1:1234", true},
		{"[::1]:1234", true},
		{"[::ffff:127.0.0.1]:1234", true},
		{"192.0.2.1:1234", false},
		{"[2001:db8::1]:1234", false},
		{"@", false},
		{"", false},
	} {
		r, _ := http.NewRequest("POST", "/v1/lookup", nil)
		r.RemoteAddr = tt.remote
		r.Header.Set("X-Forwarded-For", "127.0.0.1")
		r.Header.Set("X-Forwarded-Proto", "https")
		if got := checkOrigin(r) == nil; got != tt.want {
			t.Errorf("from %q: allowed is %v", tt.remote, got)
		}
	}
}

func TestLimitsAreEnforced(t *testing.T) {
	for _, tt := range []struct {
		name, route, app string
		policy           string
	}{
		{"by ip", "limit ip 2/h", "", `"ip";q=2;w=3600`},
		{"by caller on the route", "limit caller 2/h", "", `"caller";q=2;w=3600`},
		{"by number", "limit number 2/h", "", ""}, // how often others asked is not told
		{"of the caller", "", "caller bounded {\n key %SUM%\n limit 2/h\n }", `"caller";q=2;w=3600`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newStage(t, "checkthatphone")
			s.Route, s.App = tt.route, strings.ReplaceAll(tt.app, "%SUM%", sumOf(t, "bounded"))
			s.start()
			key := s.Minimal
			if tt.app != "" {
				key = keyOf["bounded"]
			}
			first := s.lookup(key, canaryNumber)
			if first.status != 200 || first.header.Get("RateLimit-Policy") != tt.policy ||
				strings.Contains(first.header.Get("RateLimit"), "r=1;") != (tt.policy != "") {
				t.Errorf("first: %d, %v", first.status, first.header)
			}
			s.lookup(key, canaryNumber)
			third := s.lookup(key, canaryNumber)
			if third.status != 429 || third.header.Get("Retry-After") == "" || third.json(t)["error"] != "Too many requests" {
				t.Errorf("third: got %d %v %s", third.status, third.header, third.body)
			}
			if calls := s.provider.Calls(); calls != 2 {
				t.Errorf("the provider was called %d times", calls)
			}
		})
	}
}

// TestReloadResetsNoLimit is half of invariant I7.
func TestReloadResetsNoLimit(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Route = "limit ip 2/h"
	s.start()
	s.lookup(s.Minimal, canaryNumber)
	s.lookup(s.Minimal, canaryNumber)
	s.Route += "\n timeout 9s"
	s.start()
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 429 {
		t.Errorf("after a reload: got %d", got.status)
	}
}
