package credential

import (
	"context"
	"math/rand/v2"
	"time"

	"github.com/hashicorp/vault/api"
)

// Tokens are tended here and not by the LifetimeWatcher of vault/api: in v1.23.0
// that one repeats a failed renewal without any pause while Vault is down, since
// its backoff returns 0 where it looks for -1, and its requests end with no
// context.

// minRenewal is the least time between two renewals of a token.
const minRenewal = time.Second

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

// keepAlive renews a token after two thirds of its life, again and again. It
// returns true when that does not help any longer: the token cannot be renewed, is
// revoked, or is at its greatest age.
func (s *Session) keepAlive(ctx context.Context, l lease, generation int) (replace bool) {
	for failures := 0; ; {
		wait := time.Until(l.ends) * 2 / 3
		if failures > 0 {
			wait = min(backoff(failures-1, maxLoginBackoff), time.Until(l.ends))
		}
		if !pause(ctx, max(jittered(wait), minRenewal)) {
			return false
		}
		if !l.renewable || !time.Now().Before(l.ends) {
			return true
		}
		next, err := s.renew(ctx, l)
		switch {
		case isForbidden(err):
			return true
		case err != nil:
			failures++
			continue
		case next.ends.IsZero():
			s.noteRenewal(generation, next)
			return false
		case !next.ends.After(l.ends.Add(minRenewal)):
			return true
		}
		l, failures = next, 0
		s.noteRenewal(generation, l)
	}
}

// renew extends the token's life as far as Vault allows.
func (s *Session) renew(ctx context.Context, l lease) (lease, error) {
	ctx, cancel := context.WithTimeout(ctx, vaultTimeout)
	defer cancel()
	answer, err := s.reader.Auth().Token().RenewTokenAsSelfWithContext(ctx, l.token.Reveal(), 0)
	if err != nil {
		return lease{}, err
	}
	if answer == nil || answer.Auth == nil {
		return lease{}, errNoLease
	}
	return newLease(time.Now(), answer.Auth, l.token), nil
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
