package caddymodule

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/e2e/harness"
	"github.com/ringward/ringward/e2e/redis"
)

// redisStage is a stage that counts in a real Redis.
func redisStage(t *testing.T, options string) (*stage, *redis.Server) {
	t.Helper()
	server := redis.Start(t)
	s := newStage(t, "checkthatphone")
	s.vault.Put("secret/limits", map[string]string{"key": randomText() + randomText()})
	s.App = "limits redis " + server.Address + " {\n pseudonym_key vault secret/limits key\n " + options + "\n }"
	return s, server
}

func TestRedisHoldsCountsAndNoNames(t *testing.T) {
	s, server := redisStage(t, "on_failure deny") // what is late on a busy machine counts nowhere
	s.Route = "limit caller 2/h\n limit ip 100/h\n limit number 100/h\n limit block 100/h\n budget caller daily 100"
	s.start()
	counted := func() (status int) {
		s.await("an answer in time", func() bool { status = s.lookup(s.Full, canaryNumber).status; return status != 503 })
		return status
	}
	for i, want := range []int{200, 200, 429} {
		if got := counted(); got != want {
			t.Fatalf("request %d: got %d", i+1, got)
		}
	}
	s.start() // a reload
	if got := counted(); got != 429 {
		t.Errorf("after a reload: got %d", got)
	}
	keys, err := server.Command("KEYS", "*")
	if err != nil || strings.Count(keys, "ringward:") < 5 {
		t.Fatalf("keys in Redis: %s, %v", keys, err)
	}
	for _, name := range []string{"full", "127.0.0.1", "4158586273", "checkthatphone", s.Full} {
		if strings.Contains(keys, name) {
			t.Errorf("%q is in the names of the counters: %s", name, keys)
		}
	}
	for key := range strings.FieldsSeq(keys) {
		if ttl, err := server.Command("TTL", key); strings.HasPrefix(key, "ringward:") && (err != nil || strings.HasPrefix(ttl, "-")) {
			t.Errorf("%s lives for ever: %s, %v", key, ttl, err)
		}
	}
}

// TestRequestsGoOnWithoutRedis kills it under a route's feet, and brings it back.
func TestRequestsGoOnWithoutRedis(t *testing.T) {
	for _, tt := range []struct {
		policy       string
		first, fifth int // status of the first and the fifth request without Redis
	}{
		{"local 0.2", 200, 429}, // a fifth of 10
		{"deny", 503, 503},
		{"allow", 200, 200},
	} {
		t.Run(tt.policy, func(t *testing.T) {
			s, server := redisStage(t, "on_failure "+tt.policy)
			s.Route = "limit caller 10/h"
			s.start()
			if got := s.lookup(s.Full, canaryNumber); got.status != 200 {
				t.Fatalf("with Redis: got %d %s", got.status, got.body)
			}
			server.Kill()
			for i := range 5 {
				got := s.lookup(s.Full, canaryNumber)
				want := map[int]int{0: tt.first, 4: tt.fifth}[i]
				if want != 0 && got.status != want {
					t.Errorf("request %d without Redis: got %d %s", i+1, got.status, got.body)
				}
				if got.status == 503 && (s.entry(got).Reason != "limits_unavailable" || got.header.Get("Retry-After") == "") {
					t.Errorf("refused as %s: %v", s.entry(got).Reason, got.header)
				}
			}
			server.Restart()
			s.await("limits to be counted in Redis again", func() bool {
				before, _ := server.Command("DBSIZE")
				got := s.lookup(s.Minimal, canaryNumber)
				time.Sleep(20 * time.Millisecond) // the store probes Redis once in a while
				return got.status == 200 && before != "" && !strings.HasSuffix(strings.TrimSpace(before), "0")
			})
		})
	}
}

// TestAFrozenRedisCostsABoundedTime freezes it, which is worse than killing it:
// connections stay open and say nothing.
func TestAFrozenRedisCostsABoundedTime(t *testing.T) {
	s, server := redisStage(t, "on_failure allow")
	s.Route = "limit caller 1000/h\n limit ip 1000/h\n limit number 1000/h\n budget provider daily 1000"
	s.start()
	s.lookup(s.Full, canaryNumber)
	server.Freeze()
	defer server.Thaw()
	begin := time.Now()
	const requests = 60
	for range requests {
		if got := s.lookup(s.Full, canaryNumber); got.status != 200 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
	}
	// Five requests wait 50 ms, the others not at all. Without the breaker it
	// would be three seconds, without the bound for ever.
	if took := time.Since(begin); took > requests*50*time.Millisecond {
		t.Errorf("%d requests took %v", requests, took)
	}
}

