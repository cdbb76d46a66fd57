package faults

import (
	"fmt"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
	"github.com/ringward/ringward/e2e/redis"
)

// TestRedisFaults: with the default of on_failure, limits are counted in the
// process while their Redis is away, and nobody is refused for it.
func TestRedisFaults(t *testing.T) { //nolint:paralleltest // it measures times
	server := redis.Start(t)
	s := harness.NewStage(t, bin, "checkthatphone")
	s.App = "limits redis " + server.Address + " {\n pseudonym_key file " + s.File("limits-key", harness.RandomText()) + "\n }"
	s.Route = "limit ip 10000000/h\n limit caller 10000000/h\n limit number 10000000/h"
	r := NewRig(t, "Redis", s, *phase)
	awaitStore := func(up int) {
		t.Helper()
		line := fmt.Sprintf("\nringward_limit_store_up %d\n", up)
		harness.Eventually(t, harness.Soon, "the metric to be "+line, func() error {
			if !strings.Contains(s.Metrics(), line) {
				return fmt.Errorf("it is not")
			}
			return nil
		})
	}
	r.Run(Fault{
		Name:  "killed, and started again empty",
		Break: func() { server.Kill(); awaitStore(0) }, Mend: func() { server.Restart(); awaitStore(1) },
	})
	r.Run(Fault{
		Name:  "frozen",
		Break: func() { server.Freeze(); awaitStore(0) }, Mend: func() { server.Thaw(); awaitStore(1) },
	})
	r.Run(Fault{
		Name: "flushed", Mend: func() {},
		Break: func() {
			if answer, err := server.Command("FLUSHALL"); err != nil || answer != "+OK\n" {
				t.Fatalf("flushing: %s, %v", answer, err)
			}
		},
	})
}
