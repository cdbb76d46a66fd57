package credential

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"
)

func TestTokenIsDescribedAndNotShown(t *testing.T) {
	many := make([]any, 0, 100)
	for i := range 99 {
		many = append(many, fmt.Sprintf("p%02d", i))
	}
	many = append(many, "root")
	for _, tt := range []struct {
		name   string
		ttl    time.Duration
		lookup map[string]any
		want   TokenDiagnosis
		names  int
	}{
		{
			"limited", time.Hour,
			map[string]any{"policies": []string{"phone", "default"}, "identity_policies": []string{"phone", "ops"}},
			TokenDiagnosis{Renewable: true, Policies: []string{"default", "ops", "phone"}},
			3,
		},
		{"without end", 0, map[string]any{"policies": []string{"phone"}}, TokenDiagnosis{Policies: []string{"phone"}}, 1},
		{"few uses", time.Hour, map[string]any{"num_uses": 5}, TokenDiagnosis{Renewable: true, Uses: 5}, 0},
		{"strange words", 0, map[string]any{"policies": []any{"a\x1b[2J", 7, nil}}, TokenDiagnosis{Policies: []string{"a?[2J"}}, 1},
		{"root among many", 0, map[string]any{"policies": many}, TokenDiagnosis{}, maxPolicies},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFakeVault()
			f.ttl = tt.ttl
			f.lookup = map[string]any{"id": "hvs.fake-token-0001", "accessor": marker, "meta": map[string]any{"role_name": marker}, "entity_id": marker}
			maps.Copy(f.lookup, tt.lookup)
			got, err := openSession(t, f).DiagnoseToken(t.Context())
			if err != nil || !got.LookedUp || got.Method != MethodJWT || got.Mount != "jwt" || len(got.Policies) != tt.names {
				t.Fatalf("got %+v, %v", got, err)
			}
			if got.Renewable != tt.want.Renewable || got.Uses != tt.want.Uses || got.TTL > tt.ttl || got.TTL < tt.ttl-time.Minute {
				t.Errorf("got %+v", got)
			}
			if tt.want.Policies != nil && !slices.Equal(got.Policies, tt.want.Policies) {
				t.Errorf("policies %q", got.Policies)
			}
			if got.Root() != (tt.name == "root among many") {
				t.Errorf("root is %v", got.Root())
			}
			mustBeDiscreet(t, "a diagnosis", got, err)
		})
	}
}

// TestTokenThatMayNotAskIsDescribedByItsLogin is for roles without Vault's
// default policy.
func TestTokenThatMayNotAskIsDescribedByItsLogin(t *testing.T) {
	f := newFakeVault()
	f.ttl = time.Hour
	f.denied["auth/token/lookup-self"] = true
	got, err := openSession(t, f).DiagnoseToken(t.Context())
	if err != nil || got.LookedUp || !got.Renewable || !slices.Equal(got.Policies, []string{"phone-reader"}) || got.TTL < 59*time.Minute {
		t.Errorf("got %+v, %v", got, err)
	}
	if n := f.count("POST auth/jwt/login") + f.count("PUT auth/jwt/login"); n != 1 {
		t.Errorf("%d logins", n)
	}
	cleanEnvironment(t)
	s := openSession(t, f, func(c *SessionConfig) {
		c.Auth = AuthConfig{Method: MethodToken, Token: SecretFromString("hvs.unknown")}
	})
	if got, err = s.DiagnoseToken(t.Context()); err != nil || got.LookedUp || got.Mount != "" || got.Policies == nil || len(got.Policies) != 0 {
		t.Errorf("a token without a login: got %+v, %v", got, err)
	}
	mustBeDiscreet(t, "a diagnosis", got, err)
}

func TestFailedLoginIsDiagnosed(t *testing.T) {
	for status, want := range map[int]error{400: ErrLogin, 403: ErrLogin, 503: ErrUnavailable} {
		f := newFakeVault()
		f.statuses["auth/jwt/login"] = status
		got, err := openSession(t, f).DiagnoseToken(t.Context())
		if !errors.Is(err, want) || got.Method != MethodJWT {
			t.Errorf("%d: got %+v, %v", status, got, err)
		}
		mustBeDiscreet(t, "a diagnosis", got, err)
	}
}

func TestWrappedSecretIDIsLeftForTheService(t *testing.T) {
	f := vaultWithKey()
	f.wrapped["wrapping-token-1"] = "secret-id-1"
	dir := t.TempDir()
	file := write(t, dir, "wrapped", "wrapping-token-1\n", 0o600)
	s := openSession(t, f, func(c *SessionConfig) {
		c.Auth = AuthConfig{Method: MethodAppRole, RoleID: "role-1", SecretIDFile: file, SecretIDWrapped: true}
	})
	got, err := s.DiagnoseToken(t.Context())
	if !errors.Is(err, ErrNotAsked) || got.Method != MethodAppRole || got.Mount != "approle" {
		t.Errorf("got %+v, %v", got, err)
	}
	mustBeDiscreet(t, "a diagnosis", got, err)
	if len(f.wrapped) != 1 || len(f.tokens) != 0 {
		t.Fatal("the wrapping token was used up")
	}

	f.set(func() { f.statuses["sys/wrapping/lookup"] = 403 })
	if _, err = s.DiagnoseToken(t.Context()); !errors.Is(err, ErrNotAsked) {
		t.Errorf("where it cannot be looked up: %v", err)
	}
	f.set(func() { f.statuses["sys/wrapping/lookup"] = 500 })
	if _, err = s.DiagnoseToken(t.Context()); !errors.Is(err, ErrUnavailable) {
		t.Errorf("without an answer: %v", err)
	}
	f.set(func() { clear(f.statuses) })

	if _, err := fetch(t, s, ctpRef); err != nil { // the service
		t.Fatal(err)
	}
	if got, err = s.DiagnoseToken(t.Context()); err != nil || !got.LookedUp {
		t.Errorf("after the service's login: got %+v, %v", got, err)
	}

	again := openSession(t, f, func(c *SessionConfig) {
		c.Auth = AuthConfig{Method: MethodAppRole, RoleID: "role-1", SecretIDFile: file, SecretIDWrapped: true}
	})
	if _, err = again.DiagnoseToken(t.Context()); !errors.Is(err, ErrLogin) {
		t.Errorf("a wrapping token that was used: %v", err)
	}
	mustBeDiscreet(t, "an error", nil, err)
}
