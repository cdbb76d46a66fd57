package credential

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// tokenEndpoint gives out the tokens "access-token-1", "access-token-2" and so on,
// or the answer that a test sets.
type tokenEndpoint struct {
	mu     sync.Mutex
	asked  int
	answer func(n int) (status int, body string) // nil: a token for an hour
	wait   time.Duration
	faults []string
}

func (e *tokenEndpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	user, password, _ := r.BasicAuth()
	e.mu.Lock()
	e.asked++
	n, answer := e.asked, e.answer
	if r.Method != http.MethodPost || string(body) != "grant_type=client_credentials" || user != "client-1" || !strings.HasPrefix(password, "sk-") {
		e.faults = append(e.faults, "the request is not one for client credentials")
	}
	e.mu.Unlock()
	select {
	case <-time.After(e.wait):
	case <-r.Context().Done():
		return
	}
	status, text := http.StatusOK, tokenAnswer(n, 3600)
	if answer != nil {
		status, text = answer(n)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Location", "https://"+r.Host+"/elsewhere")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text)
}

// RoundTrip answers without a network, as a test in fake time needs it.
func (e *tokenEndpoint) RoundTrip(req *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	e.ServeHTTP(w, req)
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

func (e *tokenEndpoint) set(answer func(n int) (int, string)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.answer = answer
}

func (e *tokenEndpoint) mustHaveBeenAsked(t *testing.T, times int) {
	t.Helper()
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.asked != times {
		t.Errorf("%d requests for a token, want %d", e.asked, times)
	}
	for _, fault := range e.faults {
		t.Error(fault)
	}
}

func tokenAnswer(n, life int) string {
	return fmt.Sprintf(`{"access_token":"access-token-%d","token_type":"bearer","expires_in":%d,"scope":""}`, n, life)
}

func always(status int, body string) func(int) (int, string) {
	return func(int) (int, string) { return status, body }
}

func oauth2Placer(tb testing.TB, tokenURL string, client *http.Client) *Placer {
	tb.Helper()
	p, err := NewPlacer([]provider.Placement{{In: provider.InOAuth2, TokenURL: tokenURL}}, PlacerOptions{Client: client})
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

// withEndpoint runs a test in fake time with a placer and its token endpoint.
func withEndpoint(t *testing.T, test func(t *testing.T, p *Placer, e *tokenEndpoint)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		e := &tokenEndpoint{}
		p := oauth2Placer(t, "https://auth.example/token", &http.Client{Transport: e})
		defer p.Close()
		test(t, p, e)
	})
}

func mustPlaceToken(t *testing.T, p *Placer, v *Value, want string) *Value {
	t.Helper()
	got, shown := bearer(t, p, v)
	if got != want {
		t.Errorf("%s is sent, want %s", got, want)
	}
	return shown
}

func mustFail(t *testing.T, p *Placer, v *Value, want error) error {
	t.Helper()
	req := request(t, "")
	_, err := p.Place(t.Context(), req, nil, v)
	if !errors.Is(err, want) {
		t.Fatalf("got %v, want %v", err, want)
	}
	if len(req.Header) > 0 {
		t.Error("something was placed")
	}
	mustNotHold(t, "an error", err.Error())
	for _, text := range []string{"auth.example", "client-1", "access-token", "leaked"} {
		if strings.Contains(err.Error(), text) {
			t.Errorf("the error holds %q: %v", text, err)
		}
	}
	return err
}

func TestTokenIsFetchedOnceForAllRequests(t *testing.T) {
	e := &tokenEndpoint{wait: 50 * time.Millisecond}
	server := httptest.NewTLSServer(e)
	defer server.Close()
	p := oauth2Placer(t, server.URL+"/token", server.Client())
	defer p.Close()
	v := valueOf(t, "client-1", sample)
	var wg sync.WaitGroup
	for range 100 {
		wg.Go(func() {
			req := request(t, "")
			if _, err := p.Place(t.Context(), req, nil, v); err != nil || req.Header.Get("Authorization") != "Bearer access-token-1" {
				t.Errorf("another token than the one that was fetched: %v", err)
			}
		})
	}
	wg.Wait()
	mustPlaceToken(t, p, v, "access-token-1")
	e.mustHaveBeenAsked(t, 1)
}

func TestTokenAndClientSecretAreFoundInAnswers(t *testing.T) {
	withEndpoint(t, func(t *testing.T, p *Placer, _ *tokenEndpoint) {
		v := valueOf(t, "client-1", sample)
		shown := mustPlaceToken(t, p, v, "access-token-1")
		for _, echo := range []string{"access-token-1", sample} {
			if !shown.Renderings().Found([]byte(`{"error":"` + quoteJSON(echo) + `"}`)) {
				t.Error("an echo is not found")
			}
		}
		if shown.Renderings().Found([]byte(sampleAnswer)) || v.Renderings().Found([]byte("access-token-1")) {
			t.Error("something else is found")
		}
		if !shown.Equal(v) {
			t.Error("what is shown is another version")
		}
	})
}

func TestTokenIsRefreshedBeforeItExpires(t *testing.T) {
	withEndpoint(t, func(t *testing.T, p *Placer, e *tokenEndpoint) {
		v := valueOf(t, "client-1", sample)
		mustPlaceToken(t, p, v, "access-token-1")
		sleep(59*time.Minute - time.Second)
		mustPlaceToken(t, p, v, "access-token-1")
		synctest.Wait()
		e.mustHaveBeenAsked(t, 1)
		sleep(time.Second)
		e.wait = 5 * time.Second
		begun := time.Now()
		mustPlaceToken(t, p, v, "access-token-1")
		if time.Since(begun) > 0 {
			t.Error("a request waited although the token was still good")
		}
		sleep(6 * time.Second)
		mustPlaceToken(t, p, v, "access-token-2")
		e.mustHaveBeenAsked(t, 2)
	})
}

func TestShortTokenIsRefreshedInItsLastTenth(t *testing.T) {
	withEndpoint(t, func(t *testing.T, p *Placer, e *tokenEndpoint) {
		e.set(func(n int) (int, string) { return http.StatusOK, tokenAnswer(n, 100) })
		v := valueOf(t, "client-1", sample)
		mustPlaceToken(t, p, v, "access-token-1")
		sleep(89 * time.Second)
		mustPlaceToken(t, p, v, "access-token-1")
		synctest.Wait()
		e.mustHaveBeenAsked(t, 1)
		sleep(time.Second)
		mustPlaceToken(t, p, v, "access-token-1")
		synctest.Wait()
		mustPlaceToken(t, p, v, "access-token-2")
	})
}

func TestTokenWithoutAnEndLivesFiveMinutes(t *testing.T) {
	withEndpoint(t, func(t *testing.T, p *Placer, e *tokenEndpoint) {
		e.set(func(n int) (int, string) {
			return http.StatusOK, fmt.Sprintf(`{"access_token":"access-token-%d","token_type":"Bearer"}`, n)
		})
		v := valueOf(t, "client-1", sample)
		mustPlaceToken(t, p, v, "access-token-1")
		sleep(4 * time.Minute)
		mustPlaceToken(t, p, v, "access-token-1")
		sleep(time.Minute)
		mustPlaceToken(t, p, v, "access-token-2")
	})
}

func TestExpiredTokenIsNeverSent(t *testing.T) {
	withEndpoint(t, func(t *testing.T, p *Placer, e *tokenEndpoint) {
		v := valueOf(t, "client-1", sample)
		mustPlaceToken(t, p, v, "access-token-1")
		e.set(always(http.StatusServiceUnavailable, "leaked"))
		sleep(time.Hour - time.Second)
		mustPlaceToken(t, p, v, "access-token-1")
		sleep(time.Second)
		mustFail(t, p, v, ErrUnavailable)
		e.set(nil)
		sleep(mintPause)
		mustPlaceToken(t, p, v, "access-token-4")
	})
}

func TestRotatedClientSecretGetsATokenOfItsOwn(t *testing.T) {
	withEndpoint(t, func(t *testing.T, p *Placer, e *tokenEndpoint) {
		old := valueOf(t, "client-1", sample)
		mustPlaceToken(t, p, old, "access-token-1")
		mustPlaceToken(t, p, valueOf(t, "client-1", sample+"-2"), "access-token-2")
		mustPlaceToken(t, p, old, "access-token-1")
		mustPlaceToken(t, p, valueOf(t, "client-1", sample), "access-token-1") // the same, fetched anew
		for i := range 5 {
			mustPlaceToken(t, p, valueOf(t, "client-1", sample+fmt.Sprint("-other-", i)), fmt.Sprint("access-token-", 3+i))
		}
		if n := len(p.slots[0].tokens.entries); n != maxEntries {
			t.Errorf("the tokens of %d versions are kept", n)
		}
		e.mustHaveBeenAsked(t, 7)
	})
}

func TestRefusedTokenIsFetchedAnewOnce(t *testing.T) {
	withEndpoint(t, func(t *testing.T, p *Placer, e *tokenEndpoint) {
		v := valueOf(t, "client-1", sample)
		mustPlaceToken(t, p, v, "access-token-1")
		sleep(time.Minute)
		if shown := mustPlaceToken(t, p, v, "access-token-1"); !p.Refused(shown) {
			t.Error("not again although the token was an old one")
		}
		fresh := mustPlaceToken(t, p, v, "access-token-2")
		sleep(2 * time.Second)
		if p.Refused(fresh) {
			t.Error("again although the token was fetched for this exchange")
		}
		mustPlaceToken(t, p, v, "access-token-3")
		e.mustHaveBeenAsked(t, 3)
	})
}

func TestAnswersOfTheTokenEndpoint(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   error
	}{
		{"client is refused", 400, `{"error":"invalid_client","error_description":"leaked ` + sample + `"}`, ErrRefused},
		{"unauthorized", 401, `leaked ` + sample, ErrRefused},
		{"other fault", 400, `{"error":"invalid_scope"}`, ErrUnavailable},
		{"server error", 503, `leaked ` + sample, ErrUnavailable},
		{"too many", 429, ``, ErrUnavailable},
		{"redirect", 302, ``, ErrUnavailable},
		{"redirect with the body", 307, ``, ErrUnavailable},
		{"error in a good status", 200, `{"error":"invalid_client"}`, ErrRefused},
		{"garbage", 200, "\x00\xff leaked", ErrUnavailable},
		{"nothing", 200, ``, ErrUnavailable},
		{"no token", 200, `{"token_type":"bearer"}`, ErrUnavailable},
		{"huge", 200, `{"access_token":"` + strings.Repeat("a", 2<<20) + `","token_type":"bearer"}`, ErrUnavailable},
		{"huge token", 200, `{"access_token":"` + strings.Repeat("a", MaxSecretLength+1) + `","token_type":"bearer"}`, ErrInvalid},
		{"token with a line feed", 200, `{"access_token":"access-token\nX: y","token_type":"bearer"}`, ErrInvalid},
		{"token of another type", 200, `{"access_token":"access-token-1","token_type":"mac"}`, ErrInvalid},
		{"token without a type", 200, `{"access_token":"access-token-1"}`, ErrInvalid},
		{"token that has expired", 200, tokenAnswer(1, -1), ErrInvalid},
	} {
		t.Run(c.name, func(t *testing.T) {
			withEndpoint(t, func(t *testing.T, p *Placer, e *tokenEndpoint) {
				e.set(always(c.status, c.body))
				mustFail(t, p, valueOf(t, "client-1", sample), c.want)
				e.mustHaveBeenAsked(t, 1) // and nowhere else
			})
		})
	}
}

