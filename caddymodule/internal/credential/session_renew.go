package credential

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/vault/api"
)

// minRenewable is the shortest life that a renewal can extend; shorter ones are
// replaced by a login.
const minRenewable = 2 * time.Second

// lease is what is known of a token's life.
type lease struct {
	token     Secret
	ends      time.Time // zero for never
	renewable bool
}

func newLease(now time.Time, auth *api.SecretAuth, token Secret) lease {
	l := lease{token: token, renewable: auth.Renewable}
	if auth.LeaseDuration > 0 {
		l.ends = now.Add(time.Duration(auth.LeaseDuration) * time.Second)
	}
	return l
}

// adopt makes a token the session's own and begins to tend it.
func (s *Session) adopt(secret *api.Secret) {
	ctx, end := context.WithCancel(s.life.ctx)
	now := time.Now()
	token := SecretFromString(secret.Auth.ClientToken)
	l := newLease(now, secret.Auth, token)

	s.mu.Lock()
	old := s.state
	s.state = sessionState{
		generation: old.generation + 1,
		token:      token,
		expires:    l.ends,
		loggedInAt: now,
		relogin:    old.relogin,
		endTending: end,
		granted:    grant{policies: secret.Auth.Policies, renewable: secret.Auth.Renewable},
	}
	s.reader.SetToken(secret.Auth.ClientToken)
	generation := s.state.generation
	s.mu.Unlock()

	if old.endTending != nil {
		old.endTending()
	}
	if l.ends.IsZero() {
		end()
		return
	}
	s.life.spawn(func() {
		defer end()
		s.tend(ctx, l, generation)
	})
}

// tend keeps one token alive and logs in again when that comes to its end, while
// the token still works. It ends with ctx, which ends with the session or when
// another token takes the place of this one.
func (s *Session) tend(ctx context.Context, l lease, generation int) {
	begun := time.Now()
	if !s.keepAlive(ctx, l, generation) {
		return
	}
	// Not sooner than this after the last login, so that tokens which end at once
	// cannot make logins follow each other without a pause.
	if pause(ctx, time.Until(begun.Add(reloginInterval))) {
		s.replace(ctx, generation)
	}
}

// keepAlive renews a token again and again. It returns true when that does not
// help any longer: the token cannot be renewed, is revoked, or is near its
// greatest age.
func (s *Session) keepAlive(ctx context.Context, l lease, generation int) (replace bool) {
	if !l.renewable || time.Until(l.ends) < minRenewable {
		return useUp(ctx, l)
	}
	for failures := 0; ; failures++ {
		next, err := s.watch(ctx, l, generation)
		switch {
		case ctx.Err() != nil:
			return false
		case err == nil, !time.Now().Before(next.ends):
			return true
		case isForbidden(err):
			return useUp(ctx, next)
		case next.ends.After(l.ends):
			failures = 0
		}
		l = next
		// The longer a token still lives, the less its renewal presses.
		left := time.Until(l.ends)
		if !pause(ctx, jittered(min(max(backoff(failures, maxLoginBackoff), left/10), left))) {
			return false
		}
	}
}

// useUp waits for two thirds of what is left of a token that cannot be renewed.
// One that is revoked is found out by the reads, sooner.
func useUp(ctx context.Context, l lease) bool {
	return pause(ctx, jittered(time.Until(l.ends)*2/3))
}

// watch lets vault/api's LifetimeWatcher renew a token until it cannot be renewed
// for longer, or until a renewal fails. It returns the lease as last renewed.
//
// The watcher is told to end with the first error, and is begun anew after a
// pause: left to itself it repeats a failed renewal without any pause while
// Vault is down (hashicorp/vault#28611).
func (s *Session) watch(ctx context.Context, l lease, generation int) (lease, error) {
	watcher, err := s.reader.NewLifetimeWatcher(&api.LifetimeWatcherInput{
		Secret: &api.Secret{Auth: &api.SecretAuth{
			ClientToken:   l.token.Reveal(),
			Renewable:     true,
			LeaseDuration: int(time.Until(l.ends) / time.Second),
		}},
		RenewBehavior: api.RenewBehaviorErrorOnErrors,
	})
	if err != nil {
		return l, err
	}
	// Its requests end with the client's timeout, not with ctx, so nobody waits
	// for it.
	go watcher.Start()
	defer watcher.Stop()
	for {
		select {
		case <-ctx.Done():
			return l, ctx.Err()
		case renewal := <-watcher.RenewCh():
			next := newLease(time.Now(), renewal.Secret.Auth, l.token)
			if next.ends.IsZero() {
				return l, nil // less than a second is left
			}
			l = next
			s.noteRenewal(generation, l)
		case err := <-watcher.DoneCh():
			return l, err
		}
	}
}

// replace logs in until there is a newer token. The old one stays in use so long.
func (s *Session) replace(ctx context.Context, generation int) {
	if !s.method.repeatable() {
		return
	}
	for failures := 0; s.sharedLogin(ctx, generation) != nil; failures++ {
		if !pause(ctx, jittered(backoff(failures, maxLoginBackoff))) {
			return
		}
	}
}

func (s *Session) noteRenewal(generation int, l lease) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.generation == generation {
		s.state.expires = l.ends
	}
}

// jittered changes a time by up to a tenth, so that many instances that were
// started at once do not ask at once.
func jittered(d time.Duration) time.Duration {
	//nolint:gosec // spreads load; nothing is guessed from it
	return d + time.Duration((rand.Float64()-0.5)/5*float64(d))
}
