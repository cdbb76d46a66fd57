package caller

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func FuzzExtract(f *testing.F) {
	f.Add("key", "", "", "", false)
	f.Add("", "Bearer key", "", "access_key=key", false)
	f.Add("", "Basic YTprZXk=", "key", "access_key=other", true)
	f.Add("k\x00", "Basic \n", "App k", "access_key=%00&access_key", true)
	f.Add("", "Basic "+strings.Repeat("A", maxBasicEncoded), "", "", false)
	e := newExtractor(f, everySlot...)
	f.Fuzz(func(t *testing.T, own, auth, vendor, rawQuery string, twice bool) {
		h := http.Header{}
		for name, value := range map[string]string{"X-Api-Key": own, "Authorization": auth, "Apikey": vendor} {
			if value != "" {
				h[name] = []string{value}
			}
		}
		if twice && own != "" {
			h["X-Api-Key"] = append(h["X-Api-Key"], own)
		}
		query, err := url.ParseQuery(rawQuery)
		if err != nil {
			return
		}
		key, err := e.Extract(h, query, "")
		if err != nil {
			if key != "" || !slices.Contains([]error{ErrNone, ErrAmbiguous, ErrAlias, ErrMalformed}, err) {
				t.Fatalf("refused in an unknown way: %v", err)
			}
			return
		}
		checkTaken(t, key, h, query)
	})
}

// checkTaken holds what must be true of every key that was taken.
func checkTaken(t *testing.T, key string, h http.Header, query url.Values) {
	t.Helper()
	if key == "" || len(key) > MaxPresented || strings.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
		t.Fatal("took something that is no key")
	}
	shown := 0
	for _, values := range [][]string{h["X-Api-Key"], h["Apikey"], query["access_key"]} {
		if len(values) > 1 {
			t.Fatal("took a key that was there twice")
		}
		if len(values) == 1 {
			shown++
			if values[0] != key {
				t.Fatal("took one of two keys")
			}
		}
	}
	if len(h["Authorization"]) > 0 {
		shown++
		request := http.Request{Header: h}
		_, password, isBasic := request.BasicAuth()
		_, rest, _ := strings.Cut(h["Authorization"][0], " ")
		if isBasic && password != key || !isBasic && rest != key {
			t.Fatal("took another key than the one in Authorization")
		}
	}
	if shown == 0 {
		t.Fatal("took a key from nowhere")
	}
}