func TestFailuresDoNotStorm(t *testing.T) {
	withEndpoint(t, func(t *testing.T, p *Placer, e *tokenEndpoint) {
		e.set(always(http.StatusUnauthorized, ""))
		v := valueOf(t, "client-1", sample)
		first := mustFail(t, p, v, ErrRefused)
		for range 10 {
			if err := mustFail(t, p, v, ErrRefused); err.Error() != first.Error() {
				t.Errorf("another error meanwhile: %v", err)
			}
		}
		e.mustHaveBeenAsked(t, 1)
		sleep(mintPause)
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				if _, err := p.Place(t.Context(), request(t, ""), nil, v); !errors.Is(err, ErrRefused) {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		e.mustHaveBeenAsked(t, 2)
		mustFail(t, p, valueOf(t, "client-1", sample+"-2"), ErrRefused) // another one is tried at once
		e.mustHaveBeenAsked(t, 3)
	})
}

func TestWaitForATokenIsBounded(t *testing.T) {
	withEndpoint(t, func(t *testing.T, p *Placer, e *tokenEndpoint) {
		e.wait = time.Hour
		v := valueOf(t, "client-1", sample)
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		begun := time.Now()
		if _, err := p.Place(ctx, request(t, ""), nil, v); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 2*time.Second {
			t.Errorf("after %s: %v", time.Since(begun), err)
		}
		mustFail(t, p, v, ErrUnavailable)
		if got := time.Since(begun); got != mintTimeout {
			t.Errorf("a fetch took %s", got)
		}
		e.mustHaveBeenAsked(t, 1)
	})
}

func TestTokenEndpointMustBeTrusted(t *testing.T) {
	e := &tokenEndpoint{}
	server := httptest.NewUnstartedServer(e)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	p := oauth2Placer(t, server.URL, &http.Client{})
	defer p.Close()
	mustFail(t, p, valueOf(t, "client-1", sample), ErrUnavailable)
	e.mustHaveBeenAsked(t, 0)
}

// TestEndlessAnswerIsCutOff reads from an endpoint that never stops.
func TestEndlessAnswerIsCutOff(t *testing.T) {
	var read atomic.Int64
	client := &http.Client{Transport: roundTripFunc(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: 200, Header: http.Header{}, Body: io.NopCloser(endless{&read})}, nil
	})}
	p := oauth2Placer(t, "https://auth.example/token", client)
	defer p.Close()
	mustFail(t, p, valueOf(t, "client-1", sample), ErrUnavailable)
	if n := read.Load(); n == 0 || n > 2<<20 {
		t.Errorf("%d bytes were read", n)
	}
}

