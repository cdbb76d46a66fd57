package attacks

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"golang.org/x/net/http2"

	"github.com/ringward/ringward/e2e/harness"
)

// TestAttackRapidReset begins lookups and resets them, at once (CVE-2023-44487: a
// reset frees the stream's place, so that the limit of streams does not hold) and
// when the provider has them. Each could cost a lookup, or give back what was
// counted, so that limits would not hold either.
func TestAttackRapidReset(t *testing.T) {
	a := enter(t)
	over := make(chan struct{})
	a.villain.answers(t, func(visit) { <-over })
	before := a.calls()
	c := a.speakH2(scarce)
	stream := uint32(1)
	for range 5000 {
		c.request(stream, a.lookupFields(), goodBody)
		if c.WriteRSTStream(stream, http2.ErrCodeCancel) != nil {
			break // the server has had enough
		}
		stream += 2
	}
	_ = c.conn.Close()
	a.fewGoroutines()
	refused := 0
	for range countedLimit + 1 {
		made := a.calls()
		c := a.speakH2(scarce)
		c.request(1, a.lookupFields(), goodBody)
		answered := make(chan harness.Reply, 1)
		go func() { answered <- c.answer(1) }()
		harness.Eventually(t, harness.Soon, "the lookup", func() error {
			select {
			case got := <-answered:
				a.refused("one too many", got, http.StatusTooManyRequests)
				refused++
				return nil
			default:
			}
			if a.calls() == made {
				return errors.New("it is neither made nor refused")
			}
			return nil
		})
		_ = c.WriteRSTStream(1, http2.ErrCodeCancel)
		_ = c.conn.Close()
	}
	close(over)
	if n := a.calls() - before; n > countedLimit || refused == 0 {
		t.Errorf("with a limit of %d, %d lookups were made", countedLimit, n)
	}
	a.open("")
}

// fewGoroutines waits until Ringward does no more work than before an attack.
func (a *arena) fewGoroutines() {
	a.t.Helper()
	harness.Eventually(a.t, harness.Soon, "Ringward to be done", func() error {
		var n int
		profile := a.AdminGet("/debug/pprof/goroutine?debug=1").Body
		if _, err := fmt.Sscanf(profile, "goroutine profile: total %d", &n); err != nil || n > 300 {
			return fmt.Errorf("%d goroutines, %v", n, err)
		}
		return nil
	})
}

// TestAttackContinuationFlood sends fields without end, in CONTINUATION frames
// that never say that they are the last (CVE-2023-45288). A server that keeps or
// decodes them all runs out of memory or time.
func TestAttackContinuationFlood(t *testing.T) {
	a := enter(t)
	const bound = 8 << 20
	a.unpaid(func() {
		c := a.speakH2(overTLS)
		_ = c.WriteHeaders(http2.HeadersFrameParam{StreamID: 1, BlockFragment: c.encode(a.lookupFields()), EndStream: true})
		sent := 0
		for sent < bound {
			block := c.encode([]field{{fmt.Sprintf("x-%d", sent), strings.Repeat("x", 15_000)}})
			if err := c.WriteContinuation(1, false, block); err != nil {
				break
			}
			sent += len(block)
		}
		if sent >= bound {
			t.Errorf("%d bytes of fields were taken", sent)
		}
	})
	a.open("")
}

// TestAttackControlFlood sends frames that have to be answered, and reads no
// answer (CVE-2019-9512, pings; CVE-2019-9515, settings). A server that keeps its
// answers until they can be sent runs out of memory.
func TestAttackControlFlood(t *testing.T) {
	a := enter(t)
	before := a.mostMemory()
	for name, send := range map[string]func(*h2) error{
		"pings":    func(c *h2) error { return c.WritePing(false, [8]byte{}) },
		"settings": func(c *h2) error { return c.WriteSettings() },
	} {
		c := a.speakH2(overTLS)
		for range 300_000 {
			if send(c) != nil {
				break // the server has had enough
			}
		}
		_ = c.conn.Close()
		// The collector lets the heap grow to five times what is held.
		if grown := (a.mostMemory() - before) >> 10; grown > 192 {
			t.Errorf("%s: Ringward took %d MiB more", name, grown)
		}
	}
	a.fewGoroutines()
	a.open("")
}
