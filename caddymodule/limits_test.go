package caddymodule

import (
	"strings"
	"testing"
)

// TestEveryDimensionIsCounted: two lookups pass and the third is refused, but
// not one that differs in the dimension.
func TestEveryDimensionIsCounted(t *testing.T) {
	type ask struct{ caller, number, session string }
	same := ask{"full", "+14158586273", "a"}
	for _, tt := range []struct {
		limit string
		asks  []ask // that are one to the limit
		other ask   // that is another; the zero value for none
	}{
		{"ip 2/h", []ask{same, {"minimal", "+12024561414", "b"}, same}, ask{}},
		{"provider 2/h", []ask{same, {"minimal", "+12024561414", "b"}, same}, ask{}},
		{"caller 2/h", []ask{same, {"full", "+12024561414", "b"}, same}, ask{"minimal", "+14158586273", "a"}},
		{"number 2/h", []ask{same, {"minimal", "4158586273", "b"}, same}, ask{"full", "+14158586274", "a"}},
		{"block 2/h", []ask{same, {"minimal", "+14158586274", "b"}, {"full", "+14158580000", "c"}}, ask{"full", "+14158596273", "a"}},
		{"session 2/h", []ask{same, {"minimal", "+12024561414", "a"}, same}, ask{"full", "+14158586273", "b"}},
		{"caller+number 2/h", []ask{same, {"full", "4158586273", "b"}, same}, ask{"minimal", "+14158586273", "a"}},
		{"number+caller 2/h", []ask{same, {"full", "4158586273", "b"}, same}, ask{"full", "+14158586274", "a"}},
		{"caller+session 2/h", []ask{same, {"full", "+12024561414", "a"}, same}, ask{"minimal", "+14158586273", "a"}},
		{"caller 1000/h 2/m", []ask{same, same, same}, ask{"minimal", "+14158586273", "a"}},
	} {
		t.Run(strings.ReplaceAll(tt.limit, "/", " per "), func(t *testing.T) {
			s := newStage(t, "checkthatphone")
			s.Route = "session header X-User\n limit " + tt.limit
			s.start()
			send := func(a ask) reply {
				req := s.lookupRequest(map[string]string{"full": s.Full, "minimal": s.Minimal}[a.caller], a.number)
				req.Header.Set("X-User", a.session)
				return s.do(req)
			}
			for i, a := range tt.asks {
				want := 200
				if i == len(tt.asks)-1 {
					want = 429
				}
				got := send(a)
				if got.status != want {
					t.Fatalf("request %d: got %d %s", i+1, got.status, got.body)
				}
				if want == 429 && (got.header.Get("Retry-After") == "" || got.header.Get("X-RateLimit-Remaining") != "0" || got.header.Get("RateLimit") == "") {
					t.Errorf("refused without saying until when: %v", got.header)
				}
			}
			if tt.other != (ask{}) {
				if got := send(tt.other); got.status != 200 {
					t.Errorf("one that differs: got %d %s", got.status, got.body)
				}
			}
			if calls := s.provider.Calls(); calls > int64(len(tt.asks)) {
				t.Errorf("%d upstream calls", calls)
			}
			s.start() // a reload
			if got := send(tt.asks[0]); got.status != 429 {
				t.Errorf("after a reload: got %d", got.status)
			}
		})
	}
}

// TestLimitsOfACallerAreItsOwn: a caller's limit by number does not count what
// others ask.
func TestLimitsOfACallerAreItsOwn(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.App = "caller a {\n key " + sumOf(t, "own-a") + "\n limit number 1/h\n limit 3/h\n }\n caller b {\n key " + sumOf(t, "own-b") + "\n limit number 1/h\n }"
	s.start()
	for i, tt := range []struct {
		key, number string
		want        int
	}{
		{"own-a", canaryNumber, 200},
		{"own-b", canaryNumber, 200},
		{"own-a", canaryNumber, 429},
		{"own-a", "+12024561414", 200},
		{"own-a", "+12024561111", 429}, // three requests, one of them refused by number
		{"own-b", "+12024561111", 200},
	} {
		if got := s.lookup(keyOf[tt.key], tt.number); got.status != tt.want {
			t.Errorf("request %d: got %d %s", i+1, got.status, got.body)
		}
	}
}

func TestHowOftenANumberWasAskedIsNotTold(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.Route = "limit number 5/h\n limit caller 100/h"
	s.start()
	got := s.lookup(s.Full, canaryNumber)
	if policy := got.header.Get("RateLimit-Policy"); got.status != 200 || strings.Contains(policy, "number") || !strings.Contains(policy, "caller") {
		t.Errorf("got %d, %s", got.status, policy)
	}
}
