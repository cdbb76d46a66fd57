package leakhunt

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

func newRNG(t *testing.T) *rand.Rand {
	t.Helper()
	start := *seed
	for start == 0 {
		start = rand.Uint64()
	}
	t.Logf("-seed %d", start)
	return rand.New(rand.NewPCG(start, start))
}

// TestHuntFindsNothing is the hunt itself.
func TestHuntFindsNothing(t *testing.T) { //nolint:paralleltest // it takes what the machine has
	h := newHunt(t, newRNG(t), "")
	h.run(*huntFor)
	answered := 0
	for _, p := range h.presets {
		if answered += h.answered[p.name]; h.answered[p.name] == 0 {
			t.Errorf("nothing was answered with %s: this was no hunt", p.name)
		}
	}
	t.Logf("%d requests with %d presets, %d of them answered; %d rotations, %d reloads, %d exports of traces; %.1f MiB searched: %d hits",
		h.requests.Load(), len(h.presets), answered, h.rotated, h.reloads, h.collect.taken.Load(), float64(h.bytes.Load())/(1<<20), h.hits)
	for _, hit := range h.shown {
		t.Error(hit)
	}
	if h.hits > 0 {
		t.Errorf("%d hits", h.hits)
	}
	if h.collect.taken.Load() == 0 {
		t.Error("no traces came")
	}
}

// TestHuntFindsPlantedLeaks hunts a Ringward beside which a site of Caddy's own
// gives away what it is sent, in an answer and in a log.
func TestHuntFindsPlantedLeaks(t *testing.T) { //nolint:paralleltest // see above
	port := harness.FreePort(t)
	h := newHunt(t, newRNG(t), fmt.Sprintf(`
http://:%s {
	bind 127.0.0.1
	log
	respond "{header.X-Secret}" 400
}
`, port))
	for _, p := range h.presets {
		if p.name == "numverify" {
			p.port = port // the others are hunted as they are
		}
	}
	hunted := h.presets
	h.presets = nil
	for _, p := range hunted {
		if p.port == port {
			h.presets = append(h.presets, p)
		}
	}
	planted := spoils
	spoils = []func(*hunter, *request){func(o *hunter, r *request) { r.header.Set("X-Secret", r.key) }}
	defer func() { spoils = planted }()
	h.run(2 * time.Second)
	for _, want := range []string{
		"the caller key of minimal is in an answer", "the caller key of full is in an answer",
		"the caller key of minimal is in the log", "the caller key of full is in the log",
	} {
		if h.kinds[want] == 0 {
			t.Errorf("of %d hits none says that %s: %v", h.hits, want, h.kinds)
		}
	}
}
