package caller

import (
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"
)

func newExtractor(t testing.TB, slots ...Slot) *Extractor {
	t.Helper()
	e, err := NewExtractor(slots)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// header builds a header as net/http would from names and values.
func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func basic(userAndPassword string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(userAndPassword))
}

// everySlot has one slot of each kind.
var everySlot = []Slot{
	{In: InQuery, Name: "access_key"},
	{In: InHeader, Name: "apikey"},
	{In: InHeader, Name: "Authorization", Scheme: "App"},
	{In: InBasic},
}

func TestKeyIsFoundInItsSlot(t *testing.T) {
	t.Parallel()
	longest := strings.Repeat("k", MaxPresented)
	tests := []struct {
		name  string
		h     http.Header
		query string
		want  string
	}{
		{"own header", header("X-API-Key", "key"), "", "key"},
		{"own header in lower case", header("x-api-key", "key"), "", "key"},
		{"bearer", header("Authorization", "Bearer key"), "", "key"},
		{"bearer in lower case", header("authorization", "bearer key"), "", "key"},
		{"bearer in upper case", header("AUTHORIZATION", "BEARER key"), "", "key"},
		{"scheme of the vendor", header("Authorization", "App key"), "", "key"},
		{"header of the vendor", header("apikey", "key"), "", "key"},
		{"parameter of the vendor", nil, "access_key=key&number=1", "key"},
		{"basic", header("Authorization", basic("account:key")), "", "key"},
		{"basic in lower case", header("Authorization", "b"+basic("account:key")[1:]), "", "key"},
		{"basic without user", header("Authorization", basic(":key")), "", "key"},
		{"basic with colon in the key", header("Authorization", basic("account:k:ey")), "", "k:ey"},
		{"basic with longest parts", header("Authorization", basic(strings.Repeat("u", maxUser)+":"+longest)), "", longest},
		{"longest", header("X-API-Key", longest), "", longest},
		{"same key in several slots", header("X-API-Key", "key", "apikey", "key", "Authorization", basic("a:key")), "access_key=key", "key"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			query, err := url.ParseQuery(test.query)
			if err != nil {
				t.Fatal(err)
			}
			got, err := newExtractor(t, everySlot...).Extract(test.h, query, "")
			if err != nil || got != test.want {
				t.Errorf("got %q, %v, want %q", got, err, test.want)
			}
		})
	}
}

