package leakhunt

import (
	"fmt"
	"strings"
	"syscall"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// disturb lets something go wrong or change, and waits a moment.
func (h *hunt) disturb() {
	h.t.Helper()
	p := h.presets[h.rng.IntN(len(h.presets))]
	switch n := h.rng.IntN(100); {
	case n < 70:
		all := h.faults[p.name]
		h.Standin.SetFault(h.t, p.name, h.sticky(all[h.rng.IntN(len(all))]))
	case n < 75:
		h.Standin.SetFault(h.t, p.name, harness.Fault{"Stall": true, "Sticky": true})
	case n < 90:
		h.rotate(p.name, h.rng.IntN(2) == 0)
	case n < 93:
		h.reload()
	case n < 95 && h.way != nil:
		h.way.Close()
		h.pause()
		h.way.Open(h.t)
	default:
		h.Standin.SetFault(h.t, p.name, nil)
	}
	h.pause()
}

func (h *hunt) sticky(fault harness.Fault) harness.Fault {
	if h.rng.IntN(2) == 0 {
		fault["Sticky"] = true
	}
	return fault
}

// pause lets requests meet what is wrong. Nothing can be watched for.
func (h *hunt) pause() { time.Sleep(time.Duration(h.rng.IntN(int(50 * time.Millisecond)))) }

// rotate gives a provider a new key, with or without a time in which it takes
// both.
func (h *hunt) rotate(name string, overlap bool) {
	h.t.Helper()
	old, next := h.keys[name], h.nextKey(name)
	accepted := []string{next}
	if overlap {
		accepted = append(accepted, old)
	}
	if name == h.Provider {
		accepted = append(accepted, h.Standin.Key)
	}
	h.Standin.SetKeys(h.t, name, accepted...)
	h.store(name, next)
	h.rotated++
}

// reload gives Ringward another config.
func (h *hunt) reload() {
	h.t.Helper()
	h.Route = fmt.Sprintf("timeout %dms", 400+h.rng.IntN(200))
	h.MustReload()
	h.reloads++
}

// shown are the paths of the admin API that show something.
var shown = []string{
	"/config/", "/ringward/status", "/metrics", "/reverse_proxy/upstreams", "/debug/vars",
	"/debug/pprof/cmdline", "/debug/pprof/goroutine?debug=2", "/debug/pprof/heap?debug=1", "/debug/pprof/allocs?debug=1",
}

// harvest searches what has come out.
func (h *hunt) harvest() {
	h.t.Helper()
	path := shown[h.rng.IntN(len(shown))]
	h.text("the admin API, "+path, h.AdminGet(path).Body, true)
	h.text("the metrics", h.Metrics(), true)
	h.harvestFiles()
}

func (h *hunt) harvestFiles() {
	h.t.Helper()
	for place, name := range map[string]string{"the log": "debug.log", "the audit log": "audit.jsonl"} {
		if err := h.grown(place, h.Dir+"/"+name); err != nil {
			h.t.Fatal(err)
		}
	}
	stdout, stderr := h.Process.TakeOutput()
	h.stream("standard output", stdout)
	h.stream("standard error", stderr)
}

// crash ends the process as a fault of its own would, and searches what it
// leaves behind.
func (h *hunt) crash() {
	h.t.Helper()
	for _, path := range shown {
		h.text("the admin API, "+path, h.AdminGet(path).Body, true)
	}
	h.Process.Signal(h.t, syscall.SIGABRT)
	h.Process.Wait(h.t)
	_, stderr := h.Process.TakeOutput()
	if !strings.Contains(stderr, "goroutine ") {
		h.t.Errorf("no stack in what the crash left: %.200s", stderr)
	}
	h.stream("the crash", stderr)
	h.harvestFiles()
	left := make(harness.Evidence)
	left.AddTree(h.t, h.Process.Home())
	for place, text := range left {
		h.text(place, text, true)
	}
}
