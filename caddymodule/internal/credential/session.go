package credential

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/vault/api"
)

const (
	// vaultTimeout bounds one request to Vault, and one login with all of its
	// requests.
	vaultTimeout = 10 * time.Second

	// reloginInterval is the least time between two logins that a refused read
	// causes, and between two logins that an ending token causes.
	reloginInterval = 5 * time.Second

	// maxLoginBackoff is the longest time for which a failed login is remembered
	// instead of tried again. Vault locks a role out after a few failed logins.
	maxLoginBackoff = 30 * time.Second
)

// Session is one login to Vault, shared by all sources of a config. It logs in
// when it is first asked for something, renews its token in the background, logs
// in again when the token ends, and holds the token where nothing else sees it.
// It is safe for concurrent use.
type Session struct {
	method login
	reader *api.Client // holds the token
	logins *api.Client // holds none: logins are sent without the old token

	transport *http.Transport
	door      http.RoundTripper // the transport, guarded
	to        endpoint
	life      *lifetime
	flight    flight
	mounts    mountCache
	auth      AuthConfig

	mu    sync.Mutex
	state sessionState
}

// sessionState is what changes with logins; Session.mu guards it.
type sessionState struct {
	generation int // counts adopted tokens; 0 is none
	token      Secret
	expires    time.Time // zero for a token without end
	loggedInAt time.Time
	endTending func()
	granted    grant // of the login's answer

	relogin  time.Time // the last login that a refused read caused
	lastErr  error     // of the last login; nil after a good one
	failures int       // failed logins in a row
	retryAt  time.Time // a failed login is not repeated before
}

// SessionStatus is a snapshot of a session for health, metrics and admin.
type SessionStatus struct {
	Address    string    `json:"address"`
	Method     string    `json:"method"`
	LoggedIn   bool      `json:"logged_in"`
	LoggedInAt time.Time `json:"logged_in_at,omitzero"`
	Expires    time.Time `json:"expires,omitzero"` // zero: no end known
	LastError  string    `json:"last_error,omitempty"`
}

// NewSession checks the config and prepares a session. It reads certificates and
// the environment, but it does not connect: the login happens at the first use.
// Errors wrap ErrInvalid, ErrNotFound, ErrDenied or ErrEmpty.
func NewSession(cfg SessionConfig) (*Session, error) { return newSession(cfg, nil) }

func newSession(cfg SessionConfig, dial dialFunc) (*Session, error) {
	cfg, err := cfg.withEnvironment()
	if err != nil {
		return nil, err
	}
	to, err := parseAddress(cfg.Address)
	if err != nil {
		return nil, err
	}
	if namespace := strings.Trim(cfg.Namespace, "/"); namespace != "" {
		if err := checkPath(namespace); err != nil {
			return nil, fmt.Errorf("the namespace of Vault %w", err)
		}
	}
	transport, err := newTransport(cfg, to, dial)
	if err != nil {
		return nil, err
	}
	if err := cfg.Auth.validate(transport.TLSClientConfig.GetClientCertificate != nil); err != nil {
		return nil, err
	}
	s := &Session{transport: transport, to: to, life: newLifetime(), auth: cfg.Auth, method: newLogin(cfg.Auth)}
	s.door = &guard{next: transport, to: to, life: s.life.ctx}
	if s.reader, err = newClient(to, cfg.Namespace, s.door); err == nil {
		s.logins, err = newClient(to, cfg.Namespace, s.door)
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// newClient makes a client of vault/api that takes nothing from the environment
// which this package has not decided on.
func newClient(to endpoint, namespace string, rt http.RoundTripper) (*api.Client, error) {
	client, err := api.NewClient(&api.Config{
		Address: to.url,
		Timeout: vaultTimeout,
		// The keeper repeats, with its own backoff and within its own bounds.
		MaxRetries: 0,
		HttpClient: &http.Client{
			Transport: rt,
			CheckRedirect: func(*http.Request, []*http.Request) error {
				return http.ErrUseLastResponse // vault/api follows one by itself
			},
		},
	})
	if err != nil { // the text may quote the variable's content
		return nil, fmt.Errorf("the Vault client refuses one of the VAULT_* variables of the environment: "+
			"check VAULT_CACERT, VAULT_CLIENT_CERT, VAULT_CLIENT_KEY, VAULT_HEADERS and VAULT_PROXY_ADDR, or unset them: %w", ErrInvalid)
	}
	client.ClearToken() // NewClient takes VAULT_TOKEN, whatever the method
	client.ClearNamespace()
	if namespace != "" {
		client.SetNamespace(namespace)
	}
	client.SetWrappingLookupFunc(func(string, string) string { return "" }) // not VAULT_WRAP_TTL
	return client, nil
}

// Close ends renewal, running requests and connections. What was fetched stays
// usable; the session does not.
func (s *Session) Close() {
	s.life.close()
	s.transport.CloseIdleConnections()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state.token.Wipe()
	s.reader.ClearToken()
}

// Status returns a snapshot; it holds no secret.
func (s *Session) Status() SessionStatus {
	s.mu.Lock()
	defer s.mu.Unlock()
	return SessionStatus{
		Address:    s.reader.Address(),
		Method:     s.auth.Method,
		LoggedIn:   s.state.generation > 0 && (s.state.expires.IsZero() || time.Now().Before(s.state.expires)),
		LoggedInAt: s.state.loggedInAt,
		Expires:    s.state.expires,
		LastError:  Class(s.state.lastErr),
	}
}

// read reads a path of Vault's API.
func (s *Session) read(ctx context.Context, path string) (*api.Secret, error) {
	return s.ask(ctx, func(vault *api.Logical) (*api.Secret, error) { return vault.ReadWithContext(ctx, path) })
}

// ask sends a request. A refusal may mean that the token has ended, so it is
// answered by one more login and one more request, not more.
func (s *Session) ask(ctx context.Context, request func(vault *api.Logical) (*api.Secret, error)) (*api.Secret, error) {
	generation, err := s.ensureLogin(ctx)
	if err != nil {
		return nil, err
	}
	answer, err := request(s.reader.Logical())
	if !isForbidden(err) {
		return answer, vaultError(ctx, err)
	}
	if err := s.loginAfterRefusal(ctx, generation); err != nil {
		return nil, err
	}
	answer, err = request(s.reader.Logical())
	return answer, vaultError(ctx, err)
}

// ensureLogin returns the generation of a token that is believed to be good.
func (s *Session) ensureLogin(ctx context.Context) (int, error) {
	if s.life.ctx.Err() != nil {
		return 0, fmt.Errorf("the Vault session is closed: %w", ErrUnavailable)
	}
	if file, ok := s.method.(*tokenFileLogin); ok {
		if err := s.followTokenFile(ctx, file); err != nil {
			return 0, err
		}
	}
	if generation := s.generation(); generation > 0 {
		return generation, nil
	}
	if err := s.sharedLogin(ctx, 0); err != nil {
		return 0, err
	}
	return s.generation(), nil
}

// followTokenFile logs in again when the file holds another token.
func (s *Session) followTokenFile(ctx context.Context, file *tokenFileLogin) error {
	token, err := file.read()
	if err != nil {
		return err
	}
	s.mu.Lock()
	generation, same := s.state.generation, s.state.token.Equal(token)
	s.mu.Unlock()
	if same {
		return nil
	}
	s.clearFailure() // another token deserves a try at once
	return s.sharedLogin(ctx, generation)
}

func (s *Session) generation() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.state.generation
}
