package caddymodule

import (
	"net/http"
	"strconv"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/ringward/ringward/caddymodule/internal/alert"
	"github.com/ringward/ringward/caddymodule/internal/audit"
	"github.com/ringward/ringward/caddymodule/internal/provider"
	"github.com/ringward/ringward/caddymodule/internal/quota"
)

// close makes the audit entry durable and then, not before, writes the answer.
func (e *Edge) close(ex *exchange, w http.ResponseWriter) {
	if !ex.answered && ex.problem == nil {
		ex.fail(&problem{reason: provider.ReasonInternal, cause: errNoTransport})
	}
	status, body := http.StatusOK, ex.answer
	if ex.problem != nil {
		status, body = renderProblem(e.provider, ex.id, ex.problem)
	}
	if err := e.record(ex, status); err != nil {
		ex.drop()
		ex.problem = &problem{reason: provider.ReasonAuditUnavailable, cause: err, retry: retryAudit}
		status, body = renderProblem(e.provider, ex.id, ex.problem)
		hub().Emit(alert.Event{Name: alert.AuditUnavailable})
	}
	e.count(ex)
	e.log(ex, status)
	e.write(ex, w, status, body)
}

func (e *Edge) count(ex *exchange) {
	m, name := metrics(), e.provider.Name
	m.requests.WithLabelValues(name, ex.operationName(), ex.callerLabel(), string(ex.decision())).Inc()
	m.duration.WithLabelValues(name).Observe(time.Since(ex.start).Seconds())
	if ex.problem != nil {
		m.refusals.WithLabelValues(name, string(ex.problem.reason)).Inc()
	}
	if ex.upstreamCalls > 0 {
		m.cost.WithLabelValues(name, ex.callerLabel()).Add(float64(ex.spent()))
		m.upstream.WithLabelValues(name, ex.operationName(), statusClass(ex.upstreamStatus)).Add(float64(ex.upstreamCalls))
		m.lookup.WithLabelValues(name).Observe(ex.upstreamTime.Seconds())
	}
}

func statusClass(status int) string {
	classes := [...]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}
	if status < 100 || status > 599 {
		return classes[0]
	}
	return classes[status/100]
}

// log tells the operator what the caller is not told. Its fields are an
// allow-list; causes are sentinels without secret or number.
func (e *Edge) log(ex *exchange, status int) {
	level := zapcore.DebugLevel
	switch {
	case ex.problem != nil && ex.upstreamCalls > 0 && ex.problem.reason != provider.ReasonCanceled:
		level = zapcore.WarnLevel
	case status >= 500:
		level = zapcore.ErrorLevel
	}
	entry := e.logger.Check(level, "request")
	if entry == nil {
		return
	}
	fields := []zap.Field{
		zap.String("request_id", ex.id),
		zap.String("provider", e.provider.Name),
		zap.String("operation", ex.operationName()),
		zap.String("caller", ex.name),
		zap.String("decision", string(ex.decision())),
		zap.Int("status", status),
		zap.Int("upstream_status", ex.upstreamStatus),
		zap.Duration("duration", time.Since(ex.start)),
	}
	if p := ex.problem; p != nil {
		fields = append(fields, zap.String("reason", string(p.reason)), zap.NamedError("cause", p.cause))
		if p.hint != "" {
			fields = append(fields, zap.String("hint", p.hint))
		}
	}
	entry.Write(fields...)
}

// write sends the answer. Every header is Ringward's own.
func (e *Edge) write(ex *exchange, w http.ResponseWriter, status int, body []byte) {
	h := w.Header()
	values := [...]string{e.contentType(ex), "no-store", "nosniff", ex.id, strconv.Itoa(len(body))}
	for i, name := range [...]string{"Content-Type", "Cache-Control", "X-Content-Type-Options", "X-Request-Id", "Content-Length"} {
		h[name] = values[i : i+1 : i+1] // one array for all; whoever appends to one gets another
	}
	// A client must not take what is left of a rate for when to try again.
	if p := ex.problem; p == nil || p.reason != provider.ReasonBudgetExceeded && p.reason != provider.ReasonLockedOut {
		quota.SetHeaders(h, ex.limits)
	}
	if p := ex.problem; p != nil && p.retry > 0 {
		h["Retry-After"] = []string{strconv.Itoa(int((p.retry + time.Second - 1) / time.Second))}
	}
	if p := ex.problem; p != nil && p.challenge != "" {
		h["Www-Authenticate"] = []string{p.challenge}
	}
	if ex.isLast {
		h["Connection"] = []string{"close"}
	}
	// A caller that does not read holds nothing for longer than this. The
	// answer is flushed and the deadline lifted, because the connection may
	// serve other handlers after this one.
	control := http.NewResponseController(w)
	_ = control.SetWriteDeadline(time.Now().Add(writeTimeout))
	w.WriteHeader(status)
	_, err := w.Write(body)
	if err == nil {
		err = control.Flush()
	}
	if err == nil { // otherwise the caller is gone; the entry says what it was meant to get
		_ = control.SetWriteDeadline(time.Time{})
	}
}

// contentType is that of the provider's own errors, for an error.
func (e *Edge) contentType(ex *exchange) string {
	if ex.problem != nil && e.provider.Problem != nil && e.provider.ProblemType != "" {
		return e.provider.ProblemType
	}
	return "application/json"
}

// writeTimeout bounds how long an answer may take to be sent.
const writeTimeout = 10 * time.Second

func (ex *exchange) decision() audit.Decision {
	switch {
	case ex.answered, ex.problem != nil && ex.problem.reason == provider.ReasonUnknownNumber:
		return audit.Answered // that there is no such number is what was asked
	case ex.plan != nil: // admitted
		return audit.Failed
	default:
		return audit.Refused
	}
}

// spent is what the exchange has cost as far as Ringward knows: nothing where
// no request reached the provider, or where it answered with an error.
func (ex *exchange) spent() int {
	if ex.upstreamCalls == 0 || ex.uncharged {
		return 0
	}
	return ex.cost
}

func (ex *exchange) operationName() string {
	if ex.op == nil {
		return ""
	}
	return ex.op.Name
}

// callerLabel names the caller in metrics. Those that only the issuer knows are
// too many to have a label each.
func (ex *exchange) callerLabel() string {
	if ex.caller != nil && ex.caller.unlisted {
		return unlistedLabel
	}
	return ex.name
}

// unlistedLabel stands for all callers that are not described. It is no possible
// name.
const unlistedLabel = "(unlisted)"
