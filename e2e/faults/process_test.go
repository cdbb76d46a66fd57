package faults

import (
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
)

// TestProcessFaults: what befalls the process itself costs callers no answer
// that was given, and the audit log no entry.
func TestProcessFaults(t *testing.T) { //nolint:paralleltest // it measures times
	r := NewRig(t, "process", harness.NewStage(t, bin, "checkthatphone"), *phase)
	restart := func() {
		r.Stage.Run()
		r.AwaitHealth(http.StatusOK)
	}
	r.Run(Fault{
		Name: "the config is reloaded every second",
		// Caddy opens a new socket and closes the old one. What has been sent to
		// that one and not been read gets a reset, and may be sent again.
		May: []int{NoAnswer}, Break: func() {}, Mend: func() {},
		During: func() {
			for range max(3, int(phaseOf(*phase).Seconds())) {
				next := time.Now().Add(time.Second)
				r.App = fmt.Sprintf("caller other {\n key %s\n }", harness.NewCaller().Digest)
				r.MustReload()
				time.Sleep(time.Until(next)) // once a second is what is shown
			}
		},
	})
	r.Run(Fault{
		Name: "it is stopped for a second, and its clocks jump",
		// What was under way may have lost its time.
		May:    []int{http.StatusGatewayTimeout, http.StatusBadGateway},
		Break:  func() { r.Process.Signal(t, syscall.SIGSTOP) },
		During: func() { time.Sleep(time.Second) }, // the jump
		Mend:   func() { r.Process.Signal(t, syscall.SIGCONT) },
	})
	r.Run(Fault{
		Name: "SIGTERM, and a new start", Seen: []int{NoAnswer},
		Break: func() {
			r.Process.Signal(t, syscall.SIGTERM)
			if code := r.Process.Wait(t); code != 0 {
				t.Errorf("exit code %d", code)
			}
		},
		Mend: restart,
	})
	r.Run(Fault{
		Name: "SIGKILL, and a new start", Crash: true, Seen: []int{NoAnswer},
		Break: func() {
			r.Process.Signal(t, syscall.SIGKILL)
			r.Process.Wait(t)
		},
		Mend: restart,
	})
}
