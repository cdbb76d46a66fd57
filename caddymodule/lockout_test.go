package caddymodule

import (
	"strconv"
	"testing"
)

func TestWhoFailsAgainAndAgainIsLockedOut(t *testing.T) {
	s := newStage(t, "checkthatphone")
	s.App = "lockout {\n after 3/h\n base 10m\n }"
	s.start()
	for i := range 3 {
		if got := s.lookup(s.Full, "+14150000000"); got.status != 400 {
			t.Fatalf("wrong number %d: got %d %s", i+1, got.status, got.body)
		}
	}
	calls := s.provider.Calls()
	got := s.lookup(s.Full, canaryNumber)
	if e := s.entry(got); got.status != 429 || e.Reason != "locked_out" || e.Decision != "refused" || s.provider.Calls() != calls {
		t.Errorf("the caller: got %d %s, entry %+v", got.status, got.body, e)
	}
	if wait, err := strconv.Atoi(got.header.Get("Retry-After")); err != nil || wait < 590 || wait > 600 {
		t.Errorf("Retry-After is %q", got.header.Get("Retry-After"))
	}
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 200 {
		t.Errorf("another caller: got %d %s", got.status, got.body)
	}
	s.start() // a reload
	if got := s.lookup(s.Full, canaryNumber); got.status != 429 {
		t.Errorf("after a reload: got %d", got.status)
	}
	for i := range 3 {
		if got := s.lookup("rwk_wrong", canaryNumber); got.status != 401 {
			t.Fatalf("wrong key %d: got %d %s", i+1, got.status, got.body)
		}
	}
	if got := s.lookup(s.Minimal, canaryNumber); got.status != 429 || s.entry(got).Reason != "locked_out" {
		t.Errorf("with a good key from the address of wrong ones: got %d %s", got.status, got.body)
	}
}