// TestRedisOverTLSWithAnACLUser has the whole way from the Caddyfile's words to
// the counters, under a certificate that is not for the name in the address.
func TestRedisOverTLSWithAnACLUser(t *testing.T) {
	certificate := harness.NewCertificate(t, t.TempDir(), "127.0.0.1")
	password := randomText()
	server := redis.StartTLS(t, certificate.CertFile, certificate.KeyFile, redis.OnlyCounter("counter", password)...)
	other := harness.NewCertificate(t, t.TempDir(), "127.0.0.1")
	_, port, _ := net.SplitHostPort(server.Address)
	var (
		ca, name, user = "ca " + certificate.CertFile, "server_name 127.0.0.1", "username counter"
		secret         = "password vault secret/limits password"
	)
	for what, tt := range map[string]struct {
		options []string
		works   bool
	}{
		"all":                {[]string{"tls", ca, name, user, secret}, true},
		"no TLS":             {[]string{user, secret}, false},
		"no CA":              {[]string{"tls", name, user, secret}, false},
		"another CA":         {[]string{"tls", "ca " + other.CertFile, name, user, secret}, false},
		"the address's name": {[]string{"tls", ca, user, secret}, false},
		"the default user":   {[]string{"tls", ca, name, secret}, false},
		"no password":        {[]string{"tls", ca, name, user}, false},
		"another password":   {[]string{"tls", ca, name, user, "password vault secret/limits key"}, false},
	} {
		t.Run(what, func(t *testing.T) {
			s := newStage(t, "checkthatphone")
			s.vault.Put("secret/limits", map[string]string{"key": randomText() + randomText(), "password": password})
			s.App = "limits redis localhost:" + port + " {\n pseudonym_key vault secret/limits key\n on_failure deny\n " +
				strings.Join(tt.options, "\n ") + "\n }"
			s.Route = "limit caller 2/d"
			s.start()
			want, up := []int{200, 429}, "1"
			if tt.works {
				// The first connection may take longer than a request waits.
				s.await("the first to be counted", func() bool { return s.lookup(s.Full, canaryNumber).status == 200 })
			} else {
				want, up = []int{503, 503, 503}, "0"
			}
			for i, want := range want {
				if got := s.lookup(s.Full, canaryNumber); got.status != want {
					t.Errorf("request %d: got %d %s", i+1, got.status, got.body)
				}
			}
			if !strings.Contains(s.admin("/metrics"), "\nringward_limit_store_up "+up+"\n") {
				t.Errorf("ringward_limit_store_up is not %s", up)
			}
			if log := readText(t, s.Dir+"/debug.log"); strings.Contains(log, password) {
				t.Error("the password is in the log")
			}
		})
	}
	if rights := strings.Join(redis.CounterRights, " "); !strings.Contains(docText(t, "docs/limits.md"), "`"+rights+"`") {
		t.Errorf("docs/limits.md does not name the rights %s", rights)
	}
}

// TestALargeBatchIsCountedInTime: 500 numbers cost Redis one call for each of
// the two limits, not one for each number.
func TestALargeBatchIsCountedInTime(t *testing.T) {
	server := redis.Start(t)
	s := newStage(t, "infobip")
	s.vault.Put("secret/limits", map[string]string{"key": randomText() + randomText()})
	s.App = "limits redis " + server.Address + " {\n pseudonym_key vault secret/limits key\n on_failure deny\n }\n" +
		"caller own {\n key " + sumOf(t, "own") + "\n limit number 1000/d\n }"
	s.Route = "limit number 5/d"
	s.start()
	batch := manyNumbers(500)
	passed, late := 0, 0
	for range 20 {
		got := s.postAs(keyOf["own"], "/number/1/query", batch)
		if got.status == 429 {
			break
		}
		switch got.status {
		case 200:
			passed++
		case 503: // a machine that is too busy; it may have counted
			late++
		default:
			t.Fatalf("got %d %s", got.status, got.body)
		}
	}
	if passed == 0 || passed > 5 || passed+late < 5 {
		t.Errorf("%d batches passed and %d were late, want 5 in all", passed, late)
	}
	if got := s.postAs(s.Full, "/number/1/query", manyNumbers(1)); got.status != 429 {
		t.Errorf("one of the numbers alone: got %d %s", got.status, got.body)
	}
	if metrics := s.admin("/metrics"); !strings.Contains(metrics, "\nringward_limit_store_up 1\n") {
		t.Error("Redis is taken for down")
	}
}

// manyNumbers is the body of a batch of numbers.
func manyNumbers(n int) string {
	numbers := make([]string, n)
	for i := range numbers {
		numbers[i] = fmt.Sprintf("+41793026%03d", i)
	}
	body, _ := json.Marshal(map[string][]string{"to": numbers})
	return string(body)
}

func TestWithoutTheKeyForNamesNothingIsCounted(t *testing.T) {
	s, server := redisStage(t, "on_failure allow")
	s.Route = "limit caller 10/h"
	s.App = strings.Replace(s.App, "vault secret/limits key", "vault secret/missing key", 1)
	if err := s.tryStart(); err == nil {
		t.Error("a reference that is wrong does not refuse the config")
	}
	if keys, _ := server.Command("KEYS", "*"); strings.Contains(keys, "ringward:") {
		t.Errorf("keys in Redis: %s", keys)
	}
}

// TestNumbersAreForgottenInRedis alone and with each caller, with the rights that
// counting needs.
func TestNumbersAreForgottenInRedis(t *testing.T) {
	s, server := redisStage(t, "on_failure deny")
	s.App += "\n caller own {\n key " + sumOf(t, "forget-own") + "\n limit number 1/d\n }"
	s.Route = "limit number 2/d\n limit caller+number 2/d"
	s.start()
	counted := func(key string) (status int) {
		s.await("an answer in time", func() bool { status = s.lookup(key, canaryNumber).status; return status != 503 })
		return status
	}
	for i, tt := range []struct {
		key  string
		want int
	}{{keyOf["forget-own"], 200}, {keyOf["forget-own"], 429}, {s.Full, 200}, {s.Full, 429}} {
		if got := counted(tt.key); got != tt.want {
			t.Fatalf("request %d: got %d", i+1, got)
		}
	}
	out, _, err := runAudit(canaryNumber, "forget", "--number", "-", "--config", s.file("Caddyfile", s.caddyfile()))
	if err != nil || strings.HasPrefix(out, "0 counters") {
		t.Fatalf("forget: %v\n%s", err, out)
	}
	if keys, err := server.Command("KEYS", "ringward:*"); err != nil || strings.Count(keys, "ringward:") > strings.Count(keys, "{probe}") {
		t.Errorf("counters are left: %s, %v", keys, err)
	}
	if a, b := counted(keyOf["forget-own"]), counted(s.Full); a != 200 || b != 200 {
		t.Errorf("after it was forgotten: got %d and %d", a, b)
	}
}
