package attacks

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// TestAttackEchoInDisguise has a provider that wants to give its own key away
// hide it in a released field. No search can find every way to write a secret,
// so this works, and SECURITY.md says so under "Echoes in disguise". A provider
// that echoes by mistake does not write it so.
func TestAttackEchoInDisguise(t *testing.T) {
	a := enter(t)
	disguises := map[string]func(string) string{
		"reversed": func(key string) string {
			letters := []byte(key)
			slices.Reverse(letters)
			return string(letters)
		},
		"base64, twice": func(key string) string {
			return base64.StdEncoding.EncodeToString([]byte(base64.StdEncoding.EncodeToString([]byte(key))))
		},
		"compressed, in base64": func(key string) string {
			return base64.StdEncoding.EncodeToString([]byte(compressed(encoders["gzip"], key)))
		},
		"a letter between all others": func(key string) string {
			return strings.Join(strings.Split(key, ""), "-")
		},
	}
	for name, disguise := range disguises {
		a.villain.answers(t, func(v visit) { v.sendsJSON(answerWith(unquoted(disguise(v.key)))) })
		got := a.reply(toVillain, a.lookup())
		worked := got.Status == http.StatusOK && strings.Contains(got.Body, unquoted(disguise(a.Standin.Key)))
		knownHole(t, name+": echoes in disguise are not found", worked)
	}
}
