package caddymodule

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/ringward/ringward/caddymodule/internal/alert"
	"github.com/ringward/ringward/caddymodule/internal/credential"
	"github.com/ringward/ringward/caddymodule/internal/minimize"
	"github.com/ringward/ringward/caddymodule/internal/provider"
)

// onceBody returns a request body that cannot be sent twice. net/http sends a
// GET again on its own when a reused connection breaks, unless the request has a
// body that it cannot rewind; every lookup costs money, so every lookup has one,
// and no GetBody.
//
// A bytes.Reader behind io.NopCloser is what net/http knows to be in memory: it
// does not send the headers ahead, so that both go out in one TLS record.
func onceBody(data []byte) io.ReadCloser { return io.NopCloser(bytes.NewReader(data)) }

// upstreamContext carries to the provider's connection only what dialling
// needs. Above all it hides reverse_proxy's trace, which would pass the
// headers of upstream 1xx answers on to the caller.
type upstreamContext struct{ context.Context }

// Value returns what the dialler reads, and nothing else.
func (c upstreamContext) Value(key any) any {
	switch key {
	case caddyhttp.VarsCtxKey, caddy.ReplacerCtxKey:
		return c.Context.Value(key)
	}
	v := c.Context.Value(key)
	if info, ok := v.(reverseproxy.DialInfo); ok {
		return info
	}
	return nil
}

var (
	errUpstreamTimeout = errors.New("the provider did not answer in time")
	errUpstreamRefused = errors.New("the provider's address could not be reached")
	errUpstreamTLS     = errors.New("the provider's certificate or TLS version was not accepted")
	errUpstreamBroken  = errors.New("the connection to the provider broke")
	errNotFinal        = errors.New("the provider answered with an interim status")
	errRedirect        = errors.New("the provider answered with a redirect")
	errContentType     = errors.New("the answer is not JSON")
	errEncoding        = errors.New("the answer has an unknown encoding")
	errTooLarge        = errors.New("the answer is too large")
	errTruncated       = errors.New("the answer is truncated")
	errEcho            = errors.New("the answer held the credential")
)

// upstreamProblem maps a failed round trip to a sentinel: the error's own text
// holds the URL.
func upstreamProblem(ctx context.Context, err error) *problem {
	var dial reverseproxy.DialError
	var netErr net.Error
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return &problem{reason: provider.ReasonCanceled, cause: context.Canceled}
	case errors.Is(ctx.Err(), context.DeadlineExceeded), errors.As(err, &netErr) && netErr.Timeout():
		return &problem{reason: provider.ReasonUpstreamTimeout, cause: errUpstreamTimeout}
	case errors.As(err, &dial):
		return &problem{reason: provider.ReasonUpstreamError, cause: errUpstreamRefused}
	case isTLSError(err):
		return &problem{reason: provider.ReasonUpstreamError, cause: errUpstreamTLS}
	default:
		return &problem{reason: provider.ReasonUpstreamError, cause: errUpstreamBroken}
	}
}

// wasNotSent reports errors before any byte of the request was written.
func wasNotSent(err error) bool {
	var dial reverseproxy.DialError
	return errors.As(err, &dial) || isTLSError(err)
}

// isTLSError tells a handshake that failed from a connection that broke.
func isTLSError(err error) bool {
	var alert tls.AlertError
	var record tls.RecordHeaderError
	var verify *tls.CertificateVerificationError
	return errors.As(err, &alert) || errors.As(err, &record) || errors.As(err, &verify) ||
		strings.Contains(err.Error(), "tls: ") // crypto/tls has no type for the rest
}

// receive turns the provider's answer into the caller's, or into a problem, or
// reports that the provider refused the credential.
func (t *Transport) receive(ctx context.Context, ex *exchange, resp *http.Response, shown []*credential.Value) (refused bool) {
	defer resp.Body.Close()
	ex.upstreamStatus = resp.StatusCode
	t.observeQuota(resp.Header)
	body, cause := t.readAnswer(resp)
	var result minimize.Result
	if cause == nil {
		result, cause = ex.plan.Apply(make([]byte, 0, min(len(body), usualProjection)), resp.StatusCode, body)
	} else {
		result = ex.plan.Unread(resp.StatusCode)
	}
	ex.uncharged = isUncharged(result.Verdict, resp.StatusCode)
	if cause == nil && result.Verdict == provider.Answer && ex.op.unify != nil {
		result.Body, cause = ex.op.unify.Append(nil, result.Body)
	}
	switch {
	case ctx.Err() != nil && cause != nil:
		ex.fail(upstreamProblem(ctx, cause))
	case result.Verdict == provider.BadCredential:
		return true
	case result.Verdict == provider.UnknownNumber && ex.op.unify != nil && !ex.op.Number.Batch():
		ex.answered = true
		ex.answer, ex.released = unknownNumber(ex.plan)
	case result.Verdict != provider.Answer:
		ex.fail(verdictProblem(result, cause, resp.StatusCode, resp.Header))
	case cause != nil:
		ex.fail(&problem{reason: provider.ReasonUpstreamError, cause: cause})
	case holdsAny(result.Body, shown):
		hub().Emit(alert.Event{Name: alert.CredentialEchoed, Attributes: map[string]string{alert.AttrProvider: t.provider.Name}})
		ex.fail(&problem{reason: provider.ReasonUpstreamError, cause: errEcho})
	default:
		ex.answered, ex.answer, ex.released, ex.fields = true, result.Body, result.Released, result.Fields
	}
	return false
}

