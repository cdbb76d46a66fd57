package credential

import (
	"errors"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

func valueOf(tb testing.TB, secrets ...string) *Value {
	tb.Helper()
	var fields []Field
	for i, s := range secrets {
		fields = append(fields, Field{Name: "f" + string(rune('0'+i)), Secret: SecretFromString(s)})
	}
	v, err := NewValue(fields, 1, time.Time{}, time.Now())
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

func request(tb testing.TB, query string) *http.Request {
	tb.Helper()
	req, err := http.NewRequest(http.MethodGet, "https://api.example/v1/lookup", nil)
	if err != nil {
		tb.Fatal(err)
	}
	req.URL.RawQuery = query
	return req
}

// place places v once, in one place.
func place(t *testing.T, req *http.Request, p provider.Placement, v *Value) error {
	t.Helper()
	placer, err := NewPlacer([]provider.Placement{p}, PlacerOptions{})
	if err != nil {
		return err
	}
	defer placer.Close()
	_, err = placer.Place(t.Context(), req, nil, v)
	return err
}

func TestCredentialIsPlacedInHeader(t *testing.T) {
	for _, c := range []struct {
		p      provider.Placement
		before http.Header
		name   string
		want   string
	}{
		{provider.Placement{In: provider.InHeader, Name: "X-API-Key"}, nil, "X-Api-Key", sample},
		{provider.Placement{In: provider.InHeader, Name: "Authorization", Scheme: "Bearer"}, nil, "Authorization", "Bearer " + sample},
		{
			provider.Placement{In: provider.InHeader, Name: "apikey"},
			http.Header{"apikey": {"mine"}, "APIKEY": {"a", "b"}, "Apikey": {"c"}, "Accept": {"*/*"}},
			"Apikey", sample,
		},
		{
			provider.Placement{In: provider.InHeader, Name: "X-Api-Key"},
			http.Header{"X_api_key": {"mine"}, "x-api_key": {"mine"}, "Accept": {"*/*"}},
			"X-Api-Key", sample,
		},
	} {
		req := request(t, "number=1")
		if c.before != nil {
			req.Header = c.before
		} else {
			req.Header = nil
		}
		if err := place(t, req, c.p, valueOf(t, sample)); err != nil {
			t.Fatal(err)
		}
		if got := req.Header[c.name]; len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: header is not what the provider wants", c.p.Name)
		}
		for name := range req.Header {
			if name != c.name && name != "Accept" {
				t.Errorf("header %s is still there", name)
			}
		}
		if req.URL.RawQuery != "number=1" {
			t.Error("the query was changed")
		}
	}
}

func TestCredentialIsPlacedInQuery(t *testing.T) {
	key := url.QueryEscape(sample)
	for _, c := range []struct{ before, want string }{
		{"", "access_key=" + key},
		{"number=1", "number=1&access_key=" + key},
		{"access_key=mine", "access_key=" + key},
		{"a=1&access_key=mine&b=2&access_key&ACCESS_KEY=x&access%5fkey=y", "a=1&b=2&access_key=" + key},
		{"a=%2B1%20x&b", "a=%2B1%20x&b&access_key=" + key},
		{"my_access_key=1", "my_access_key=1&access_key=" + key},
	} {
		req := request(t, c.before)
		p := provider.Placement{In: provider.InQuery, Name: "access_key"}
		if err := place(t, req, p, valueOf(t, sample)); err != nil {
			t.Fatal(err)
		}
		if req.URL.RawQuery != c.want {
			t.Errorf("%q gives another query than wanted", c.before)
		}
		if got := req.URL.Query()["access_key"]; len(got) != 1 || got[0] != sample {
			t.Errorf("%q: the provider would not read the key", c.before)
		}
	}
}

func TestCredentialIsPlacedInBasic(t *testing.T) {
	req := request(t, "")
	req.Header = http.Header{"authorization": {"Bearer mine"}}
	if err := place(t, req, provider.Placement{In: provider.InBasic}, valueOf(t, "user-1", sample)); err != nil {
		t.Fatal(err)
	}
	bare := request(t, "")
	bare.Header = nil
	if err := place(t, bare, provider.Placement{In: provider.InBasic}, valueOf(t, "user-1", sample)); err != nil {
		t.Fatal(err)
	}
	user, password, ok := req.BasicAuth()
	if !ok || user != "user-1" || password != sample || len(req.Header) != 1 {
		t.Error("basic authentication is not what the provider wants")
	}
}

func TestImpossiblePlacementsAreRefused(t *testing.T) {
	wiped := valueOf(t, sample)
	wiped.Fields[0].Secret.Wipe()
	header := provider.Placement{In: provider.InHeader, Name: "X-Api-Key"}
	for _, c := range []struct {
		name  string
		p     provider.Placement
		query string
		v     *Value
		want  error
	}{
		{"no value", header, "", nil, ErrNotReady},
		{"wiped value", header, "", wiped, ErrEmpty},
		{"two fields in a header", header, "", valueOf(t, sample, sample), ErrPlacement},
		{"unknown place", provider.Placement{In: provider.InPath}, "", valueOf(t, sample), ErrPlacement},
		{"no place", provider.Placement{}, "", valueOf(t, sample), ErrPlacement},
		{"header without name", provider.Placement{In: provider.InHeader}, "", valueOf(t, sample), ErrPlacement},
		{"header with line feed", provider.Placement{In: provider.InHeader, Name: "X\nY"}, "", valueOf(t, sample), ErrPlacement},
		{"parameter without name", provider.Placement{In: provider.InQuery}, "", valueOf(t, sample), ErrPlacement},
		{"malformed query", provider.Placement{In: provider.InQuery, Name: "k"}, "%zz=1", valueOf(t, sample), ErrPlacement},
		{"semicolon in query", provider.Placement{In: provider.InQuery, Name: "k"}, "a=1;k=2", valueOf(t, sample), ErrPlacement},
		{"basic with one field", provider.Placement{In: provider.InBasic}, "", valueOf(t, sample), ErrPlacement},
		{"basic with colon", provider.Placement{In: provider.InBasic}, "", valueOf(t, "a:b", sample), ErrPlacement},
	} {
		req := request(t, c.query)
		err := place(t, req, c.p, c.v)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		mustNotHold(t, c.name, err.Error())
		if len(req.Header) > 0 || strings.Contains(req.URL.RawQuery, "sk-") {
			t.Errorf("%s: something was placed", c.name)
		}
	}
}

func TestEachPlacementTakesItsFieldsInOrder(t *testing.T) {
	placer, err := NewPlacer([]provider.Placement{
		{In: provider.InHeader, Name: "X-Id"},
		{In: provider.InBasic},
		{In: provider.InQuery, Name: "key"},
	}, PlacerOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer placer.Close()
	v := valueOf(t, "the-id", "the-user", "the-password", sample)
	req := request(t, "")
	shown, err := placer.Place(t.Context(), req, nil, v)
	if err != nil {
		t.Fatal(err)
	}
	user, password, _ := req.BasicAuth()
	if req.Header.Get("X-Id") != "the-id" || user != "the-user" || password != "the-password" || req.URL.Query().Get("key") != sample {
		t.Error("the fields are mixed up")
	}
	if shown != v || placer.Refused(shown) || placer.Refused(nil) {
		t.Error("a token is shown where there is none")
	}
	for _, other := range []*Value{nil, valueOf(t, "a", "b", "c"), valueOf(t, "a", "b", "c", "d", "e")} {
		if _, err := placer.Place(t.Context(), request(t, ""), nil, other); err == nil || placer.Check(other) == nil {
			t.Errorf("placed in spite of its number of fields: %v", other)
		}
	}
	if err := placer.Check(v); err != nil {
		t.Error(err)
	}
}

func TestPlacersThatCannotWorkAreNotMade(t *testing.T) {
	for name, placements := range map[string][]provider.Placement{
		"no place":                 {{}},
		"unknown place":            {{In: provider.InJSON, Name: "key"}},
		"signature before another": {{In: provider.InTSA}, {In: provider.InHeader, Name: "X-Id"}},
		"token over http":          {{In: provider.InOAuth2, TokenURL: "http://auth.example/token"}},
		"token from nowhere":       {{In: provider.InOAuth2}},
	} {
		if _, err := NewPlacer(placements, PlacerOptions{}); !errors.Is(err, ErrPlacement) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func BenchmarkPlace(b *testing.B) {
	v := valueOf(b, "0123456789abcdef0123456789abcdef")
	b.Run("header", func(b *testing.B) {
		p := provider.Placement{In: provider.InHeader, Name: "Authorization", Scheme: "Bearer"}
		req := request(b, "")
		req.Header.Set("Accept", "application/json")
		b.ReportAllocs()
		placer := newBenchPlacer(b, p)
		for b.Loop() {
			if _, err := placer.Place(b.Context(), req, nil, v); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("query", func(b *testing.B) {
		p := provider.Placement{In: provider.InQuery, Name: "access_key"}
		req := request(b, "")
		b.ReportAllocs()
		placer := newBenchPlacer(b, p)
		for b.Loop() {
			req.URL.RawQuery = "number=14158586273&format=1"
			if _, err := placer.Place(b.Context(), req, nil, v); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func newBenchPlacer(b *testing.B, p provider.Placement) *Placer {
	b.Helper()
	placer, err := NewPlacer([]provider.Placement{p}, PlacerOptions{})
	if err != nil {
		b.Fatal(err)
	}
	return placer
}