type roundTripFunc func(*http.Request) (*http.Response, error)

func (f roundTripFunc) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

type endless struct{ read *atomic.Int64 }

func (e endless) Read(p []byte) (int, error) {
	e.read.Add(int64(len(p)))
	return copy(p, bytes.Repeat([]byte("a"), len(p))), nil
}

func TestCheckAsksNobody(t *testing.T) {
	withEndpoint(t, func(t *testing.T, p *Placer, e *tokenEndpoint) {
		if err := p.Check(valueOf(t, "client-1", sample)); err != nil {
			t.Error(err)
		}
		if err := p.Check(valueOf(t, "client-1")); !errors.Is(err, ErrPlacement) {
			t.Errorf("one field: %v", err)
		}
		synctest.Wait()
		e.mustHaveBeenAsked(t, 0)
	})
	without := oauth2Placer(t, "https://auth.example/token", nil)
	defer without.Close()
	v := valueOf(t, "client-1", sample)
	if err := without.Check(v); err != nil {
		t.Error(err)
	}
	mustFail(t, without, v, ErrPlacement)
}

func TestCloseEndsTheFetch(t *testing.T) {
	withEndpoint(t, func(t *testing.T, p *Placer, e *tokenEndpoint) {
		e.wait = time.Hour
		v := valueOf(t, "client-1", sample)
		var wg sync.WaitGroup
		wg.Go(func() {
			if _, err := p.Place(t.Context(), request(t, ""), nil, v); err == nil {
				t.Error("placed although it was closed")
			}
		})
		synctest.Wait()
		begun := time.Now()
		p.Close()
		wg.Wait()
		if time.Since(begun) > 0 {
			t.Error("closing waited for the endpoint")
		}
		if _, err := p.Place(t.Context(), request(t, ""), nil, v); err == nil {
			t.Error("placed after it was closed")
		}
		e.mustHaveBeenAsked(t, 1)
	})
	var none *Placer
	none.Close()
}
