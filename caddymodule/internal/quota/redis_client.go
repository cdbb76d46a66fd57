package quota

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"
	"github.com/ulule/limiter/v3"
	ulule "github.com/ulule/limiter/v3/drivers/store/redis"
)

const (
	redisPrefix     = "ringward"
	pseudonymLength = 16 // bytes
)

var errNotConnected = errors.New("no connection to redis yet")

// giveBackScript takes ARGV[1] away from a counter, but no more than is there.
// ulule's store can only add, which would leave a counter below zero where Redis
// has lost it in the meantime.
var giveBackScript = redis.NewScript(`
local count = tonumber(redis.call("get", KEYS[1]) or 0)
local part = math.min(count, tonumber(ARGV[1]))
if part > 0 then
	redis.call("decrby", KEYS[1], string.format("%d", part))
end
return part
`)

// quietRedis silences go-redis, which would write addresses to standard error.
var quietRedis = sync.OnceFunc(logging.Disable)

// redisClient counts in Redis through ulule's store.
type redisClient struct {
	client       redis.UniversalClient
	pseudonymKey []byte
	store        atomic.Pointer[limiter.Store] // nil before the first connection
}

func newRedisClient(ctx context.Context, config *RedisConfig) (*redisClient, error) {
	options, err := config.options(ctx)
	if err != nil {
		return nil, err
	}
	quietRedis()
	return &redisClient{client: redis.NewUniversalClient(options), pseudonymKey: config.PseudonymKey}, nil
}

// connect makes ulule's store, which loads its scripts into Redis. ulule does
// that when a store is made, so it cannot be made while Redis is away.
func (c *redisClient) connect() error {
	if c.store.Load() != nil {
		return nil
	}
	store, err := ulule.NewStoreWithOptions(c.client, limiter.StoreOptions{Prefix: redisPrefix})
	if err != nil {
		return err
	}
	c.store.Store(&store)
	return nil
}

// add counts all tallies at the same time, and waits for no more than ctx. The
// scripts of ulule cannot go into one pipeline.
func (c *redisClient) add(ctx context.Context, tallies []Tally) error {
	store := c.store.Load()
	if store == nil {
		return errNotConnected
	}
	type result struct {
		tally, counter int
		count          int64
		err            error
	}
	// The results go through a channel, because what is late must not touch the
	// tallies any more.
	results := make(chan result, 2*len(tallies))
	for i := range tallies {
		t := tallies[i]
		current, previous := c.key(&t, t.Index), c.key(&t, t.Index-1)
		go func() {
			count, err := counted((*store).Increment(ctx, current, t.Add, lasting(time.Until(time.Unix(0, t.Expiry)))))
			results <- result{i, 0, count, err}
		}()
		go func() {
			count, err := counted((*store).Peek(ctx, previous, lasting(0)))
			results <- result{i, 1, count, err}
		}()
	}
	for range 2 * len(tallies) {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case r := <-results:
			switch {
			case r.err != nil:
				return r.err
			case r.counter == 0:
				tallies[r.tally].Count = r.count
			default:
				tallies[r.tally].Previous = r.count
			}
		}
	}
	return nil
}

// lasting is the rate that makes ulule's store keep a counter for a period and
// report its count.
func lasting(period time.Duration) limiter.Rate {
	return limiter.Rate{Limit: math.MaxInt64, Period: max(period, time.Millisecond)}
}

// counted reads the count, which ulule reports as what is left of the limit.
func counted(c limiter.Context, err error) (int64, error) { return math.MaxInt64 - c.Remaining, err }

func (c *redisClient) giveBack(ctx context.Context, tallies []Tally) error {
	errs := make(chan error, len(tallies))
	for i := range tallies {
		key, n := redisPrefix+":"+c.key(&tallies[i], tallies[i].Index), tallies[i].Add
		go func() { errs <- giveBackScript.Run(ctx, c.client, []string{key}, n).Err() }()
	}
	for range tallies {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-errs:
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// key names a counter in Redis without saying whom it counts. The braces put
// all windows of a key on one node of a Cluster.
func (c *redisClient) key(t *Tally, index int64) string {
	mac := hmac.New(sha256.New, c.pseudonymKey)
	_, _ = io.WriteString(mac, t.Rule) // ends with a slash and holds a fixed number of them
	_, _ = io.WriteString(mac, t.Key)
	sum := mac.Sum(nil)
	return "{" + hex.EncodeToString(sum[:pseudonymLength]) + "}:" + strconv.FormatInt(index, 10)
}

// probe reports whether Redis counts within wait. A connection that has to be
// made first may take longer.
func (c *redisClient) probe(wait time.Duration) error {
	if err := c.connect(); err != nil {
		return err
	}
	if err := c.countProbe(connectTimeout); err != nil {
		return err
	}
	if err := c.countProbe(wait); err != nil {
		return fmt.Errorf("redis is slow: %w", err)
	}
	return nil
}

// countProbe counts, as a PING would succeed where nothing can be written.
func (c *redisClient) countProbe(wait time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), wait)
	defer cancel()
	_, err := (*c.store.Load()).Increment(ctx, "probe", 1, lasting(time.Minute))
	return err
}
