package jwt

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"github.com/ringward/ringward/caddymodule/internal/caller"
)

// Verifier verifies the tokens of one issuer. It is safe for concurrent use.
type Verifier struct {
	cfg        Config
	keys       *keyring
	cache      cache
	stop       context.CancelFunc
	idle       func() // closes what connections are left
	background sync.WaitGroup
}

// New makes a verifier and begins to fetch the issuer's keys. An issuer that
// cannot be reached is no error: until it can be, Ready says so and every token
// is refused. A local file of keys must be good from the start.
func New(cfg Config) (*Verifier, error) {
	if err := cfg.complete(); err != nil {
		return nil, err
	}
	v := &Verifier{cfg: cfg, idle: func() {}}
	ctx, stop := context.WithCancel(context.Background())
	v.stop = stop
	v.keys = &keyring{now: cfg.now, life: ctx, gap: min(fetchGap, cfg.Refresh), maxAge: cfg.MaxKeyAge}
	if cfg.JWKSFile != "" {
		v.keys.load = loadFile(cfg.JWKSFile)
		v.keys.refresh(ctx)
		if err := v.keys.lastFault(); err != nil {
			stop()
			return nil, fmt.Errorf("loading keys of %s: %w", cfg.JWKSFile, err)
		}
	} else {
		fetcher := newFetcher(&v.cfg)
		v.keys.load, v.idle = fetcher.load, fetcher.client.CloseIdleConnections
	}
	v.background.Go(func() { v.keys.run(cfg.Refresh) })
	return v, nil
}

// Close ends the fetching of keys. It may be called more than once.
func (v *Verifier) Close() {
	v.stop()
	v.background.Wait()
	v.idle()
}

// Ready returns nil if tokens can be judged.
func (v *Verifier) Ready() error { return v.keys.ready() }

// Fault is why the issuer's keys could not be fetched the last time; nil if they
// could. Those that were fetched before are used meanwhile.
func (v *Verifier) Fault() error { return v.keys.lastFault() }

// Identity is who showed a token.
type Identity struct {
	// Subject is who is calling, by the word of the issuer: 1 to MaxSubject bytes
	// of any kind. Which caller that is, is for the config to say: a caller that is
	// known by keys must not be found by it unless the config says so.
	Subject string

	// Tier is that of the policy's TierClaim; empty without one, or if the token
	// does not have it.
	Tier string

	// TokenID names the token in audit entries: the first 8 hexadecimal digits
	// of its digest.
	TokenID string

	// Expires is when the token does.
	Expires time.Time

	claims *claims
}

// Claim is a claim of the token that is a string, such as a session id.
func (i *Identity) Claim(name string) (value string, ok bool) {
	value = i.claims.text(name)
	return value, value != ""
}

// LooksLikeToken tells a JSON Web Token from a caller key, by its form alone.
func LooksLikeToken(presented string) bool {
	return strings.HasPrefix(presented, "ey") && strings.Count(presented, ".") >= 2
}

// Verify tells who showed a token. The error is a *Refusal. Nothing is
// remembered but that the signature is good: the time and the policy are
// checked at every use.
func (v *Verifier) Verify(ctx context.Context, token string, policy *Policy) (*Identity, error) {
	if token == "" {
		return nil, ErrNoToken
	}
	if len(token) > caller.MaxToken {
		return nil, ErrTooLong
	}
	sum := digest(sha256.Sum256([]byte(token)))
	c, err := v.verified(ctx, sum, token)
	if err != nil {
		return nil, err
	}
	if err := c.checkTime(&v.cfg, v.cfg.now()); err != nil {
		return nil, err
	}
	subject, err := policy.admit(c)
	if err != nil {
		return nil, err
	}
	tier, err := policy.tier(c)
	if err != nil {
		return nil, err
	}
	return &Identity{Subject: subject, Tier: tier, TokenID: hex.EncodeToString(sum[:4]), Expires: c.expires, claims: c}, nil
}

// verified returns the claims of a token with a good signature of the issuer.
func (v *Verifier) verified(ctx context.Context, sum digest, token string) (*claims, error) {
	if set := v.keys.usable(); set != nil {
		if c, ok := v.cache.get(sum, set.generation, v.cfg.now()); ok {
			return c, nil
		}
	}
	h, err := readHeader(token)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(v.cfg.Algorithms, h.Algorithm) {
		return nil, ErrAlgorithm
	}
	key, set, err := v.keys.find(ctx, h.KeyID, h.Algorithm)
	if err != nil {
		return nil, err
	}
	signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.SignatureAlgorithm(h.Algorithm)})
	if err != nil {
		return nil, ErrForm
	}
	payload, err := signed.Verify(key.Key)
	if err != nil {
		return nil, ErrSignature
	}
	c, err := readClaims(payload)
	if err != nil {
		return nil, err
	}
	if c.text("iss") != v.cfg.Issuer {
		return nil, ErrIssuer
	}
	c.kind = h.Type
	until := c.expires.Add(v.cfg.Skew)
	v.cache.put(sum, cached{claims: c, generation: set.generation, until: until}, len(token))
	return c, nil
}
