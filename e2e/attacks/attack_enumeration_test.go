package attacks

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ringward/ringward/e2e/harness"
)

// TestAttackCallerEnumeration asks with keys that are wrong in different ways. If
// the answers differed (CVE-2018-15473, OpenSSH, told who has an account), an
// attacker would learn which keys were good once, which prefixes are right, and
// what is served here.
func TestAttackCallerEnumeration(t *testing.T) {
	a := enter(t)
	changed := []byte(a.Full.Key)
	changed[len(changed)-1] ^= 1
	answers := make(map[string]string)
	ask := func(name, method, path, key string) {
		t.Helper()
		request := strings.Replace(post(path, goodBody, "X-API-Key: "+key), "POST", method, 1)
		got := a.reply("", request)
		a.refused(name, got, http.StatusUnauthorized)
		id := got.Header.Get("X-Request-Id")
		got.Header.Del("X-Request-Id")
		got.Header.Del("Date")
		answers[fmt.Sprint(got.Status, got.Header, strings.ReplaceAll(got.Body, id, "ID"))] = name
	}
	a.unpaid(func() {
		for name, key := range map[string]string{
			"an ended key": endedCaller.Key, "an unknown key": harness.NewCaller().Key, "one letter changed": string(changed), "cut short": a.Full.Key[:20],
			"lower case": strings.ToLower(a.Full.Key), "longer": a.Full.Key + "x", "no form of a key": "x", "a digest": a.Full.Digest, "a caller's name": "full",
			"the provider's key": a.Standin.Key, "a wildcard": "*", "SQL": "'or'1'='1",
		} {
			ask(name, http.MethodPost, "/v1/lookup", key)
			ask(name+" at another path", http.MethodPost, "/v1/account", key)
			ask(name+" with another method", http.MethodDelete, "/v1/lookup", key)
		}
	})
	if len(answers) != 1 {
		t.Errorf("there are %d different answers: %q", len(answers), answers)
	}
	a.open("")
}
