package jwt

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
)

// claims are what a token says, once its signature is known to be good.
type claims struct {
	all       map[string]any
	kind      string // the type in the header
	expires   time.Time
	notBefore time.Time // zero if absent
	issued    time.Time // zero if absent
}

// readClaims refuses members that are there twice, at any depth: two readers
// could take different ones.
func readClaims(payload []byte) (*claims, error) {
	c := &claims{}
	if err := json.Unmarshal(payload, &c.all); err != nil || c.all == nil {
		return nil, ErrClaims
	}
	for _, moment := range []struct {
		name string
		into *time.Time
	}{{"exp", &c.expires}, {"nbf", &c.notBefore}, {"iat", &c.issued}} {
		value, there := c.all[moment.name]
		if !there {
			continue
		}
		t, ok := numericDate(value)
		if !ok {
			return nil, ErrClaims
		}
		*moment.into = t
	}
	if c.expires.IsZero() {
		return nil, ErrNoExpiry
	}
	return c, nil
}

// latestDate is in the year 5138: far beyond any token, and safe to add to.
const latestDate = 1e11

func numericDate(value any) (time.Time, bool) {
	seconds, ok := value.(float64)
	if !ok || seconds <= 0 || seconds > latestDate {
		return time.Time{}, false
	}
	whole, fraction := math.Modf(seconds)
	return time.Unix(int64(whole), int64(fraction*1e9)), true
}

// checkTime reports whether the token is valid now.
func (c *claims) checkTime(cfg *Config, now time.Time) error {
	from := now
	if !c.issued.IsZero() {
		from = c.issued
	}
	switch {
	case !now.Add(-cfg.Skew).Before(c.expires):
		return ErrExpired
	case c.notBefore.After(now.Add(cfg.Skew)), c.issued.After(now.Add(cfg.Skew)):
		return ErrNotYet
	case c.expires.Sub(from) > cfg.MaxLifetime+cfg.Skew:
		return ErrLifetime
	case cfg.MaxAge > 0 && (c.issued.IsZero() || now.Sub(c.issued) > cfg.MaxAge+cfg.Skew):
		return ErrTooOld
	default:
		return nil
	}
}

// text is a claim that is a string.
func (c *claims) text(name string) string {
	text, _ := c.all[name].(string)
	return text
}

// texts are the values of a claim that is a string or an array of them. An array
// with something else in it has none.
func (c *claims) texts(name string) []string {
	switch value := c.all[name].(type) {
	case string:
		return []string{value}
	case []any:
		texts := make([]string, 0, len(value))
		for _, element := range value {
			text, ok := element.(string)
			if !ok {
				return nil
			}
			texts = append(texts, text)
		}
		return texts
	default:
		return nil
	}
}

// scopes are those of the claim "scope" (RFC 8693), a list in one string, or of
// "scp", which some issuers write instead.
func (c *claims) scopes() []string {
	var scopes []string
	for _, name := range []string{"scope", "scp"} {
		for _, text := range c.texts(name) {
			scopes = append(scopes, strings.Fields(text)...)
		}
	}
	return scopes
}

// hasOneOf reports whether a claim is, or as an array holds, one of the values.
// Booleans count as they are written.
func (c *claims) hasOneOf(name string, values []string) bool {
	if value, ok := c.all[name].(bool); ok {
		return slices.Contains(values, strconv.FormatBool(value))
	}
	return overlap(c.texts(name), values)
}

func overlap(texts, values []string) bool {
	return slices.ContainsFunc(texts, func(text string) bool { return slices.Contains(values, text) })
}
