package e2e

import (
	"net/http"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
	"github.com/ringward/ringward/e2e/redis"
)

// sharing is a Ringward that counts in a Redis, beside others with the same
// callers. app holds further global options.
func sharing(t *testing.T, server *redis.Server, key, route, options, app string, callersOf *harness.Stage) *harness.Stage {
	t.Helper()
	s := harness.NewStage(t, bin, "checkthatphone")
	s.App = app + "\nlimits redis " + server.Address + " {\n pseudonym_key file " + s.File("limits-key", key) + "\n " + options + "\n }"
	s.Route = route
	if callersOf != nil {
		s.Minimal, s.Full = callersOf.Minimal, callersOf.Full
		s.Pseudonyms = callersOf.Pseudonyms // so that a number is the same one to both
	}
	s.Run()
	return s
}

// TestTwoProcessesShareALimitExactly: of 2,000 requests at two processes, 100
// pass, not one more or less.
func TestTwoProcessesShareALimitExactly(t *testing.T) {
	server, key := redis.Start(t), harness.RandomText()
	// The window is a day, so that none ends meanwhile; but for midnight, UTC.
	const route, options = "limit caller 100/d", "on_failure deny"
	one := sharing(t, server, key, route, options, "", nil)
	two := sharing(t, server, key, route, options, "", one)
	// With more at a time, two processors are too slow for some requests to be
	// counted within 50 ms; those are refused, so that fewer than 100 pass.
	const connections = 16 // to each process
	client := http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxConnsPerHost: connections, MaxIdleConnsPerHost: connections}}
	var wg sync.WaitGroup
	var passed, refused, other atomic.Int64
	for i := range 2000 {
		wg.Go(func() {
			req := []*harness.Stage{one, two}[i%2].LookupRequest(one.Full.Key, harness.Number)
			resp, err := client.Do(req)
			if err != nil {
				other.Add(1)
				return
			}
			defer resp.Body.Close()
			switch resp.StatusCode {
			case http.StatusOK:
				passed.Add(1)
			case http.StatusTooManyRequests:
				refused.Add(1)
			default:
				other.Add(1)
			}
		})
	}
	wg.Wait()
	if passed.Load() != 100 || refused.Load() != 1900 {
		t.Errorf("%d passed, %d were refused, %d ended otherwise", passed.Load(), refused.Load(), other.Load())
	}
	if calls := one.Standin.Calls(t, "checkthatphone") + two.Standin.Calls(t, "checkthatphone"); calls != 100 {
		t.Errorf("%d upstream calls", calls)
	}
}
