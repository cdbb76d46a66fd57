package credential

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxPolicies bounds how many policies a diagnosis names.
const maxPolicies = 32

// rootPolicy is the policy, and the capability, that allows everything.
const rootPolicy = "root"

// ErrNotAsked: a diagnosis left a question out, because asking would have
// changed something.
var ErrNotAsked = errors.New("not asked")

// TokenDiagnosis is what is known of the session's token. It is an allow-list:
// neither the token nor its accessor is in it.
type TokenDiagnosis struct {
	Method string
	Mount  string // of the auth method; empty for token and token_file

	// LookedUp reports that Vault has described the token. Otherwise policy does
	// not allow the question, and what follows is what the login said, or
	// nothing where there was no login.
	LookedUp bool

	// TTL is how long the token still lives, 0 for a token without end.
	TTL       time.Duration
	Renewable bool

	// Uses is how often the token can still be used; 0 for any number.
	Uses int

	// Policies are the names of its policies, sorted.
	Policies []string
}

// Root reports whether the token may do everything.
func (d TokenDiagnosis) Root() bool { return slices.Contains(d.Policies, rootPolicy) }

// grant is what a login's answer says about the token.
type grant struct {
	policies  []string
	renewable bool
}

// DiagnoseToken logs in, unless the session has, and asks Vault about the
// token. Errors wrap ErrLogin, ErrUnavailable, or ErrNotAsked: a wrapped secret
// id can be used once, and that once is the service's.
func (s *Session) DiagnoseToken(ctx context.Context) (TokenDiagnosis, error) {
	found := TokenDiagnosis{Method: s.auth.Method}
	if s.method.repeatable() {
		found.Mount = s.auth.Mount
	}
	if s.auth.SecretIDWrapped && s.generation() == 0 {
		return found, s.checkWrapping(ctx)
	}
	if _, err := s.ensureLogin(ctx); err != nil {
		return found, err
	}
	answer, err := s.reader.Auth().Token().LookupSelfWithContext(ctx)
	switch {
	case isForbidden(err):
		s.describeGrant(&found)
		return found, nil
	case err != nil:
		return found, vaultError(ctx, err)
	case answer == nil || answer.Data == nil:
		return found, fmt.Errorf("the Vault server says nothing about the token: %w", ErrUnavailable)
	}
	found.LookedUp = true
	found.TTL = time.Duration(intOf(answer.Data["ttl"])) * time.Second
	found.Renewable, _ = answer.Data["renewable"].(bool)
	found.Uses = intOf(answer.Data["num_uses"])
	names := slices.Concat(textsOf(answer.Data["policies"]), textsOf(answer.Data["identity_policies"]))
	found.Policies = plainNames(names)
	return found, nil
}

// describeGrant says what the login's answer said.
func (s *Session) describeGrant(found *TokenDiagnosis) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.state.expires.IsZero() {
		found.TTL = time.Until(s.state.expires)
	}
	found.Renewable = s.state.granted.renewable
	found.Policies = plainNames(s.state.granted.policies)
}

// checkWrapping finds out whether the wrapping token can still be unwrapped,
// without doing so.
func (s *Session) checkWrapping(ctx context.Context) error {
	method, ok := s.method.(*appRoleLogin)
	if !ok {
		return fmt.Errorf("the secret id is wrapped: %w", ErrNotAsked)
	}
	wrapping, err := method.presented()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, vaultTimeout)
	defer cancel()
	_, err = s.logins.Logical().WriteWithContext(ctx, "sys/wrapping/lookup", map[string]any{"token": wrapping.Reveal()})
	class := vaultError(ctx, err)
	switch {
	case err == nil || errors.Is(class, ErrDenied):
		return fmt.Errorf("the secret id is wrapped, and unwrapping would use it up: %w", ErrNotAsked)
	case errors.Is(class, ErrUnavailable):
		return class
	default:
		return fmt.Errorf("the wrapping token of the secret id is used up, ended or not valid: "+
			"put a new one in its place, and find out who used this one: %w", ErrLogin)
	}
}

// textsOf is a list of texts in an answer.
func textsOf(raw any) []string {
	list, _ := raw.([]any)
	texts := make([]string, 0, len(list))
	for _, element := range list {
		if text, ok := element.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

// plainNames sorts names and makes them fit to be shown. The root policy is
// never among those that are left out.
func plainNames(names []string) []string {
	plain := make([]string, 0, len(names))
	for _, name := range names {
		plain = append(plain, plainWord(name))
	}
	slices.Sort(plain)
	plain = slices.Compact(plain)
	if len(plain) <= maxPolicies {
		return plain
	}
	kept := plain[:maxPolicies]
	if slices.Contains(plain[maxPolicies:], rootPolicy) {
		kept[maxPolicies-1] = rootPolicy
	}
	return kept
}
