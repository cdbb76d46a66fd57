package demo

import (
	"maps"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// sinchTokenLife is how long an access token is good.
const sinchTokenLife = time.Hour

// sinchTokens are the access tokens that were given out. It is safe for
// concurrent use.
type sinchTokens struct {
	mu     sync.Mutex
	tokens map[string]sinchToken
}

type sinchToken struct {
	key     string // for which it was given out
	expires time.Time
}

// good reports whether a token was given out, for a key that is still good,
// and not too long ago.
func (s *sinchTokens) good(token string, keys []string, now time.Time) bool {
	s.mu.Lock()
	issued, ok := s.tokens[token]
	s.mu.Unlock()
	return ok && now.Before(issued.expires) && isKey(issued.key, keys)
}

// answer answers a request for a token (RFC 6749, section 4.4).
func (s *sinchTokens) answer(in inquiry) reply {
	form, err := url.ParseQuery(string(in.body))
	switch {
	case in.Method != http.MethodPost:
		return jsonReply(http.StatusMethodNotAllowed, map[string]string{"error": "invalid_request"})
	case !in.accepted:
		return jsonReply(http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
	case err != nil || form.Get("grant_type") != "client_credentials":
		return jsonReply(http.StatusBadRequest, map[string]string{"error": "unsupported_grant_type"})
	}
	return jsonReply(http.StatusOK, map[string]any{
		"access_token": s.issue(in.key, in.now), "expires_in": int(sinchTokenLife / time.Second),
		"scope": "", "token_type": "bearer",
	})
}

// issue makes a token, and forgets those that have expired.
func (s *sinchTokens) issue(key string, now time.Time) string {
	token := randomHex(32)
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.tokens, func(_ string, t sinchToken) bool { return !now.Before(t.expires) })
	s.tokens[token] = sinchToken{key, now.Add(sinchTokenLife)}
	return token
}
