package credential

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// loginAfterRefusal makes sure that there is a newer token than the refused one.
// At most one login in reloginInterval is caused in this way; a refusal in between
// is the policy's, for the token is fresh.
func (s *Session) loginAfterRefusal(ctx context.Context, refused int) error {
	if !s.method.repeatable() {
		now, err := s.ensureLogin(ctx) // a token file may have changed
		if err == nil && now == refused {
			err = errRefused
		}
		return err
	}
	run, _ := s.flight.join(s.life,
		func() bool { return s.mayLoginAgain(refused) },
		func(life context.Context) error { return s.loginOnce(life, refused) })
	if run != nil {
		return waitForLogin(ctx, run)
	}
	if s.generation() == refused {
		return errRefused
	}
	return nil
}

func (s *Session) mayLoginAgain(refused int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state.generation != refused || time.Since(s.state.relogin) < reloginInterval {
		return false
	}
	s.state.relogin = time.Now()
	return true
}

// sharedLogin logs in unless there is a newer token than that of generation old.
// Callers at the same time share one login.
func (s *Session) sharedLogin(ctx context.Context, old int) error {
	run, _ := s.flight.join(s.life, nil, func(life context.Context) error {
		return s.loginOnce(life, old)
	})
	return waitForLogin(ctx, run)
}

func waitForLogin(ctx context.Context, run *run) error {
	err := run.wait(ctx)
	if errors.Is(err, errClosed) || (err != nil && ctx.Err() != nil) {
		return fmt.Errorf("waiting for the login to Vault: %w", ErrUnavailable)
	}
	return err
}

func (s *Session) loginOnce(life context.Context, old int) error {
	s.mu.Lock()
	newer := s.state.generation != old
	remembered := s.state.lastErr
	wait := time.Until(s.state.retryAt)
	s.mu.Unlock()
	if newer {
		return nil
	}
	if remembered != nil && wait > 0 {
		return remembered
	}
	ctx, cancel := context.WithTimeout(life, vaultTimeout)
	defer cancel()
	s.logins.ClearToken() // Unwrap leaves one behind
	if s.auth.Method == MethodCert {
		// A connection that is open keeps the certificate that it was opened with.
		s.transport.CloseIdleConnections()
	}
	secret, err := s.method.login(ctx, s.logins)
	s.logins.ClearToken()
	if err == nil && (secret == nil || secret.Auth == nil || secret.Auth.ClientToken == "") {
		err = fmt.Errorf("auth method %s at %q gave no token (a login that asks for a second factor cannot be used): %w",
			s.auth.Method, s.auth.Mount, ErrLogin)
	}
	if err != nil {
		return s.loginFailed(err)
	}
	s.adopt(secret)
	return nil
}

func (s *Session) loginFailed(err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.lastErr = err
	s.state.retryAt = time.Now().Add(backoff(s.state.failures, maxLoginBackoff))
	s.state.failures++
	return err
}

func (s *Session) clearFailure() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.lastErr, s.state.failures, s.state.retryAt = nil, 0, time.Time{}
}