func TestNoKeyIsTaken(t *testing.T) {
	t.Parallel()
	tooLong := strings.Repeat("k", MaxPresented+1)
	tests := []struct {
		name  string
		h     http.Header
		query string
		want  error
	}{
		{"nothing", nil, "", ErrNone},
		{"other headers", header("X-Key", "key", "Cookie", "X-Api-Key=key", "Proxy-Authorization", "Bearer key"), "", ErrNone},
		{"underscores", header("X_API_Key", "key", "X_Api_Key", "key", "x_api-key", "key"), "", ErrAlias},
		{"underscores next to the key", header("X-API-Key", "key", "X_API_KEY", "other"), "", ErrAlias},
		{"not canonical", http.Header{"x-api-key": {"key"}, "X-API-Key": {"key"}}, "", ErrNone},
		{"other parameter", nil, "Access_Key=key&api_key=key", ErrNone},
		{"header as parameter", nil, "X-API-Key=key&Authorization=key", ErrNone},
		{"header twice", header("X-API-Key", "key", "X-API-Key", "key"), "", ErrAmbiguous},
		{"authorization twice", header("Authorization", "Bearer key", "Authorization", basic("a:key")), "", ErrAmbiguous},
		{"parameter twice", nil, "access_key=key&access_key=key", ErrAmbiguous},
		{"two keys in headers", header("X-API-Key", "key", "apikey", "other"), "", ErrAmbiguous},
		{"two keys in header and query", header("X-API-Key", "key"), "access_key=other", ErrAmbiguous},
		{"two keys, bearer", header("X-API-Key", "key", "Authorization", "Bearer other"), "", ErrAmbiguous},
		{"two keys, basic", header("X-API-Key", "key", "Authorization", basic("a:other")), "", ErrAmbiguous},
		{"empty header", header("X-API-Key", ""), "", ErrMalformed},
		{"empty parameter", nil, "access_key=", ErrMalformed},
		{"empty authorization", header("Authorization", ""), "", ErrMalformed},
		{"empty header hides nothing", header("X-API-Key", "", "apikey", "key"), "", ErrMalformed},
		{"bearer without key", header("Authorization", "Bearer"), "", ErrMalformed},
		{"bearer with empty key", header("Authorization", "Bearer "), "", ErrMalformed},
		{"bearer with two spaces", header("Authorization", "Bearer  key"), "", ErrMalformed},
		{"bearer with tab", header("Authorization", "Bearer\tkey"), "", ErrMalformed},
		{"bearer with two words", header("Authorization", "Bearer key key"), "", ErrMalformed},
		{"no scheme", header("Authorization", "key"), "", ErrMalformed},
		{"other scheme", header("Authorization", "Digest key"), "", ErrMalformed},
		{"other scheme next to a key", header("X-API-Key", "key", "Authorization", "Digest other"), "", ErrMalformed},
		{"scheme in a header without one", header("X-API-Key", "Bearer key"), "", ErrMalformed},
		{"list in a header", header("X-API-Key", "key, key"), "", ErrMalformed},
		{"space", header("X-API-Key", "k y"), "", ErrMalformed},
		{"NUL", http.Header{"X-Api-Key": {"k\x00y"}}, "", ErrMalformed},
		{"DEL", http.Header{"X-Api-Key": {"k\x7fy"}}, "", ErrMalformed},
		{"line feed", http.Header{"X-Api-Key": {"key\n"}}, "", ErrMalformed},
		{"not ASCII", header("X-API-Key", "k\u00e9y"), "", ErrMalformed},
		{"control character in a parameter", nil, "access_key=key%0a", ErrMalformed},
		{"too long", header("X-API-Key", tooLong), "", ErrMalformed},
		{"too long bearer", header("Authorization", "Bearer "+tooLong), "", ErrMalformed},
		{"too long parameter", nil, "access_key=" + tooLong, ErrMalformed},
		{"too long password", header("Authorization", basic("a:"+tooLong)), "", ErrMalformed},
		{"too long user", header("Authorization", basic(strings.Repeat("u", maxUser+1)+":key")), "", ErrMalformed},
		{"huge basic", header("Authorization", basic(strings.Repeat("u", 1<<16)+":key")), "", ErrMalformed},
		{"basic without colon", header("Authorization", basic("key")), "", ErrMalformed},
		{"basic without password", header("Authorization", basic("key:")), "", ErrMalformed},
		{"basic without credentials", header("Authorization", "Basic "), "", ErrMalformed},
		{"basic, not base64", header("Authorization", "Basic a:key"), "", ErrMalformed},
		{"basic, base64url", header("Authorization", "Basic Pz8_Pz86a2V5"), "", ErrMalformed},
		{"basic without padding", header("Authorization", strings.TrimRight(basic("a:key"), "=")), "", ErrMalformed},
		{"basic with stray bits", header("Authorization", "Basic YTpr"+"ZR=="), "", ErrMalformed},
		{"basic with line break", http.Header{"Authorization": {basic("a:key") + "\n"}}, "", ErrMalformed},
		{"basic with control character in the user", header("Authorization", basic("a\x00:key")), "", ErrMalformed},
		{"basic with control character in the key", header("Authorization", basic("a:ke\ny")), "", ErrMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			query, err := url.ParseQuery(test.query)
			if err != nil {
				t.Fatal(err)
			}
			got, err := newExtractor(t, everySlot...).Extract(test.h, query, "")
			if err != test.want || got != "" {
				t.Errorf("got %q, %v, want %v", got, err, test.want)
			}
		})
	}
}

func TestOnlyConfiguredSlotsAreLookedAt(t *testing.T) {
	t.Parallel()
	e := newExtractor(t)
	if _, err := e.Extract(header("apikey", "key"), url.Values{"access_key": {"key"}}, ""); err != ErrNone {
		t.Errorf("got %v, want %v", err, ErrNone)
	}
	if _, err := e.Extract(header("Authorization", basic("a:key")), nil, ""); err != ErrMalformed {
		t.Errorf("basic: got %v, want %v", err, ErrMalformed)
	}
	if _, err := e.Extract(header("Authorization", "App key"), nil, ""); err != ErrMalformed {
		t.Errorf("scheme: got %v, want %v", err, ErrMalformed)
	}
}

