package quota

import (
	"net/http"
	"testing"
	"time"
)

func TestHeadersSayWhereTheClientStands(t *testing.T) {
	open := State{Name: "ip", Limit: 10, Remaining: 5, Reset: 29500 * time.Millisecond, Window: time.Hour}
	reached := State{Name: "caller-1m", Limit: 100, Reset: 7 * time.Second, Reached: true, Window: time.Minute}
	longer := State{Name: "number", Limit: 1, Reset: 61 * time.Second, Reached: true, Window: time.Hour}
	tests := []struct {
		name                       string
		states                     []State
		policy, current, retryTime string
	}{
		{"none", nil, "", "", ""},
		{"no rule", []State{{}}, "", "", ""},
		{"open, rounded up", []State{open}, `"ip";q=10;w=3600`, `"ip";r=5;t=30`, ""},
		{
			"two, one without rule between",
			[]State{open, {}, reached},
			`"ip";q=10;w=3600, "caller-1m";q=100;w=60`, `"ip";r=5;t=30, "caller-1m";r=0;t=7`, "7",
		},
		{
			"the longest reached limit decides",
			[]State{longer, reached},
			`"number";q=1;w=3600, "caller-1m";q=100;w=60`, `"number";r=0;t=61, "caller-1m";r=0;t=7`, "61",
		},
		{
			"reached and just over",
			[]State{{Name: "ip", Limit: 1, Reached: true, Window: time.Second}},
			`"ip";q=1;w=1`, `"ip";r=0;t=0`, "1",
		},
		{
			"a name cannot break out",
			[]State{{Name: "a\";x=\"\\\r\nö", Limit: 1, Window: time.Second}},
			`"a\";x=\"\\????";q=1;w=1`, `"a\";x=\"\\????";r=0;t=0`, "",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := make(http.Header)
			SetHeaders(h, tt.states)
			for name, want := range map[string]string{
				"RateLimit-Policy": tt.policy, "RateLimit": tt.current, "Retry-After": tt.retryTime,
			} {
				if got := h.Get(name); got != want {
					t.Errorf("%s: got %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestOlderClientsGetTheTightestState(t *testing.T) {
	open := State{Name: "ip", Limit: 10, Remaining: 5, Reset: 30 * time.Second, Window: time.Hour}
	tighter := State{Name: "caller", Limit: 100, Remaining: 2, Reset: 6500 * time.Millisecond, Window: time.Minute}
	h := make(http.Header)
	SetHeaders(h, []State{open, {}, tighter})
	for name, want := range map[string]string{
		"X-RateLimit-Limit": "100", "X-RateLimit-Remaining": "2", "X-RateLimit-Reset": "7",
	} {
		if got := h.Get(name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
}
