package demo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"maps"
	"net/http"
	"strings"
	"sync"
	"time"
)

// telesignWindow is how far the date of a signed request may be from ours.
const telesignWindow = 15 * time.Minute

// telesignNonces remembers the nonces of signed requests, each until its
// request would be refused for its date alone. It is safe for concurrent use.
type telesignNonces struct {
	mu   sync.Mutex
	seen map[string]time.Time
}

// spend reports whether a nonce is new, and remembers it.
func (n *telesignNonces) spend(nonce string, now time.Time) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	maps.DeleteFunc(n.seen, func(_ string, at time.Time) bool { return now.Sub(at) > 2*telesignWindow })
	_, used := n.seen[nonce]
	n.seen[nonce] = now
	return !used
}

// signed reports whether a request was signed with one of the keys, each a
// customer's id and a key in base64, at about this time and for the first time.
func (n *telesignNonces) signed(r *http.Request, body []byte, keys []string, now time.Time) bool {
	customer, shown, _ := strings.Cut(authorization(r, "TSA"), ":")
	signature, err := base64.StdEncoding.DecodeString(shown)
	date, dateErr := http.ParseTime(r.Header.Get("Date"))
	nonce := r.Header.Get("x-ts-nonce")
	if err != nil || dateErr != nil || nonce == "" || r.Header.Get("x-ts-auth-method") != "HMAC-SHA256" {
		return false
	}
	if now.Sub(date).Abs() > telesignWindow {
		return false
	}
	for _, key := range keys {
		id, encoded, _ := strings.Cut(key, ":")
		secret, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil || len(secret) == 0 || id != customer {
			continue
		}
		if hmac.Equal(telesignSignature(r, body, secret), signature) {
			return n.spend(customer+" "+nonce, now)
		}
	}
	return false
}

// telesignSignature signs a request as the vendor's clients do: an empty body
// has no line.
func telesignSignature(r *http.Request, body, secret []byte) []byte {
	lines := []string{
		r.Method,
		r.Header.Get("Content-Type"),
		r.Header.Get("Date"),
		"x-ts-auth-method:" + r.Header.Get("x-ts-auth-method"),
		"x-ts-nonce:" + r.Header.Get("x-ts-nonce"),
	}
	if len(body) > 0 {
		lines = append(lines, string(body))
	}
	mac := hmac.New(sha256.New, secret)
	_, _ = mac.Write([]byte(strings.Join(append(lines, r.URL.EscapedPath()), "\n"))) // never fails
	return mac.Sum(nil)
}