func TestHeaderMayTakeKeysWithAndWithoutScheme(t *testing.T) {
	t.Parallel()
	e := newExtractor(t, Slot{In: InHeader, Name: "authorization"}, Slot{In: InHeader, Name: "X-Vendor", Scheme: "Key"})
	for _, h := range []http.Header{header("Authorization", "key"), header("Authorization", "Bearer key"), header("X-Vendor", "KEY key")} {
		if got, err := e.Extract(h, nil, ""); err != nil || got != "key" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if _, err := e.Extract(header("X-Vendor", "key"), nil, ""); err != ErrMalformed {
		t.Errorf("got %v, want %v", err, ErrMalformed)
	}
}

func TestSlotGivenTwiceIsOne(t *testing.T) {
	t.Parallel()
	e := newExtractor(t, Slot{In: InQuery, Name: "k"}, Slot{In: InQuery, Name: "k"},
		Slot{In: InHeader, Name: "x-api-key"}, Slot{In: InHeader, Name: "authorization", Scheme: "bearer"}, Slot{In: InBasic}, Slot{In: InBasic})
	for _, h := range []http.Header{header("X-API-Key", "key"), header("Authorization", "Bearer key"), header("Authorization", basic(":key"))} {
		if got, err := e.Extract(h, nil, ""); err != nil || got != "key" {
			t.Errorf("got %q, %v", got, err)
		}
	}
	if got, err := e.Extract(nil, url.Values{"k": {"key"}}, ""); err != nil || got != "key" {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestFaultySlotsAreRefused(t *testing.T) {
	t.Parallel()
	for name, slot := range map[string]Slot{
		"no part":                   {Name: "k"},
		"unknown part":              {In: "json", Name: "k"},
		"header without name":       {In: InHeader},
		"header with underscore":    {In: InHeader, Name: "X_Key"},
		"header with colon":         {In: InHeader, Name: "X-Key:"},
		"header with line feed":     {In: InHeader, Name: "X-Key\n"},
		"overlong header":           {In: InHeader, Name: strings.Repeat("x", 65)},
		"cookie":                    {In: InHeader, Name: "cookie"},
		"proxy authorization":       {In: InHeader, Name: "Proxy-Authorization", Scheme: "Bearer"},
		"host":                      {In: InHeader, Name: "HOST"},
		"basic as a scheme":         {In: InHeader, Name: "Authorization", Scheme: "basic"},
		"scheme with space":         {In: InHeader, Name: "Authorization", Scheme: "My App"},
		"query without name":        {In: InQuery},
		"query with scheme":         {In: InQuery, Name: "k", Scheme: "Bearer"},
		"query name with ampersand": {In: InQuery, Name: "k&l"},
		"basic with name":           {In: InBasic, Name: "Authorization"},
		"basic with scheme":         {In: InBasic, Scheme: "Basic"},
	} {
		if e, err := NewExtractor([]Slot{slot}); err == nil || e != nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPlainHeadersCostNoAllocation(t *testing.T) {
	e := newExtractor(t, everySlot...)
	key, _ := newKey(t)
	for name, h := range map[string]http.Header{"own": header("X-API-Key", key), "bearer": header("Authorization", "Bearer "+key)} {
		if got := testing.AllocsPerRun(100, func() { _, _ = e.Extract(h, nil, "") }); got != 0 {
			t.Errorf("%s: got %v allocations", name, got)
		}
	}
	h := header("Authorization", basic("account:"+key))
	if got := testing.AllocsPerRun(100, func() { _, _ = e.Extract(h, nil, "") }); got > 1 {
		t.Errorf("basic: got %v allocations, want 1", got)
	}
}

func TestKeyInThePathIsTakenWhereTheProviderHasIt(t *testing.T) {
	t.Parallel()
	with, without := newExtractor(t, Slot{In: InPath}), newExtractor(t)
	for _, c := range []struct {
		name string
		e    *Extractor
		h    http.Header
		path string
		want string
		err  error
	}{
		{"its slot", with, nil, "key", "key", nil},
		{"the same in a header", with, header("X-API-Key", "key"), "key", "key", nil},
		{"another in a header", with, header("X-API-Key", "other"), "key", "", ErrAmbiguous},
		{"no key", with, nil, "a key", "", ErrMalformed},
		{"none in the path", with, header("X-API-Key", "key"), "", "key", nil},
		{"no slot", without, nil, "key", "", ErrNone},
	} {
		if got, err := c.e.Extract(c.h, nil, c.path); got != c.want || err != c.err {
			t.Errorf("%s: got %q, %v", c.name, got, err)
		}
	}
}