// usualProjection is as many bytes as what callers see of an answer mostly has.
const usualProjection = 512

// isUncharged reports answers that providers do not bill: refusals, and errors
// that have an error's status. What cannot be told counts as billed.
func isUncharged(verdict provider.Verdict, status int) bool {
	switch verdict {
	case provider.Answer, provider.UnknownNumber:
		return false
	case provider.ProviderError:
		return status >= 400
	default:
		return true
	}
}

// holdsAny looks for every credential that the provider has seen.
func holdsAny(body []byte, values []*credential.Value) bool {
	return slices.ContainsFunc(values, func(v *credential.Value) bool { return v.Renderings().Found(body) })
}

// readAnswer reads a whole answer that claims to be JSON.
func (t *Transport) readAnswer(resp *http.Response) ([]byte, error) {
	switch {
	case resp.StatusCode < 200: // switching protocols would leave the connection without its timeout
		return nil, errNotFinal
	case resp.StatusCode >= 300 && resp.StatusCode < 400:
		return nil, errRedirect
	case !isJSONAnswer(resp.Header["Content-Type"]):
		return nil, errContentType
	case resp.ContentLength > t.MaxAnswer:
		return nil, errTooLarge
	}
	plain, err := decoded(resp.Header, resp.Body)
	if err != nil {
		return nil, err
	}
	var body bytes.Buffer
	body.Grow(int(min(max(resp.ContentLength, 0), maxAnnounced)) + bytes.MinRead)
	_, err = body.ReadFrom(io.LimitReader(plain, t.MaxAnswer+1))
	switch {
	case err != nil:
		return nil, errTruncated
	case int64(body.Len()) > t.MaxAnswer:
		return nil, errTooLarge
	}
	return body.Bytes(), nil
}

// maxAnnounced bounds the memory that is taken for an answer before it is there.
const maxAnnounced = 16 << 10

// isJSONAnswer accepts application/json and application/*+json, in UTF-8.
func isJSONAnswer(values []string) bool {
	if len(values) != 1 {
		return false
	}
	if values[0] == "application/json" {
		return true
	}
	media, params, err := mime.ParseMediaType(values[0])
	if err != nil || (media != "application/json" && (!strings.HasPrefix(media, "application/") || !strings.HasSuffix(media, "+json"))) {
		return false
	}
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "utf-8") || strings.EqualFold(charset, "utf8")
}

// verdictProblem says what a provider's error means for the caller. cause is
// set where the body could not be read and the status alone decided.
func verdictProblem(r minimize.Result, cause error, status int, h http.Header) *problem {
	p := &problem{reason: provider.ReasonUpstreamError, cause: verdictError(r.Verdict), hint: r.Hint}
	switch r.Verdict {
	case provider.QuotaExceeded, provider.RateLimited:
		p.reason, p.retry = provider.ReasonUpstreamBusy, retryAfter(h)
	case provider.BadRequest:
		p.reason = provider.ReasonUpstreamRefused
	case provider.UnknownNumber:
		p.reason, p.status = provider.ReasonUnknownNumber, unknownStatus(status)
	default:
		if cause != nil {
			p.cause = cause
		}
	}
	return p
}

// unknownStatus is the status with which a provider says that it knows no such
// number, as its clients expect it. Providers that say it with a success, or
// with a status that means something else, get a plain 404.
func unknownStatus(status int) int {
	switch {
	case status < 400 || status > 499:
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusTooManyRequests:
	default:
		return status
	}
	return http.StatusNotFound
}

// verdictError is a verdict as the cause of a problem.
type verdictError provider.Verdict

func (v verdictError) Error() string { return "the provider answered: " + string(v) }

// maxRetryAfter bounds what a provider can make callers wait.
const maxRetryAfter = time.Hour

// retryAfter reads the provider's Retry-After in seconds, within bounds; a
// minute where there is none that makes sense.
func retryAfter(h http.Header) time.Duration {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds <= 0 {
		return time.Minute
	}
	return time.Duration(min(seconds, int(maxRetryAfter/time.Second))) * time.Second
}
