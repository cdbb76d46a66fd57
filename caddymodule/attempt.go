package caddymodule

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/ringward/ringward/caddymodule/internal/credential"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// attempts are the calls of one exchange.
type attempts struct {
	tried []*credential.Value // one a call, the last one's included
	shown []*credential.Value // what the provider got to see
}

// attempt makes one call with the last of the tried credentials, and reports
// what was shown and whether it was refused: by the provider, or by the
// endpoint that was to give a token for it, where nothing was shown.
func (t *Transport) attempt(ctx context.Context, ex *exchange, made *attempts) (shown *credential.Value, refused bool) {
	value := made.tried[len(made.tried)-1]
	out, shown, err := t.request(ctx, ex, value)
	if errors.Is(err, credential.ErrRefused) {
		return nil, true
	}
	if err != nil {
		ex.fail(placingProblem(ctx, err))
		return nil, false
	}
	made.shown = append(made.shown, shown)
	ex.credentialVersion = value.Version
	ex.upstreamCalls++
	start := time.Now()
	defer func() { ex.upstreamTime += time.Since(start) }()
	resp, err := t.http.RoundTrip(out)
	if err != nil {
		if wasNotSent(err) {
			ex.upstreamCalls--
		}
		ex.fail(upstreamProblem(ctx, err))
		return shown, false
	}
	return shown, t.receive(ctx, ex, resp, made.shown)
}

var errPlacing = errors.New("placing the credential failed")

// placingProblem says why a request could not be given its credential.
func placingProblem(ctx context.Context, err error) *problem {
	switch {
	case ctx.Err() != nil:
		return upstreamProblem(ctx, err)
	case errors.Is(err, credential.ErrUnavailable):
		return &problem{reason: provider.ReasonCredentialUnavailable, cause: err, retry: retryCredential}
	default:
		return &problem{reason: provider.ReasonInternal, cause: errPlacing}
	}
}

// request builds the request that goes out, from the exchange alone, and returns
// what it shows of the credential.
func (t *Transport) request(ctx context.Context, ex *exchange, value *credential.Value) (out *http.Request, shown *credential.Value, err error) {
	out = &http.Request{
		Method: ex.outbound.Method,
		URL:    &url.URL{Scheme: "https", Host: t.host, RawQuery: ex.outbound.RawQuery},
		Proto:  "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{
			"Accept":     {"application/json"},
			"User-Agent": {"ringward"},
		},
		Host: t.authority,
	}
	for name, value := range t.provider.Headers {
		out.Header.Set(name, value)
	}
	// The path is escaped already; both forms are set so that it is sent as is.
	path, err := url.PathUnescape(ex.outbound.Path)
	if err != nil {
		return nil, nil, err
	}
	out.URL.Path, out.URL.RawPath = path, ex.outbound.Path
	out.Body = onceBody(ex.outbound.Body)
	if ex.outbound.Body != nil {
		out.ContentLength = int64(len(ex.outbound.Body))
		out.Header["Content-Type"] = []string{"application/json"}
	}
	out = out.WithContext(ctx)
	shown, err = t.placer.Place(ctx, out, ex.outbound.Body, value)
	return out, shown, err
}
