package quota

import (
	"cmp"
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

	adding, givingBack *combiner
}

func newRedisClient(ctx context.Context, config *RedisConfig) (*redisClient, error) {
	options, err := config.options(ctx)
	if err != nil {
		return nil, err
	}
	quietRedis()
	c := &redisClient{client: redis.NewUniversalClient(options), pseudonymKey: config.PseudonymKey}
	c.adding = newCombiner(config.Wait, c.sendAdd)
	c.givingBack = newCombiner(config.Wait, c.sendGiveBack)
	return c, nil
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

// add counts all tallies at the same time, and waits for no more than ctx.
func (c *redisClient) add(ctx context.Context, tallies []Tally) error {
	parts := make([]part, len(tallies))
	for i := range tallies {
		parts[i] = c.adding.join(c.id(&tallies[i]), tallies[i].Add)
	}
	for i := range tallies {
		t := &tallies[i]
		var err error
		if t.Count, t.Previous, err = parts[i].result(ctx); err != nil {
			return err
		}
	}
	return nil
}

// giveBack takes all tallies away again, and waits for no more than ctx.
func (c *redisClient) giveBack(ctx context.Context, tallies []Tally) error {
	parts := make([]part, len(tallies))
	for i := range tallies {
		parts[i] = c.givingBack.join(c.id(&tallies[i]), tallies[i].Add)
	}
	for i := range parts {
		if _, _, err := parts[i].result(ctx); err != nil {
			return err
		}
	}
	return nil
}

// sendAdd increments one counter, and looks at the one before meanwhile.
func (c *redisClient) sendAdd(ctx context.Context, id counterID, total int64) (count, previous int64, err error) {
	store := c.store.Load()
	if store == nil {
		return 0, 0, errNotConnected
	}
	var before sync.WaitGroup
	var errBefore error
	before.Go(func() {
		previous, errBefore = counted((*store).Peek(ctx, id.name(id.index-1), lasting(0)))
	})
	count, err = counted((*store).Increment(ctx, id.name(id.index), total, lasting(time.Until(time.Unix(0, id.expiry)))))
	before.Wait()
	return count, previous, cmp.Or(err, errBefore)
}

func (c *redisClient) sendGiveBack(ctx context.Context, id counterID, total int64) (count, previous int64, err error) {
	return 0, 0, giveBackScript.Run(ctx, c.client, []string{redisPrefix + ":" + id.name(id.index)}, total).Err()
}

// lasting is the rate that makes ulule's store keep a counter for a period and
// report its count.
func lasting(period time.Duration) limiter.Rate {
	return limiter.Rate{Limit: math.MaxInt64, Period: max(period, time.Millisecond)}
}

// counted reads the count, which ulule reports as what is left of the limit.
func counted(c limiter.Context, err error) (int64, error) { return math.MaxInt64 - c.Remaining, err }

// id names a tally's counter without saying whom it counts.
func (c *redisClient) id(t *Tally) counterID {
	mac := hmac.New(sha256.New, c.pseudonymKey)
	_, _ = io.WriteString(mac, t.Rule) // ends with a slash and holds a fixed number of them
	_, _ = io.WriteString(mac, t.Key)
	sum := mac.Sum(nil)
	return counterID{hex.EncodeToString(sum[:pseudonymLength]), t.Index, t.Expiry}
}

// name is the counter's key in Redis, less the prefix, or that of another index.
// The braces put all windows of a rule and key on one node of a Cluster.
func (id counterID) name(index int64) string {
	return "{" + id.pseudonym + "}:" + strconv.FormatInt(index, 10)
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
