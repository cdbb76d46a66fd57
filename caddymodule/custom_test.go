package caddymodule

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// acme is an API of no preset: the number in the path, the key in a query
// parameter, errors in the body.
func acme(key string, seen *[]string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*seen = append(*seen, r.Method+" "+r.RequestURI)
		w.Header().Set("Content-Type", "application/vnd.acme+json; charset=UTF-8")
		if r.URL.Query().Get("token") != key {
			fmt.Fprint(w, `{"ok":false,"code":7}`)
			return
		}
		fmt.Fprint(w, `{"ok":true,"valid":true,"owner":{"name":"Somebody"},"carriers":[{"name":"A","price":3},{"name":"B"}]}`)
	})
}

func TestCustomProvider(t *testing.T) {
	s := newStage(t, "checkthatphone")
	var seen []string
	s.Preset = "custom acme"
	s.Upstream = s.serveTLS(acme(s.Key, &seen))
	s.Route = `
		place query token
		key_in basic
		operation lookup GET /v1/{number}/info {
			number path e164
			param query lang string en de
			field validity /valid
			field carrier /carriers/*/name
			field identity /owner/name
		}
		error bad_credential /code is 7
		error provider_error /ok not true`
	s.start()
	ask := func(key, target string) reply {
		req := s.request("GET", target, "")
		req.SetBasicAuth("anything", key)
		return s.do(req)
	}
	if got := ask(s.Minimal, "/v1/%2B14158586273/info?lang=de"); got.status != 200 || got.body != `{"valid":true}` {
		t.Errorf("minimal: got %d %s", got.status, got.body)
	}
	if got := ask(s.Full, "/v1/+14158586273/info"); got.body != `{"valid":true,"owner":{"name":"Somebody"},"carriers":[{"name":"A"},{"name":"B"}]}` {
		t.Errorf("full: got %d %s", got.status, got.body)
	}
	if want := "GET /v1/+14158586273/info?lang=de&token="; len(seen) != 2 || !strings.HasPrefix(seen[0], want) {
		t.Errorf("the provider was asked %v", seen)
	}
	if got := ask(s.Minimal, "/v1/+14158586273/info?lang=fr"); got.status != 400 || !strings.Contains(got.body, `"code":"invalid_request"`) {
		t.Errorf("value that is not allowed: got %d %s", got.status, got.body)
	}
	s.vault.Put("secret/phone/other", map[string]string{"api_key": "another-key"})
	config := strings.Replace(s.caddyfile(), "secret/phone/provider", "secret/phone/other", 1)
	if err := loadCaddyfile(config); err != nil {
		t.Fatal(err)
	}
	if got := ask(s.Full, "/v1/+14158586273/info"); got.status != 502 {
		t.Errorf("key that the provider refuses: got %d %s", got.status, got.body)
	}
}
