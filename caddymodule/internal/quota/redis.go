package quota

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// probeInterval is how often a Redis that is down is looked for.
const probeInterval = 250 * time.Millisecond

var (
	errDown   = errors.New("redis is down")
	errNoTime = errors.New("the time for counting is over")
	errKept   = errors.New("what was counted stays counted")
	errAnswer = errors.New("redis answered with something else than two counts")
)

// RedisStore keeps counters in a Redis or Valkey that replicas share. It is
// safe for concurrent use.
//
// A request waits for Redis no longer than RedisConfig.Wait. After
// RedisConfig.Threshold failures in a row Redis is taken for down: requests no
// longer wait for it and go by RedisConfig.OnFailure at once, while the store
// looks for it in the background and uses it again as soon as it answers in
// time. What passed meanwhile under FailLocal or FailAllow does not count in
// Redis afterwards.
//
// Redis must not evict keys with an expiry (maxmemory-policy noeviction), or a
// limit begins again. A Redis that lost its data begins again too.
type RedisStore struct {
	config  RedisConfig
	redis   *redisClient
	breaker *breaker
	local   *Store

	stop  context.CancelFunc
	done  sync.WaitGroup
	close func() error // once
}

// RedisStatus is how a RedisStore fares, for metrics.
type RedisStatus struct {
	Down     bool   // Redis is taken for down
	Failures uint64 // how often Redis failed a request or was late, ever
}

// NewRedisStore checks the config and connects. A Redis that is not there yet is
// no error: it is down, as it may be later. Close ends the store.
func NewRedisStore(ctx context.Context, config RedisConfig) (*RedisStore, error) {
	config.setDefaults()
	if err := config.check(); err != nil {
		return nil, err
	}
	client, err := newRedisClient(ctx, &config)
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	s := &RedisStore{
		config:  config,
		redis:   client,
		breaker: newBreaker(config.Threshold),
		local:   NewMemoryStore(),
		stop:    stop,
	}
	s.close = sync.OnceValue(func() error { return errors.Join(client.client.Close(), s.local.Close()) })
	if err := client.probe(config.Wait); err != nil {
		s.breaker.trip(err)
	}
	s.done.Go(func() { s.watch(ctx) })
	return s, nil
}

// Status tells how the store fares.
func (s *RedisStore) Status() RedisStatus {
	return RedisStatus{Down: s.breaker.down.Load(), Failures: s.breaker.failures.Load()}
}

// Close ends the connections. A closed store counts no more. Close may be called
// more than once.
func (s *RedisStore) Close() error {
	s.stop()
	s.done.Wait()
	return s.close()
}

// Add counts in Redis, or in its place as the failure policy says.
func (s *RedisStore) Add(ctx context.Context, tallies []Tally) error {
	err := s.try(ctx, func(ctx context.Context) error { return s.redis.add(ctx, tallies) })
	if err == nil {
		return nil
	}
	switch s.config.OnFailure {
	case FailLocal:
		return s.addLocally(ctx, tallies)
	case FailAllow:
		for i := range tallies {
			tallies[i].origin = uncounted
		}
		return nil
	}
	return err
}

func (s *RedisStore) addLocally(ctx context.Context, tallies []Tally) error {
	for i := range tallies {
		t := &tallies[i]
		t.origin = locally
		t.Limit = max(1, int64(float64(t.Limit)*s.config.Share))
	}
	return s.local.Add(ctx, tallies)
}

// GiveBack gives back where Add has counted.
func (s *RedisStore) GiveBack(ctx context.Context, tallies []Tally) error {
	if len(tallies) == 0 {
		return nil
	}
	switch tallies[0].origin { // all are counted in one place
	case locally:
		return s.local.GiveBack(ctx, tallies)
	case uncounted:
		return nil
	}
	if err := s.try(ctx, func(ctx context.Context) error { return s.redis.giveBack(ctx, tallies) }); err != nil {
		return fmt.Errorf("%w: %w", errKept, err)
	}
	return nil
}

// try runs what needs Redis, within the time that the request has left.
func (s *RedisStore) try(ctx context.Context, run func(context.Context) error) error {
	if s.breaker.down.Load() {
		return errDown
	}
	wait, spent := spend(ctx, s.config.Wait)
	defer spent()
	if wait <= 0 {
		return errNoTime
	}
	limited, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	err := run(limited)
	switch {
	case err == nil:
		s.breaker.succeeded()
	case ctx.Err() == nil: // otherwise the request was given up, which says nothing of Redis
		s.breaker.failed(err)
	}
	return err
}

// watch looks for Redis whenever it is down, until ctx ends.
func (s *RedisStore) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case cause := <-s.breaker.tripped:
			if s.config.OnDown != nil {
				s.config.OnDown(cause)
			}
		}
		if !s.waitForRedis(ctx) {
			return
		}
		s.breaker.reset()
		if s.config.OnUp != nil {
			s.config.OnUp()
		}
	}
}

func (s *RedisStore) waitForRedis(ctx context.Context) bool {
	ticker := time.NewTicker(probeInterval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
			if s.redis.probe(s.config.Wait) == nil {
				return true
			}
		}
	}
}
